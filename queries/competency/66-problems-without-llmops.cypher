// What goes wrong without LLMOps, and which practice solves it?
MATCH (p:LifecycleProblem)-[:SOLVED_BY]->(s) RETURN p.iri AS problem, s.iri AS practice ORDER BY problem, practice
