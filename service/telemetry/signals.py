"""The signals of OpenTelemetry, and which of them are received."""

from __future__ import annotations

from enum import StrEnum

from stratagraph.ontology.errors import StratagraphError


class Signal(StrEnum):
    """What OpenTelemetry tells of a program."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class SignalSwitchedOff(StratagraphError, slug="signal-switched-off", status=404):
    """A signal that whoever runs the service does not want. Not 501: exporters repeat that, and hold up their end."""

    text = (
        "{signal} are switched off at this service, and nothing of this request was kept. Switch the exporter for "
        "{signal} off, or have STRATAGRAPH_TELEMETRY_SIGNALS name them."
    )

    signal: str
