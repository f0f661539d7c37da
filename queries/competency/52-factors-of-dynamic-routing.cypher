// What does dynamic routing choose a model by?
MATCH (:OrchestrationStrategy {iri: 'https://w3id.org/stratagraph/ns#DynamicRouting'})-[:WEIGHS]->(f) RETURN f.iri AS factor ORDER BY factor
