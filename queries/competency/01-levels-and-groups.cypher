// Which are the twelve levels, and to which group does each belong?
MATCH (l:Level)-[:IN_GROUP]->(g:LevelGroup)
RETURN l.iri AS level, l.levelNumber AS number, g.iri AS group
ORDER BY number
