"""What follows from figures of one source: the ontology says what is divided by what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.infos import MetricInfo, Quotient
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import XSD
from stratagraph.queries.figures import Basis, Figure
from stratagraph.queries.store_protocols import TripleStore

NOTHING: Final[Mapping[Iri, float]] = {}
_NUMBERS: Final = frozenset({XSD.integer, XSD.decimal, XSD.double})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One figure of a source per another; ``known_calls`` of ``calls`` are those that the value is about."""

    metric: Iri
    unit: str
    source: str
    sources: tuple[str, ...]
    start: datetime
    end: datetime
    basis: Basis
    value: float
    calls: float | None = None
    known_calls: float | None = None


def ratios(
    known: Iterable[Figure], model: OntologyModel, attributes: Mapping[Iri, float] = NOTHING
) -> tuple[Ratio, ...]:
    """Return what follows from figures of one source each; where a part is unknown, nothing follows.

    ``attributes`` are the numbers that are stated of the subject.
    """
    by_source: dict[str, dict[Iri, list[Figure | Ratio]]] = defaultdict(lambda: defaultdict(list))
    # Within one source: two that watch the same calls do not always watch the same ones.
    for figure in known:
        by_source[figure.source][figure.metric].append(figure)
    found: list[Ratio] = []
    for _, told in sorted(by_source.items()):
        for info, quotient in _in_order(model):
            derived = list(_derived(info, quotient, told, attributes))
            told[info.iri] += derived
            found += derived
    return tuple(sorted(found, key=lambda ratio: (ratio.metric, ratio.unit, ratio.source)))


def stated_numbers(store: TripleStore, asset: Iri) -> dict[Iri, float]:
    """Return the numbers that are stated of an asset; of several for one attribute, the largest."""
    found: dict[Iri, float] = {}
    for attribute, value in store.facts_about(asset):
        if isinstance(value, Literal) and value.datatype in _NUMBERS:
            number = float(value.value)
            found[attribute] = max(number, found.get(attribute, number))
    return found


@lru_cache(maxsize=4)
def _in_order(model: OntologyModel) -> tuple[tuple[MetricInfo, Quotient], ...]:
    """Return the metrics that follow from others, each after those that it follows from."""
    left = {iri: (info, info.quotient) for iri, info in sorted(model.metrics.items()) if info.quotient is not None}
    placed: list[tuple[MetricInfo, Quotient]] = []
    while left:
        ready = [iri for iri, (_, quotient) in left.items() if left.keys().isdisjoint(quotient.parts())]
        # Metrics of a user's module that follow from each other follow from nothing.
        if not ready:
            break
        placed += [left.pop(iri) for iri in ready]
    return tuple(placed)


def _derived(
    info: MetricInfo,
    quotient: Quotient,
    told: Mapping[Iri, Sequence[Figure | Ratio]],
    attributes: Mapping[Iri, float],
) -> Iterator[Ratio]:
    if quotient.complement_of is not None:
        for ratio in told.get(quotient.complement_of, ()):
            if isinstance(ratio, Ratio):
                yield replace(ratio, metric=info.iri, value=1 - ratio.value)
    elif quotient.per_attributes:
        yield from _per_attribute(info, quotient, told, attributes)
    else:
        for above in _figures(told, quotient.dividends[0]):
            if quotient.divisor is not None:
                yield from _shares(info, above, _figures(told, quotient.divisor))
            elif quotient.per_known is not None:
                yield from _per_known(info, above, _figures(told, quotient.per_known))
            elif above.count > 0:
                number = float(above.count)
                yield _ratio(info.iri, above, above, unit=info.unit, value=above.total / number, known_calls=number)


def _figures(told: Mapping[Iri, Sequence[Figure | Ratio]], metric: Iri) -> list[Figure]:
    return [one for one in told.get(metric, ()) if isinstance(one, Figure)]


def _shares(info: MetricInfo, above: Figure, wholes: Iterable[Figure]) -> Iterator[Ratio]:
    for below in wholes:
        # A share of nothing is unknown, and an error counted by another unit is no part of these calls.
        if below.total > 0 and above.unit == below.unit:
            yield _ratio(info.iri, above, below, unit=info.unit, value=above.total / below.total)


def _per_known(info: MetricInfo, above: Figure, wholes: Iterable[Figure]) -> Iterator[Ratio]:
    for calls in wholes:
        known = _known_calls(above, calls)
        # Of money the ontology can't know the unit: each figure has its currency.
        unit = "1" if above.unit == calls.unit else f"{above.unit}/{calls.unit}"
        if known > 0:
            yield _ratio(
                info.iri, above, calls, unit=unit, value=above.total / known, calls=calls.total, known_calls=known
            )


def _known_calls(amount: Figure, calls: Figure) -> float:
    """Return the number of calls of which the amount is known.

    Where a source observes call by call, fewer values than calls mean that the amount of the others is unknown: they
    would pass for free. A source that counts events and tells of no call without one only tells of those that had one.
    """
    if amount.unit == calls.unit and amount.minimum != 0:
        return calls.total
    return min(calls.total, amount.count) if calls.count == calls.total else calls.total


def _per_attribute(
    info: MetricInfo,
    quotient: Quotient,
    told: Mapping[Iri, Sequence[Figure | Ratio]],
    attributes: Mapping[Iri, float],
) -> Iterator[Ratio]:
    below = max((attributes[name] for name in quotient.per_attributes if name in attributes), default=0.0)
    parts = [one for name in quotient.dividends for one in told.get(name, ()) if isinstance(one, Ratio)]
    # Of several dividends the first by name must be known: what a call writes is nothing beside what it reads.
    if below > 0 and parts and parts[0].metric == quotient.dividends[0]:
        yield replace(
            parts[0],
            metric=info.iri,
            unit=info.unit,
            value=sum(part.value for part in parts) / below,
            start=min(part.start for part in parts),
            end=max(part.end for part in parts),
            basis=_worst({part.basis for part in parts}),
        )


def _ratio(metric: Iri, above: Figure, below: Figure, *, unit: str, value: float, **calls: float) -> Ratio:
    return Ratio(
        metric=metric,
        unit=unit,
        source=above.source,
        sources=tuple(sorted({*above.sources, *below.sources})),
        start=min(above.start, below.start),
        end=max(above.end, below.end),
        basis=_worst({above.basis, below.basis}),
        value=value,
        **calls,
    )


def _worst(bases: set[Basis]) -> Basis:
    """Return the basis of a ratio: with one estimated part it is as good as that part."""
    return next(basis for basis in (Basis.ESTIMATED, Basis.PARTLY_ESTIMATED, Basis.MEASURED) if basis in bases)
