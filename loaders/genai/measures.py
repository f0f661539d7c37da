"""Observations of what happened: sums, extremes and sketches per subject, metric and window."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from math import fsum
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.record import CallRecord, ErrorClass, Finish, Verdict
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import Bins

WINDOW: Final = timedelta(minutes=1)
"""How long windows are, unless a setting says otherwise."""
_SECOND: Final = timedelta(seconds=1)
_NANOSECONDS: Final = 10**9
SKETCHED: Final = frozenset({SG.callLatency, SG.timeToFirstToken})
"""Metrics whose quantiles are asked for."""
ERROR_METRICS: Final = {
    ErrorClass.RATE_LIMIT: SG.rateLimitErrors,
    ErrorClass.TIMEOUT: SG.timeoutErrors,
    ErrorClass.CLIENT: SG.clientErrors,
    ErrorClass.SERVER: SG.serverErrors,
    ErrorClass.CONNECTION: SG.connectionErrors,
}
_TOKENS: Final = (SG.inputTokens, SG.outputTokens, SG.cachedInputTokens, SG.reasoningTokens)
"""In the order of the counts of a usage."""
_PERSONAL: Final = (
    SG.emailFindings,
    SG.phoneFindings,
    SG.cpfFindings,
    SG.cnpjFindings,
    SG.cardFindings,
    SG.addressFindings,
)
"""In the order of the counts of personal data."""
_SUMS: Final = {SG.calls, SG.runs, SG.modelCalls, SG.errors, SG.callCost, SG.personalDataFindings}
_COUNTED: Final = frozenset({*_SUMS, *_TOKENS, *_PERSONAL, *ERROR_METRICS.values()})
"""Metrics that are sums: of a sampled span each counts for as many as it stands for."""


class _Series(NamedTuple):
    """What the values of one observation have in common."""

    subject: Iri
    metric: Iri
    unit: str
    estimated: bool
    window: int


_Values: TypeAlias = list[float]
_Listed: TypeAlias = defaultdict[_Series, list[_Values]]
"""The values of each series, in parts that several series share."""
_Figure: TypeAlias = tuple[Iterable[Iri], Iri, _Values]
"""Values of a metric, and on which subjects they are counted."""


class Cost(NamedTuple):
    """What a call cost, and whether somebody measured it or a price list estimates it."""

    amount: float
    currency: str
    estimated: bool


CostsOf: TypeAlias = Callable[[Sequence[CallRecord]], Sequence[Cost | None]]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Occurrences that are alike in all but time, duration, usage and weight, and on what subjects each is counted.

    ``partly``: of their service only some arrive, by how they ended, so that neither their number nor a rate is known.
    """

    partly: bool = False
    called: list[Iri] = field(default_factory=list)
    """Where the outcome and the latency are counted."""
    counted: defaultdict[Iri, list[Iri]] = field(default_factory=lambda: defaultdict(list))
    """The subjects by the metric that counts each occurrence once."""
    answered: list[Iri] = field(default_factory=list)
    """Where it is counted how a model's answer came and ended."""
    consumed: list[Iri] = field(default_factory=list)
    """Where tokens and cost are counted."""
    carried: list[Iri] = field(default_factory=list)
    """Where it is counted what the content held."""
    judged: list[Iri] = field(default_factory=list)
    """Where it is counted what a guardrail decided."""
    added: list[Occurrence] = field(default_factory=list)
    taken: list[Occurrence] = field(default_factory=list)
    """Those that were given before, and are taken away."""

    def call(self, subject: Iri, *also: Iri) -> None:
        """Count calls, their outcome and their latency on a subject; ``also`` are further metrics that count them."""
        self.called.append(subject)
        for metric in (SG.calls, *also):
            self.counted[metric].append(subject)

    def leave_to_metrics(self) -> None:
        """Count nothing that metrics tell: only what the content held."""
        self.called, self.answered, self.consumed = [], [], []
        self.counted.clear()


