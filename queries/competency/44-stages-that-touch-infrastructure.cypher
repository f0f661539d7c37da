// Which macro-stages touch the infrastructure?
MATCH (s:MacroStage)-[:INVOLVES_LEVEL]->(:Level {notation: 'L9'})
RETURN s.position AS position, s.iri AS stage ORDER BY position
