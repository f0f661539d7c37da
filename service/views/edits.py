"""A change set as edits of a store: who states what, how strongly what influences what, and what was observed."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Influence, Iri
from stratagraph.ontology.identity import observation_iri, scope_iri, source_iri, statement_iri
from stratagraph.ontology.namespaces import CLAIMS_BASE, INFLUENCE_BASE, SG
from stratagraph.service.views.books import BOOKS
from stratagraph.service.views.described_graphs import DescribedGraphs
from stratagraph.service.views.lexical import Writings, stored
from stratagraph.service.views.node_lines import GraphText, InfluenceGraphs, claims_graph, line, lines_of
from stratagraph.service.views.nodes import observation_facts, scope_facts, source_facts, statement_facts
from stratagraph.service.views.quad_edits import QuadEdits

_AFFECTS: Final = SG.affects
_NOWHERE: Final[AbstractSet[Iri]] = frozenset()


def affects(influencer: Iri, influenced: Iri) -> str:
    """Return the triple that an influence stands for, as a line."""
    return f"<{influencer}> <{_AFFECTS}> <{influenced}>"


class Edits:
    """The edits of one change, or of the parts of a rebuild. ``known`` is False of what the store can't hold yet."""

    def __init__(self, store: ox.Store, writings: Writings, influence_graphs: InfluenceGraphs) -> None:
        """Begin with nothing."""
        self.quads = QuadEdits(store)
        self._graphs = DescribedGraphs(store, self.quads)
        self._writings = writings
        self._influence_graphs = influence_graphs
        self._claims: dict[Iri, GraphText] = {}
        """The graphs of claims of triples with several writings, which are placed when all writings are known."""

    def claim(self, fact: Fact, claims: tuple[Claim, ...], text: str, *, known: bool) -> None:
        """Let a triple, given as a line too, stand in the graph of its claims."""
        graph = claims_graph(claims)
        if not isinstance(fact.object, str) and self._writings.claim(fact, graph.iri if graph else ""):
            if graph:
                self._claims[graph.iri] = graph
            return
        before = self._graphs.of(*stored(fact), CLAIMS_BASE) if known else _NOWHERE
        self._move(text, before, graph)

    def claim_writings(self, *, known: bool) -> None:
        """Let the triples that have several writings stand in the graphs of all of them."""
        for kept, wanted in self._writings.claimed():
            before = self._graphs.of(*kept, CLAIMS_BASE) if known else _NOWHERE
            text = line(kept)
            for graph in sorted(before - wanted):
                self._graphs.take(text, graph)
            for graph in sorted(wanted - before):
                self._graphs.put(text, graph)
            for graph in wanted & self._claims.keys():
                self._graphs.describe(self._claims[graph])
        self._claims.clear()

    def influence(self, edge: Influence, *, known: bool) -> None:
        """Let a pair stand in the graph of those with the same influence."""
        pair = edge.influencer, _AFFECTS, edge.influenced
        before = self._graphs.of(*pair, INFLUENCE_BASE) if known else _NOWHERE
        self._move(affects(edge.influencer, edge.influenced), before, self._influence_graphs(edge))

    def influence_removed(self, influencer: Iri, influenced: Iri) -> None:
        """Let a pair stand in no graph of influence."""
        before = self._graphs.of(influencer, _AFFECTS, influenced, INFLUENCE_BASE)
        self._move(affects(influencer, influenced), before, None)

    def see(self, change: ChangeSet, *, known: bool) -> None:
        """Take over what was observed, on which relations, and when scopes were seen."""
        for seen in change.observations:
            node = observation_iri(seen.subject, seen.metric)
            self.quads.replace(node, lines_of(observation_facts(seen)), known=known)
        for key in change.observations_removed:
            self.quads.replace(observation_iri(*key), ())
        for fact in change.measured:
            self.quads.replace(statement_iri(fact), lines_of(statement_facts(fact)), known=known)
        for fact in change.measured_removed:
            self.quads.replace(statement_iri(fact), ())
        for sighting in change.sightings:
            self.quads.replace(scope_iri(sighting.source, sighting.scope), lines_of(scope_facts(sighting)))
        for source in sorted({sighting.source for sighting in change.sightings}):
            self.quads.replace(source_iri(source), lines_of(source_facts(source)))

    def settle(self) -> None:
        """End a change set: describe the graphs as they are after it, and write the book of writings."""
        self._graphs.settle()
        removed, added = self._writings.changes()
        self.quads.remove(removed, BOOKS.value)
        self.quads.add(added, BOOKS.value)

    def sweep(self) -> None:
        """Look for graphs that a change which was cut off left without a triple, but described."""
        self._graphs.sweep()

    def _move(self, text: str, before: AbstractSet[Iri], graph: GraphText | None) -> None:
        """Take a triple out of the graphs that it stands in, and put it into the one where it has to stand."""
        if graph is not None:
            self._graphs.describe(graph)
            if graph.iri not in before:
                self._graphs.put(text, graph.iri)
        for other in sorted(before):
            if graph is None or other != graph.iri:
                self._graphs.take(text, other)
