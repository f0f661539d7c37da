"""Logs as a signal: what events say belongs to the story of the spans, and is told with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.normalise import Normalised
from stratagraph.loaders.otlp_logs import normalise_logs
from stratagraph.loaders.otlp_traces import reasons
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.telemetry.reader import Counts, Judged, Settled, Waiting
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import NANOSECONDS, Traces


class Logs:
    """Reads logs into the story of ``traces``, which tells what both say, and marks how far it is told."""

    signal: Final = Signal.LOGS
    request: Final = ExportLogsServiceRequest

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def judge(self, message: ExportLogsServiceRequest, heard: int, language: str = SOURCE) -> Judged[Normalised]:
        """Read the events, refuse by name those that cannot be right, and leave in the request nothing else."""
        until = datetime.fromtimestamp(heard / NANOSECONDS, UTC) + MOST_AHEAD - WINDOW
        sent = sum(len(scope.log_records) for resource in message.resource_logs for scope in resource.scope_logs)
        found = normalise_logs(message, heard=heard, until=until, declared=self._traces.declared)
        rejected = len(found.rejections)
        answer = ExportLogsServiceResponse()
        if rejected:
            answer.partial_success.rejected_log_records = rejected
            answer.partial_success.error_message = say(reasons(found.rejections), language)
        counts = Counts(accepted=sent - rejected, rejected=rejected, unmapped=dict(found.unmapped))
        return Judged(answer=answer, found=found if found.records else None, counts=counts)

    def take(self, found: Normalised, heard: int, position: int, end: int) -> None:
        """Take the events of a request into the story."""
        self._traces.take(found, heard, position, end)

    def settle(self, now: int, until: int | None) -> Settled:
        """Tell nothing: the traces tell the story of both."""
        del now, until
        return Settled()

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Begin where the traces do."""
        del marks

    @property
    def held(self) -> int:
        """Where the story begins that is not told to its end."""
        return self._traces.held

    @property
    def waiting(self) -> Waiting:
        """Nothing of its own: what waits is in the story."""
        return Waiting()
