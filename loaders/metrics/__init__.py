"""Metrics of any emitter: points into what happened between them, and that into facts and observations."""
