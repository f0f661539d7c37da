// Which levels deserve attention first?
MATCH (l:Level) WHERE l.levelPriority <= 2
RETURN l.iri AS level, l.levelPriority AS priority
ORDER BY priority, level
