// How does the ontology document rate and treat the leak of personal data, and what lessens it?
MATCH (:RiskKind {iri: 'https://w3id.org/stratagraph/ns#PersonalDataInLogsRisk'})<-[:RISK_KIND]-(r:Risk)-[:MITIGATED_BY]->(m)
RETURN r.name AS name, r.severity AS severity, r.likelihood AS likelihood, m.name AS measure ORDER BY measure
