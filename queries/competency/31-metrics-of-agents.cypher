// Which metrics come first for orchestrated agents?
MATCH (:Architecture {iri: 'https://w3id.org/stratagraph/ns#OrchestratedAgentsArchitecture'})-[:PRIORITIZES_METRIC]->(m)
RETURN m.iri AS metric ORDER BY metric
