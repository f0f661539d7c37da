// Which strategies are there, from the simplest to the most advanced?
MATCH (s:OrchestrationStrategy) RETURN s.complexityRank AS rank, s.iri AS strategy ORDER BY rank
