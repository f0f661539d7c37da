// Which influences does the source state only at the level that is influenced?
MATCH (a:Level)<-[:INFLUENCING_LEVEL]-(i:LevelInfluence)-[:INFLUENCED_LEVEL]->(b:Level)
WHERE i.statedInList = ['affected-by']
RETURN a.iri AS influencing, b.iri AS influenced ORDER BY influenced, influencing
