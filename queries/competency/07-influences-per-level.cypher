// How many levels does each level influence?
MATCH (l:Level)<-[:INFLUENCING_LEVEL]-(:LevelInfluence)-[:INFLUENCED_LEVEL]->(o:Level)
RETURN l.iri AS level, count(DISTINCT o) AS influenced ORDER BY level
