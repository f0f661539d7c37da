// What does the playbook for an internal knowledge assistant put in place, in which order?
MATCH (:Playbook {iri: 'https://w3id.org/stratagraph/ns#KnowledgeAssistantPlaybook'})-[:HAS_PLAYBOOK_STEP]->(s)-[:USES_OPTION]->(o)
RETURN s.position AS position, o.iri AS option ORDER BY position
