// Which components make up an orchestration of models?
MATCH (c:OrchestrationComponent) RETURN c.iri AS component ORDER BY component
