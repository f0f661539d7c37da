// From which models does the chatbot's quantised model come?
MATCH (:DesignCase {iri: 'https://w3id.org/stratagraph/ns#SupportChatbotCase'})<-[:EXAMPLE_OF_CASE]-(:LLMSystem)-[:USES_MODEL]->(:QuantisedModel)-[:DERIVED_FROM*1..8]->(m) RETURN DISTINCT m.iri AS model ORDER BY model
