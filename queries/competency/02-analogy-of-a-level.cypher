// What is the LLM system in the picture of living things, and what is it for?
MATCH (l:Level {notation: 'L8'})
RETURN l.analogy_pt_br AS analogy, l.levelPurpose_pt_br AS purpose
