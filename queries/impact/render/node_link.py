"""The impact answer as node-link JSON, which networkx and the tools around D3 read as it is."""

from __future__ import annotations

from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.impact.impact import Impact
from stratagraph.queries.impact.render.graphml import readable


def node_link(impact: Impact, model: OntologyModel, language: str) -> str:
    """Return what GraphML tells, as JSON: ``networkx.node_link_graph`` takes it without an option."""
    import networkx as nx  # only who asks for a graph waits for its library

    return json_text(nx.node_link_data(readable(impact, model, language), edges="edges")) + "\n"
