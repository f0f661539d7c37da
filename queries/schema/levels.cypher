MATCH (a:Asset)-[:HAS_LEVEL]->(l:Level)
RETURN l.levelNumber AS level, count(a) AS assets ORDER BY level
