// What does a change of the data protection law touch directly, in privacy?
MATCH (:Law {name: 'LGPD_BR'})-[:REQUIRES_PRIVACY]->(a:Asset)
RETURN a.name AS name ORDER BY name
