// What can directly make the answers of the support agent slow?
MATCH (c:Asset)-[:AFFECTS_LATENCY]->(:Agent {name: 'Agente_Suporte_EduVest'})
RETURN c.name AS name ORDER BY name
