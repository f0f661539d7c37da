from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import LANG_STRING, Literal, Term
from stratagraph.ontology.namespaces import SG, XSD
from stratagraph.ontology.terms import MalformedTerm, UnsupportedTerm, decode, encode, from_ox, to_ox

texts = st.text(st.characters(exclude_categories=["Cs"]))
terms = st.one_of(
    st.sampled_from([SG.Asset, "urn:x:1", "https://example.org/a%20b/é"]),
    st.builds(Literal, texts),
    st.builds(Literal, texts, st.sampled_from([XSD.decimal, XSD.integer, XSD.dateTime])),
    st.builds(Literal, texts, language=st.sampled_from(["en", "pt-br"])),
)


@given(terms)
def test_decode_undoes_encode(term: Term) -> None:
    assert decode(encode(term)) == term


@given(terms)
def test_from_ox_undoes_to_ox(term: Term) -> None:
    assert from_ox(to_ox(term)) == term


@given(terms)
def test_an_independent_parser_reads_what_encode_writes(term: Term) -> None:
    line = f"<urn:s> <urn:p> {encode(term)} ."
    (triple,) = ox.parse(line, format=ox.RdfFormat.N_TRIPLES)
    assert triple.object == to_ox(term)


@given(terms, terms)
def test_different_terms_are_written_differently(one: Term, other: Term) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@given(texts)
def test_each_character_is_written_as_it_is_alone(text: str) -> None:
    assert encode(Literal(text)) == f'"{"".join(encode(Literal(each))[1:-1] for each in text)}"'


def test_a_language_tag_is_written_in_lower_case() -> None:
    assert encode(Literal("olá", language="pt-BR")) == '"olá"@pt-br'
    assert decode('"olá"@pt-br') == Literal("olá", LANG_STRING, "pt-br")


@pytest.mark.parametrize(
    "text",
    ["", "plain", '"open', '"a"b', '"a"@', '"bad \\q"', '"\\uD8"', '"\\uD800"', "_:b1", '"x"^^<>', '"\\UFFFFFFFF"'],
)
def test_text_that_is_no_term_is_refused(text: str) -> None:
    with pytest.raises(MalformedTerm, match="no N-Triples term"):
        decode(text)


@pytest.mark.parametrize(
    "term",
    [ox.BlankNode("b"), ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.NamedNode("urn:o"))],
)
def test_what_no_fact_can_hold_is_refused(term: ox.BlankNode | ox.Triple) -> None:
    with pytest.raises(UnsupportedTerm):
        from_ox(term)
