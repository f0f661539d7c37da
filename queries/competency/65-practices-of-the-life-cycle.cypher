// Which practices belong to which group of the life cycle?
MATCH (p:GoodPractice)-[:PRACTICE_OF]->(g:LifecycleGroup) RETURN g.groupNumber AS number, p.iri AS practice ORDER BY number, practice
