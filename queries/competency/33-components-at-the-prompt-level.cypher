// Which components stand at the prompt level, and in which architectures?
MATCH (a:Architecture)-[:HAS_COMPONENT]->(c:ArchitectureComponent)-[:COMPONENT_LEVEL]->(:Level {notation: 'L5'})
RETURN c.iri AS component, a.iri AS architecture ORDER BY component, architecture
