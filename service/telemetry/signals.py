"""The signals of OpenTelemetry, and which of them are received."""

from __future__ import annotations

from enum import StrEnum

from stratagraph.ontology.errors import StratagraphError


class Signal(StrEnum):
    """What OpenTelemetry tells of a program."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class SignalNotReceived(StratagraphError, slug="signal-not-received", status=404):
    """A signal that is not built yet. Not 501: exporters repeat that, and hold up the end of their process."""

    text = (
        "{signal} are not received yet, and nothing of this request was kept. Export traces to /v1/traces, and "
        "switch the exporter for {signal} off."
    )

    signal: str


class SignalSwitchedOff(SignalNotReceived, slug="signal-switched-off"):
    """A signal that whoever runs the service does not want."""

    text = (
        "{signal} are switched off at this service, and nothing of this request was kept. Switch the exporter for "
        "{signal} off, or have STRATAGRAPH_TELEMETRY_SIGNALS name them."
    )
