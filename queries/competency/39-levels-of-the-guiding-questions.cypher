// Which levels do the six guiding questions ask about?
MATCH (q:GuidingQuestion)-[:INVOLVES_LEVEL]->(l:Level)
RETURN q.position AS position, l.iri AS level ORDER BY position, level
