// Which metrics of agents are better when lower, and what do they speak of?
MATCH (a:Aspect)<-[:ASPECT]-(m:MetricKind {better: 'lower'})-[:AT_LEVEL]->(:Level {notation: 'L6'})
WHERE m.iri IN [x IN ['taskCompletionRate', 'toolUseSuccess', 'humanEscalationRate', 'unsafeActionRate'] | 'https://w3id.org/stratagraph/ns#' + x]
RETURN m.iri AS metric, a.iri AS aspect ORDER BY metric
