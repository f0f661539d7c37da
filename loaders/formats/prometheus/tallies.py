"""What was added to a counter, and what a gauge shows, as observations of the ontology's metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.formats.prometheus.families import Amount
from stratagraph.loaders.formats.prometheus.mapping import Figure, Of, Tells
from stratagraph.loaders.formats.prometheus.mapping_reader import MONEY
from stratagraph.loaders.formats.prometheus.named_things import Seen
from stratagraph.loaders.genai.attribute_values import MOST
from stratagraph.loaders.metrics.distributions import Distribution
from stratagraph.loaders.metrics.points import MONEY_GRAIN
from stratagraph.loaders.metrics.windows import window
from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.observations import merge_all

_TIME: Final = "s"
"""Of times quantiles are asked for."""
_Key: TypeAlias = tuple[Iri, Iri, str, object, object]


class _Part(NamedTuple):
    """A part of a figure."""

    number: int
    total: float
    least: float
    most: float
    sketch: bytes = b""


class Figures:
    """Collects what series tell, and gives back one observation per figure and window."""

    def __init__(self, model: OntologyModel) -> None:
        """Take the units of money from the ontology."""
        self._money = frozenset(iri for iri, metric in model.metrics.items() if metric.unit == MONEY)
        self._found: dict[_Key, list[Observation]] = defaultdict(list)

    def add(self, figures: Iterable[Figure], on: Seen, amount: Amount, since: int, time: int) -> None:
        """Take what was added between two times, to what each of the figures counts on."""
        start, end = window(since, time)
        for figure in figures:
            subjects = [iri for name in figure.on for iri in on.get(name, ())]
            for tells in figure.tells if subjects else ():
                for seen in self._seen(tells, amount):
                    for subject in subjects:
                        self._found[subject, tells.metric, tells.unit, start, end].append(
                            Observation(
                                subject=subject,
                                metric=tells.metric,
                                unit=tells.unit,
                                start=start,
                                end=end,
                                count=seen.number,
                                total=seen.total,
                                minimum=seen.least,
                                maximum=seen.most,
                                sketch=seen.sketch,
                            )
                        )

    def show(self, figures: Iterable[Figure], on: Seen, value: float, time: int) -> None:
        """Take what a gauge shows: a value as any other."""
        for figure in figures:
            tells = tuple(one for one in figure.tells if one.most is None or value <= one.most)
            if isfinite(value) and 0 <= value <= MOST:
                self.add([_only(figure, tells)], on, Distribution(1, value), time, time)

    def observations(self) -> tuple[Observation, ...]:
        """Return everything, in an order that does not depend on that of the series."""
        return tuple(merge_all(self._found[key]) for key in sorted(self._found, key=str))

    def _seen(self, tells: Tells, amount: Amount) -> Iterator[_Part]:
        if isinstance(amount, Distribution):
            yield from _of_values(tells, amount)
        elif tells.metric in self._money:
            grains = round(amount / MONEY_GRAIN)
            if grains:
                yield _Part(grains, amount, MONEY_GRAIN, MONEY_GRAIN)
        elif tells.unit.startswith("{"):
            # A counter does not say of how many calls: each token is a value of its own.
            if number := round(amount * tells.factor):
                yield _Part(number, number * tells.value, tells.value, tells.value)
        else:
            added = amount * tells.factor
            yield _Part(1, added, added, added)


def _of_values(tells: Tells, told: Distribution) -> Iterator[_Part]:
    """Yield what a distribution tells: its values, or only how many there are."""
    if tells.of is Of.NUMBER:
        if told.number:
            yield _Part(told.number, told.number * tells.value, tells.value, tells.value)
    elif told.total is not None and told.number:
        scaled = told.scaled(tells.factor)
        least, most = scaled.extremes
        sketch = scaled.sketch() if tells.unit == _TIME else b""
        yield _Part(told.number, scaled.total or 0.0, least, most, sketch)


def _only(figure: Figure, tells: tuple[Tells, ...]) -> Figure:
    if tells == figure.tells:
        return figure
    return Figure(names=figure.names, shape=figure.shape, on=figure.on, tells=tells, where=figure.where)
