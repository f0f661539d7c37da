"""How terms are named: one spelling of British English."""

from __future__ import annotations

import re

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OWL, SG, local_name

AMERICAN = re.compile(r"[a-z]{3,}(iz(ation|ations|ational|e|ed|ing)|ilization|tilization)(?![a-z])")
MODEL = load_model()


def test_no_name_in_use_has_the_other_spelling() -> None:
    former = {fact.subject for fact in MODEL.triples if fact.predicate == OWL.deprecated}
    names = {fact.subject for fact in MODEL.triples if fact.subject.startswith(SG)} - former
    assert [local_name(name) for name in sorted(names) if AMERICAN.search(local_name(name))] == []
