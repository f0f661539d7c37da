MATCH (:Law {frameworkCode: 'LGPD'})-[:AFFECTS_PRIVACY*1..10]->(a:Asset)
RETURN DISTINCT a.name AS name
