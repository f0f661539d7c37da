// Which prompts does a change of the data protection law reach in privacy, by any path?
MATCH (:Law {name: 'LGPD_BR'})-[:REQUIRES_PRIVACY*1..10]->(p:Prompt)
RETURN DISTINCT p.name AS name ORDER BY name
