// Which levels influence the infrastructure, by either list of the source?
MATCH (:Level {notation: 'L9'})<-[:INFLUENCED_LEVEL]-(:LevelInfluence)-[:INFLUENCING_LEVEL]->(l:Level)
RETURN l.iri AS level ORDER BY level