class Measures:
    """Collects occurrences and gives them back as observations, in an order that does not depend on theirs."""

    def __init__(self, model: OntologyModel, costs: CostsOf, window: timedelta = WINDOW) -> None:
        """Take the metrics' units from the ontology; ask ``costs`` of the records of a tally."""
        self._window = window
        self._units = {iri: metric.unit for iri, metric in model.metrics.items()}
        self._costs = costs
        self._tallies: list[Tally] = []

    def tally(self, *, partly: bool = False) -> Tally:
        """Return a new tally."""
        tally = Tally(partly=partly)
        self._tallies.append(tally)
        return tally

    def observations(self) -> tuple[Observation, ...]:
        """Return one observation per series that has values, and one that takes away those of other batches."""
        given, taken = self._listed(lambda tally: tally.added), self._listed(lambda tally: tally.taken)
        summaries = _Summaries()
        found = []
        for series in sorted({**given, **taken}):
            parts, gone = given.get(series, []), taken.get(series, [])
            if gone:
                parts, gone = _without(parts, gone), _without(gone, parts)
            sketched = series.metric in SKETCHED
            if any(parts):
                found.append(_observation(series, self._window, summaries.of(parts, sketched=sketched)))
            if any(gone):
                one = _observation(series, self._window, summaries.of(gone, sketched=sketched))
                found.append(replace(one, count=-one.count, total=0.0 - one.total))
        return tuple(found)

    def _listed(self, rows_of: Callable[[Tally], Sequence[Occurrence]]) -> _Listed:
        """Return the values of each series."""
        found: _Listed = defaultdict(list)
        for tally in self._tallies:
            for (window, weight, own_weight), rows in _alike(rows_of(tally), self._window).items():
                _Window(found, self._units, window, weight).add(chain(_figures(tally, rows), _judged(tally, rows)))
                records = [one.record for one in rows]
                own = _Window(found, self._units, window, own_weight)
                if tally.carried:
                    own.add((tally.carried, metric, counts) for metric, counts in _personal(records))
                if tally.consumed:
                    own.add((tally.consumed, metric, counts) for metric, counts in _tokens(records))
                    own.add_costs(tally.consumed, self._costs(records))
        return found


@dataclass(frozen=True, slots=True)
class _Window:
    """Takes the values of one window, of spans that weigh the same, to their series."""

    found: _Listed
    units: Mapping[Iri, str]
    window: int
    weight: float

    def add(self, figures: Iterable[_Figure]) -> None:
        """Add values to the series of each of their subjects."""
        for subjects, metric, values in figures:
            scaled = self.weight != 1 and metric in _COUNTED
            if values:
                self._into(subjects, _Series("", metric, self.units[metric], scaled, self.window), values)

    def add_costs(self, subjects: Iterable[Iri], costs: Iterable[Cost | None]) -> None:
        """Add costs, those that are estimated apart from those that are known."""
        for (currency, estimated), amounts in _by_currency(costs).items():
            scaled = self.weight != 1
            self._into(subjects, _Series("", SG.callCost, currency, estimated or scaled, self.window), amounts)

    def _into(self, subjects: Iterable[Iri], alike: _Series, values: _Values) -> None:
        """Add values to a series of several subjects; of a sum, each as often as its span stands for others."""
        counted = self.weight != 1 and alike.metric in _COUNTED
        scaled = [value * self.weight for value in values] if counted else values
        for subject in subjects:
            self.found[_Series(subject, *alike[1:])].append(scaled)


def _without(parts: list[_Values], others: list[_Values]) -> list[_Values]:
    """Return the values that are not among the others, in one part: each takes one of its like along."""
    left = Counter(chain.from_iterable(parts)) - Counter(chain.from_iterable(others))
    return [list(left.elements())]


