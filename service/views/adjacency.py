"""The adjacency view: influence edges both ways, in memory, for walking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from stratagraph.ontology.facts import ChangeSet, Fact, Influence, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.views.view import Watermark, follows

MAPPING_VERSION: Final = 1


class _Manner(NamedTuple):
    """What many edges share: strengths, which of them are measured, and which of an edge's facts justify an aspect."""

    strengths: tuple[tuple[Iri, float], ...]
    measured: frozenset[Iri]
    reasons: tuple[tuple[Iri, tuple[int, ...]], ...]


class _Edge(NamedTuple):
    """An edge as it is kept: a tenth of the memory of an Influence."""

    manner: _Manner
    facts: tuple[Fact, ...]


class AdjacencyView:
    """Influence edges by influencer and by influenced. One writer; a reader sees each node's edges whole."""

    name = "adjacency"
    mapping_version = MAPPING_VERSION
    edges_only = True

    def __init__(self, model: OntologyModel) -> None:
        """Hold nothing."""
        self._model = model
        self._watermark: Watermark | None = None
        self._from: dict[Iri, dict[Iri, _Edge]] = {}
        self._to: dict[Iri, dict[Iri, _Edge]] = {}
        self._manners: dict[_Manner, _Manner] = {}

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""
        return self._watermark.sequence if self._watermark else 0

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node, by IRI of what they reach."""
        edges = dict(self._from.get(node, ()))
        return [_influence(node, other, edges[other]) for other in sorted(edges)]

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node, by IRI of where they come from."""
        edges = dict(self._to.get(node, ()))
        return [_influence(other, node, edges[other]) for other in sorted(edges)]

    def watermark(self) -> Watermark | None:
        """Return how far this view has come, or None when it is empty."""
        return self._watermark

    def apply(self, change: ChangeSet) -> None:
        """Apply the next change set; one that was applied already changes nothing.

        Raises:
            ViewOutOfStep: when one is missing in between.
        """
        if follows(self.name, self._watermark, change.sequence):
            self._take(change)
            self._mark(change)

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in."""
        self._watermark = None
        self._from, self._to, self._manners = {}, {}, {}
        last = None
        for last in snapshot:
            self._take(last)
        if last is not None:
            self._mark(last)

    def close(self) -> None:
        """Have nothing to release."""

    def _take(self, change: ChangeSet) -> None:
        for influencer, influenced in change.influences_removed:
            _drop(self._from, influencer, influenced)
            _drop(self._to, influenced, influencer)
        for edge in change.influences:
            kept = self._kept(edge)
            self._from.setdefault(edge.influencer, {})[edge.influenced] = kept
            self._to.setdefault(edge.influenced, {})[edge.influencer] = kept

    def _kept(self, edge: Influence) -> _Edge:
        facts = tuple(dict.fromkeys(fact for reasons in edge.reasons.values() for fact in reasons))
        places = {fact: place for place, fact in enumerate(facts)}
        manner = _Manner(
            strengths=tuple(edge.strengths.items()),
            measured=edge.measured,
            reasons=tuple((aspect, tuple(places[fact] for fact in why)) for aspect, why in edge.reasons.items()),
        )
        return _Edge(self._manners.setdefault(manner, manner), facts)

    def _mark(self, change: ChangeSet) -> None:
        self._watermark = Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )


def _influence(influencer: Iri, influenced: Iri, edge: _Edge) -> Influence:
    manner, facts = edge
    return Influence(
        influencer=influencer,
        influenced=influenced,
        strengths=dict(manner.strengths),
        reasons={aspect: tuple(facts[place] for place in why) for aspect, why in manner.reasons},
        measured=manner.measured,
    )


def _drop(edges: dict[Iri, dict[Iri, _Edge]], node: Iri, other: Iri) -> None:
    around = edges.get(node, {})
    around.pop(other, None)
    if not around:
        edges.pop(node, None)
