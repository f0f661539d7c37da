MATCH (:Law {frameworkCode: 'LGPD'})-[:REQUIRES_PRIVACY*1..10]->(a:Asset)
RETURN DISTINCT a.name AS name
