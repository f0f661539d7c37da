// Which specialised tools for orchestration do the sources name?
MATCH (t:ReferenceTool)-[:IN_CATEGORY]->(:ToolCategory {iri: 'https://w3id.org/stratagraph/ns#SpecialisedOrchestrationTool'}) RETURN t.iri AS tool ORDER BY tool
