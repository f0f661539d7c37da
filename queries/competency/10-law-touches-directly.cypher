// What does a change of the data protection law touch directly, in privacy?
MATCH (:Law {name: 'LGPD_BR'})-[r:AFFECTS]->(a:Asset)
WHERE r.privacy IS NOT NULL
RETURN a.name AS name ORDER BY name
