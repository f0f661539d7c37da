// Which levels are critical for retrieval-augmented generation?
MATCH (:LLMOpsArchitecture {iri: 'https://w3id.org/stratagraph/ns#RAGArchitecture'})-[:CRITICAL_LEVEL]->(l:Level)
RETURN l.iri AS level ORDER BY l.levelNumber
