// What are the stages from a question to its answer, in order?
MATCH (s:ApplicationStage) RETURN s.stepNumber AS number, s.iri AS stage ORDER BY number
