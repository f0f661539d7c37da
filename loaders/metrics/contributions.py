"""What an increment adds to which figure of which subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from stratagraph.loaders.genai.forest import AgentRef
from stratagraph.loaders.genai.instruments import Tells
from stratagraph.loaders.genai.measures import ERROR_METRICS, SKETCHED, WINDOW
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, Finish, RecordKind
from stratagraph.loaders.genai.subjects import ANSWERED, REQUESTED, USED, Subjects
from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.increments import Increment
from stratagraph.loaders.metrics.points import MONEY_GRAIN, Series
from stratagraph.loaders.metrics.windows import window
from stratagraph.ontology.facts import Fact, Iri, Observation
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG

_TOKENS: Final = {
    "input": SG.inputTokens,
    "output": SG.outputTokens,
    "cached": SG.cachedInputTokens,
    "reasoning": SG.reasoningTokens,
}
_NEVER_NOTHING: Final = frozenset({"input", "output"})
"""Tokens of which a call has some: none at all is a count that is not kept."""


class Matter(StrEnum):
    """What is told: of one matter of one system, one teller counts."""

    CALLS = "calls"
    SUCCESSES = "successes"
    FAILURES = "failures"
    LATENCY = "latency"
    INPUT = "input"
    OUTPUT = "output"
    CACHED = "cached"
    REASONING = "reasoning"
    COST = "cost"
    FIRST_PIECE = "first_token"
    FINISH = "finish"
    STREAM = "stream"


MATTERS: Final[dict[Iri, tuple[Matter, ...]]] = {
    SG.calls: (Matter.CALLS,),
    SG.errors: (Matter.FAILURES, Matter.SUCCESSES),
    SG.callLatency: (Matter.LATENCY,),
    SG.inputTokens: (Matter.INPUT,),
    SG.outputTokens: (Matter.OUTPUT,),
    SG.cachedInputTokens: (Matter.CACHED,),
    SG.reasoningTokens: (Matter.REASONING,),
    SG.callCost: (Matter.COST,),
    SG.timeToFirstToken: (Matter.FIRST_PIECE,),
    SG.truncatedCalls: (Matter.FINISH,),
    SG.streamedCalls: (Matter.STREAM,),
}
"""What a figure that spans tell says; those that are not here follow from these."""


class Contribution(NamedTuple):
    """A part of a figure, if nobody with a better rank tells of the matter at one of the ``anchors``.

    Spans tell of it also where they tell of ``system``: what works within a traced system is in its traces.
    """

    matter: Matter
    rank: int
    anchors: tuple[Iri, ...]
    system: Iri
    beyond_spans: bool
    """Spans never show it."""
    seen: Observation


class Parties(NamedTuple):
    """Who takes part in the work: where its calls are counted, where its answers, and who is asked of what is told."""

    called: tuple[Iri, ...]
    answered: tuple[Iri, ...]
    anchor: Iri
    system: Iri
    model: Iri = ""
    counts: tuple[tuple[Iri, Iri], ...] = ()
    """Further metrics that count each call, and on whom."""


class Contributions:
    """Makes contributions of increments, stating in ``subjects`` what they show."""

    def __init__(self, model: OntologyModel, subjects: Subjects, window: timedelta = WINDOW) -> None:
        """Take the metrics' units from the ontology; tell of windows this long."""
        self._window = window
        self._units = {iri: metric.unit for iri, metric in model.metrics.items()}
        self._subjects = subjects
        self._told: dict[Tells, Callable[[Increment[Series]], Iterator[_Part]]] = {
            Tells.CALLS: _calls,
            Tells.COUNTED: _counted,
            Tells.FAILED: _failed,
            Tells.LATENCY: _latency,
            Tells.FIRST_PIECE: _first_token,
            Tells.TOKENS: _tokens,
            Tells.COST: _cost,
            Tells.FINISH: _finish,
        }

    def of(self, increment: Increment[Series], heard: int) -> Iterator[Contribution]:
        """Yield what an increment adds; one that is told for later than it was heard happened when it was heard."""
        meant, record = increment.series.meant, increment.series.labelled.record
        self._subjects.according_to(record)
        proven = not (record.failed or (meant.blind and not record.answered))
        parties = self._parties(record, naming=meant.instrument.tells in _NAMING, proven=proven)
        start, end = _window(increment, heard, self._window)
        for part in self._told[meant.instrument.tells](increment):
            on = list(parties.called if part.on_calls else parties.answered)
            further = [(iri, metric) for iri, metric in parties.counts if part.metric == SG.calls]
            for subject, metric in (*((iri, part.metric) for iri in on), *further):
                anchors: tuple[Iri, ...] = (parties.anchor,)
                # Whoever serves a call tells of the same one as whoever made it: at the model they meet.
                if meant.instrument.server and subject == parties.model:
                    anchors = (parties.anchor, subject)
                seen = Observation(
                    subject=subject,
                    metric=metric,
                    unit=part.unit or self._units[metric],
                    start=start,
                    end=end,
                    count=part.count,
                    total=part.total,
                    minimum=part.minimum,
                    maximum=part.maximum,
                    sketch=part.sketch,
                )
                yield Contribution(part.matter, meant.rank, anchors, parties.system, part.beyond_spans, seen)

    def _parties(self, record: CallRecord, *, naming: bool, proven: bool) -> Parties:
        """State who takes part in the work that labels tell of, as a span of it would."""
        subjects = self._subjects
        system = subjects.system(record.service)
        caller = subjects.agent(AgentRef(record.agent, record.service)) if record.agent else system
        if record.kind in MODEL_CALLS:
            return self._model_call(record, system, caller, naming=naming, proven=proven)
        if record.kind is RecordKind.AGENT:
            return Parties((caller,), (caller,), caller, system, counts=((caller, SG.runs),))
        if record.kind is RecordKind.WORKFLOW:
            pipeline = subjects.pipeline(record.workflow, record.service)
            return Parties((pipeline,), (), pipeline, system)
        if record.kind is RecordKind.TOOL:
            used, relation = subjects.tool(record.tool, record.service), SG.usesTool
            subjects.met(used, REQUESTED if record.failed and record.unproven else USED)
            if record.serves:
                subjects.provided(used, record.service, record.server)
                return Parties((used,), (), used, system)
        else:
            used, relation = subjects.index(record.data_source), SG.retrievesFrom
        return Parties((used, statement_iri(subjects.state(caller, relation, used))), (), used, system)

    def _model_call(self, record: CallRecord, system: Iri, caller: Iri, *, naming: bool, proven: bool) -> Parties:
        """State who called which model."""
        agent = (caller,) if caller != system else ()
        counts = tuple((iri, SG.modelCalls) for iri in agent)
        if not record.model:
            return Parties((system,), (system, *agent), system, system, counts=counts)
        model, fact = self._model(record, caller, naming=naming, proven=proven)
        called = (system, statement_iri(fact), model)
        return Parties(called, (*called, *agent), system, system, model, counts)

    def _model(self, record: CallRecord, caller: Iri, *, naming: bool, proven: bool) -> tuple[Iri, Fact]:
        """State a model, its user, and where it is from."""
        answered = record.answered if naming else ""
        met = (ANSWERED if answered else USED) if proven else REQUESTED
        model = self._subjects.model_called(record, met, answered)
        return model, self._subjects.state(caller, SG.usesModel, model)


