// Which terms does the dictionary list under agents and applications?
MATCH (t:GlossaryTerm)-[:BROADER*1..3]->(:GlossaryCategory {iri: 'https://w3id.org/stratagraph/ns#AgentCategory'})
RETURN t.prefLabel_pt_br AS label ORDER BY label
