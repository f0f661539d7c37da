"""RDF/XML by its grammar: each construct beside the Turtle that says the same; what serialisers write, read back."""

# ruff: noqa: E501 - a construct and what it means stand in one line

from __future__ import annotations

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.syntax.iris import resolve
from stratagraph.ontology.syntax.nesting import DEPTH_LIMIT
from stratagraph.ontology.syntax.parsing import MalformedRdf, parse_rdf

BASE = "http://d.example/dir/doc.rdf"
HEAD = (
    '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.example/" '
    'xmlns:f="http://f.example/" '
)
TURTLE = (
    "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix e: <http://e.example/> . "
    "@prefix f: <http://f.example/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . "
)


def document(body: str, attributes: str = "") -> str:
    return f"{HEAD}{attributes}>{body}</r:RDF>"


def read(text: str) -> set[Fact]:
    return set(parse_rdf(text.encode(), "rdfxml", BASE, "file"))


def about(content: str) -> str:
    return f'<r:Description r:about="http://e.example/a">{content}</r:Description>'


SAME = {
    # nodes and their names
    "typed node": ('<e:T r:about="http://e.example/a"/>', "e:a a e:T ."),
    "node by ID": ('<e:T r:ID="x"/>', "<#x> a e:T ."),
    "node by nodeID": ('<e:T r:nodeID="x"/><e:U r:nodeID="x"/>', "_:x a e:T, e:U ."),
    "node without a name": ("<e:T/>", "[] a e:T ."),
    "relative name": ('<e:T r:about="../x"/>', "<../x> a e:T ."),
    "empty name": ('<e:T r:about=""/>', "<> a e:T ."),
    "old unqualified names": ('<e:T about="x"><e:p resource="y"/></e:T>', "<x> a e:T ; e:p <y> ."),
    # properties
    "text": (about("<e:p> x </e:p>"), 'e:a e:p " x " .'),
    "no text": (about("<e:p/><e:q></e:q>"), 'e:a e:p "" ; e:q "" .'),
    "text in pieces": (about("<e:p>a<![CDATA[<b>]]> &lt; &#99;<!-- no --> d<?no no?></e:p>"), 'e:a e:p "a<b> < c d" .'),
    "datatype": (about('<e:p r:datatype="http://www.w3.org/2001/XMLSchema#int">05</e:p>'), 'e:a e:p "05"^^xsd:int .'),
    "relative datatype": (about('<e:p r:datatype="t">x</e:p>'), 'e:a e:p "x"^^<t> .'),
    "datatype, no text": (about('<e:p r:datatype="http://e.example/t"/>'), 'e:a e:p ""^^e:t .'),
    "resource": (about('<e:p r:resource="b"/>'), "e:a e:p <b> ."),
    "empty resource": (about('<e:p r:resource=""/>'), "e:a e:p <> ."),
    "nodeID": (about('<e:p r:nodeID="n"/><e:q r:nodeID="n"/>'), "e:a e:p _:n ; e:q _:n ."),
    "nested node": (about('<e:p> <e:T r:about="b"><e:q>x</e:q></e:T> <!-- no --></e:p>'), 'e:a e:p <b> . <b> a e:T ; e:q "x" .'),
    "property attributes": ('<e:T r:about="b" e:p="x" r:type="c"/>', 'e:n e:n e:n . <b> a e:T, <c> ; e:p "x" .'),
    "attributes of the value": (about('<e:p e:q="x" r:type="c"/>'), 'e:a e:p [ a <c> ; e:q "x" ] .'),
    "attributes of a resource": (about('<e:p r:resource="b" e:q="x"/>'), 'e:a e:p <b> . <b> e:q "x" .'),
    "items": (about("<r:li>x</r:li><r:_5>y</r:_5><r:li>z</r:li>"), 'e:a rdf:_1 "x" ; rdf:_5 "y" ; rdf:_2 "z" .'),
    # kinds of content
    "parseType Resource": (about('<e:p r:parseType="Resource"><e:q>x</e:q><r:li>y</r:li></e:p>'), 'e:a e:p [ e:q "x" ; rdf:_1 "y" ] .'),
    "empty Resource": (about('<e:p r:parseType="Resource"/>'), "e:a e:p [] ."),
    "parseType Collection": (about('<e:p r:parseType="Collection"><e:T r:about="b"/> <r:Description r:nodeID="n"/></e:p>'), "e:a e:p ( <b> _:n ) . <b> a e:T ."),
    "empty Collection": (about('<e:p r:parseType="Collection"> </e:p>'), "e:a e:p () ."),
    "XML": (about('<e:p r:parseType="Literal">x<b a="1">&lt;</b><i/></e:p>'), 'e:a e:p "x<b a=\\"1\\">&lt;</b><i></i>"^^rdf:XMLLiteral .'),
    "empty XML": (about('<e:p r:parseType="Literal"/>'), 'e:a e:p ""^^rdf:XMLLiteral .'),
    "other parse type": (about('<e:p r:parseType="e:table"><b>1</b></e:p>'), 'e:a e:p "<b>1</b>"^^rdf:XMLLiteral .'),
    "XML of RDF": (about('<e:p r:parseType="Literal"><r:RDF><r:li/></r:RDF></e:p>'), 'e:a e:p "<r:RDF xmlns:r=\\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\\"><r:li></r:li></r:RDF>"^^rdf:XMLLiteral .'),
    "XML with a namespace of its own": (about('<e:p r:parseType="Literal"><p xmlns="http://x.example/">h<q/></p></e:p>'), 'e:a e:p "<p xmlns=\\"http://x.example/\\">h<q></q></p>"^^rdf:XMLLiteral .'),
    "XML with namespaces in use": (about('<e:p r:parseType="Literal"><f:b e:k="2" a="1"><f:c xmlns=""/></f:b></e:p>'), 'e:a e:p "<f:b xmlns:e=\\"http://e.example/\\" xmlns:f=\\"http://f.example/\\" a=\\"1\\" e:k=\\"2\\"><f:c></f:c></f:b>"^^rdf:XMLLiteral .'),
    "XML that leaves a namespace": (about('<e:p r:parseType="Literal"><p xmlns="http://x.example/"><q xmlns=""/></p></e:p>'), 'e:a e:p "<p xmlns=\\"http://x.example/\\"><q xmlns=\\"\\"></q></p>"^^rdf:XMLLiteral .'),
    "XML with a language": (about('<e:p r:parseType="Literal"><b xml:lang="en"/></e:p>'), 'e:a e:p "<b xml:lang=\\"en\\"></b>"^^rdf:XMLLiteral .'),
    "XML with the rest": (about('<e:p r:parseType="Literal"><!--c--><?t d?><b a="&lt;&quot;&#9;">]]&gt;</b></e:p>'), 'e:a e:p "<!--c--><?t d?><b a=\\"&lt;&quot;&#x9;\\">]]&gt;</b>"^^rdf:XMLLiteral .'),
    # languages
    "language": (about('<e:p xml:lang="en">x</e:p>'), 'e:a e:p "x"@en .'),
    "inherited language": ('<e:T r:about="b" xml:lang="pt-BR" e:q="y"><e:p>x</e:p></e:T>', '<b> a e:T ; e:p "x"@pt-br ; e:q "y"@pt-br .'),
    "language taken back": ('<e:T r:about="b" xml:lang="en"><e:p xml:lang="">x</e:p><e:q>y</e:q></e:T>', '<b> a e:T ; e:p "x" ; e:q "y"@en .'),
    "language and datatype": (about('<e:p xml:lang="en" r:datatype="http://e.example/t">x</e:p>'), 'e:a e:p "x"^^e:t .'),
    "language of a langString": (about('<e:p xml:lang="en" r:datatype="http://www.w3.org/1999/02/22-rdf-syntax-ns#langString">x</e:p>'), 'e:a e:p "x"@en .'),
    # bases
    "base": ('<e:T xml:base="http://b.example/x/y#f" r:about="z"><e:p r:resource=""/><e:q r:resource="#g"/></e:T>', "<http://b.example/x/z> a e:T ; e:p <http://b.example/x/y> ; e:q <http://b.example/x/y#g> ."),
    "empty base": ('<e:T xml:base="" r:about="#a"/>', "<#a> a e:T ."),
    "relative base": ('<e:T xml:base="sub/"><e:p r:resource="x" xml:base="../y/"/></e:T>', "[] a e:T ; e:p <y/x> ."),
    "base of an ID": ('<e:T r:ID="x" xml:base="http://b.example/"/><e:T r:ID="x"/>', "<http://b.example/#x> a e:T . <#x> a e:T ."),
    # statements with a name
    "statement": (about('<e:p r:ID="s">x</e:p>'), 'e:a e:p "x" . <#s> a rdf:Statement ; rdf:subject e:a ; rdf:predicate e:p ; rdf:object "x" .'),
    "statement of a node": (about('<e:p r:ID="s" r:resource="b"/>'), "e:a e:p <b> . <#s> a rdf:Statement ; rdf:subject e:a ; rdf:predicate e:p ; rdf:object <b> ."),
    # what is no declaration, and what says nothing
    "words in a comment": ("<!-- <!DOCTYPE html> <!ENTITY a 'b'> -->" + about("<e:p>x</e:p>"), 'e:a e:p "x" .'),
    "words in CDATA": (about("<e:p><![CDATA[<!DOCTYPE html>]]></e:p>"), 'e:a e:p "<!DOCTYPE html>" .'),
    "other xml attributes": (about('<e:p xml:space="preserve" xml:id="i">x</e:p>'), 'e:a e:p "x" .'),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_rdf_xml_says_what_turtle_says(name: str) -> None:
    body, turtle = SAME[name]
    wanted = set(parse_rdf((TURTLE + turtle).encode(), "turtle", BASE, "file"))
    wanted = {fact for fact in wanted if fact.subject != "http://e.example/n"}
    assert read(document(body)) == wanted


@pytest.mark.parametrize(
    ("text", "turtle"),
    [
        ('<e:T xmlns:e="http://e.example/"/>', "[] a e:T ."),
        (document("", 'xml:base="http://b.example/"'), ""),
        (document('<e:T r:about="x"/>', 'xml:base="http://b.example/" xml:lang="en"'), "<http://b.example/x> a e:T ."),
        (document("<e:T/>", 'r:version="1.1"'), "[] a e:T ."),
        ('<?xml version="1.0" encoding="UTF-8"?><!-- c --><e:T xmlns:e="http://e.example/"/><?x y?>', "[] a e:T ."),
    ],
)
def test_whole_documents(text: str, turtle: str) -> None:
    assert read(text) == set(parse_rdf((TURTLE + turtle).encode(), "turtle", BASE, "file"))


def test_the_encoding_is_the_one_that_is_declared() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + document(about("<e:p>\u00e9</e:p>"))
    (fact,) = parse_rdf(text.encode("latin-1"), "rdfxml", BASE, "file")
    assert "\u00e9" in str(fact.object)


@pytest.mark.parametrize(
    "name", ["rot13", "hex", "undefined", "utf-7", "shift_jis", "gb18030", "utf-32", "cp037", "idna", "no-such-name"]
)
def test_an_encoding_that_is_not_read_is_a_fault_of_the_document(name: str) -> None:
    with pytest.raises(MalformedRdf) as caught:
        parse_rdf(f'<?xml version="1.0" encoding="{name}"?>{document("<e:T/>")}'.encode(), "rdfxml", BASE, "file")
    assert caught.value.line == 1


FAULTS = {
    "two names": '<e:T r:about="x" r:ID="y"/>',
    "ID twice": '<e:T r:ID="x"/><e:U r:ID="x"/>',
    "ID that is no name": '<e:T r:ID="1x"/>',
    "nodeID that is no name": '<e:T r:nodeID="a b"/>',
    "node called li": "<r:li/>",
    "node called RDF": "<r:RDF/>",
    "node of old": "<r:bagID/>",
    "property called Description": about("<r:Description/>"),
    "property of old": about("<r:aboutEach/>"),
    "li as attribute": '<e:T r:li="x"/>',
    "old attribute": '<e:T r:bagID="x"/>',
    "attribute without a namespace": '<e:T name="x"/>',
    "two values": about("<e:p><e:T/><e:T/></e:p>"),
    "text and node": about("<e:p>x<e:T/></e:p>"),
    "node and text": about("<e:p><e:T/>x</e:p>"),
    "text between properties": about("x<e:p/>"),
    "text between nodes": "x",
    "text in a collection": about('<e:p r:parseType="Collection">x</e:p>'),
    "resource and nodeID": about('<e:p r:resource="x" r:nodeID="y"/>'),
    "resource and content": about('<e:p r:resource="x">y</e:p>'),
    "resource and node": about('<e:p r:resource="x"><e:T/></e:p>'),
    "datatype and node": about('<e:p r:datatype="x"><e:T/></e:p>'),
    "datatype and resource": about('<e:p r:datatype="x" r:resource="y"/>'),
    "parse type and attributes": about('<e:p r:parseType="Literal" e:q="x"/>'),
    "langString without a language": about(
        '<e:p r:datatype="http://www.w3.org/1999/02/22-rdf-syntax-ns#langString">x</e:p>'
    ),
    "no language": about('<e:p xml:lang="en_US">x</e:p>'),
    "IRI with a space": '<e:T r:about="a b"/>',
    "triple term": about('<e:p r:parseType="Triple"><e:T/></e:p>'),
    "annotation": about('<e:p r:annotation="x">y</e:p>'),
    "direction": about('<e:p xmlns:its="http://www.w3.org/2005/11/its" its:dir="rtl" xml:lang="ar">y</e:p>'),
    "no such prefix": "<x:T/>",
    "attribute twice": '<e:T e:p="1" e:p="2"/>',
    "no such entity": about("<e:p>&nbsp;</e:p>"),
    "not closed": "<e:T>",
    "control character": about("<e:p>\x01</e:p>"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_rdf_xml_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(MalformedRdf) as caught:
        read(document("\n" + FAULTS[name]))
    assert caught.value.line == 2
    assert caught.value.column >= 1


def test_depth_is_counted_where_elements_nest_and_not_beside_each_other() -> None:
    nested = "<e:p><e:T>" * (DEPTH_LIMIT // 2 - 1) + "</e:T></e:p>" * (DEPTH_LIMIT // 2 - 1)
    assert len(read(document(about(nested)))) == DEPTH_LIMIT - 2
    with pytest.raises(MalformedRdf, match="deeper"):
        read(document(about(f"<e:p><e:T>{nested}</e:T></e:p>")))
    assert read(document("<e:T/>" * DEPTH_LIMIT * 2))


def test_xml_that_upsets_native_parsers_is_an_error_like_any_other() -> None:
    for text in ("<" * 20_000, document("<e:T" + " a" * 8_000), document("<e:p " * 4_000), "&" * 16_000, "<e:" * 6_000):
        with pytest.raises(MalformedRdf):
            read(text)


iris = st.sampled_from(["http://e.example/a", "http://e.example/b", "http://f.example/x#y", "urn:x:y"])
nodes = st.builds(ox.NamedNode, iris) | st.sampled_from([ox.BlankNode("k"), ox.BlankNode("l")])
texts = st.text(alphabet="aZ<>&\"'\n\t \u00e9\U0001f600]", max_size=8)
literals = (
    st.builds(ox.Literal, texts)
    | st.builds(lambda text: ox.Literal(text, language="pt-br"), texts)
    | st.builds(lambda text: ox.Literal(text, datatype=ox.NamedNode("http://e.example/t")), texts)
)
predicates = st.sampled_from(["http://e.example/p", "http://e.example/q", "http://f.example/x#z"])
triples = st.builds(ox.Triple, nodes, st.builds(ox.NamedNode, predicates), nodes | literals)


@given(st.lists(triples, max_size=8))
def test_what_serialisers_write_is_read_back(written: list[ox.Triple]) -> None:
    turtle = ox.serialize(written, format=ox.RdfFormat.N_TRIPLES)
    assert turtle is not None
    wanted = set(parse_rdf(turtle, "ntriples", BASE, "file"))
    text = ox.serialize(written, format=ox.RdfFormat.RDF_XML)
    assert text is not None
    assert set(parse_rdf(text, "rdfxml", BASE, "file")) == wanted
    again = rdflib.Graph().parse(data=turtle, format="nt").serialize(format="xml")
    assert set(parse_rdf(again.encode(), "rdfxml", BASE, "file")) == wanted


references = st.text(alphabet="ab/.?#;:", max_size=10)
BASES = ["http://a/b/c/d;p?q", "http://a", "file:///x/y.rdf", "http://a/b/", "http://a?q"]


@given(references, st.sampled_from(BASES))
def test_references_are_resolved_as_oxigraph_resolves_them(reference: str, base: str) -> None:
    turtle = f"<{reference}> <p:p> <p:p> .".encode()
    try:
        (quad,) = ox.parse(turtle, format=ox.RdfFormat.TURTLE, base_iri=base)
    except SyntaxError:
        return
    assert isinstance(quad.subject, ox.NamedNode)
    if reference.startswith("//"):  # Oxigraph leaves the dots of such a path, which the RFC takes away
        assert resolve(reference, base).startswith(base.partition(":")[0] + "://")
    else:
        assert resolve(reference, base) == quad.subject.value
