"""What binds a target: recognised laws, stated decisions, and nothing that follows from silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import RDF, SG, XSD
from tests.queries.audit.verdict_cases import (
    ABROAD,
    ACT,
    BASE,
    FIRST_EIGHT,
    LATER_TWO,
    LGPD,
    PERSONAL,
    POLICY,
    RULES,
    facts,
    judge,
    outcome,
    record,
    screening,
)

SYSTEM = ':t a sg:LLMSystem ; sg:name "t" ; sg:personalData true . '
OUT = ":t sg:notGovernedBy :lgpd . "
WHY = ':t sg:notGovernedReason "processed abroad, for people abroad" . '
LIKELY = (
    "LGPD",
    "lgpd",
    "Lgpd",
    "L.G.P.D.",
    "LGPD_BR",
    "LGPD (Brasil)",
    "Lei Geral de Proteção de Dados",
    "lei geral de protecao de dados pessoais",
    "Lei 13.709/2018",
)


@pytest.mark.parametrize("name", LIKELY)
@pytest.mark.parametrize("property_", ["sg:frameworkCode", "sg:name", "rdfs:label"])
def test_a_law_is_known_by_code_name_or_label_in_any_spelling(name: str, property_: str) -> None:
    law = f':lgpd a sg:Law ; sg:name "law" ; {property_} "{name}" . '
    verdict = judge("LGPD-07", law + PERSONAL)
    assert verdict is not None
    assert verdict.outcome.value == "unknown"
    assert verdict.reasons[-1].code == "personal-data"


@pytest.mark.parametrize(
    ("law", "code", "words"),
    [
        (':lgpd a sg:Law ; sg:name "privacy-law" .', "law-unrecognised", ["privacy-law", "LGPD"]),
        (
            ':lgpd a sg:Law ; sg:name "privacy-law" ; sg:frameworkCode "LGDP" .',
            "law-unrecognised",
            ["nearest code is LGPD"],
        ),
        (':lgpd a sg:Standard ; sg:name "house standard" .', "law-unrecognised", ["house standard"]),
        ("", "governor-gone", ["lgpd", "“LGPD”"]),
        (':lgpd a sg:Law ; sg:name "GDPR" .', "not-stated", ["GDPR", "“LGPD”"]),
        (':lgpd a sg:InternalPolicy ; sg:name "LGPD policy" .', "not-stated", ["LGPD policy"]),
        (':lgpd a sg:InternalPolicy ; sg:name "LGPD" .', "not-stated", ["LGPD"]),
        (':lgpd a sg:Law ; sg:name "LGPD" . :gdpr a sg:Law ; sg:name "GDPR" . :t sg:governedBy :gdpr .', "", []),
    ],
)
def test_what_is_not_recognised_leaves_the_question_open(law: str, code: str, words: list[str]) -> None:
    """A law without a code, with a mistyped one, withdrawn by its owner, or another one altogether."""
    verdict = judge("LGPD-07", law + PERSONAL)
    assert verdict is not None
    assert verdict.outcome.value == "unknown"
    if code:
        assert verdict.reasons[0].code == code
    for language in ("en", "pt-br"):
        assert all(word in verdict.reasons[0].text.text(language) for word in words if "nearest" not in word)
    assert all(word in verdict.reasons[0].text.text("en") for word in words)


def test_the_law_that_was_not_recognised_is_shown_as_evidence() -> None:
    verdict = judge("LGPD-07", ':lgpd a sg:Law ; sg:name "privacy-law" . ' + PERSONAL)
    assert verdict is not None
    shown = {evidence.fact for evidence in verdict.evidence}
    assert Fact(BASE + "t", SG.governedBy, BASE + "lgpd") in shown
    assert Fact(BASE + "lgpd", SG.name, Literal("privacy-law", XSD.string)) in shown


@pytest.mark.parametrize(
    ("estate", "right", "code"),
    [
        (SYSTEM + OUT + WHY, "not_applicable", "not-governed"),
        (SYSTEM + OUT, "unknown", "decision-without-reason"),
        (SYSTEM + OUT + ':t sg:notGovernedReason "  " .', "unknown", "decision-without-reason"),
        (SYSTEM + WHY, "unknown", "no-rules"),
        (SYSTEM + OUT + WHY + ":t sg:governedBy :lgpd .", "unknown", "decision-contradicted"),
        (
            SYSTEM + OUT + WHY + ":t sg:partOf :o ; sg:governedBy :lgpd . :o sg:governedBy :lgpd .",
            "unknown",
            "decision-contradicted",
        ),
        (
            SYSTEM + ':t sg:partOf :o . :o sg:notGovernedBy :lgpd ; sg:notGovernedReason "abroad" .',
            "not_applicable",
            "not-governed",
        ),
        (
            SYSTEM
            + ':t sg:partOf :o ; sg:governedBy :lgpd . :o sg:notGovernedBy :lgpd ; sg:notGovernedReason "abroad" .',
            "unknown",
            "evidence-missing",
        ),
        (
            SYSTEM + ':gdpr a sg:Law ; sg:name "GDPR" . :t sg:notGovernedBy :gdpr ; sg:notGovernedReason "x" .',
            "unknown",
            "no-rules",
        ),
    ],
)
def test_only_a_stated_decision_with_its_reason_takes_a_target_out(estate: str, right: str, code: str) -> None:
    verdict = judge("LGPD-07", LGPD + ':o a sg:LLMSystem ; sg:name "o" . ' + estate)
    assert verdict is not None
    assert verdict.outcome.value == right
    assert verdict.reasons[0].code == code


def test_a_decision_on_a_part_goes_before_what_it_inherits() -> None:
    estate = LGPD + SYSTEM + OUT + WHY + ':t sg:partOf :o . :o a sg:LLMSystem ; sg:name "o" ; sg:governedBy :lgpd .'
    verdict = judge("LGPD-07", estate, inferred=":t sg:governedBy :lgpd .")
    assert verdict is not None
    assert verdict.reasons[0].code == "not-governed"


def test_the_reason_of_a_decision_is_told() -> None:
    verdict = judge("LGPD-07", LGPD + SYSTEM + OUT + WHY)
    assert verdict is not None
    assert "processed abroad" in verdict.reasons[0].text.text("en")
    assert "processed abroad" in verdict.reasons[0].text.text("pt-br")


@pytest.mark.parametrize(
    ("policy", "right"),
    [
        ('sg:name "P-1" ; sg:policyKind sg:InternalDataPolicy', "evidence-missing"),
        ('sg:name "Política Interna de Dados v2"', "evidence-missing"),
        ('sg:name "P-2" ; rdfs:label "Data policy"@en', "evidence-missing"),
        ('sg:name "P-3"', "policy-unrecognised"),
        ('sg:name "P-4" ; sg:policyKind sg:AgentAutonomyPolicy', "not-stated"),
    ],
)
def test_rules_of_internal_policies_ask_for_a_kind_not_for_a_name(policy: str, right: str) -> None:
    verdict = judge(
        "POL-LOG-01", f':p a sg:InternalPolicy ; {policy} . :t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :p .'
    )
    assert verdict is not None
    assert verdict.outcome.value == "unknown"
    assert verdict.reasons[0].code == right


# ---- Properties over estates

LAX = {"pass", "not_applicable"}
RICH = (
    LGPD
    + ACT
    + ABROAD
    + """
    :t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :lgpd , :act , :data ; sg:personalData true ;
        sg:latencySloMs 100.0 ; sg:interactsWithPeople true ;
        sg:actsAs sg:ProviderRole ; sg:riskClass sg:HighRiskAnnexIII ;
        sg:usesModel :m ; sg:logsHeldByDeployer true ; sg:logRetentionDays 10 ; sg:hasProcessingRecord :p .
    :data a sg:InternalPolicy ; sg:name "data" ; sg:policyKind sg:InternalDataPolicy .
    :p a sg:ProcessingRecord ; sg:name "p" ; sg:processingPurpose "support" ; sg:legalBasis sg:LgpdConsent .
    :m a sg:BaseModel ; sg:name "m" ; sg:providedBy :abroad .
    :abroad sg:coveredByTransfer :r .
    """
    + record("r", "sg:transferMechanism sg:TransferContract")
    + screening("s", "2026-11-01", f"{FIRST_EIGHT} , {LATER_TWO}", "NothingFound")
)
FAULTS = (
    "",
    ":p sg:legalBasis sg:NoLegalBasis .",
    ":r sg:transferMechanism sg:NoTransferMechanism .",
    ":s sg:screeningResult sg:PracticeFound .",
    ':p sg:effectiveFrom "20260-01-01T00:00:00Z"^^xsd:dateTime .',
    ":t sg:hasControl :c . :c sg:controlKind sg:AccessControl ; sg:implementationStatus sg:NotImplemented .",
)
ADVERSE = {SG.NoLegalBasis, SG.NoTransferMechanism, SG.PracticeFound, SG.NotImplemented}
"""The values that are the finding itself: whoever takes them away takes the finding away."""


def _removable(estate: list[Fact]) -> list[Fact]:
    """Leave the types, which make targets, and what a finding or an unreadable date consists of."""
    carriers = {fact.subject for fact in estate if fact.object in ADVERSE or fact.predicate == SG.effectiveFrom}
    return [
        fact
        for fact in estate
        if fact.predicate != RDF.type and not {fact.subject, fact.object} & (carriers - {BASE + "t"})
    ]


@given(st.sampled_from(sorted(RULES)), st.sampled_from(FAULTS), st.data())
@settings(max_examples=150, deadline=None)
def test_taking_facts_away_never_makes_a_verdict_lax(rule: str, fault: str, data: st.DataObject) -> None:
    estate = facts(RICH + fault)
    before = outcome(rule, estate)
    gone = data.draw(st.sets(st.sampled_from(_removable(estate)), max_size=6))
    after = outcome(rule, [fact for fact in estate if fact not in gone])
    assert before in LAX or after not in LAX, (before, after, gone)


@given(st.sampled_from(sorted(RULES)), st.sampled_from(FAULTS), st.data())
@settings(max_examples=100, deadline=None)
def test_an_unrelated_policy_never_makes_a_verdict_lax(rule: str, fault: str, data: st.DataObject) -> None:
    estate = facts(RICH + fault)
    kept = [fact for fact in estate if fact.predicate == RDF.type or data.draw(st.booleans())]
    cls = data.draw(st.sampled_from(["InternalPolicy", "Law", "Control", "Standard"]))
    name = data.draw(st.sampled_from(["house rules", "GDPR", "ISO/IEC 42001", "x"]))
    more = facts(f':t sg:governedBy :more . :more a sg:{cls} ; sg:name "{name}" .')
    before, after = outcome(rule, kept), outcome(rule, [*kept, *more])
    assert before == after


@given(st.sampled_from(sorted(RULES)), st.data())
@settings(max_examples=60, deadline=None)
def test_a_bare_system_is_never_judged_by_silence(rule: str, data: st.DataObject) -> None:
    """Whatever laws stand beside it, a target of which nothing is stated gets unknown, or nothing that binds yet."""
    lonely = list(_laws(data.draw(st.sets(st.sampled_from(["LGPD", "EU AI Act", "GDPR", "odd"])))))
    verdict = judge(rule, facts(':t a sg:LLMSystem , sg:Agent , sg:Organisation ; sg:name "t" . ' + POLICY) + lonely)
    assert verdict is not None
    assert verdict.outcome.value == "unknown" or verdict.reasons[0].code == "not-yet-in-force"


def _laws(names: set[str]) -> Iterator[Fact]:
    for name in sorted(names):
        iri = BASE + name.replace(" ", "-")
        yield Fact(iri, RDF.type, SG.Law)
        yield Fact(iri, SG.name, Literal(name, XSD.string))
