// What may go wrong with agents, how bad is it, and which controls lessen it?
MATCH (c:ControlKind)<-[:MITIGATED_BY]-(r:RiskKind)-[:AT_LEVEL]->(:Level {notation: 'L6'})
WHERE 'Document 003, Níveis de organização da área de LLMOps, Interconexões entre os níveis' IN r.bibliographicCitation
RETURN r.iri AS risk, r.severity AS severity, c.iri AS control ORDER BY risk, control
