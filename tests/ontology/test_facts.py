"""The value types behave as values: equal by their parts, hashable, unchangeable, copied and written whole."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import LANG_STRING, XSD_STRING, Fact, Literal
from stratagraph.ontology.namespaces import XSD

PARTS = st.tuples(st.text(max_size=4), st.sampled_from([XSD_STRING, XSD.integer, "urn:x"]), st.sampled_from(["", "en"]))


@given(PARTS, PARTS)
def test_literals_are_equal_and_ordered_by_their_parts(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    def parts(literal: Literal) -> tuple[str, str, str]:
        return literal.value, literal.datatype, literal.language

    left, right = Literal(*one), Literal(*other)
    assert (left == right) == (parts(left) == parts(right))
    assert (left < right) == (parts(left) < parts(right))
    assert len({left, right}) == len({parts(left), parts(right)})


@given(PARTS)
def test_a_literal_survives_writing_and_copying(parts: tuple[str, str, str]) -> None:
    literal = Literal(*parts)
    read = (
        pickle.loads(pickle.dumps(literal)),  # noqa: S301  what was just written
        copy.copy(literal),
        copy.deepcopy(literal),
    )
    assert all(type(other) is Literal and other == literal for other in read)


def test_a_language_tag_decides_the_datatype() -> None:
    assert Literal("olá", XSD.integer, "pt-BR").datatype == LANG_STRING


def test_a_literal_is_no_iri_of_the_same_text() -> None:
    assert Fact("urn:s", "urn:p", "urn:o") != Fact("urn:s", "urn:p", Literal("urn:o"))


def test_no_part_of_a_literal_can_be_changed() -> None:
    literal = Literal("1", XSD.integer)
    with pytest.raises(AttributeError):
        literal.value = "2"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        literal.other = "2"  # type: ignore[attr-defined]
