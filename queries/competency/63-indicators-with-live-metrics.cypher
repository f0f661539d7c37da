// Which indicator of orchestration is measured with which live metric?
MATCH (i:OrchestrationIndicator)-[:MEASURED_WITH]->(m:Metric) RETURN i.iri AS indicator, m.iri AS metric ORDER BY indicator
