// Which assets does a change of a quantised layer reach in cost, within two steps?
MATCH (l:Layer {name: 'Layer_Attn_23'})-[rs:AFFECTS*1..2]->(a:Asset)
WHERE a <> l AND all(r IN rs WHERE r.cost IS NOT NULL)
RETURN DISTINCT a.name AS name ORDER BY name
