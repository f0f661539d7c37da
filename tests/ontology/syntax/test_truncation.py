"""A document that was cut is refused, or loads the same facts; the only other cuts leave whole statements."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.syntax.parsing import MalformedRdf, RdfSyntax, parse_rdf

BASE = "http://example.org/"
LINES = (
    '<http://e/a> <http://e/p> "x. y"@en-GB .\n'
    "<http://e/a> <http://e/p> _:a.b .\n"
    "# a remark. More of it.\n"
    '<http://e/c> <http://e/p> "y. "^^<http://e/t.u> . # and so on.\n'
    '<http://e/c> <http://e/p> "\\"z\\\\" .\n'
)
DOCUMENTS = {
    RdfSyntax.TURTLE: (
        "@prefix ex: <http://e/> .\nPREFIX : <http://f.g/>\n# a remark. And more.\n"
        'ex:a ex:p 1.5 , 2.5e3 , true ; ex:q "x\\" ."@en-GB , \'z.\'^^ex:t.u , ex:b.c .\n'
        '<http://e/a> a [ ex:r ( 1 2 :d.e ) ] .\nex:a ex:n """long.\n"quoted".\n""" .\nex:a ex:m ex:l.k . # end.\n'
    ),
    RdfSyntax.TRIG: ('@prefix ex: <http://e/> .\n{ ex:a ex:p 1.5 . ex:b.c ex:q "x." }\nex:z ex:p 2.5 .\n'
    '{ ex:y ex:p ex:x.w . }\n'),
    RdfSyntax.NTRIPLES: LINES,
    RdfSyntax.NQUADS: LINES,
    RdfSyntax.JSONLD: (
        '{"@context": {"ex": "http://e/"}, "@graph": [{"@id": "ex:a", "ex:p": [1, {"@id": "ex:b"}]},'
        ' {"@id": "ex:c", "ex:q": "x"}]}\n'
    ),
    RdfSyntax.RDFXML: (
        '<?xml version="1.0"?>\n<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">\n'
        '<e:A r:about="http://e/a"><e:p>x &amp; <![CDATA[<y>]]></e:p><!-- more -->'
        '<e:q r:parseType="Literal"><b/></e:q>\n'
        '</e:A><e:B r:about="http://e/b"/></r:RDF>\n<!-- end -->\n'
    ),
}  # fmt: skip
WHOLE = re.compile(r"[.}](?:\s|#[^\n]*)*\Z")
"""The end of a statement, a directive or a graph: what may stand behind the last one says nothing."""


def outcome(text: str, syntax: RdfSyntax) -> set[Fact] | None:
    try:
        return set(parse_rdf(text.encode(), syntax, BASE, "file"))
    except MalformedRdf:
        return None


@pytest.mark.parametrize("syntax", list(RdfSyntax))
def test_every_prefix_is_refused_or_whole_statements(syntax: RdfSyntax) -> None:
    document = DOCUMENTS[syntax]
    facts = outcome(document, syntax)
    assert facts
    for end in range(1, len(document)):
        prefix = document[:end]
        found = outcome(prefix, syntax)
        if found is None or found == facts or not prefix.strip():
            continue
        assert syntax not in {RdfSyntax.RDFXML, RdfSyntax.JSONLD}, prefix
        assert WHOLE.search(prefix) or re.search(r"PREFIX : <http://f.g/>\s*(#.*)?\Z", prefix), prefix
        assert _blankless(found) <= _blankless(facts), prefix


def _blankless(facts: set[Fact]) -> set[str]:
    return {str(fact) for fact in facts if "genid" not in str(fact)}


words = st.text(alphabet="abz019._-:", min_size=1, max_size=6)


@given(words, st.sampled_from([RdfSyntax.TURTLE, RdfSyntax.NTRIPLES, RdfSyntax.TRIG]))
def test_a_name_is_never_taken_for_its_beginning(word: str, syntax: RdfSyntax) -> None:
    document = f"<http://e/s> <http://e/p> _:n{word}x . \n"
    if syntax is not RdfSyntax.NTRIPLES:
        document = "@prefix e: <http://e/> . <http://e/s> <http://e/p> e:" + word + "x .\n"
    facts = outcome(document, syntax)
    if facts is None:
        return
    for end in range(document.index("/p>") + 3, len(document)):
        assert outcome(document[:end], syntax) in (None, facts)


@pytest.mark.parametrize(
    "end",
    ["<b> .", "'b'.", "'b'@en .", "<b>.", "[] .", "(1) .", "1 .", "e:b .", "e:b .\n", "1.\n", "e:b.\n", "<b> . # a.b."],
)
def test_a_document_that_ends_well_needs_no_line_end(end: str) -> None:
    assert outcome(f"@prefix e: <http://e/> . <a> <p> {end}", RdfSyntax.TURTLE)


@pytest.mark.parametrize("end", ["1.", "e:b.", "true.", "'1'^^e:b.", "_:b."])
def test_a_full_stop_right_behind_a_name_is_no_end(end: str) -> None:
    with pytest.raises(MalformedRdf, match="may have been cut"):
        parse_rdf(f"@prefix e: <http://e/> . <a> <p> {end}".encode(), "turtle", BASE, "file")


@pytest.mark.parametrize(
    "rest",
    ["<x/>", "text", "</r:RDF>", "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "<![CDATA[x]]>"],
)
def test_nothing_follows_the_root_of_xml(rest: str) -> None:
    assert outcome(DOCUMENTS[RdfSyntax.RDFXML] + rest, RdfSyntax.RDFXML) is None


@pytest.mark.parametrize("rest", ["{}", "x", "]", "}", ","])
def test_nothing_follows_the_root_of_json(rest: str) -> None:
    assert outcome(DOCUMENTS[RdfSyntax.JSONLD] + rest, RdfSyntax.JSONLD) is None
