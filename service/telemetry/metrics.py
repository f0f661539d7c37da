"""Metrics as a signal: what was added between the points of each series, where no span tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from stratagraph.loaders.clock_skew import TOLERATED
from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.metrics.account import Account
from stratagraph.loaders.metrics.increments import MOST_SERIES
from stratagraph.loaders.metrics.points import Read, read
from stratagraph.loaders.metrics.precedence import Past, no_past
from stratagraph.loaders.otlp_traces import reasons
from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import METRICS, MOST_AHEAD
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.telemetry import set_aside
from stratagraph.service.telemetry.reader import Counts, Judged, Settled, Waiting
from stratagraph.service.telemetry.signals import Signal

NANOSECONDS: Final = 10**9
POSITION: Final = "metrics/position"


class Metrics:
    """Reads metrics. ``past`` tells what spans told of a subject, as the ledger has it."""

    signal: Final = Signal.METRICS
    request: Final = ExportMetricsServiceRequest

    def __init__(
        self,
        *,
        model: OntologyModel,
        base: str = ASSET_BASE,
        series: int = MOST_SERIES,
        past: Past = no_past,
        window: timedelta = WINDOW,
    ) -> None:
        """Mint IRIs below ``base``; know the last values of so many ``series`` at most; tell of windows this long."""
        self._account = Account(model=model, base=base, limit=series, past=past, window=window)
        self._window = window
        self._end = 0
        self._confirmed = 0

    def judge(self, message: ExportMetricsServiceRequest, heard: int, language: str = SOURCE) -> Judged[Read]:
        """Read the points, and refuse by name those that cannot be right."""
        until = datetime.fromtimestamp(heard / NANOSECONDS, UTC) + MOST_AHEAD - self._window
        found = read(message, until=until)
        latest = heard + int(TOLERATED.total_seconds() * NANOSECONDS)
        counts = Counts(
            accepted=len(found.points) + found.silent + found.unmapped.total(),
            rejected=len(found.rejections),
            moved_back=sum(point.time > latest for point in found.points),
            unmapped=dict(found.unmapped),
        )
        return Judged(answer=_answer(found, language), found=found if found.points else None, counts=counts)

    def take(self, found: Read, heard: int, position: int, end: int) -> None:
        """Take the points of a request."""
        del position
        self._account.take(found.points, heard)
        self._end = end

    def hear(self, told: Iterable[Observation]) -> None:
        """Hear what spans told: of the same calls one counts."""
        self._account.spans_told(told)

    def settle(self, now: int, until: int | None) -> Settled:
        """Tell what was added: nothing is waited for, for what turns out to be told by spans is taken away again."""
        del until
        told = self._account.settle(now)
        end = self._end
        moved = {POSITION: end.to_bytes(8)} if end != self._confirmed else {}
        aside = tuple(set_aside.named(f"metric {one.metric} of {one.service}", 1, one.error) for one in told.untold)
        return Settled(
            source=METRICS,
            scopes=told.scopes,
            observations=told.observations,
            marks={**told.marks, **moved},
            confirm=lambda: self._confirm(end),
            told=len(told.observations),
            counts=Counts(
                duplicates=told.repeated + told.covered,
                overflow=told.overflow,
                dropped=len(aside),
                set_aside=aside,
            ),
        )

    def _confirm(self, end: int) -> None:
        self._confirmed = end

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Go on from the last values that an earlier process knew."""
        self._account.restore(marks)
        if POSITION in marks:
            self._end = self._confirmed = int.from_bytes(marks[POSITION])

    @property
    def held(self) -> int:
        """The end of the last entry of which everything is told."""
        return self._confirmed

    @property
    def waiting(self) -> Waiting:
        """Nothing waits: what is taken is told."""
        return Waiting()


def _answer(found: Read, language: str) -> ExportMetricsServiceResponse:
    """Return the protocol's answer: silent where all is well, else what was left out and why."""
    response = ExportMetricsServiceResponse()
    if found.rejections:
        response.partial_success.rejected_data_points = len(found.rejections)
        response.partial_success.error_message = say(reasons(found.rejections), language)
    return response
