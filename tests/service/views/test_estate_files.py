"""The demo's estate as files, read back by the libraries that would read them."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import networkx as nx
import pyoxigraph as ox
import pytest
import rdflib

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, compact
from stratagraph.ontology.terms import to_ox
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.views.books import told
from stratagraph.service.views.dump import FORMATS, dump
from stratagraph.service.views.estate_files import COLUMNS
from stratagraph.service.views.parts import members
from tests.opened import Opened

SYSTEM = f"{ASSET_BASE}Organisation/EduVest"
ASSETS = "SELECT ?s { ?s a sg:Asset FILTER(!STRSTARTS(STR(?s), STR(sg:))) }"
EDGES = """SELECT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } ?g a sg:ClaimSet FILTER(ISIRI(?o) && ?p != rdf:type) }"""


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=furnished(tmp_path_factory.mktemp("demo")))) as engine:
        yield engine


def written(engine: Engine, media_type: str, **options: Any) -> bytes:
    file = io.BytesIO()
    dump(engine.triples.store, media_type, file, **options)
    return file.getvalue()


def graphml(engine: Engine, **options: Any) -> nx.MultiDiGraph:
    return nx.parse_graphml(written(engine, "application/graphml+xml", **options).decode(), force_multigraph=True)


def table(engine: Engine, **options: Any) -> list[dict[str, str]]:
    text = written(engine, "text/csv", **options).decode()
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def selected(engine: Engine, query: str) -> set[tuple[str, ...]]:
    return {tuple(map(str, row.values())) for row in engine.triples.select(query)}


def test_networkx_reads_what_is_stated(demo: Engine) -> None:
    graph = graphml(demo)
    iris = {node: data["iri"] for node, data in graph.nodes(data=True)}
    assert {iri for (iri,) in selected(demo, ASSETS)} <= set(iris.values())
    assert len(set(iris.values())) == len(iris)
    edges = {(iris[s], data["relation"], iris[o]) for s, o, data in graph.edges(data=True)}
    assert edges == {(s, compact(p), o) for s, p, o in selected(demo, EDGES)}
    assert not any(
        iri.startswith(("http://www.w3.org/", "https://w3id.org/stratagraph/claims/")) for iri in iris.values()
    )


def test_nodes_and_edges_carry_what_gephi_shows(demo: Engine) -> None:
    graph = graphml(demo)
    nodes = {data["iri"]: data for _, data in graph.nodes(data=True)}
    law = nodes[f"{ASSET_BASE}Regulation/LGPD_BR"]
    assert (law["name"], law["kind"], law["level"], law["frameworkCode"]) == ("LGPD_BR", "Law", "L12", "LGPD")
    assert all(data["label"] for data in nodes.values())
    (system,) = (data for data in nodes.values() if data.get("latencySloMs") == 20_000.0)
    assert system["interactsWithPeople"] in {True, False}
    told = [data for _, _, data in graph.edges(data=True)]
    assert all(data["label"] and data["sources"] and data["firstSeen"] for data in told)
    assert {(data["declared"], data["observed"]) for data in told} >= {(True, False), (False, True)}


def test_labels_come_in_the_language_that_is_asked_for(demo: Engine) -> None:
    labels = [
        {data["iri"]: data["label"] for _, data in graphml(demo, language=tag).nodes(data=True)}
        for tag in ("en", "pt-BR")
    ]
    law = f"{ASSET_BASE}Regulation/LGPD_BR"
    assert labels[0][law] != labels[1][law]


def test_csv_has_a_row_for_each_statement(demo: Engine) -> None:
    rows = table(demo)
    query = "SELECT ?s ?p ?o { GRAPH ?g { ?s ?p ?o } ?g a sg:ClaimSet }"
    expected = Counter((str(r["s"]), compact(str(r["p"]))) for r in demo.triples.select(query))
    assert Counter((row["subject"], row["predicate"]) for row in rows) == expected
    assert all(row["sources"] and row["subjectLabel"] for row in rows)


@pytest.mark.parametrize("media_type", FORMATS)
def test_rdf_of_a_system_is_a_part_of_the_whole(demo: Engine, media_type: str) -> None:
    form = FORMATS[media_type]
    part = set(ox.parse(written(demo, media_type, system=SYSTEM), form, lenient=True))
    whole = set(told(demo.triples.store))
    assert part < whole
    inside = members(demo.triples.store, SYSTEM)
    assert len(inside) > 5
    default = ox.DefaultGraph()
    wanted = {
        q for q in whole if {q.subject, q.object} & inside and (form.supports_datasets or q.graph_name == default)
    }
    assert wanted <= part
    for observation in demo.triples.store.quads_for_pattern(None, ox.NamedNode(SG.observedOn), None, default):
        if observation.object in inside:
            assert set(demo.triples.store.quads_for_pattern(observation.subject, None, None, default)) <= part


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib's parsers call what rdflib itself has deprecated
def test_rdflib_reads_what_is_written(demo: Engine) -> None:
    turtle = rdflib.Graph().parse(data=written(demo, "text/turtle", system=SYSTEM), format="turtle")
    dataset = rdflib.Dataset()
    dataset.parse(data=written(demo, "application/trig", system=SYSTEM), format="trig")
    linked = rdflib.Dataset()
    linked.parse(data=written(demo, "application/ld+json", system=SYSTEM).decode(), format="json-ld")
    assert len(turtle) > 500
    # A named graph holds nothing that the default graph does not.
    assert len(dataset) == len(linked) == len(turtle)
    assert len({*map(str, dataset.contexts())}) == len({*map(str, linked.contexts())}) > 3


def test_a_system_in_graphml_and_csv_is_what_touches_it(demo: Engine) -> None:
    inside = {node.value for node in members(demo.triples.store, SYSTEM)}
    graph = graphml(demo, system=SYSTEM)
    iris = {node: data["iri"] for node, data in graph.nodes(data=True)}
    edges = {(iris[s], data["relation"], iris[o]) for s, o, data in graph.edges(data=True)}
    assert edges == {(s, compact(p), o) for s, p, o in selected(demo, EDGES) if {s, o} & inside}
    rows = table(demo, system=SYSTEM)
    assert all({row["subject"], row["object"]} & inside for row in rows)
    assert {row["subject"] for row in rows} >= inside


def store_of(facts: list[Fact]) -> ox.Store:
    """A store in which one source states some facts."""
    graph = ox.NamedNode("https://w3id.org/stratagraph/claims/x")
    store = ox.Store()
    for subject, predicate, value in facts:
        for place in (graph, ox.DefaultGraph()):
            store.add(ox.Quad(ox.NamedNode(subject), ox.NamedNode(predicate), to_ox(value), place))
    for predicate, value in ((RDF.type, SG.ClaimSet), (SG.source, Literal("me")), (SG.method, Literal("declared"))):
        store.add(ox.Quad(graph, ox.NamedNode(predicate), to_ox(value), ox.DefaultGraph()))
    return store


@pytest.mark.parametrize(
    "text", ["=1+1", "a,b", 'say "no"', "two\nlines", "<b>&amp;", "\u0001", "]]>", "\U0001f600", " ", "|"]
)
def test_whatever_is_said_can_be_read_back(text: str) -> None:
    node = f"{ASSET_BASE}Tool/x"
    store = store_of(
        [Fact(node, RDF.type, SG.Asset), Fact(node, SG.purpose, Literal(text)), Fact(node, RDFS.label, Literal(text))]
    )
    file = io.BytesIO()
    dump(store, "application/graphml+xml", file)
    (told,) = nx.parse_graphml(file.getvalue().decode()).nodes(data=True)
    assert told[1]["purpose"].strip() == text.replace("\u0001", "\ufffd").strip()
    file = io.BytesIO()
    dump(store, "text/csv", file)
    rows = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
    assert {row["object"].removeprefix("'") for row in rows if row["predicate"] == "sg:purpose"} == {text}


@pytest.mark.parametrize("media_type", ["application/graphml+xml", "text/csv"])
def test_memory_does_not_grow_with_the_estate(media_type: str) -> None:
    class Nowhere(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any, /) -> int:
            return len(data)

    peaks = []
    for size in (50, 500):
        facts = [
            fact
            for number in range(size)
            for fact in (
                Fact(f"{ASSET_BASE}Tool/{number}", RDF.type, SG.Asset),
                Fact(f"{ASSET_BASE}Tool/{number}", SG.purpose, Literal(f"purpose {number} " * 20)),
                Fact(f"{ASSET_BASE}Tool/{number}", SG.dependsOn, f"{ASSET_BASE}Tool/{number // 2}"),
            )
        ]
        store = store_of(facts)
        tracemalloc.start()
        dump(store, media_type, Nowhere())  # type: ignore[arg-type]  # a raw file is enough
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Cards of 10,000 things are kept, of some 500 bytes each; all else is written as it is read.
    assert peaks[1] < peaks[0] + 500 * 1_000