_NAMING: Final = frozenset({Tells.CALLS, Tells.TOKENS, Tells.COUNTED})
"""Instruments whose label of the answering model is one: some write the asked one there, while nothing is answered."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One figure of an increment."""

    matter: Matter
    metric: Iri
    count: int
    total: float
    minimum: float
    maximum: float
    sketch: bytes = b""
    unit: str = ""
    on_calls: bool = True
    beyond_spans: bool = False


def _times(
    matter: Matter,
    metric: Iri,
    number: int,
    value: float = 1.0,
    *,
    on_calls: bool = True,
    beyond_spans: bool = False,
) -> _Part:
    """Return that something happened a number of times, each with the same value."""
    total = number * value
    return _Part(matter, metric, number, total, value, value, on_calls=on_calls, beyond_spans=beyond_spans)


def _values(matter: Matter, metric: Iri, told: Distribution, *, on_calls: bool) -> Iterator[_Part]:
    """Yield the values of a distribution, where their sum is told."""
    if told.total is not None:
        least, most = told.extremes
        sketch = told.sketch() if metric in SKETCHED else b""
        yield _Part(matter, metric, told.number, told.total, least, most, sketch, on_calls=on_calls)


def _calls(increment: Increment[Series]) -> Iterator[_Part]:
    told, record = _distribution(increment), increment.series.labelled.record
    if record.failed and record.hidden:
        yield from _failures(record, told.number, beyond_spans=True)
        return
    yield _times(Matter.CALLS, SG.calls, told.number)
    yield from _values(Matter.LATENCY, SG.callLatency, told, on_calls=True)
    if record.stream is not None and record.kind in MODEL_CALLS:
        yield _times(Matter.STREAM, SG.streamedCalls, told.number, float(record.stream), on_calls=False)
    if record.failed:
        yield from _errors(record, told.number)
    elif not record.hidden and not increment.series.meant.blind:
        # Also where none happened: no error is a figure.
        yield _times(Matter.SUCCESSES, SG.errors, told.number, 0.0)


