// Which risks of the estate does nothing lessen?
MATCH (r:Risk) WHERE NOT (r)-[:MITIGATED_BY]->()
RETURN r.name AS name ORDER BY name
