"""The adjacency view: influence edges both ways, in memory, for walking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import ChangeSet, Fact, Influence, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.views.view import Watermark, follows

MAPPING_VERSION: Final = 1


class _EdgeTemplate(NamedTuple):
    """What many edges share: strengths, which of them are measured, and which of an edge's facts justify an aspect."""

    strengths: tuple[tuple[Iri, float], ...]
    measured: frozenset[Iri]
    reasons: tuple[tuple[Iri, tuple[int, ...]], ...]


class _Edge(NamedTuple):
    """An edge as it is kept: a tenth of the memory of an Influence."""

    template: _EdgeTemplate
    facts: tuple[Fact, ...]


_Edges: TypeAlias = dict[Iri, dict[Iri, _Edge]]
"""The edges of each node, by the node at their other end."""
_Undo: TypeAlias = Mapping[Iri, Mapping[Iri, _Edge | None] | None]
"""What nodes had before a change: None for a node without any edge, and for an edge that was not there."""


class _Layer(NamedTuple):
    """What a change did away with: readers of an earlier sequence still need it."""

    sequence: int
    leaving: _Undo
    arriving: _Undo


class _Table:
    """The edges of the newest sequence, and the layers that lead back from it, oldest first.

    A rebuild begins a table of its own: readers of an earlier one go on with that.
    """

    def __init__(self, since: int = 0) -> None:
        self.since = since
        """The sequence at which it began: nothing leads back further."""
        self.leaving: _Edges = {}
        self.arriving: _Edges = {}
        self.layers: tuple[_Layer, ...] = ()

    def take(self, influences: Iterable[tuple[Influence, _Edge]], removed: Iterable[tuple[Iri, Iri]]) -> None:
        """Take in the edges of a change."""
        for influencer, influenced in removed:
            _drop(self.leaving, influencer, influenced)
            _drop(self.arriving, influenced, influencer)
        for edge, kept in influences:
            self.leaving.setdefault(edge.influencer, {})[edge.influenced] = kept
            self.arriving.setdefault(edge.influenced, {})[edge.influencer] = kept


class AdjacencySnapshot:
    """The edges as they were at one sequence, whatever the view takes in meanwhile; holds no lock."""

    def __init__(self, table: _Table, sequence: int) -> None:
        self._table = table
        self.sequence = sequence

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node, by IRI of what they reach."""
        # The copy comes before the look at the layers: a change publishes its layer before it touches any edge, so
        # whatever of a change the copy has caught is undone by a layer that is there by then.
        edges = dict(self._table.leaving.get(node, ()))
        for layer in self._later():
            _undo(edges, node, layer.leaving)
        return [_influence(node, other, edges[other]) for other in sorted(edges)]

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node, by IRI of where they come from."""
        edges = dict(self._table.arriving.get(node, ()))  # before the layers, as above
        for layer in self._later():
            _undo(edges, node, layer.arriving)
        return [_influence(other, node, edges[other]) for other in sorted(edges)]

    def _later(self) -> list[_Layer]:
        """Return the layers of the changes after this sequence, newest first."""
        return [layer for layer in reversed(self._table.layers) if layer.sequence > self.sequence]


