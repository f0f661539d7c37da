from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import RDF, XSD
from stratagraph.ontology.syntax.nesting import DEPTH_LIMIT
from stratagraph.ontology.syntax.parsing import MalformedRdf, RdfSyntax, UnknownSyntax, declared_prefixes, parse_rdf

BASE = "http://example.org/"
RDF_XML = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://example.org/">%s</rdf:RDF>'


def parse(data: bytes, syntax: str = "turtle") -> list[Fact]:
    return parse_rdf(data, syntax, BASE, "file")


@pytest.mark.parametrize("syntax", list(RdfSyntax))
def test_empty_file_holds_no_facts(syntax: RdfSyntax) -> None:
    assert parse(b" \n", syntax) == []


@pytest.mark.parametrize(
    ("syntax", "data"),
    [
        (RdfSyntax.TURTLE, b"<a> <p> <b> ."),
        (RdfSyntax.NTRIPLES, b"<http://example.org/a> <http://example.org/p> <http://example.org/b> ."),
        (RdfSyntax.NQUADS, b"<http://example.org/a> <http://example.org/p> <http://example.org/b> ."),
        (RdfSyntax.TRIG, b"{ <a> <p> <b> }"),
        (RdfSyntax.RDFXML, RDF_XML % b'<rdf:Description rdf:about="a"><e:p rdf:resource="b"/></rdf:Description>'),
        (RdfSyntax.JSONLD, b'{"@id": "a", "http://example.org/p": {"@id": "b"}}'),
    ],
)
def test_every_syntax_is_read(syntax: RdfSyntax, data: bytes) -> None:
    assert parse(data, syntax) == [Fact(BASE + "a", BASE + "p", BASE + "b")]


@pytest.mark.parametrize("form", ["005", "+1", "2.50", "1e3", "true"])
def test_lexical_forms_stay_as_written(form: str) -> None:
    (fact,) = parse(f"<a> <p> {form} .".encode())
    assert isinstance(fact.object, Literal)
    assert fact.object.value == form


def test_ill_formed_literals_are_kept_for_the_gate() -> None:
    (fact,) = parse(b'<a> <p> "300"^^<http://www.w3.org/2001/XMLSchema#byte> .')
    assert fact.object == Literal("300", XSD.byte)


def test_byte_order_mark_is_skipped() -> None:
    assert len(parse(b"\xef\xbb\xbf<a> <p> <b> .")) == 1


def test_syntax_error_carries_line_and_column() -> None:
    with pytest.raises(MalformedRdf) as caught:
        parse(b"<a> <p> <b> .\n<a> <p> ?x .")
    assert (caught.value.file, caught.value.line, caught.value.column) == ("file", 2, 9)
    assert str(caught.value).startswith("file:2:9: ")


@pytest.mark.parametrize(
    ("syntax", "data", "line"),
    [
        ("rdfxml", b"<x>\n\n<y></x>", 3),
        ("jsonld", b'{"@context":\n "http://example.org/context",\n "@id": "a"}', 3),
        ("turtle", b"<a> <p> '\xff' .", 1),
    ],
)
def test_errors_without_a_position_get_a_line(syntax: str, data: bytes, line: int) -> None:
    with pytest.raises(MalformedRdf) as caught:
        parse(data, syntax)
    assert 1 <= caught.value.line <= line


@pytest.mark.parametrize(
    ("syntax", "data"),
    [
        ("turtle", b"<a> <p> " + b"[<p> " * 100_000),
        ("turtle", b"<a> <p> " + b"(" * 100_000),
        ("trig", b"{" * 100_000),
        ("ntriples", b"<a:a> <a:p> " + b"<<( <a:a> <a:p> " * 100_000),
        ("jsonld", b'{"http://example.org/p":' * 100_000),
        ("jsonld", b"[" * 100_000),
        ("rdfxml", RDF_XML % (b"<e:a><e:p>" * 100_000)),
    ],
)
def test_deep_nesting_is_refused_before_parsing(syntax: str, data: bytes) -> None:
    with pytest.raises(MalformedRdf, match=f"deeper than {DEPTH_LIMIT}"):
        parse(data, syntax)


@pytest.mark.parametrize("declaration", [b"<!DOCTYPE x>", b'<!ENTITY a "b">', b"<! doctype x>"])
def test_entity_declarations_are_refused(declaration: bytes) -> None:
    with pytest.raises(MalformedRdf, match="declaration"):
        parse(b"<?xml version='1.0'?>\n" + declaration + RDF_XML % b"", "rdfxml")


