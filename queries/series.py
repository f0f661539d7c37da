"""The observations of one subject as series of points in time, on a grid of equal steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.observations import family
from stratagraph.queries.figures import Figure, figures
from stratagraph.queries.figures_document import document, time
from stratagraph.queries.ratios import NOTHING, Ratio, ratios

Document = dict[str, Any]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OF_THE_SERIES: Final = ("metric", "notation", "label", "unit", "sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A span of time in equal steps, which begin at multiples of the step since 1970, in UTC."""

    start: datetime
    end: datetime
    step: timedelta

    @classmethod
    def over(cls, start: datetime, end: datetime, step: timedelta) -> Grid:
        """Return the shortest grid that covers a span."""
        first = (start - _EPOCH) // step
        # Rounded up: the floor of the negative number, negated.
        last = -((_EPOCH - end) // step)
        return cls(start=_EPOCH + first * step, end=_EPOCH + last * step, step=step)

    def widened(self, windows: Iterable[Observation]) -> Grid:
        """Return the grid that covers the windows too, which count whole."""
        start, end = self.start, self.end
        for seen in windows:
            start, end = min(start, seen.start), max(end, seen.end)
        return Grid.over(start, end, self.step)

    def __len__(self) -> int:
        """Return the number of steps."""
        return (self.end - self.start) // self.step

    def at(self, number: int) -> datetime:
        """Return when a step begins."""
        return self.start + number * self.step

    def steps(self, seen: Observation) -> tuple[int, int]:
        """Return the first step that a window lies in, and the one after its last."""
        first = (seen.start - self.start) // self.step
        # A window without length lies in the step that it starts in.
        return first, max(first + 1, -((self.start - seen.end) // self.step))


@dataclass(frozen=True, slots=True)
class _Span:
    """One step, or several that no observation tells apart, with what one source saw in them."""

    first: int
    end: int
    seen: tuple[Observation, ...]


def series_document(
    observations: Iterable[Observation],
    model: OntologyModel,
    label: Callable[[Iri], str],
    *,
    grid: Grid,
    now: datetime,
    attributes: Mapping[Iri, float] = NOTHING,
) -> list[Document]:
    """Return one series per metric, unit and source: points with their basis, and steps that nothing is known of.

    A window longer than a step makes one point of the steps that it lies in, for nobody knows how it was spread.
    """
    by_source: dict[str, list[Observation]] = defaultdict(list)
    for seen in observations:
        by_source[family(seen.source)].append(seen)
    series = _Series(model, label, grid, now, attributes)
    told = [one for each in by_source.values() for one in series.of_source(each)]
    return sorted(told, key=lambda one: (one["derived"], one["metric"], one["unit"], one["sources"]))


@dataclass(frozen=True, slots=True)
class _Series:
    """Makes the series of one source after the other, all on the same steps."""

    model: OntologyModel
    label: Callable[[Iri], str]
    grid: Grid
    now: datetime
    attributes: Mapping[Iri, float]

    def of_source(self, seen: Sequence[Observation]) -> Iterator[Document]:
        """Yield the series of one source."""
        wide = self.grid.widened(seen)
        spans = list(_spans(wide, seen))
        points: dict[tuple[Iri, str, bool], dict[int, Document]] = defaultdict(dict)
        heads: dict[tuple[Iri, str, bool], Document] = {}
        for number, span in enumerate(spans):
            for one in self._told(span.seen):
                key = (one.metric, one.unit, isinstance(one, Ratio))
                point = document(one, self.model, self.label)
                head: Document = {name: point.pop(name) for name in _OF_THE_SERIES if name in point}
                before = heads.get(key, head)["sources"]
                heads[key] = {**head, "sources": sorted({*before, *head["sources"]})}
                points[key][number] = point
        placed = [_placed(wide, span, self.now) for span in spans]
        for key, known in points.items():
            told = [place | known.get(number, {"empty": True}) for number, place in enumerate(placed)]
            yield {**heads[key], "derived": key[2], "points": told}

    def _told(self, seen: Sequence[Observation]) -> list[Figure | Ratio]:
        found = figures(seen)
        return [*found, *ratios(found, self.model, self.attributes)]


def _placed(grid: Grid, span: _Span, now: datetime) -> Document:
    end = grid.at(span.end)
    return {
        "start": time(grid.at(span.first)),
        "end": time(end),
        # More may come in: a reader must not take the last point for a fall.
        **({"running": True} if end > now else {}),
    }


def _spans(grid: Grid, observations: Sequence[Observation]) -> Iterator[_Span]:
    """Yield the steps of a grid in order; those that lie under one window are one."""
    placed = sorted(((*grid.steps(seen), seen) for seen in observations), key=lambda each: each[:2])
    at, step = 0, 0
    while step < len(grid):
        end, first = step + 1, at
        while at < len(placed) and placed[at][0] < end:
            end = max(end, placed[at][1])
            at += 1
        yield _Span(step, end, tuple(seen for *_, seen in placed[first:at]))
        step = end
