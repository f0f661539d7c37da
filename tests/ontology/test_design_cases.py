"""The design cases (document 002): reference knowledge, and three example estates that are complete and apart."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

import stratagraph.ontology
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, XSD
from stratagraph.ontology.syntax.parsing import parse_rdf
from tests.core import gate
from tests.ontology.reference import MODEL, instances, pointing, words

FOLDER = Path(stratagraph.ontology.__file__).parent / "estates"
CASES = {
    "case-support-chatbot.ttl": ("SupportChatbotCase", 3, 4, 3),
    "case-credit-risk.ttl": ("CreditRiskCase", 5, 5, 5),
    "case-financial-adviser.ttl": ("FinancialAdviserCase", 6, 6, 5),
}
SHARED = {f"{ASSET_BASE}Regulation/RGPD_UE", f"{ASSET_BASE}Regulation/AI_Act_UE"}


def estate(name: str) -> list[Fact]:
    return parse_rdf((FOLDER / name).read_bytes(), "turtle", ASSET_BASE, name)


def assets(facts: Iterable[Fact]) -> set[Iri]:
    return {fact.subject for fact in facts if fact.predicate == RDF.type}


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_the_challenges_solutions_and_results_of_its_section(name: str) -> None:
    case, *counts = CASES[name]
    assert [len(pointing(way, case)) for way in ("challengeOf", "solutionOf", "resultOf")] == counts


def test_only_the_first_case_reports_results_the_others_expect_them() -> None:
    reached = {one for one in instances("CaseResult") if words(one, "achieved") == {"true"}}
    assert reached == pointing("resultOf", "SupportChatbotCase")


@pytest.mark.parametrize("name", CASES)
def test_an_estate_passes_the_gate_and_is_documented_in_full(name: str) -> None:
    scope = Scope(name=name, complete=False, stated=tuple(estate(name)))
    report = gate().check(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)), lambda _: ())
    assert [finding.text() for finding in (*report.violations, *report.warnings)] == []


@pytest.mark.parametrize("name", CASES)
def test_an_estate_spans_every_level_and_names_its_case(name: str) -> None:
    facts = estate(name)
    classes = {str(fact.object) for fact in facts if fact.predicate == RDF.type}
    levels = {MODEL.level_of([cls]) for cls in classes}
    assert levels >= {level.iri for level in MODEL.levels}
    assert [fact.object for fact in facts if fact.predicate == SG.exampleOfCase] == [SG.term(CASES[name][0])]


@pytest.mark.parametrize("name", CASES)
def test_iris_are_minted_and_labels_stand_in_both_languages(name: str) -> None:
    facts = estate(name)
    for asset in assets(facts):
        said = {fact.predicate: fact.object for fact in facts if fact.subject == asset}
        tags = {getattr(f.object, "language", "") for f in facts if (f.subject, f.predicate) == (asset, RDFS.label)}
        own = said[SG.name]
        assert isinstance(own, Literal)
        assert mint(MODEL, str(said[RDF.type]), {SG.name: own.value}) == asset
        assert tags == {"en", "pt-br"}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_mentioned_that_is_not_described(name: str) -> None:
    facts = estate(name)
    ends = {end for fact in facts for end in (fact.subject, fact.object) if isinstance(end, str)}
    assert {end for end in ends if end.startswith(ASSET_BASE)} == assets(facts)


@pytest.mark.parametrize("name", CASES)
def test_every_risk_of_an_estate_is_lessened(name: str) -> None:
    facts = estate(name)
    risks = {asset for asset in assets(facts) if asset.startswith(f"{ASSET_BASE}Risk/")}
    assert risks
    assert risks == {fact.subject for fact in facts if fact.predicate == SG.mitigatedBy}


def test_the_estates_share_nothing_but_the_laws_and_no_name_or_label_is_given_twice() -> None:
    named: dict[str, set[Iri]] = {}
    owners: dict[Iri, set[str]] = {}
    for file in ("llmops.ttl", "compliance.ttl", *CASES):
        for fact in estate(file):
            if fact.predicate == RDF.type:
                owners.setdefault(fact.subject, set()).add("first" if file not in CASES else file)
            if fact.predicate in (SG.name, RDFS.label) and isinstance(fact.object, Literal) and file in CASES:
                named.setdefault(fact.object.value.casefold(), set()).add(fact.subject)
    assert {asset for asset, files in owners.items() if len(files) > 1} == SHARED
    assert {text: found for text, found in named.items() if len(found) > 1} == {}


LAWS = {"LGPD": "2020-09-18", "GDPR": "2018-05-25", "EU AI Act": "2024-08-01"}
"""The day on which each law entered into force."""


def test_a_law_is_one_asset_in_all_estates_and_in_force_since_its_day() -> None:
    stated = {fact for file in ("llmops.ttl", *CASES) for fact in estate(file)}
    codes = {fact.subject: fact.object for fact in stated if fact.predicate == SG.frameworkCode}
    laws = [fact.subject for fact in stated if fact.predicate == RDF.type and fact.object == SG.Law]
    since = {codes[f.subject]: f.object for f in stated if f.predicate == SG.inForceFrom}
    assert len(laws) == len({codes[law] for law in laws}) == len(LAWS)
    assert since == {Literal(code): Literal(f"{day}T00:00:00Z", XSD.dateTime) for code, day in LAWS.items()}


def test_no_estate_contradicts_another_about_a_law() -> None:
    stated = {fact for file in ("llmops.ttl", *CASES) for fact in estate(file) if fact.subject in SHARED}
    single = [
        (f.subject, f.predicate) for f in stated if getattr(MODEL.attributes.get(f.predicate), "single_valued", False)
    ]
    assert single
    assert sorted(single) == sorted(set(single))


def test_flow_and_requirements_are_there_in_order() -> None:
    numbers = sorted(int(words(stage, "stepNumber").pop()) for stage in instances("ApplicationStage"))
    assert numbers == [1, 2, 3, 4, 5, 6, 7]
    assert len(instances("SystemLayer")) == 4
    assert len(instances("DesignConcern")) == 5
    requirements = instances("NonFunctionalRequirement")
    assert len(requirements) == 5
    assert all(pointing("practiceOf", requirement) for requirement in requirements)


def said(name: str, predicate: Iri) -> set[Iri]:
    return {str(fact.object) for fact in estate(name) if fact.predicate == predicate}


def test_the_adviser_is_reached_through_the_channels_that_the_source_names() -> None:
    kinds = said("case-financial-adviser.ttl", SG.ofChannelKind)
    assert kinds == {SG.MobileChannel, SG.WebChannel, SG.TelephoneChannel}
    assert said("case-financial-adviser.ttl", SG.takesModality) == {SG.TextModality, SG.VoiceModality}
    assert len(said("case-financial-adviser.ttl", SG.reachedThrough)) == len(kinds)


def test_credit_is_judged_for_people_and_companies_by_data_that_are_told_apart() -> None:
    assert said("case-credit-risk.ttl", SG.audience) == {SG.NaturalPersonsAudience, SG.LegalPersonsAudience}
    assert {SG.ToneCategory, SG.SocialMediaCategory} <= said("case-credit-risk.ttl", SG.dataCategory)
