// Which kinds of controls lessen prompt injection, and at which levels are they applied?
MATCH (:RiskKind {iri: 'https://w3id.org/stratagraph/ns#PromptInjectionRisk'})-[:MITIGATED_BY]->(c:ControlKind)-[:AT_LEVEL]->(l:Level)
RETURN c.iri AS control, l.iri AS level ORDER BY control, level
