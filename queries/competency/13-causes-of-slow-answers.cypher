// What can directly make the answers of the support agent slow?
MATCH (c:Asset)-[r:AFFECTS]->(:Agent {name: 'Agente_Suporte_EduVest'})
WHERE r.latency IS NOT NULL
RETURN c.name AS name ORDER BY name
