// Which levels does the LLM system influence?
MATCH (:Level {notation: 'L8'})<-[:INFLUENCING_LEVEL]-(:LevelInfluence)-[:INFLUENCED_LEVEL]->(l:Level)
RETURN l.iri AS level ORDER BY level
