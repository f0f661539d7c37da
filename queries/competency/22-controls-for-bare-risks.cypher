// Which kinds of controls would lessen the fairness risks of the estate that nothing lessens yet?
MATCH (r:FairnessRisk)-[:RISK_KIND]->(:RiskKind)-[:MITIGATED_BY]->(c:ControlKind)
WHERE NOT (r)-[:MITIGATED_BY]->()
RETURN r.name AS name, c.iri AS control ORDER BY name, control
