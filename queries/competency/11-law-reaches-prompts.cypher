// Which prompts does a change of the data protection law reach in privacy, by any path?
MATCH (:Law {name: 'LGPD_BR'})-[rs:AFFECTS*1..10]->(p:Prompt)
WHERE all(r IN rs WHERE r.privacy IS NOT NULL)
RETURN DISTINCT p.name AS name ORDER BY name
