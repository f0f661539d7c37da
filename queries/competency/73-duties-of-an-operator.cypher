// Which obligations bind an operator of personal data?
MATCH (o:Obligation) WHERE 'operator' IN o.dutyRole RETURN o.notation AS id ORDER BY id
