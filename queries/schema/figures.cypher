MATCH (a:Agent)<-[:OBSERVED_ON]-(o:Observation)-[:METRIC]->({name: 'calls'})
RETURN a.name AS agent, o.sum AS calls, o.windowEnd AS until
