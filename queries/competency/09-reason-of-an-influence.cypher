// Why does the organisation influence layers, and in what?
MATCH (:Level {notation: 'L10'})<-[:INFLUENCING_LEVEL]-(i:LevelInfluence)-[:INFLUENCED_LEVEL]->(:Level {notation: 'L3'}),
      (i)-[:ASPECT]->(a:Aspect)
RETURN a.iri AS aspect, i.definition_pt_br AS reason ORDER BY aspect
