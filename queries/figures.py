"""What the observations of one subject say over a span of time: figures, and ratios of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.observations import merge_all, quantile, remainder

Document = dict[str, Any]


class Basis(StrEnum):
    """How a number came about."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    PARTLY_ESTIMATED = "partly-estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One metric of one source over the windows that it covers. What is unknown is None, never 0."""

    metric: Iri
    unit: str
    source: str
    start: datetime
    end: datetime
    basis: Basis
    count: int
    total: float
    mean: float | None
    minimum: float | None
    maximum: float | None
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One figure of a source per another; ``known_calls`` of ``calls`` are those that the value is about."""

    metric: Iri
    unit: str
    source: str
    start: datetime
    end: datetime
    basis: Basis
    value: float
    calls: float | None = None
    known_calls: float | None = None


# What is divided by what, metric by metric: the ontology has names for the quotients, not how they are made.
_SHARES: Final = (
    (SG.errorRate, SG.errors, SG.calls),
    (SG.rateLimitShare, SG.rateLimitErrors, SG.errors),
)
_PER_CALL: Final = (
    (SG.inputTokensPerCall, SG.inputTokens),
    (SG.outputTokensPerCall, SG.outputTokens),
    (SG.meanCallCost, SG.callCost),
)


def figures(observations: Iterable[Observation]) -> tuple[Figure, ...]:
    """Return one figure per metric, unit and source of observations of one subject.

    Sources are not added up: two that watch the same calls would count them twice.
    """
    groups: dict[tuple[Iri, str, str], dict[bool, list[Observation]]] = defaultdict(lambda: defaultdict(list))
    # Different units are different figures: two currencies have no sum.
    for seen in observations:
        groups[seen.metric, seen.unit, seen.source][seen.estimated].append(seen)
    return tuple(filter(None, (_figure(groups[key]) for key in sorted(groups))))


def _figure(parts: Mapping[bool, Sequence[Observation]]) -> Figure | None:
    """Return the figure of what was measured and what was estimated, which are different calls of one source.

    None where all of it was taken away again.
    """
    every = list(filter(None, map(remainder, parts.values())))
    if not every:
        return None
    # Merged apart first, since observations that differ in this mark do not merge.
    whole = merge_all([_plain(part) for part in every])
    filled = whole.count > 0
    return Figure(
        metric=whole.metric,
        unit=whole.unit,
        source=whole.source,
        start=whole.start,
        end=whole.end,
        basis=_basis(part.estimated for part in every),
        count=whole.count,
        total=whole.total,
        mean=whole.total / whole.count if filled else None,
        minimum=whole.minimum if filled else None,
        maximum=whole.maximum if filled else None,
        p50=quantile(whole, 0.5),
        p95=quantile(whole, 0.95),
    )


def _plain(seen: Observation) -> Observation:
    """Return the observation without the mark that keeps estimates apart."""
    return replace(seen, estimated=False)


def _basis(estimated: Iterable[bool]) -> Basis:
    found = set(estimated)
    if found == {True}:
        return Basis.ESTIMATED
    return Basis.PARTLY_ESTIMATED if True in found else Basis.MEASURED


def ratios(known: Iterable[Figure]) -> tuple[Ratio, ...]:
    """Return what follows from figures of one source each; where one of the two is unknown, nothing follows."""
    by_source: dict[str, dict[Iri, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    # Within one source: two that watch the same calls do not always watch the same ones.
    for figure in known:
        by_source[figure.source][figure.metric].append(figure)
    found = [ratio for _, told in sorted(by_source.items()) for ratio in (*_shares(told), *_per_call(told))]
    return tuple(sorted(found, key=lambda ratio: (ratio.metric, ratio.unit, ratio.source)))


def _shares(told: Mapping[Iri, Sequence[Figure]]) -> Iterable[Ratio]:
    for metric, part, whole in _SHARES:
        for above in told.get(part, ()):
            for below in told.get(whole, ()):
                # A share of nothing is unknown, and an error counted by another unit is no part of these calls.
                if below.total > 0 and above.unit == below.unit:
                    yield _ratio(metric, above, below, unit="1", value=above.total / below.total)


def _per_call(told: Mapping[Iri, Sequence[Figure]]) -> Iterable[Ratio]:
    for calls in told.get(SG.calls, ()):
        for metric, amount in _PER_CALL:
            for above in told.get(amount, ()):
                known = _known_calls(above, calls)
                if known > 0:
                    yield _ratio(
                        metric,
                        above,
                        calls,
                        unit=f"{above.unit}/{calls.unit}",
                        value=above.total / known,
                        calls=calls.total,
                        known_calls=known,
                    )


def _known_calls(amount: Figure, calls: Figure) -> float:
    """Return the number of calls of which the amount is known.

    Where a source observes call by call, fewer values than calls mean that the amount of the others is unknown: they
    would pass for free.
    """
    return min(calls.total, amount.count) if calls.count == calls.total else calls.total


def _ratio(metric: Iri, above: Figure, below: Figure, *, unit: str, value: float, **calls: float) -> Ratio:
    bases = {above.basis, below.basis}
    return Ratio(
        metric=metric,
        unit=unit,
        source=above.source,
        start=min(above.start, below.start),
        end=max(above.end, below.end),
        # A ratio with one estimated part is as good as that part.
        basis=next(basis for basis in (Basis.ESTIMATED, Basis.PARTLY_ESTIMATED, Basis.MEASURED) if basis in bases),
        value=value,
        **calls,
    )


def figures_document(
    observations: Iterable[Observation], model: OntologyModel, label: Callable[[Iri], str]
) -> Document:
    """Return the figures and what is derived from them as plain data; unknown numbers are absent."""
    found = figures(observations)
    return {
        "figures": [document(figure, model, label) for figure in found],
        "derived": [document(ratio, model, label) for ratio in ratios(found)],
    }


_NAMES: Final = {
    "count": "count",
    "total": "total",
    "mean": "mean",
    "minimum": "min",
    "maximum": "max",
    "p50": "p50",
    "p95": "p95",
    "value": "value",
    "calls": "calls",
    "known_calls": "knownCalls",
}


def document(one: Figure | Ratio, model: OntologyModel, label: Callable[[Iri], str]) -> Document:
    """Return one figure or ratio as plain data; unknown numbers are absent."""
    info = model.metrics.get(one.metric)
    told = {name: getattr(one, attribute, None) for attribute, name in _NAMES.items()}
    return {
        "metric": one.metric,
        **({"notation": info.notation} if info else {}),
        "label": label(one.metric),
        "unit": one.unit,
        "window": {"start": time(one.start), "end": time(one.end)},
        **{name: number for name, number in told.items() if number is not None},
        "sources": [one.source] if one.source else [],
        "basis": one.basis.value,
    }


def time(moment: datetime) -> str:
    """Return a time in UTC as the API writes it."""
    # Both are ISO 8601; the page and other readers of JSON expect the short form.
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
