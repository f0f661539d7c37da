// For which architectures is the technological sphere, with its laws, critical?
MATCH (a:Architecture)-[:CRITICAL_LEVEL]->(:Level {notation: 'L12'})
RETURN a.iri AS architecture ORDER BY architecture
