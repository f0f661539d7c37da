// What does the exit gate of data preprocessing ask for?
MATCH (c:GateCriterion)-[:ASSESSES_STAGE]->(:MacroStage {iri: 'https://w3id.org/stratagraph/ns#DataStage'})
RETURN c.label_pt_br AS label ORDER BY c.position
