"""Impact against two oracles: brute force over all simple paths, and networkx's shortest paths."""

from __future__ import annotations

from itertools import pairwise
from math import isclose, prod

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Influence, Iri
from stratagraph.ontology.infos import Course
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.impact.impact import (
    AspectOutsideChange,
    DepthOutOfRange,
    Direction,
    Impact,
    ModeOutsideChange,
    impact,
)
from stratagraph.queries.impact.walk import Cut
from tests.queries.plain import PlainAdjacency, PlainStore, described, edge, influences, iri

MODEL = load_model()
NODES = "abcdefg"
ASPECTS = (SG.CostEffect, SG.PrivacyEffect)
CLASSES = {"a": SG.Law, "b": SG.Team, "c": SG.LLMSystem, "d": SG.Agent, "e": SG.TaskPrompt, "f": SG.Token, "g": SG.Risk}
STORE = PlainStore(MODEL, [fact for name, cls in CLASSES.items() for fact in described(name, cls)])

strengths = st.dictionaries(st.sampled_from(ASPECTS), st.sampled_from((0.25, 0.5, 0.9, 1.0)), min_size=1)
pairs = st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda pair: pair[0] != pair[1])
graphs = st.dictionaries(pairs, strengths, max_size=16)
Graph = dict[tuple[str, str], dict[Iri, float]]


def edges(graph: Graph) -> list[Influence]:
    return [edge(a, b, by_aspect) for (a, b), by_aspect in graph.items()]


def ask(graph: Graph, *, depth: int = 8, direction: Direction = Direction.DOWN, **options: object) -> Impact:
    adjacency = PlainAdjacency(edges(graph), sequence=7)
    return impact(adjacency, STORE, MODEL, iri("a"), depth=depth, direction=direction, **options)  # type: ignore[arg-type]  # the options are impact's own


def all_paths(graph: Graph, aspect: Iri, *, depth: int) -> dict[Iri, set[tuple[int, float]]]:
    """Every simple path from a on one aspect: hops and strength by end."""
    found: dict[Iri, set[tuple[int, float]]] = {}
    stack = [("a",)]
    while stack:
        path = stack.pop()
        for (x, y), by_aspect in graph.items():
            if x == path[-1] and y not in path and aspect in by_aspect and len(path) <= depth:
                longer = (*path, y)
                strength = prod(graph[step][aspect] for step in pairwise(longer))
                found.setdefault(iri(y), set()).add((len(longer) - 1, strength))
                stack.append(longer)  # type: ignore[arg-type]  # the stack holds paths of any length
    return found


@given(graphs, st.integers(1, 5))
def test_reaches_what_brute_force_reaches_by_the_nearest_strongest_path(graph: Graph, depth: int) -> None:
    answer = ask(graph, depth=depth)
    best: dict[Iri, list[tuple[int, float]]] = {}
    for aspect in ASPECTS:
        for end, paths in all_paths(graph, aspect, depth=depth).items():
            nearest = min(paths, key=lambda p: (p[0], -p[1]))
            best.setdefault(end, []).append(nearest)
            assert isclose(answer.assets[end].aspects[MODEL.manners[aspect].aspect], nearest[1])
    assert answer.assets.keys() == best.keys()
    for end, candidates in best.items():
        hops, strength = min(candidates, key=lambda p: (p[0], -p[1]))
        assert answer.assets[end].hops == hops
        assert isclose(answer.assets[end].strength, strength)


@given(graphs, st.sampled_from(ASPECTS))
def test_hop_counts_are_the_shortest_path_lengths_that_networkx_finds(graph: Graph, aspect: Iri) -> None:
    oracle = nx.DiGraph([(iri(a), iri(b)) for (a, b), by_aspect in graph.items() if aspect in by_aspect])
    oracle.add_node(iri("a"))
    lengths = nx.single_source_shortest_path_length(oracle, iri("a"))
    answer = ask(graph, aspect=MODEL.manners[aspect].aspect)
    assert {asset: reached.hops for asset, reached in answer.assets.items()} == {
        node: length for node, length in lengths.items() if length
    }


@given(graphs)
def test_the_path_leads_from_the_start_to_the_asset_on_one_aspect(graph: Graph) -> None:
    answer = ask(graph)
    for asset, reached in answer.assets.items():
        path = answer.path(reached)
        assert [path[0].influencer, path[-1].influenced] == [iri("a"), asset]
        assert all(x.influenced == y.influencer for x, y in pairwise(path))
        assert {hop.manner for hop in path} == {reached.lane.manner}
        assert len(path) == reached.hops
        assert isclose(prod(hop.strength for hop in path), reached.strength)


