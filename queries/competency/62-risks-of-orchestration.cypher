// Which risks come with several models, and what lessens them?
MATCH (r:OrchestrationRisk)-[:MITIGATED_BY]->(c) WHERE r.iri <> 'https://w3id.org/stratagraph/ns#VendorLockInRisk' RETURN r.iri AS risk, c.iri AS control ORDER BY risk, control
