// How mature is a stage with 80 % of its questions settled, 60 % of its deliverables made and no gate criterion met?
MATCH (l:MaturityLevel)
WHERE 0.8 >= l.minimumQuestions AND 0.6 >= l.minimumDeliverables AND 0.0 >= l.minimumCriteria
RETURN l.iri AS level ORDER BY l.position DESC LIMIT 1
