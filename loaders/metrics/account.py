"""What metrics tell, request after request: how much was added to what, and who shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.subjects import Subjects
from stratagraph.loaders.metrics.contributions import Contribution, Contributions
from stratagraph.loaders.metrics.increments import MOST_SERIES, Increment, Increments
from stratagraph.loaders.metrics.points import Point, Series
from stratagraph.loaders.metrics.precedence import Past, Precedence, no_past
from stratagraph.ontology.facts import Iri, Observation, Scope
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import merge_all

_Found: TypeAlias = tuple[Increment[Series], int, list[Contribution]]
_Figure: TypeAlias = tuple[Iri, Iri, str, datetime, datetime, bool]


class Untold(NamedTuple):
    """A point that adds up to nothing that can be stated, and why."""

    metric: str
    service: str
    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What can be told by now, and the marks from which a later process goes on."""

    scopes: tuple[Scope, ...]
    observations: tuple[Observation, ...]
    marks: Mapping[str, bytes | None]
    repeated: int
    overflow: int
    covered: int
    untold: tuple[Untold, ...] = ()


class Account:
    """Takes points, and states what they add up to. Not safe between threads: the caller holds a lock."""

    def __init__(
        self,
        *,
        model: OntologyModel,
        base: str = ASSET_BASE,
        limit: int = MOST_SERIES,
        past: Past = no_past,
        window: timedelta = WINDOW,
    ) -> None:
        """Mint IRIs below ``base``; know the last values of up to ``limit`` series; tell of windows this long."""
        self._window = window
        self._model = model
        self._base = base
        self._increments = Increments(limit)
        self._precedence = Precedence(past)
        self._waiting: list[tuple[Increment[Series], int]] = []

    @property
    def size(self) -> int:
        """How many series are known."""
        return self._increments.size

    def take(self, points: Iterable[Point[Series]], heard: int) -> None:
        """Take in points that were heard at a time."""
        self._waiting += [(increment, heard) for increment in self._increments.take(points)]

    def spans_told(self, observations: Iterable[Observation]) -> None:
        """Hear what spans told of the same calls."""
        self._precedence.spans_told(observations)

    def settle(self, now: int) -> Statement:
        """State what was added since the last time."""
        # Who takes part is named before it is known whether anything of it counts: only then is it stated.
        found, untold = self._found()
        decision = self._precedence.decide((one for _, _, each in found for one in each), now)
        self._waiting = []
        counted = set(map(id, decision.counted))
        subjects = Subjects(self._model, self._base)
        said = Contributions(self._model, subjects, self._window)
        for increment, heard, each in found:
            if any(id(one) in counted for one in each):
                record = increment.series.labelled.record
                list(said.of(increment, heard))
                subjects.version(subjects.system(record.service), record.service.version, increment.time)
        return Statement(
            scopes=subjects.scopes(),
            observations=_added_up([*map(_seen, decision.counted), *decision.taken]),
            marks={**self._increments.changes(), **self._precedence.changes()},
            untold=tuple(untold),
            **self._counts(subjects.overflow),
        )

    def _found(self) -> tuple[list[_Found], list[Untold]]:
        """Return what each increment contributes, and those that contribute nothing, for it fails."""
        unsaid = Contributions(self._model, Subjects(self._model, self._base), self._window)
        found, untold = [], []
        for increment, heard in self._waiting:
            try:
                found.append((increment, heard, list(unsaid.of(increment, heard))))
            except Exception as error:  # noqa: BLE001  one series must not keep all others waiting
                series = increment.series
                untold.append(Untold(series.meant.name, series.labelled.record.service.name, error))
        return found, untold

    def _counts(self, names: int) -> dict[str, int]:
        """Return what became of points since the last time."""
        increments, precedence = self._increments, self._precedence
        counts = {
            "repeated": increments.repeated,
            "overflow": increments.overflow + names,
            "covered": precedence.covered,
        }
        increments.repeated = increments.overflow = precedence.covered = 0
        return counts

    def restore(self, marks: Mapping[str, bytes]) -> None:
        """Go on from the marks of an earlier process."""
        self._increments.restore(marks)
        self._precedence.restore(marks)


def _seen(one: Contribution) -> Observation:
    return one.seen


def _added_up(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return one observation per figure and window; what is taken away stays apart."""
    figures: dict[_Figure, list[Observation]] = defaultdict(list)
    for seen in observations:
        figures[seen.subject, seen.metric, seen.unit, seen.start, seen.end, seen.count < 0].append(seen)
    return tuple(merge_all(figures[key]) for key in sorted(figures))
