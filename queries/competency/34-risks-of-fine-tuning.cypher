// Which risks does fine-tuning bring?
MATCH (:Architecture {iri: 'https://w3id.org/stratagraph/ns#FineTuningArchitecture'})-[:EXPOSED_TO_RISK]->(r:RiskKind)
RETURN r.iri AS risk ORDER BY risk
