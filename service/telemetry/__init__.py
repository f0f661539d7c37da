"""Telemetry as it comes in, whatever brought it."""
