"""Traces as a signal: what spans tell is told in whole traces, once the ancestors of each span are known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from stratagraph.loaders.clock_skew import MovedBack, move_back
from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.normalise import Normalised, normalise
from stratagraph.loaders.genai.story import Story, Told
from stratagraph.loaders.otlp_traces import reasons
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.loaders.statements import Statements
from stratagraph.loaders.support import Support
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.telemetry.reader import Counts, Judged, Settled, Waiting
from stratagraph.service.telemetry.signals import Signal

log = logging.getLogger(__name__)

NANOSECONDS: Final = 10**9


class Traces:
    """Reads traces. ``prices`` is asked at each settling."""

    signal: Final = Signal.TRACES
    request: Final = ExportTraceServiceRequest

    def __init__(
        self,
        *,
        model: OntologyModel,
        prices: Callable[[], PriceTable] = lambda: NO_PRICES,
        base: str = ASSET_BASE,
        story: Story | None = None,
        support: Support | None = None,
    ) -> None:
        """Mint IRIs below ``base``; ``support`` tells what nothing shows any more."""
        self._model = model
        self._prices = prices
        self._base = base
        self._story = Story() if story is None else story
        self._support = Support(model, base) if support is None else support
        self._repeated = 0
        self._end = 0
        self._told_of_clocks = False

    def judge(self, message: ExportTraceServiceRequest, heard: int, language: str = SOURCE) -> Judged[Normalised]:
        """Read the spans, and refuse by name those that cannot be right."""
        now = datetime.fromtimestamp(heard / NANOSECONDS, UTC)
        until = now + MOST_AHEAD - WINDOW
        moved = move_back(message, now=now, until=until)
        found = normalise(message, until=until)
        counts = Counts(
            accepted=len(found.records),
            rejected=len(found.rejections),
            moved_back=moved.spans,
            unmapped=dict(found.unmapped),
        )
        if moved.worth_telling and not self._told_of_clocks:
            # Once: the answer tells the sender each time, and a counter tells how many spans it were.
            self._told_of_clocks = True
            log.warning("the clock of a sender of telemetry is %s ahead", moved.most)
        return Judged(answer=_answer(found, moved, language), found=found if found.records else None, counts=counts)

    def take(self, found: Normalised, heard: int, position: int, end: int) -> None:
        """Take the spans of a request into the story."""
        del position
        self._repeated += self._story.take(found.records, heard)
        self._end = end

    def settle(self, now: int, until: int | None) -> Settled:
        """Tell the traces that wait for nothing more."""
        del now
        told = self._story.settle(until)
        statements = Statements(model=self._model, prices=self._prices(), base=self._base)
        statements.of(told)
        observations = statements.measures.observations()
        repeated, self._repeated = self._repeated, 0
        return Settled(
            scopes=self._support.scopes(statements, observations),
            observations=observations,
            confirm=lambda: self._confirm(told, statements),
            counts=Counts(duplicates=repeated + told.repeated, overflow=statements.subjects.overflow),
        )

    def _confirm(self, told: Told, statements: Statements) -> None:
        self._story.confirm(told)
        self._support.confirm(statements)

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Begin anew."""
        del marks

    @property
    def held(self) -> int:
        """Where the next entry begins."""
        return self._end

    @property
    def waiting(self) -> Waiting:
        """Nothing waits: what is taken is told."""
        return Waiting()


def _answer(found: Normalised, moved: MovedBack, language: str) -> ExportTraceServiceResponse:
    """Return the protocol's answer: silent where all is well, else what was left out and why."""
    response = ExportTraceServiceResponse()
    told = []
    if found.rejections:
        response.partial_success.rejected_spans = len(found.rejections)
        told.append(say(reasons(found.rejections), language))
    if moved.worth_telling:
        text = (
            f"{moved.spans} spans ended up to {moved.most.total_seconds():.0f} s after the receiver's clock and were "
            "moved back to it. Set the sender's clock."
        )
        told.append(say(text, language))
    if told:
        response.partial_success.error_message = " ".join(told)
    return response