class AdjacencyView:
    """Influence edges by influencer and by influenced. One writer; readers take the snapshot of a sequence."""

    name = "adjacency"
    mapping_version = MAPPING_VERSION
    edges_only = True

    def __init__(self, model: OntologyModel) -> None:
        """Know the ontology; there are no edges before the first rebuild or change."""
        self._model = model
        self._watermark: Watermark | None = None
        self._table = _Table()
        self._templates: dict[_EdgeTemplate, _EdgeTemplate] = {}

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""
        return self._watermark.sequence if self._watermark else 0

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node now, by IRI of what they reach."""
        return self.snapshot().influences_from(node)

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node now, by IRI of where they come from."""
        return self.snapshot().influences_to(node)

    def snapshot(self) -> AdjacencySnapshot:
        """Return the edges as they are now, for good: until ``forget`` says that nobody reads this sequence."""
        return AdjacencySnapshot(self._table, self.sequence)

    def at(self, sequence: int) -> AdjacencySnapshot | None:
        """Return the edges as they were at a sequence that was not forgotten; None where nothing leads back to it."""
        reached = self._table.since <= sequence <= self.sequence
        return AdjacencySnapshot(self._table, sequence) if reached else None

    def forget(self, before: int) -> None:
        """Let go of what only readers of sequences before this one need."""
        self._table.layers = tuple(layer for layer in self._table.layers if layer.sequence > before)

    def watermark(self) -> Watermark | None:
        """Return how far this view has come, or None when it is empty."""
        return self._watermark

    def apply(self, change: ChangeSet) -> None:
        """Apply the next change set; one that was applied already changes nothing.

        Raises:
            ViewOutOfStep: when one is missing in between.
        """
        if follows(self.name, self._watermark, change.sequence):
            kept = [(edge, self._kept(edge)) for edge in change.influences]
            # Before any edge is touched, since readers may copy in between.
            self._table.layers = (*self._table.layers, _layer(self._table, change))
            self._table.take(kept, change.influences_removed)
            self._mark(change)

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in."""
        self._watermark = None
        self._table, self._templates = _Table(), {}
        last = None
        for last in snapshot:
            self._table.take(((edge, self._kept(edge)) for edge in last.influences), last.influences_removed)
        if last is not None:
            self._mark(last)
            self._table.since = last.sequence

    def renew(self, snapshot: Iterable[ChangeSet]) -> None:
        """Take the present in: there are no files."""
        self.rebuild(snapshot)

    def reopen(self) -> None:
        """Have nothing to open; a change that was applied half-way can be applied again."""

    def close(self) -> None:
        """Have nothing to release."""

    def _kept(self, edge: Influence) -> _Edge:
        facts = tuple(dict.fromkeys(fact for reasons in edge.reasons.values() for fact in reasons))
        places = {fact: place for place, fact in enumerate(facts)}
        template = _EdgeTemplate(
            strengths=tuple(edge.strengths.items()),
            measured=edge.measured,
            reasons=tuple((aspect, tuple(places[fact] for fact in why)) for aspect, why in edge.reasons.items()),
        )
        return _Edge(self._templates.setdefault(template, template), facts)

    def _mark(self, change: ChangeSet) -> None:
        self._watermark = Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )


def _layer(table: _Table, change: ChangeSet) -> _Layer:
    """Return what a change will do away with."""
    pairs = [(edge.influencer, edge.influenced) for edge in change.influences]
    pairs += change.influences_removed
    return _Layer(
        sequence=change.sequence,
        leaving=_before(table.leaving, pairs),
        arriving=_before(table.arriving, ((influenced, influencer) for influencer, influenced in pairs)),
    )


def _before(edges: _Edges, pairs: Iterable[tuple[Iri, Iri]]) -> _Undo:
    before: dict[Iri, dict[Iri, _Edge | None] | None] = {}
    for node, other in pairs:
        around = edges.get(node)
        if around is None:
            # One entry for a new node, not one for each of its edges: a large import is nearly all new nodes.
            before[node] = None
        else:
            known = before.setdefault(node, {})
            assert known is not None  # the node had edges, and has them still: nothing was touched yet
            known[other] = around.get(other)
    return before


def _undo(edges: dict[Iri, _Edge], node: Iri, before: _Undo) -> None:
    """Take back what a change did to the edges of a node."""
    if node not in before:
        return
    known = before[node]
    if known is None:
        edges.clear()
        return
    for other, edge in known.items():
        if edge is None:
            edges.pop(other, None)
        else:
            edges[other] = edge


def _influence(influencer: Iri, influenced: Iri, edge: _Edge) -> Influence:
    template, facts = edge
    return Influence(
        influencer=influencer,
        influenced=influenced,
        strengths=dict(template.strengths),
        reasons={aspect: tuple(facts[place] for place in why) for aspect, why in template.reasons},
        measured=template.measured,
    )


def _drop(edges: _Edges, node: Iri, other: Iri) -> None:
    around = edges.get(node, {})
    around.pop(other, None)
    if not around:
        edges.pop(node, None)
