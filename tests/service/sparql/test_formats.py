"""Rows are counted right in whatever pieces the engine's writers deliver them; RDF/XML says what the triples say."""

from __future__ import annotations

import io

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    serialize,
)
from rdflib.compare import isomorphic
from rdflib.query import Result
from typing_extensions import Buffer

from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.sparql.formats import UnwritableRowError, XmlSink, row_counter, write_graph
from stratagraph.service.sparql.rdfxml_writer import UnwritableTripleError

FORMATS = [QueryResultsFormat.JSON, QueryResultsFormat.XML, QueryResultsFormat.CSV, QueryResultsFormat.TSV]
NASTY = st.text(alphabet='},{"\\\n\r\t<>/result', max_size=12)


@pytest.mark.parametrize("form", FORMATS, ids=str)
@given(rows=st.lists(st.none() | NASTY, min_size=1, max_size=6), size=st.integers(1, 40))
def test_rows_are_counted_across_pieces(form: QueryResultsFormat, rows: list[str | None], size: int) -> None:
    values = " ".join("(UNDEF UNDEF)" if row is None else f"({Literal(row)} {Literal(row)})" for row in rows)
    found = Store().query(f"SELECT * {{ VALUES (?a ?b) {{ {values} }} }}")
    assert isinstance(found, QuerySolutions)
    data = found.serialize(format=form)
    assert data is not None
    counter = row_counter(form)
    counted = [counter.feed(data[start : start + size]) for start in range(0, len(data), size)]
    assert counted[-1] == len(rows)


NODES = st.sampled_from([NamedNode("http://e.example/a?b=1&c"), NamedNode("urn:x:y"), BlankNode("1a"), BlankNode("k")])
PREDICATES = st.sampled_from(
    [
        SG.name,
        "http://e.example/p",
        "http://e.example/a/b-c.d",
        "http://e.example/#\u00e9t\u00e9",
        "http://e.example/1a",
    ]
).map(NamedNode)
WORDS = st.text(alphabet="aZ<>&\"'\n\r\t \u00e9\U0001f600]", max_size=8)
VALUES = (
    st.builds(Literal, WORDS)
    | st.builds(lambda text: Literal(text, language="pt-br"), WORDS)
    | st.builds(lambda text: Literal(text, datatype=NamedNode("http://e.example/t&u")), WORDS)
)


class Pieces(io.BytesIO):
    """Takes what comes in pieces of a size of its own, as an engine may write it."""

    def __init__(self, sink: XmlSink, size: int) -> None:
        super().__init__()
        self._sink = sink
        self._size = size

    def write(self, data: Buffer, /) -> int:
        told = bytes(data)
        for start in range(0, len(told), self._size):
            self._sink.write(told[start : start + self._size])
        return len(told)


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize(
    "value", ["a\rb", "\r\n", "\t", "\x85\u2028", "\ufffd\U0010ffff", "<&\r>", "a\x00", "\x1f", "\ufffe", "a\uffffb"]
)
def test_rows_in_xml_are_well_formed_and_say_the_value_or_are_refused(value: str, size: int) -> None:
    found = Store().query(f"SELECT ({Literal(value)} AS ?x) {{}}")
    assert isinstance(found, QuerySolutions)
    out = io.BytesIO()
    sink = Pieces(XmlSink(out), size)
    if any(letter in value for letter in "\x00\x1f\ufffe\uffff"):
        with pytest.raises(UnwritableRowError):
            found.serialize(sink, QueryResultsFormat.XML)
        return
    found.serialize(sink, QueryResultsFormat.XML)
    (row,) = Result.parse(io.BytesIO(out.getvalue()), format="xml").bindings
    assert [str(term) for term in row.values()] == [value]


def written(triples: list[Triple]) -> bytes:
    out = io.BytesIO()
    write_graph(triples, out, RdfFormat.RDF_XML)
    return out.getvalue()


@given(st.lists(st.builds(Triple, NODES, PREDICATES, NODES | VALUES), max_size=8))
def test_rdf_xml_is_well_formed_and_says_the_triples(triples: list[Triple]) -> None:
    graph = rdflib.Graph().parse(data=written(triples), format="xml")
    wanted = rdflib.Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    assert isomorphic(graph, wanted)


@pytest.mark.parametrize(
    ("predicate", "value"),
    [
        ("http://e.example/", "x"),
        ("http://e.example/1", "x"),
        ("urn:x:", "x"),
        (RDF.li, "x"),
        (RDF.Description, "x"),
        ("http://e.example/p", "a\x01b"),
        ("http://e.example/p", "\ufffe"),
    ],
)
def test_what_rdf_xml_has_no_form_for_is_refused(predicate: str, value: str) -> None:
    with pytest.raises(UnwritableTripleError):
        written([Triple(NamedNode("http://e.example/a"), NamedNode(predicate), Literal(value))])
