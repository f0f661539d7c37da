// What does an orchestration cost to build, by tier?
MATCH (f:ReferenceFigure {rangeUnit: 'EUR'})-[:FIGURE_OF]->(t:ImplementationTier) RETURN t.iri AS tier, f.rangeLow AS low, f.rangeHigh AS high ORDER BY tier
