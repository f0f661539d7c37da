// Which obligations of high severity stand in a bill that is not law?
MATCH (o:Obligation {ruleLegalStatus: 'bill', ruleSeverity: 'high'}) RETURN o.notation AS id ORDER BY id
