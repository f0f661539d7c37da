// Which obligations concern the layers of a network?
MATCH (o:Obligation)-[:TOUCHES_LEVEL]->(:Level {notation: 'L3'}) RETURN o.notation AS id ORDER BY id
