// Which system of the example estates works out which design case, and how many challenges has it?
MATCH (s:LLMSystem)-[:EXAMPLE_OF_CASE]->(c:DesignCase)<-[:CHALLENGE_OF]-(x) RETURN s.iri AS system, c.iri AS case, count(DISTINCT x) AS challenges ORDER BY case