def _alike(rows: Iterable[Occurrence], window: timedelta) -> dict[tuple[int, float, float], list[Occurrence]]:
    """Return occurrences by the window of their end, when the outcome is known, and what they and their spans weigh."""
    found: dict[tuple[int, float, float], list[Occurrence]] = defaultdict(list)
    length = window // _SECOND * _NANOSECONDS
    for one in rows:
        record = one.record
        found[record.end // length, one.weight, record.weight].append(one)
    return found


def _figures(tally: Tally, rows: Sequence[Occurrence]) -> Iterator[_Figure]:
    """Yield what is counted of calls, and of how they ended, by subjects and metric."""
    first, ones, zeros = rows[0], [1.0] * len(rows), [0.0] * len(rows)
    record = first.record
    if not tally.partly:
        for metric, subjects in tally.counted.items():
            yield subjects, metric, ones
        yield tally.called, SG.callLatency, [one.seconds for one in rows if one.seconds is not None]
    # Also where none happened: no error is a figure. But not of an emitter that never shows them.
    if first.failed or not (record.hidden or tally.partly):
        yield tally.called, SG.errors, ones if first.failed else zeros
    if first.failed and first.error in ERROR_METRICS:
        yield tally.called, ERROR_METRICS[first.error], ones
    if not tally.answered:
        return
    waited = [time for one in rows if (time := one.record.first_token) is not None]
    yield tally.answered, SG.timeToFirstToken, waited
    if tally.partly:
        return
    if record.stream is not None:
        yield tally.answered, SG.streamedCalls, ones if record.stream else zeros
    if record.finish is not None and not first.failed:
        yield tally.answered, SG.truncatedCalls, ones if record.finish is Finish.TRUNCATED else zeros
        yield tally.answered, SG.filteredCalls, ones if record.finish is Finish.FILTERED else zeros


def _judged(tally: Tally, rows: Sequence[Occurrence]) -> Iterator[_Figure]:
    """Yield what a guardrail decided; a block is no error, and what was not decided is neither."""
    if not tally.judged:
        return
    verdict, ones, zeros = rows[0].verdict, [1.0] * len(rows), [0.0] * len(rows)
    yield tally.judged, SG.guardrailUndecided, ones if verdict is Verdict.UNDECIDED else zeros
    if verdict is not Verdict.UNDECIDED:
        found = verdict in {Verdict.BLOCKED, Verdict.FLAGGED}
        yield tally.judged, SG.guardrailFindings, ones if found else zeros
        yield tally.judged, SG.guardrailBlocks, ones if verdict is Verdict.BLOCKED else zeros


def _tokens(records: Iterable[CallRecord]) -> Iterator[tuple[Iri, _Values]]:
    """Yield the known counts of tokens: one that is unknown is not zero."""
    usages = [record.usage for record in records]
    for place, metric in enumerate(_TOKENS):
        yield metric, [float(count) for usage in usages if (count := usage[place]) is not None]


def _personal(records: Iterable[CallRecord]) -> Iterator[tuple[Iri, _Values]]:
    """Yield the likely personal data in the content of calls: nothing where none came, and a kind where it is found."""
    found = [record.personal for record in records if record.personal is not None]
    yield SG.personalDataFindings, [float(one.total) for one in found]
    for place, metric in enumerate(_PERSONAL):
        yield metric, [float(one[place]) for one in found if one[place]]


def _by_currency(costs: Iterable[Cost | None]) -> dict[tuple[str, bool], _Values]:
    found: dict[tuple[str, bool], _Values] = defaultdict(list)
    for cost in costs:
        if cost is not None:
            found[cost.currency, cost.estimated].append(cost.amount)
    return found


@dataclass(frozen=True, slots=True)
class _Summary:
    """The figures of an observation."""

    count: int
    total: float
    minimum: float
    maximum: float
    sketch: bytes


class _Summaries:
    """Summarises values that come in parts: each part once, for most are the same for several subjects."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, tuple[int, ...]], tuple[_Summary, list[_Values]]] = {}
        self._bins: dict[int, Bins] = {}

    def of(self, parts: list[_Values], *, sketched: bool) -> _Summary:
        """Return the figures of the values; sums are exact, so that the order of the calls does not show."""
        known = sketched, tuple(map(id, parts))
        if known not in self._known:
            # The parts are kept beside, for a list that is gone leaves its identity to another one.
            self._known[known] = self._made(parts, sketched=sketched), parts
        return self._known[known][0]

    def _made(self, parts: list[_Values], *, sketched: bool) -> _Summary:
        values = parts[0] if len(parts) == 1 else list(chain.from_iterable(parts))
        sketch = Bins.merged(map(self._binned, parts)).encoded() if sketched else b""
        return _Summary(len(values), fsum(values), min(values), max(values), sketch)

    def _binned(self, part: _Values) -> Bins:
        if id(part) not in self._bins:
            self._bins[id(part)] = Bins.of(part)
        return self._bins[id(part)]


def _observation(series: _Series, window: timedelta, told: _Summary) -> Observation:
    """Return the observation of one series."""
    start = datetime.fromtimestamp(series.window * (window // _SECOND), UTC)
    return Observation(
        subject=series.subject,
        metric=series.metric,
        unit=series.unit,
        start=start,
        end=start + window,
        count=told.count,
        total=told.total,
        minimum=told.minimum,
        maximum=told.maximum,
        sketch=told.sketch,
        estimated=series.estimated,
    )
