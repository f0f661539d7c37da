"""Do we comply: rules evaluated, verdicts with evidence, reports."""
