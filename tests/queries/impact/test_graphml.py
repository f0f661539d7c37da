"""The impact as GraphML, read back by a library that shares no code with ours."""

from __future__ import annotations

import io
import json

import networkx as nx
import pytest

from stratagraph.queries.impact.render.graphml import graphml
from stratagraph.queries.impact.render.node_link import node_link
from tests.queries import estate


@pytest.mark.parametrize("name", ["LGPD_BR", "Layer_Attn_23"])
def test_the_file_holds_the_affected_assets_and_their_edges(name: str) -> None:
    answer = estate.ask(name)
    graph = nx.read_graphml(io.BytesIO(graphml(answer, estate.MODEL, "pt-BR").encode()), force_multigraph=True)
    iris = nx.get_node_attributes(graph, "iri")
    assert set(iris.values()) == {answer.asset, *answer.assets}
    model = estate.MODEL
    told = {m: (model.aspects[i.aspect].notation, model.modes[i.mode].notation) for m, i in model.manners.items()}
    assert sorted((iris[a], iris[b], data["aspect"], data["mode"]) for a, b, data in graph.edges(data=True)) == sorted(
        (a, b, *told[manner]) for a, b, manner in answer.graph().edges(keys=True)
    )
    for number, data in graph.nodes(data=True):
        reached = answer.assets.get(iris[number])
        assert data["hops"] == (reached.hops if reached else 0)
        assert data["carries"] == sum(
            iris[number] in {hop.influenced for hop in answer.path(each)[:-1]} for each in answer.assets.values()
        )


def test_node_link_json_is_the_same_graph_to_networkx() -> None:
    answer = estate.ask("LGPD_BR")
    graph = nx.node_link_graph(json.loads(node_link(answer, estate.MODEL, "en")))
    other = nx.read_graphml(io.BytesIO(graphml(answer, estate.MODEL, "en").encode()), force_multigraph=True)
    assert dict(graph.nodes(data=True)) == dict(other.nodes(data=True))
    assert sorted(graph.edges(keys=True, data=True)) == sorted(other.edges(keys=True, data=True))
    assert {data["weight"] for _, _, data in graph.edges(data=True)} <= {
        data["strength"] for *_, data in graph.edges(data=True)
    }


def test_a_name_with_what_no_xml_may_hold_is_written_all_the_same() -> None:
    answer = estate.ask("LGPD_BR")
    card = answer.cards[answer.asset]
    object.__setattr__(card, "labels", {"en": 'a <b> & "c" \x07\ud800\uffff'})
    graph = nx.read_graphml(io.BytesIO(graphml(answer, estate.MODEL, "en").encode()))
    assert 'a <b> & "c" \ufffd\ufffd\ufffd' in nx.get_node_attributes(graph, "label").values()
