// By which means is the cost of an application kept down?
MATCH (m:GoodPractice)-[:PRACTICE_OF]->(:NonFunctionalRequirement)-[:PROTECTS]->(:Aspect {notation: 'cost'}) RETURN m.iri AS means ORDER BY means
