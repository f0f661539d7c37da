// Which deliverables does a macro-stage describe that the short checklist leaves out?
MATCH (d:Deliverable {minimumDeliverable: false})-[:ASSESSES_STAGE]->(s:MacroStage)
RETURN s.position AS position, d.iri AS deliverable ORDER BY position
