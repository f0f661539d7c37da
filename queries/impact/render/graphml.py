"""The impact answer as GraphML, for tools that draw and measure graphs: Gephi, yEd, Cytoscape, networkx."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.cards import notation
from stratagraph.queries.impact.impact import Impact

if TYPE_CHECKING:
    import networkx as nx

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, even escaped."""


def graphml(impact: Impact, model: OntologyModel, language: str) -> str:
    """Return the affected assets and the edges that they were reached by, one per manner.

    ``label`` and ``weight`` are what Gephi shows and weighs by. ``carries`` is the number of affected assets whose path
    leads through a node: where a change is best stopped.
    """
    import networkx as nx  # only who asks for a graph waits for its library

    return "\n".join(nx.generate_graphml(readable(impact, model, language))) + "\n"


def readable(impact: Impact, model: OntologyModel, language: str) -> nx.MultiDiGraph:
    """Return the graph with what people read on it; ids are numbers, for an XML id is no IRI."""
    import networkx as nx

    graph = impact.graph()
    numbers = {node: f"n{number}" for number, node in enumerate(graph)}
    carries = _carried(impact)
    told = nx.MultiDiGraph(sequence=impact.sequence, asset=impact.asset, partial=impact.partial)
    for node, number in numbers.items():
        card = impact.cards[node]
        reached = impact.assets.get(node)
        told.add_node(
            number,
            iri=node,
            label=_text(card.label(language)),
            kind=_text(model.label(card.cls, language) if card.cls else ""),
            level=notation(model, card.level) if card.level else "",
            hops=reached.hops if reached else 0,
            strength=float(reached.strength) if reached else 1.0,
            carries=carries[node],
        )
    for place, (start, end, manner, edge) in enumerate(graph.edges(keys=True, data=True)):
        told.add_edge(
            numbers[start],
            numbers[end],
            key=f"e{place}",
            label=_aspect(model, manner),
            aspect=_aspect(model, manner),
            mode=model.modes[model.manners[manner].mode].notation,
            weight=float(edge["strength"]),
            strength=float(edge["strength"]),
            measured=bool(edge["measured"]),
        )
    return told


def _carried(impact: Impact) -> Counter[str]:
    """Count, for each node between the start and an affected asset, the assets whose path leads through it."""
    found: Counter[str] = Counter()
    for reached in impact.assets.values():
        on_the_way = {end for hop in impact.path(reached) for end in (hop.influencer, hop.influenced)}
        found.update(on_the_way - {impact.asset, reached.asset})
    return found


def _aspect(model: OntologyModel, manner: Iri) -> str:
    return model.aspects[model.manners[manner].aspect].notation


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