def _counted(increment: Increment[Series]) -> Iterator[_Part]:
    number, record = _number(increment), increment.series.labelled.record
    yield _times(Matter.CALLS, SG.calls, number)
    if record.failed:
        yield from _errors(record, number)


def _failed(increment: Increment[Series]) -> Iterator[_Part]:
    number, record = _number(increment), increment.series.labelled.record
    if increment.series.meant.instrument.within:
        yield from _errors(record, number)
    else:
        yield from _failures(record, number, beyond_spans=record.hidden)


def _errors(record: CallRecord, number: int, *, beyond_spans: bool = False) -> Iterator[_Part]:
    yield _times(Matter.FAILURES, SG.errors, number, beyond_spans=beyond_spans)
    if record.error in ERROR_METRICS:
        yield _times(Matter.FAILURES, ERROR_METRICS[record.error], number, beyond_spans=beyond_spans)


def _failures(record: CallRecord, number: int, *, beyond_spans: bool) -> Iterator[_Part]:
    """Yield calls that failed and that nobody else counts as calls."""
    yield _times(Matter.FAILURES, SG.calls, number, beyond_spans=beyond_spans)
    yield from _errors(record, number, beyond_spans=beyond_spans)


def _latency(increment: Increment[Series]) -> Iterator[_Part]:
    yield from _values(Matter.LATENCY, SG.callLatency, _distribution(increment), on_calls=True)


def _first_token(increment: Increment[Series]) -> Iterator[_Part]:
    # What some libraries call so is the length of the call, where nothing is streamed.
    if increment.series.labelled.record.stream is not False:
        yield from _values(Matter.FIRST_PIECE, SG.timeToFirstToken, _distribution(increment), on_calls=False)


def _tokens(increment: Increment[Series]) -> Iterator[_Part]:
    kind, amount = increment.series.labelled.token, increment.amount
    matter, metric = Matter(kind), _TOKENS[kind]
    if not isinstance(amount, Distribution):
        # A counter does not say of how many calls: each token is a value of its own.
        yield _times(matter, metric, round(amount), on_calls=False)
    elif amount.total or kind not in _NEVER_NOTHING:
        yield from _values(matter, metric, amount, on_calls=False)


def _cost(increment: Increment[Series]) -> Iterator[_Part]:
    amount = increment.amount
    unit = increment.series.meant.currency
    if isinstance(amount, Distribution):
        # What costs nothing beside tokens has no price that its teller knows.
        if amount.total:
            least, most = amount.extremes
            yield _Part(Matter.COST, SG.callCost, amount.number, amount.total, least, most, unit=unit, on_calls=False)
    elif grains := round(amount / MONEY_GRAIN):
        yield _Part(Matter.COST, SG.callCost, grains, amount, MONEY_GRAIN, MONEY_GRAIN, unit=unit, on_calls=False)


def _finish(increment: Increment[Series]) -> Iterator[_Part]:
    number, finish = _number(increment), increment.series.labelled.finish
    if finish is not Finish.FAILED:
        for metric, ending in ((SG.truncatedCalls, Finish.TRUNCATED), (SG.filteredCalls, Finish.FILTERED)):
            yield _times(Matter.FINISH, metric, number, float(finish is ending), on_calls=False)


def _distribution(increment: Increment[Series]) -> Distribution:
    """Return the values in the unit of the ontology."""
    amount = increment.amount
    if not isinstance(amount, Distribution):
        raise TypeError(amount)
    return amount.scaled(increment.series.meant.factor)


def _number(increment: Increment[Series]) -> int:
    amount = increment.amount
    return amount.number if isinstance(amount, Distribution) else round(amount)


def _window(increment: Increment[Series], heard: int, length: timedelta) -> tuple[datetime, datetime]:
    """Return the window of an increment; what is told for a time to come happened when it was heard."""
    return window(min(increment.since, heard), min(increment.time, heard), length)
