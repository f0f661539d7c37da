"""Events of OpenLineage: what jobs read and made."""
