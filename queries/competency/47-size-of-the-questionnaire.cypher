// How many questions, deliverables and gate criteria does the self-assessment ask about at each macro-stage?
MATCH (i)-[:ASSESSES_STAGE]->(s:MacroStage)
RETURN s.position AS position, sum(CASE WHEN i:Question THEN 1 ELSE 0 END) AS questions,
       sum(CASE WHEN i:Deliverable THEN 1 ELSE 0 END) AS deliverables,
       sum(CASE WHEN i:GateCriterion THEN 1 ELSE 0 END) AS criteria
ORDER BY position
