"""Relationships as they are written: who states them, and how strongly one thing influences another, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from stratagraph.ontology.facts import Claim, Fact, Influence, Iri, Method, Observation
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, compact
from stratagraph.service.neo4j.mapping.graph_names import DECLARED, FIRST_SEEN, OBSERVED, SOURCES, Names

STATED_AS: Final = "statedAs"
"""How a relation is stated where that is not only in the direction in which it is written: one text for each way."""
TELLS: Final = (SOURCES, DECLARED, OBSERVED, FIRST_SEEN)


class Tie(NamedTuple):
    """A relationship: from, type, to."""

    start: Iri
    type: str
    end: Iri


class Told(NamedTuple):
    """Who states a relation, taken together."""

    sources: tuple[str, ...]
    declared: bool
    observed: bool
    first_seen: datetime

    def properties(self) -> dict[str, Any]:
        """Return what stands on the relationship."""
        return dict(zip(TELLS, (list(self.sources), *self[1:]), strict=True))


class Strength(NamedTuple):
    """An influence in one manner: how strong, whether measured, and the relations that it follows from."""

    strength: float
    measured: bool | None
    reasons: str


class TieMaker:
    """Makes the rows of relationships."""

    def __init__(self, model: OntologyModel, names: Names) -> None:
        self._model = model
        self._names = names
        self.affecting = tuple(sorted(names.affects.values()))
        """The types that tell influences."""
        self._family = {names.type(SG.affects), *self.affecting}
        self._words = lru_cache(maxsize=1 << 12)(self._worded)

    def tie(self, fact: Fact) -> Tie:
        """Return the relationship that stands for a relation."""
        start, relation, end = self._names.directions.written(fact)
        return Tie(start, self._names.type(relation), end)

    def split(
        self, claims: Mapping[Fact, tuple[Claim, ...]], otherwise: set[str]
    ) -> tuple[dict[Tie, Told | None], dict[Tie, dict[str, Told | None]]]:
        """Return relationships that one way of stating decides, and those on which several ways have a say.

        ``otherwise`` are the types of which some are stated in other ways than they are written.
        """
        plain: dict[Tie, Told | None] = {}
        careful: dict[Tie, dict[str, Told | None]] = {}
        for fact, several in claims.items():
            start, relation, end = self._names.directions.written(fact)
            tie = Tie(start, self._names.type(relation), end)
            as_written = (start, relation, end) == fact
            if as_written and tie.type not in otherwise and tie.type not in self._family:
                plain[tie] = told(several)
            else:
                careful.setdefault(tie, {})[_way(fact, as_written)] = told(several)
        return plain, careful

    def influence(self, edge: Influence) -> dict[str, Strength]:
        """Return by type how an influence is told."""
        return {
            self._names.affects[manner]: Strength(
                float(strength),
                True if manner in edge.measured else None,
                "; ".join(self._reasons(edge, manner)),
            )
            for manner, strength in sorted(edge.strengths.items())
        }

    def weight(self, seen: Observation) -> float | None:
        """Return what one number says of a relation's window: the sum of what adds up, else the mean."""
        info = self._model.metrics.get(seen.metric)
        # The Unified Code for Units of Measure writes what is counted in braces: such values add up.
        if seen.metric == SG.callCost or (info is not None and info.unit.startswith("{")):
            return seen.total
        return seen.total / seen.count if seen.count else None

    def _reasons(self, edge: Influence, manner: Iri) -> Iterator[str]:
        reasons = edge.reasons.get(manner, ())
        yield from dict.fromkeys(self._words(fact.predicate, fact.subject == edge.influencer) for fact in reasons)

    def _worded(self, relation: Iri, along: bool) -> str:  # noqa: FBT001  one of the two ways to read a relation
        """Return a relation as it reads from the influencer to the influenced."""
        if along:
            return self._model.label(relation)
        info = self._model.relations.get(relation)
        return self._model.label(info.inverse) if info and info.inverse else f"({self._model.label(relation)})"


def told(claims: tuple[Claim, ...]) -> Told | None:
    """Return claims taken together; None of none."""
    if not claims:
        return None
    if len(claims) == 1:
        only = claims[0]
        observed = only.method is Method.OBSERVED
        return Told((only.source,), not observed, observed, only.first_seen)
    methods = {claim.method for claim in claims}
    return Told(
        tuple(sorted({claim.source for claim in claims})),
        Method.DECLARED in methods,
        Method.OBSERVED in methods,
        min(claim.first_seen for claim in claims),
    )


def _way(fact: Fact, as_written: bool) -> str:  # noqa: FBT001  part of what is told
    return AS_WRITTEN if as_written else f"{compact(fact.predicate)} {'<' if fact.subject > str(fact.object) else '>'}"


AS_WRITTEN: Final = "written"


def merged(properties: Mapping[str, Any], changes: Mapping[str, Told | None]) -> tuple[Told | None, list[str] | None]:
    """Return who states a relationship in any way after changes, and the ways, given what stands on it."""
    ways = {way: said for way, said in _ways(properties).items() if way not in changes}
    ways |= {way: said for way, said in changes.items() if said is not None}
    if not ways:
        return None, None
    every = Told(
        tuple(sorted({source for said in ways.values() for source in said.sources})),
        any(said.declared for said in ways.values()),
        any(said.observed for said in ways.values()),
        min(said.first_seen for said in ways.values()),
    )
    return every, None if ways.keys() == {AS_WRITTEN} else [_packed(way, said) for way, said in sorted(ways.items())]


def _ways(properties: Mapping[str, Any]) -> dict[str, Told]:
    packed: Iterable[str] | None = properties.get(STATED_AS)
    if packed is not None:
        return {way: Told(tuple(s), d, o, datetime.fromisoformat(at)) for way, s, d, o, at in map(json.loads, packed)}
    if not properties.get(SOURCES):
        return {}
    sources, declared, observed, first_seen = (properties[key] for key in TELLS)
    return {AS_WRITTEN: Told(tuple(sources), declared, observed, first_seen.to_native())}


def _packed(way: str, said: Told) -> str:
    return json.dumps([way, said.sources, said.declared, said.observed, said.first_seen.isoformat()])
