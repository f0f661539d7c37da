// Which modules come from an area of work rather than from an architecture?
MATCH (m:ExportableModule)-[:TAKEN_FROM]->(a:WorkArea)
RETURN m.notation AS notation, a.iri AS area ORDER BY notation, area
