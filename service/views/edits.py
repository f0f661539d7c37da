"""A change set as edits of a store: who states what, how strongly what influences what, and what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Iri
from stratagraph.ontology.grouped import InfluenceTemplate
from stratagraph.ontology.identity import observation_iri, scope_iri, source_iri, statement_iri
from stratagraph.ontology.namespaces import CLAIMS_BASE, INFLUENCE_BASE, SG
from stratagraph.service.views.books import BOOKS
from stratagraph.service.views.described_graphs import DescribedGraphs
from stratagraph.service.views.lexical import Writings, stored
from stratagraph.service.views.node_lines import GraphText, InfluenceGraphs, claims_graph, lines, lines_of
from stratagraph.service.views.nodes import observation_facts, scope_facts, source_facts, statement_facts
from stratagraph.service.views.quad_edits import QuadEdits
from stratagraph.service.views.written_nodes import WrittenNodes

_AFFECTS: Final = SG.affects
_NOWHERE: Final[AbstractSet[Iri]] = frozenset()
_NOTHING_CAME: Final[AbstractSet[str]] = frozenset()

Came: TypeAlias = AbstractSet[str] | None
"""The triples, as lines, that the store can't have in any graph yet; None: it is empty."""


class Edits:
    """The edits of one change, or of the parts of a rebuild. ``known`` is False of what the store can't hold yet."""

    def __init__(
        self, store: ox.Store, writings: Writings, influence_graphs: InfluenceGraphs, observed: WrittenNodes
    ) -> None:
        """Begin with nothing; ``observed`` is what the store says of observations, and is kept in step."""
        self._observed = observed
        self.quads = QuadEdits(store)
        self._graphs = DescribedGraphs(store, self.quads)
        self._writings = writings
        self._influence_graphs = influence_graphs
        self._claims: dict[Iri, GraphText] = {}
        """The graphs of claims of triples with several writings, which are placed when all writings are known."""

    def claim(self, claims: tuple[Claim, ...], facts: Sequence[Fact], came: Came) -> None:
        """Let triples stand in the graph of their claims, which are given as those on any fact."""
        graph = claims_graph(claims)
        single = self._writings.claim(facts, graph.iri if graph else "")
        if graph and len(single) < len(facts):
            self._claims[graph.iri] = graph
        texts = lines(single)
        for place in self._place(texts, graph, came):
            self._move(texts[place], self._graphs.of(*stored(single[place]), CLAIMS_BASE), graph)

    def claim_writings(self, *, known: bool) -> None:
        """Let the triples that have several writings stand in the graphs of all of them."""
        for kept, wanted in self._writings.claimed():
            before = self._graphs.of(*kept, CLAIMS_BASE) if known else _NOWHERE
            (text,) = lines([kept])
            for graph in sorted(before - wanted):
                self._graphs.take(text, graph)
            for graph in sorted(wanted - before):
                self._graphs.put([text], graph)
            for graph in wanted & self._claims.keys():
                self._graphs.describe(self._claims[graph])
        self._claims.clear()

    def influence(self, template: InfluenceTemplate, pairs: Sequence[tuple[Iri, Iri]], came: Came) -> None:
        """Let pairs stand in the graph of those with the same influence."""
        graph = self._influence_graphs.shared(template)
        if graph is None:
            for pair in pairs:
                self._influence(*pair, self._influence_graphs.own(template, *pair), came)
            return
        texts = [f"<{influencer}> <{_AFFECTS}> <{influenced}>" for influencer, influenced in pairs]
        for place in self._place(texts, graph, came):
            self._influence(*pairs[place], graph, None if came is None else _NOTHING_CAME)

    def influence_removed(self, influencer: Iri, influenced: Iri) -> None:
        """Let a pair stand in no graph of influence."""
        self._influence(influencer, influenced, None, _NOTHING_CAME)

    def _influence(self, influencer: Iri, influenced: Iri, graph: GraphText | None, came: Came) -> None:
        text = f"<{influencer}> <{_AFFECTS}> <{influenced}>"
        known = came is not None and text not in came
        before = self._graphs.of(influencer, _AFFECTS, influenced, INFLUENCE_BASE) if known else _NOWHERE
        self._move(text, before, graph)

    def _place(self, texts: Sequence[str], graph: GraphText | None, came: Came) -> Sequence[int]:
        """Put triples into a graph that the store has in none yet; return the places of the others."""
        known = [] if came is None else [place for place, text in enumerate(texts) if text not in came]
        if graph is not None and len(known) < len(texts):
            self._graphs.describe(graph)
            fresh = texts if not known else [text for text in texts if came is None or text in came]
            self._graphs.put(fresh, graph.iri)
        return known

    def see(self, change: ChangeSet, *, known: bool) -> None:
        """Take over what was observed, on which relations, and when scopes were seen."""
        for seen in change.observations:
            node = observation_iri(seen.subject, seen.metric)
            self.quads.replace(node, lines_of(observation_facts(seen)), known=known, remembered=self._observed)
        for key in change.observations_removed:
            self.quads.replace(observation_iri(*key), (), remembered=self._observed)
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
                self._graphs.put([text], graph.iri)
        for other in sorted(before):
            if graph is None or other != graph.iri:
                self._graphs.take(text, other)
