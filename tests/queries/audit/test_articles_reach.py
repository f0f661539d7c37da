"""An article reaches an organisation through its law, however the law is spelt: the query agrees with the audit."""

from __future__ import annotations

from functools import cache

import pytest

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.namespaces import RDFS, SG
from stratagraph.queries.competency import FOLDER, read_question
from tests.core import MODEL
from tests.queries.plain import PlainStore, described, iri

QUESTION = read_question(FOLDER / "77-articles-that-reach-an-organisation.rq")
SPELLINGS = [
    "GDPR",
    "gdpr",
    "Gdpr ",
    "g.d.p.r.",
    "EU-GDPR",
    "GDPR 2018",
    "gdpr_v2",
    "RGPD",
    "rgpd_ue",
    "Regulation (EU) 2016/679",
    "General Data Protection Regulation",
    "REGULAMENTO GERAL SOBRE A PROTECAO DE DADOS",
    "Regulamento Geral sobre a Proteção de Dados",
    "LGPD",
    "EU AI Act",
    "GDP",
    "data protection",
    "2018",
]


@cache
def reference() -> tuple[Fact, ...]:
    """Return what the ontology says of the framework and of its article."""
    return tuple(fact for fact in MODEL.triples if fact.subject in {SG.FrameworkGDPR, SG.term("GDPR-33")})


def reached(law: list[Fact]) -> bool:
    """Whether the query finds an organisation that a law governs."""
    facts = [*reference(), *described("org", SG.Organisation), Fact(iri("org"), SG.governedBy, iri("law")), *law]
    return [row["organization"] for row in PlainStore(MODEL, facts).select(QUESTION.query)] == [iri("org")]


@pytest.mark.parametrize("spelt", SPELLINGS)
@pytest.mark.parametrize("predicate", [SG.frameworkCode, RDFS.label], ids=["code", "label"])
def test_the_query_knows_a_law_where_the_audit_does(spelt: str, predicate: str) -> None:
    known = bindings(MODEL).recognise([spelt], []) == {SG.FrameworkGDPR}
    assert reached([*described("law", SG.Law), Fact(iri("law"), predicate, Literal(spelt))]) is known


def test_some_spellings_are_known_and_some_are_not() -> None:
    known = [bindings(MODEL).recognise([spelt], []) == {SG.FrameworkGDPR} for spelt in SPELLINGS]
    assert known.count(True) == 13
