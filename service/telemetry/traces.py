"""Traces as a signal: what spans tell is told in whole traces, once the ancestors of each span are known."""

from __future__ import annotations

import logging
import struct
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from stratagraph.loaders.clock_skew import MovedBack, move_back
from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.normalise import Normalised, normalise
from stratagraph.loaders.genai.roster import Roster
from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared
from stratagraph.loaders.genai.story import Memory, Story, Told
from stratagraph.loaders.otlp_traces import reasons
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.loaders.statements import Statements
from stratagraph.loaders.support import Support
from stratagraph.ontology.facts import Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.telemetry import set_aside
from stratagraph.service.telemetry.reader import Counts, Judged, Settled, Waiting
from stratagraph.service.telemetry.signals import Signal

log = logging.getLogger(__name__)

NANOSECONDS: Final = 10**9
MARK: Final = "traces"
_HELD: Final = struct.Struct("<Q")
_STEP: Final = struct.Struct("<Qq")
_Stater: TypeAlias = Callable[[Told], tuple[Statements, tuple[Observation, ...]]]


class _Step(NamedTuple):
    """A settling that was committed: up to where the spool was drained, and until when it waited; None: for nothing."""

    drained: int
    until: int | None


class _Progress(NamedTuple):
    """How far the traces are told: the first position to read again, and what was told from there on."""

    held: int
    steps: tuple[_Step, ...]

    def pack(self) -> bytes:
        """Return it as a mark."""
        steps = (_STEP.pack(step.drained, -1 if step.until is None else step.until) for step in self.steps)
        return _HELD.pack(self.held) + b"".join(steps)

    @classmethod
    def unpack(cls, mark: bytes) -> _Progress:
        """Read a mark."""
        (held,) = _HELD.unpack_from(mark)
        steps = _STEP.iter_unpack(mark[_HELD.size :])
        return cls(held, tuple(_Step(drained, None if until < 0 else until) for drained, until in steps))


def _ignore(_: Iterable[Observation]) -> None:
    """Hear nothing."""


class Traces:
    """Reads traces. ``prices`` is asked at each settling.

    What was told cannot be seen from the spans alone, for it depends on when it was told. So the mark lists the
    settlings since the lowest position that is held: a later process takes the same spans and settles them at the same
    places, without telling anybody.
    """

    signal: Final = Signal.TRACES
    request: Final = ExportTraceServiceRequest

    def __init__(
        self,
        *,
        model: OntologyModel,
        prices: Callable[[], PriceTable] = lambda: NO_PRICES,
        base: str = ASSET_BASE,
        declared: Declared = NOTHING_DECLARED,
        roster: Roster | None = None,
        story: Story | None = None,
        memory: Memory | None = None,
        support: Support | None = None,
        told: Callable[[Iterable[Observation]], None] = _ignore,
        window: timedelta = WINDOW,
        late: timedelta | None = None,
    ) -> None:
        """Mint IRIs below ``base``, those that ``roster`` admits; of what is ``declared`` not everything arrives.

        ``memory`` knows the spans that were told and forgotten; ``support`` tells what nothing shows any more; ``told``
        hears what is told. Observations are of windows this long; what ended ``late`` or longer ago is refused.
        """
        self._model = model
        self._prices = prices
        self._base = base
        self.declared = declared
        self._roster = Roster() if roster is None else roster
        self._story = Story(memory=memory) if story is None else story
        self._memory = memory
        self._support = Support(model, base) if support is None else support
        self._hear = told
        self._window = window
        self._late = late
        self._repeated = 0
        self._end = 0
        self._steps: tuple[_Step, ...] = ()
        self._again: deque[_Step] = deque()
        self._told_of_clocks = False

    def judge(self, message: ExportTraceServiceRequest, heard: int, language: str = SOURCE) -> Judged[Normalised]:
        """Read the spans, and refuse by name those that cannot be right."""
        now = datetime.fromtimestamp(heard / NANOSECONDS, UTC)
        until = now + MOST_AHEAD - self._window
        since = None if self._late is None else now - self._late
        moved = move_back(message, now=now, until=until)
        found = normalise(message, until=until, since=since, declared=self.declared)
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
        while self._again and self._again[0].drained <= position:
            self._settle_again()
        known = self._story.take(found.records, heard, position)
        # What an earlier process took was counted by it.
        self._repeated += 0 if self._again else known
        self._end = end

    def _settle_again(self) -> None:
        """Know what an earlier process told."""
        told, (statements, _) = set_aside.state_all(self._story.settle(self._again.popleft().until), self._stater(None))
        self._story.confirm(told)
        self._support.confirm(statements)

    def _stater(self, roster: Roster | None) -> _Stater:
        """Return what makes facts and figures of what was told, those that a roster admits."""
        prices = self._prices()

        def state(told: Told) -> tuple[Statements, tuple[Observation, ...]]:
            statements = Statements(
                model=self._model,
                prices=prices,
                base=self._base,
                declared=self.declared,
                roster=roster,
                window=self._window,
            )
            statements.of(told)
            return statements, statements.measures.observations()

        return state

    def settle(self, now: int, until: int | None) -> Settled:
        """Tell the traces that wait for nothing more."""
        while self._again:
            self._settle_again()
        told, (statements, observations) = set_aside.state_all(self._story.settle(until), self._stater(self._roster))
        aside = tuple(map(set_aside.trace, told.untold))
        repeated, self._repeated = self._repeated, 0
        steps = self._steps
        # As long again as it may have waited: a parent that is late by more than that corrects nothing.
        quiet = None if until is None else 2 * until - now
        if told.added or told.withdrawn or told.untold:
            held = self.held
            steps = (*(step for step in steps if step.drained > held), _Step(self._end, until))
        self._hear(observations)
        return Settled(
            scopes=self._support.scopes(statements, observations),
            observations=observations,
            marks={} if steps is self._steps else {MARK: _Progress(self.held, steps).pack()},
            confirm=lambda: self._confirm(told, statements, steps, now, quiet),
            told=len(told.added),
            counts=Counts(
                duplicates=repeated + told.repeated,
                overflow=statements.subjects.overflow,
                dropped=sum(one.size for one in aside),
                set_aside=aside,
            ),
        )

    def _confirm(
        self, told: Told, statements: Statements, steps: tuple[_Step, ...], now: int, quiet: int | None
    ) -> None:
        """Take it that what was told is known; then forget the traces that have been quiet since a time."""
        self._story.confirm(told)
        self._support.confirm(statements)
        self._steps = steps
        self._story.forget(quiet)
        if self._memory is not None:
            # Before anything of them may leave the spool. By the time, for a position may be the same once more.
            self._memory.save(now)

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Begin where the mark says."""
        if MARK in marks:
            self._end, self._steps = _Progress.unpack(marks[MARK])
            self._again.extend(self._steps)

    @property
    def held(self) -> int:
        """The lowest position of a span that may be told once more, or the end."""
        return self._end if self._story.place is None else self._story.place

    @property
    def waiting(self) -> Waiting:
        """The spans of traces that are not complete."""
        return Waiting(count=self._story.waiting, since=self._story.since)


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
