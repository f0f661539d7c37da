// Which assets does a change of a quantised layer reach in cost, within two steps?
MATCH (l:Layer {name: 'Layer_Attn_23'})-[:AFFECTS_COST*1..2]->(a:Asset)
WHERE a <> l
RETURN DISTINCT a.name AS name ORDER BY name