def test_utf_16_cannot_hide_a_declaration() -> None:
    with pytest.raises(MalformedRdf, match="UTF-8"):
        parse('<!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16"), "rdfxml")


def test_many_brackets_side_by_side_are_no_nesting() -> None:
    assert len(parse(b"<a> <p> [] .\n" * 1000)) == 1000


@given(st.sampled_from(['"%s"', '"""%s"""', "'%s'", "'''%s'''"]), st.sampled_from("[({"))
def test_brackets_in_strings_do_not_count(quotes: str, bracket: str) -> None:
    assert len(parse(f"<a> <p> {quotes % (bracket * 1000)} .".encode())) == 1


def test_brackets_in_comments_and_iris_do_not_count() -> None:
    data = b"# " + b"[" * 1000 + b"\n<a> <p> <x" + b"(" * 1000 + b"> ."
    assert len(parse(data)) == 1


@pytest.mark.parametrize(
    ("syntax", "data", "reason"),
    [
        ("trig", b"<g> { <a> <p> <b> }", "named graph"),
        ("turtle", b"<a> <p> <<( <a> <p> <b> )>> .", "triple term"),
        ("turtle", b"<a> <p> 'x'@ar--rtl .", "base direction"),
        ("turtle", b"<a> <p> 'x'^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .", "langString"),
        ("turtle", b"<a> <p> 'x'^^<%sdirLangString> ." % RDF.encode(), "dirLangString"),
        ("jsonld", b'{"@id": "a", "p:p": {"@value": "x", "@type": "%slangString"}}' % RDF.encode(), "langString"),
    ],
)
def test_what_a_fact_cannot_hold_is_refused(syntax: str, data: bytes, reason: str) -> None:
    with pytest.raises(MalformedRdf, match=reason):
        parse(data, syntax)


def test_unknown_extension_names_the_known_ones() -> None:
    with pytest.raises(UnknownSyntax, match=r"\.ttl"):
        RdfSyntax.of_file("estate.docx")


def test_remote_contexts_are_not_fetched() -> None:
    with pytest.raises(MalformedRdf, match="remote contexts"):
        parse(b'{"@context": "http://example.org/context", "@id": "a"}', "jsonld")


def test_extension_decides_the_syntax_in_any_case() -> None:
    assert RdfSyntax.of_file("A.TTL") is RdfSyntax.TURTLE


def test_a_triple_that_stands_twice_does_not_rename_its_blank_node() -> None:
    assert parse(b"_:x <p> <a> . _:x <p> <a> .") == parse(b"_:x <p> <a> .")


ELEMENTS = f'<rdf:RDF xmlns:rdf="{RDF}"{{}}><rdf:Description rdf:about="a"{{}}/></rdf:RDF>'
PREFIXES = [
    ("turtle", "@prefix a: <urn:x:1> . PREFIX b: <urn:x:2>", {"a": "urn:x:1", "b": "urn:x:2"}),
    ("turtle", "@prefix a: <urn:x:1> . @prefix a: <urn:x:2> . @prefix : <urn:x:3> .", {"a": "urn:x:2", "": "urn:x:3"}),
    ("trig", "@prefix a: <urn:x:1> .", {"a": "urn:x:1"}),
    ("ntriples", "<urn:x:1> <urn:x:2> <urn:x:3> .", {}),
    ("nquads", "<urn:x:1> <urn:x:2> <urn:x:3> .", {}),
    ("jsonld", '{"@context": {"a": "http://example.org/"}, "@id": "a:1"}', {"a": "http://example.org/"}),
    ("rdfxml", ELEMENTS.format("", ""), {"rdf": str(RDF)}),
    (
        "rdfxml",
        ELEMENTS.format(' xmlns="urn:x:1"', ' xmlns:a="urn:x:2"'),
        {"rdf": str(RDF), "": "urn:x:1", "a": "urn:x:2"},
    ),
    ("rdfxml", ELEMENTS.format(' xmlns:a="urn:x:1"', ' xmlns:a="urn:x:2"'), {"rdf": str(RDF), "a": "urn:x:2"}),
    ("rdfxml", ELEMENTS.format(' xmlns="urn:x:1"', ' xmlns=""'), {"rdf": str(RDF), "": "urn:x:1"}),
    *((syntax.value, " \n", {}) for syntax in RdfSyntax),
]


@pytest.mark.parametrize(("syntax", "text", "prefixes"), PREFIXES)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_prefixes_that_a_document_of_any_syntax_declares(
    syntax: str, text: str, prefixes: dict[str, str], mark: bytes
) -> None:
    data = mark + text.encode()
    parse(data, syntax)
    assert declared_prefixes(data, RdfSyntax(syntax)) == prefixes
