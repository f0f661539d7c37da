// What belongs directly to data engineering on a specialist's roadmap?
MATCH (t)-[:BROADER]->(:RoadmapArea {iri: 'https://w3id.org/stratagraph/ns#DataEngineeringArea'})
RETURN t.iri AS topic ORDER BY topic
