from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.identity import (
    KeyMissing,
    NoIdentity,
    influence_iri,
    mint,
    observation_iri,
    shared_influence_iri,
    statement_iri,
)
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, SG

MODEL = load_model()
SYSTEM_KEY = (SG.name, SG.serviceNamespace, SG.environment)
keys = st.tuples(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), *[st.text(max_size=4)] * 2)


def system(key: tuple[str, ...]) -> str:
    return mint(MODEL, SG.LLMSystem, dict(zip(SYSTEM_KEY, key, strict=True)))


@given(keys, keys)
def test_two_keys_share_an_iri_only_if_they_are_equal_after_normalisation(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    alike = [unicodedata.normalize("NFC", part) for part in one] == [
        unicodedata.normalize("NFC", part) for part in other
    ]
    assert (system(one) == system(other)) == alike


@given(st.text(min_size=1))
def test_a_name_written_in_two_normal_forms_is_one_asset(name: str) -> None:
    decomposed = unicodedata.normalize("NFD", name)
    assume(decomposed != name)
    assert mint(MODEL, SG.Prompt, {SG.name: decomposed}) == mint(MODEL, SG.Prompt, {SG.name: name})


def test_an_asset_keeps_its_iri_when_its_class_is_known_better() -> None:
    key = {SG.name: "triage"}
    assert mint(MODEL, SG.Agent, key) == mint(MODEL, SG.SupervisorAgent, key) == f"{ASSET_BASE}Agent/triage"


def test_empty_parts_are_dropped_at_the_end_only() -> None:
    assert system(("shop", "", "")) == f"{ASSET_BASE}LLMSystem/shop"
    assert system(("shop", "", "production")) == f"{ASSET_BASE}LLMSystem/shop//production"


def test_the_base_is_the_organisations_own() -> None:
    iri = mint(MODEL, SG.Tool, {SG.name: "a/b"}, base="https://graph.example/")
    assert iri == "https://graph.example/Tool/a%2Fb"


@pytest.mark.parametrize("cls", [SG.Statement, SG.NoSuchClass, SG.Asset])
def test_a_class_without_a_key_has_no_individuals_to_name(cls: str) -> None:
    with pytest.raises(NoIdentity):
        mint(MODEL, cls, {SG.name: "x"})


@pytest.mark.parametrize("key", [{}, {SG.name: ""}, {SG.serviceName: "billing"}])
def test_an_asset_without_a_name_is_refused(key: dict[str, str]) -> None:
    with pytest.raises(KeyMissing, match="sg:name"):
        mint(MODEL, SG.Agent, key)


def test_nodes_about_facts_differ_with_each_part_and_are_stable() -> None:
    facts = [
        Fact("urn:s", "urn:p", "urn:o"),
        Fact("urn:s", "urn:p", Literal("urn:o")),
        Fact("urn:s", "urn:p", Literal("urn:o", language="en")),
        Fact("urn:s", "urn:o", "urn:p"),
    ]
    assert len({statement_iri(fact) for fact in facts}) == len(facts)
    assert statement_iri(facts[0]) == statement_iri(Fact("urn:s", "urn:p", "urn:o"))
    assert influence_iri("urn:a", "urn:b") != influence_iri("urn:b", "urn:a")
    said, turned = [("urn:a", "1"), ("urn:b", "2")], [("urn:a", "2"), ("urn:b", "1")]
    assert shared_influence_iri(said) == shared_influence_iri(said[::-1])
    assert shared_influence_iri(said) != shared_influence_iri(turned)
    assert observation_iri("urn:a", SG.callCost) != observation_iri("urn:a", SG.calls)
