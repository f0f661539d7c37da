"""Generative AI telemetry: many emitters' attributes, one call record."""
