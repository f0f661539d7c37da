// Which metrics come first for orchestrated agents?
MATCH (:Architecture {iri: 'https://w3id.org/stratagraph/ns#OrchestratedAgentsArchitecture'})-[:PRIORITISES_METRIC]->(m)
RETURN m.iri AS metric ORDER BY metric
