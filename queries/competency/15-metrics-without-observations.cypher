// Which metrics of the platform and its parts were never observed?
MATCH (:LLMSystem {name: 'Plataforma_LLMOps_Ask4Me'})<-[:PART_OF*0..1]-(:Asset)-[:HAS_METRIC]->(m:Metric)
WHERE NOT (:Observation)-[:METRIC]->(m)
RETURN DISTINCT m.name AS name ORDER BY name
