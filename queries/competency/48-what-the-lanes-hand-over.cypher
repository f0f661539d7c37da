// What does each lane hand over to the other?
MATCH (giver:Lane)<-[:HANDS_FROM]-(h:HandOff)-[:HANDS_TO]->(receiver:Lane)
RETURN giver.iri AS giver, receiver.iri AS receiver, h.label_en AS what ORDER BY giver
