"""No two attributes, in whatever language, share a property key."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import DCT, OWL, PROV, RDF, RDFS, SG, SKOS
from stratagraph.service.neo4j.mapping.graph_names import WRITTEN, Names
from stratagraph.service.neo4j.mapping.identifiers import IDENTIFIER

MY = "https://example.org/onto#"
LANGUAGES = ["", "en", "pt-BR", "en-GB", "gb", "written"]
CORE = load_model()


def names(*local: str) -> Names:
    """The names of the core and of attributes that a module declares and its data use."""
    declared = [Fact(MY + name, RDF.type, OWL.DatatypeProperty) for name in local]
    used = [Fact(MY + "thing", MY + name, MY + "thing") for name in local]
    return Names(replace(CORE, stated=CORE.stated.extended({"module": (*declared, *used)})))


def keys(of: Names, attributes: list[Iri]) -> dict[tuple[Iri, str], str]:
    return {pair: of.key(*pair) for pair in itertools.product(attributes, LANGUAGES)}


@pytest.mark.parametrize(
    "local",
    [
        ("summary", "summary_en"),
        ("summary", "summary_en", "summary_en_gb"),
        ("summary", "summary_pt_br"),
        ("label_en",),
        ("label_pt_br", "comment_en"),
        ("name_en",),
        ("cost", f"cost{WRITTEN}", "cost__in_en"),
        ("summary_", "summary"),
        ("a@en", "a", "a_en"),
        ("dct", "dct_source", "skos", "skos_example"),
    ],
)
def test_a_language_in_a_name_takes_no_others_place(local: tuple[str, ...]) -> None:
    found = keys(names(*local), [RDFS.label, RDFS.comment, SG.name, *(MY + name for name in local)])
    held = [other for key in found.values() for other in (key, key + WRITTEN)]
    assert len(set(held)) == len(held)


def test_usual_names_stay_as_they_are() -> None:
    usual = names()
    assert (usual.key(RDFS.label, "en"), usual.key(RDFS.label, "pt-BR")) == ("label_en", "label_pt_br")
    clashing = names("summary", "summary_en")
    assert clashing.key(MY + "summary_en") == "summary_en"
    assert clashing.key(MY + "summary", "en") == "summary__in_en"
    assert clashing.key(MY + "summary", "pt") == "summary_pt"


@settings(max_examples=25, deadline=None)
@given(st.sets(st.text(alphabet="ab_", min_size=1, max_size=5), max_size=6))
def test_keys_are_as_many_as_attributes_and_languages(local: set[str]) -> None:
    found = keys(names(*sorted(local)), [MY + name for name in local])
    assert len(set(found.values())) == len(found)


def test_every_name_is_an_identifier() -> None:
    odd = ["a b", "1a", "é", "a-b", "", "x" * 300, "a__b", "_"]
    of = names(*odd)
    terms = [MY + name for name in odd] + ["http://x/y#" + name for name in odd] + [DCT + name for name in odd]
    for term in terms:
        for name in (of.key(term), of.key(term, "pt-BR"), of.label(term), of.type(term)):
            assert IDENTIFIER.fullmatch(name)
    for spelled in (of.key, of.label, of.type):
        assert len(set(map(spelled, terms))) == len(set(terms))


def test_a_foreign_term_goes_by_its_prefix() -> None:
    usual = names()
    assert usual.key(DCT.source) == "dct_source"
    assert usual.key(SKOS.example, "en") == "skos_example_en"
    assert usual.type(DCT.isPartOf) == "DCT_IS_PART_OF"
    assert usual.label(PROV.Plan) == "prov_Plan"


def test_what_may_hold_several_values_is_a_list() -> None:
    usual = names("summary")
    single = [SG.name, SG.latencySloMs, SG.severity, RDFS.label, SKOS.definition, SG.ruleSeverity]
    several = [
        SG.seenAs,
        SG.dutyRole,
        SG.statedInList,
        SG.conditionValue,
        SKOS.altLabel,
        MY + "summary",
        MY + "unknown",
    ]
    assert [usual.is_list(each) for each in (*single, *several)] == [False] * len(single) + [True] * len(several)


def test_each_manner_has_its_type() -> None:
    affects = names().affects
    assert affects.keys() == CORE.manners.keys()
    verbs = {SG.EffectMode: "AFFECTS", SG.RequirementMode: "REQUIRES", SG.LoadMode: "LOADS"}
    for manner, info in CORE.manners.items():
        assert affects[manner] == f"{verbs[info.mode]}_{CORE.aspects[info.aspect].notation.upper()}"


def test_attributes_that_nobody_declares_keep_apart_too() -> None:
    found = keys(names(), [MY + "summary", MY + "summary_en", MY + "summary_en_gb"])
    assert len(set(found.values())) == len(found)


def test_the_model_is_enough_to_know_the_names() -> None:
    """The order in which data come must not matter: a database outlives the process that named its keys."""
    one, other = names("summary", "summary_en"), names("summary_en", "summary")
    attributes = [MY + "summary", MY + "summary_en"]
    assert keys(one, attributes) == dict(reversed(keys(other, attributes[::-1]).items()))
