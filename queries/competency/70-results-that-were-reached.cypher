// Which results does the source report as reached rather than expected?
MATCH (r:CaseResult {achieved: true})-[:RESULT_OF]->(c) RETURN c.iri AS case, r.iri AS result ORDER BY case, result
