// Which levels influence each other?
MATCH (a:Level)<-[:INFLUENCING_LEVEL]-(:LevelInfluence)-[:INFLUENCED_LEVEL]->(b:Level),
      (b)<-[:INFLUENCING_LEVEL]-(:LevelInfluence)-[:INFLUENCED_LEVEL]->(a)
WHERE a.levelNumber < b.levelNumber
RETURN a.iri AS one, b.iri AS other ORDER BY a.levelNumber, b.levelNumber