@given(graphs)
def test_up_is_down_in_the_reversed_graph(graph: Graph) -> None:
    up = ask(graph, direction=Direction.UP)
    reverse = ask({(b, a): by_aspect for (a, b), by_aspect in graph.items()})
    assert {a: (r.hops, r.aspects) for a, r in up.assets.items()} == {
        a: (r.hops, r.aspects) for a, r in reverse.assets.items()
    }
    assert all(up.path(reached)[-1].influenced == iri("a") for reached in up.assets.values())


@given(graphs)
def test_both_is_the_union_with_the_nearer_way(graph: Graph) -> None:
    both, down, up = (ask(graph, direction=d).assets for d in (Direction.BOTH, Direction.DOWN, Direction.UP))
    assert both.keys() == down.keys() | up.keys()
    for asset, reached in both.items():
        assert reached.hops == min(answer[asset].hops for answer in (down, up) if asset in answer)


@given(graphs, st.randoms())
def test_the_order_of_the_edges_changes_nothing(graph: Graph, random: object) -> None:
    shuffled = list(graph.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands out a random.Random
    one, other = ask(graph), ask(dict(shuffled))
    assert one.levels == other.levels
    assert [one.path(r) for r in one.assets.values()] == [other.path(r) for r in other.assets.values()]


@given(graphs, st.integers(1, 4))
def test_partial_says_exactly_whether_more_is_beyond_the_depth(graph: Graph, depth: int) -> None:
    cut, whole = ask(graph, depth=depth), ask(graph, depth=8)
    seen = {(asset, aspect) for asset, reached in cut.assets.items() for aspect in reached.aspects}
    everything = {(asset, aspect) for asset, reached in whole.assets.items() for aspect in reached.aspects}
    assert cut.partial == (seen != everything)


def test_a_path_needs_one_aspect_common_to_all_its_edges() -> None:
    answer = ask({("a", "b"): {SG.CostEffect: 0.5}, ("b", "c"): {SG.PrivacyEffect: 0.5}})
    assert answer.assets.keys() == {iri("b")}


def test_a_change_kind_counts_only_its_own_aspects() -> None:
    answer = ask(
        {
            ("a", "b"): {SG.CostEffect: 0.5},
            ("a", "c"): {SG.PrivacyRequirement: 0.5},
            ("a", "d"): {SG.PrivacyEffect: 0.5},
        },
        change=SG.RegulationChange,
    )
    assert answer.assets.keys() == {iri("c")}


def test_an_aspect_that_the_change_does_not_touch_is_refused_with_the_possible_ones() -> None:
    with pytest.raises(AspectOutsideChange, match="compliance, fairness, privacy, safety, transparency"):
        ask({}, change=SG.RegulationChange, aspect=SG.CostAspect)


@pytest.mark.parametrize("depth", [0, -1, 33])
def test_a_depth_outside_the_bounds_is_refused(depth: int) -> None:
    with pytest.raises(DepthOutOfRange, match="from 1 to 32"):
        ask({}, depth=depth)


def test_levels_begin_at_the_starts_end_of_the_pyramid_and_transversal_comes_last() -> None:
    answer = ask({("a", name): {SG.CostEffect: 0.5} for name in "bcdefg"})
    assert [level for level, _ in answer.levels] == [SG.L10, SG.L8, SG.L6, SG.L5, SG.L1, None]


def test_within_a_level_the_nearest_come_first_then_the_strongest() -> None:
    store = PlainStore(MODEL, [fact for name in "xyz" for fact in described(name, SG.Agent)])
    graph = [
        edge("a", "x", {SG.CostEffect: 0.2}),
        edge("a", "y", {SG.CostEffect: 0.3}),
        edge("y", "z", {SG.CostEffect: 1.0}),
    ]
    answer = impact(PlainAdjacency(graph), store, MODEL, iri("a"))
    assert [reached.asset for reached in answer.levels[0][1]] == [iri("y"), iri("x"), iri("z")]


def test_the_node_budget_keeps_the_strongest_and_says_so() -> None:
    graph: Graph = {
        ("a", "b"): {SG.CostEffect: 0.2},
        ("a", "c"): {SG.CostEffect: 0.9},
        ("a", "d"): {SG.CostEffect: 0.5},
    }
    answer = ask(graph, budget=2)
    assert answer.assets.keys() == {iri("c"), iri("d")}
    assert answer.cut is Cut.BUDGET


def test_the_exported_graph_holds_the_answer_and_an_edge_per_aspect() -> None:
    answer = ask(
        {
            ("a", "b"): {SG.CostEffect: 0.5, SG.PrivacyEffect: 0.9},
            ("b", "c"): {SG.CostEffect: 0.5},
            ("d", "a"): {SG.CostEffect: 1},
        }
    )
    graph = answer.graph()
    assert set(graph.nodes) == {iri("a"), iri("b"), iri("c")}
    assert set(graph.edges(keys=True)) == {
        (iri("a"), iri("b"), SG.CostEffect),
        (iri("a"), iri("b"), SG.PrivacyEffect),
        (iri("b"), iri("c"), SG.CostEffect),
    }
    assert graph.edges[iri("a"), iri("b"), SG.PrivacyEffect]["strength"] == 0.9


def test_a_long_chain_of_many_assets_is_walked_whole() -> None:
    names = [f"n{i}" for i in range(5000)]
    fan = [edge("a", name, {SG.CostEffect: 0.5}) for name in names]
    fan += [edge(name, "b", {SG.CostEffect: 0.5}) for name in names]
    answer = impact(PlainAdjacency(fan), STORE, MODEL, iri("a"))
    assert len(answer.assets) == 5001
    assert answer.path(answer.assets[iri("b")])[0].influenced == iri("n0"), "of equal paths the smallest IRI"


def test_what_falls_back_to_another_fails_its_users_less_and_loads_the_other_more() -> None:
    facts = [
        *described("p", SG.BaseModel),
        *described("q", SG.BaseModel),
        *described("user", SG.Agent),
        *described("other", SG.Agent),
        Fact(iri("user"), SG.usesModel, iri("p")),
        Fact(iri("other"), SG.usesModel, iri("q")),
    ]
    fallback = Fact(iri("p"), SG.fallsBackTo, iri("q"))
    alone, covered = (
        impact(PlainAdjacency(influences(MODEL, told)), PlainStore(MODEL, told), MODEL, iri("p"), change=SG.Outage)
        for told in (facts, [*facts, fallback])
    )
    assert covered.assets[iri("user")].strength < alone.assets[iri("user")].strength / 2
    assert (alone.fallbacks, covered.fallbacks) == ((), (iri("q"),))
    assert iri("other") not in alone.assets
    assert covered.assets[iri("q")].course is Course.WORSENS, "what takes over has more to do"
    assert covered.assets[iri("other")].course is Course.WORSENS
    assert MODEL.manners[covered.assets[iri("other")].lane.manner].mode == SG.LoadMode


def test_backwards_a_load_is_found_by_the_effect_that_it_turned_into() -> None:
    edges_to = [edge("c", "b", {SG.ThroughputLoad: 0.5}), edge("b", "a", {SG.ThroughputEffect: 0.5})]
    answer = impact(PlainAdjacency(edges_to), STORE, MODEL, iri("a"), direction=Direction.UP, mode=SG.LoadMode)
    assert [hop.manner for hop in answer.path(answer.assets[iri("c")])] == [SG.ThroughputLoad, SG.ThroughputEffect]
    assert answer.assets.keys() == {iri("c")}, "what only has an effect begins no load"


def test_down_and_up_agree_on_who_loads_whom() -> None:
    edges_to = [
        edge("a", "b", {SG.ThroughputLoad: 0.5}),
        edge("b", "c", {SG.ThroughputEffect: 0.5}),
        edge("c", "d", {SG.ThroughputEffect: 0.5, SG.ThroughputLoad: 0.5}),
        edge("d", "e", {SG.ThroughputLoad: 0.5}),
    ]
    down = impact(PlainAdjacency(edges_to), STORE, MODEL, iri("a"), mode=SG.LoadMode)
    assert down.assets.keys() == {iri("b"), iri("c"), iri("d")}, "an effect does not become load again"
    for end in down.assets:
        up = impact(PlainAdjacency(edges_to), STORE, MODEL, end, direction=Direction.UP, mode=SG.LoadMode)
        assert iri("a") in up.assets


def test_a_mode_that_the_change_does_not_act_in_is_refused_with_the_possible_ones() -> None:
    with pytest.raises(ModeOutsideChange, match="ask for one of: requirement"):
        ask({}, change=SG.RegulationChange, mode=SG.LoadMode)
