"""How terms are named: one spelling of British English."""

from __future__ import annotations

import re
from functools import cache

import pytest

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import OWL, SG, local_name
from tests.core import MODEL

AMERICAN = re.compile(r"[a-z]{3,}(?<!s)i[zZ](?:ation|ations|ational|able|e|ed|er|ers|es|ing)(?![a-z])", re.IGNORECASE)
"""A verb in -ize, and what is made of it; ``size`` and ``tokenizer``, the field's own word, are none."""
OWN_WORDS = re.compile(r"tokenizers?|(?<![a-z])(?:prize|citizens?|horizon\w*)s?", re.IGNORECASE)


@cache
def former() -> set[Iri]:
    """Return the names that have gone out of use."""
    return {fact.subject for fact in MODEL.triples if fact.predicate == OWL.deprecated}


def test_no_name_in_use_has_the_other_spelling() -> None:
    names = {fact.subject for fact in MODEL.triples if fact.subject.startswith(SG)} - former()
    assert [local_name(name) for name in sorted(names) if american(re.sub("([A-Z])", r" \1", local_name(name)))] == []


def test_no_label_or_definition_in_english_has_the_other_spelling() -> None:
    """The obligations' texts are the table's; alternative labels are the documents'."""
    obligations = set(MODEL.graph.instances(SG.Obligation))
    texts = {
        (local_name(term), by["en"])
        for kind in (MODEL.labels, MODEL.definitions)
        for term, by in kind.items()
        if "en" in by and term.startswith(SG) and term not in former() | obligations
    }
    assert len(texts) > 3000
    assert [(name, text) for name, text in sorted(texts) if american(text)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("prioritizes metric", True),
        ("Quantization", True),
        ("Tokenization of text", True),
        ("generalizable", True),
        ("prioritises metric", False),
        ("size of the tokenizer", False),
        ("citizens", False),
        ("Organisation", False),
    ],
)
def test_the_check_tells_the_spellings_apart(text: str, found: bool) -> None:
    assert american(text) is found


def american(text: str) -> bool:
    return AMERICAN.search(OWN_WORDS.sub("", text)) is not None
