"""Which terms can be stored, and the numbers that they get."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import LANG_STRING, Literal, Term
from stratagraph.ontology.namespaces import XSD
from stratagraph.ontology.terms import to_ox
from stratagraph.service.ledger.interning import Terms, fault_of
from stratagraph.service.ledger.ledger import Ledger

TEXTS = st.text(st.sampled_from('aé \n"\\\ud800\x00<>@^-'), max_size=4)
IRIS = st.sampled_from([XSD.string, XSD.integer, LANG_STRING, "urn:x", "no iri", "", "urn:a b", "urn:\ud800"])
LANGUAGES = st.sampled_from(["", "en", "pt-BR", "no tag", "é"])
TERMS = IRIS | TEXTS | st.builds(Literal, TEXTS, IRIS, LANGUAGES)


@given(TERMS)
@settings(max_examples=500)
def test_what_the_views_cannot_hold_has_a_fault(term: Term) -> None:
    untagged = isinstance(term, Literal) and term.datatype == LANG_STRING and not term.language
    assert (fault_of(term) is not None) == (untagged or _refused(term))


def _refused(term: Term) -> bool:
    try:
        to_ox(term)
    except ValueError:
        return True
    return False


def test_numbers_are_found_where_they_were_given_and_nowhere_else(ledger: Ledger) -> None:
    texts = [f'"{number}"' for number in range(50)]
    with ledger._database.writing() as connection:
        given = dict(Terms().intern(connection, texts[:30]))
        assert sorted(given.values()) == list(range(1, 31))
        fresh = Terms()
        assert fresh.find(connection, texts[20:40]) == [given[text] for text in texts[20:30]]
        more = fresh.intern(connection, texts)
        assert {text: more[text] for text in texts[:30]} == given
        assert sorted(more[text] for text in texts) == list(range(1, 51))
        assert fresh.find(connection, texts[45:]) == [more[text] for text in texts[45:]]
