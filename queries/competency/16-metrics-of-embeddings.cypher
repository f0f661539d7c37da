// Which metrics does the summary table give for embeddings, and in which unit?
MATCH (m:MetricKind)-[:AT_LEVEL]->(:Level {notation: 'L2'})
WHERE 'Document 003, Ontologia de LLMOps, section 7' IN m.bibliographicCitation
RETURN m.iri AS metric, m.unit AS unit ORDER BY metric
