// How many obligations has each framework?
MATCH (o:Obligation)-[:OBLIGATION_OF]->(f) RETURN f.notation AS framework, count(o) AS count ORDER BY framework
