// Which risk does each anti-pattern bring?
MATCH (p:AntiPattern)-[:EXPOSED_TO_RISK]->(r:RiskKind)
RETURN p.iri AS pattern, r.iri AS risk ORDER BY pattern, risk
