"""What settles an unknown verdict: the inventory that it offers, filled in and loaded, takes its reasons away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import date

import pytest
import yaml

from stratagraph.loaders.inventory import MalformedInventory, read_inventory
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.report import to_state
from stratagraph.queries.audit.snippets import snippet
from stratagraph.queries.audit.verdicts import Verdict
from stratagraph.queries.messages import LANGUAGES
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.rule import Applicability
from tests.queries.audit.verdict_cases import ABROAD, ACT, BASE, LGPD, NOW, POLICY, RULES, TODAY
from tests.queries.audit.verdict_cases import facts as stated
from tests.shapes.rules.estate import Estate
from tests.shapes.rules.fixtures import day_of, facts_of

TELEMETRY = "POL-SLO-01"
"""The rule whose evidence is observed: nobody can state it."""
LATER = "AIA-26-6"
"""The rule that is not in force yet."""
ANSWERS = {
    "personalData": "true",
    "legalBasis": "LgpdContract",
    "processingPurpose": "support",
    "sendsPersonalDataTo": "{kind: Provider, name: abroad}",
    "country": "US",
    "transferMechanism": "TransferStandardClauses",
    "mechanismApproval": "resolution 1",
    "signedAt": "2026-01-31",
    "clausesUnmodified": "true",
    "actsAs": "ControllerRole",
    "officerAppointed": "true",
    "officerContact": "dpo@example.org",
    "officerContactPublished": "true",
    "implementationStatus": "Implemented",
    "screeningResult": "NothingFound",
    "assessedAt": "2026-11-20",
    "riskClass": "HighRiskAnnexIII",
    "logsHeldByDeployer": "true",
    "logRetentionDays": "200",
    "interactsWithPeople": "true",
    "firstTurnDisclosure": "true",
    "sampledConversations": "200",
    "disclosedShare": "1",
    "autonomy": "high",
    "humanEscalation": "true",
    "autonomyLimit": "no refunds",
    "escalatesTo": "{kind: Team, name: duty}",
    "latencySloMs": "800",
    "frameworkCode": "LGPD",
    "policyKind": "InternalDataPolicy",
    "notGovernedReason": "made-up data",
    "exceptionFor": "LiveIdentificationPractice",
}
"""What a person would write where a snippet leaves a value open, by property; every open value is among them."""
ROLES = {"AIA-26-6": "DeployerRole", "AIA-50-1": "ProviderRole"}
OPEN = re.compile(r"^(?P<head>[- ]*(?P<property>\w+):)  # .*$")
NAME = re.compile(r"name: \}  # .*$|name:  # .*$")


def filled(text: str, rule: str) -> str:
    """Write a value wherever one is open."""
    answers = ANSWERS | ({"actsAs": ROLES[rule]} if rule in ROLES else {})
    answers |= {"frameworkCode": "EU AI Act"} if rule.startswith("AIA") else {}
    answers |= {"policyKind": "AgentAutonomyPolicy"} if rule == "POL-AGENT-01" else {}
    lines = []
    for line in text.splitlines():
        if NAME.search(line):
            lines.append(NAME.sub(lambda found: "name: found" + ("}" if "}" in found[0] else ""), line))
        elif match := OPEN.match(line):
            lines.append(f"{match['head']} {answers[match['property']]}")
        else:
            lines.append(line)
    team = "- {kind: Team, name: duty}\n" if "name: duty" in "".join(lines) else ""
    return "\n".join(lines) + "\n" + team


def loaded(text: str) -> list[Fact]:
    return list(read_inventory(text.encode(), "snippet.yaml", model=load_model(), base=ASSET_BASE).facts)


def verdict_of(rule: str, facts: Iterable[Fact], on: date = TODAY) -> Verdict:
    audit = evaluate(Estate(facts), load_model(), [RULES[rule]], on=on, now=NOW)
    return next(v for v in audit.verdicts if v.target in {f"{BASE}t", f"{BASE}target"})


def open_reasons(verdict: Verdict) -> set[str]:
    """Return the reasons for which a verdict is unknown."""
    codes = {code for code, reason in verdict.rule.reasons.items() if reason.scope is Applicability.APPLIES}
    return {reason.text.text("en") for reason in verdict.reasons if reason.code not in {*codes, "evidence-expired"}}


def settled(rule: str, facts: list[Fact], on: date = TODAY) -> tuple[list[Fact], Verdict]:
    """Follow a finding once, and see that every reason of it is gone."""
    before = verdict_of(rule, facts, on)
    text = snippet(before.needs, load_model(), "en")
    assert text, before.reasons
    grown = [*facts, *loaded(filled(text, rule))]
    after = verdict_of(rule, grown, on)
    if after.outcome is Outcome.UNKNOWN:
        assert not open_reasons(before) & open_reasons(after), text
    return grown, after


CLASSES = {"LGPD-41": "sg:Organisation", "POL-AGENT-01": "sg:Agent"}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_from_nothing_to_a_verdict_by_what_each_finding_offers(rule: str) -> None:
    facts = stated(f':t a {CLASSES.get(rule, "sg:LLMSystem")} ; sg:name "t" . {ABROAD}')
    rounds, on = 0, day_of(rule, "unknown") if rule == LATER else TODAY
    verdict = verdict_of(rule, facts, on)
    assert verdict.outcome is Outcome.UNKNOWN
    while verdict.outcome is Outcome.UNKNOWN and verdict.needs:
        facts, verdict = settled(rule, facts, on)
        rounds += 1
        assert rounds < 8
    assert verdict.outcome is (Outcome.UNKNOWN if rule == TELEMETRY else Outcome.PASS), verdict.reasons


@pytest.mark.parametrize("rule", sorted(set(RULES) - {TELEMETRY}))
def test_what_the_unknown_fixture_of_a_rule_lacks_is_settled(rule: str) -> None:
    _, verdict = settled(rule, facts_of(rule, "unknown"), day_of(rule, "unknown"))
    assert verdict.outcome is not Outcome.UNKNOWN, verdict.reasons


SYSTEM = ':t a sg:LLMSystem ; sg:name "t" ; sg:personalData true '
GOVERNANCE = [
    ("LGPD-07", SYSTEM + ". ", "no-rules"),
    ("LGPD-07", SYSTEM + "; sg:governedBy :act . " + ACT, "not-stated"),
    ("LGPD-07", SYSTEM + '; sg:governedBy :odd . :odd a sg:Law ; sg:name "odd" . ', "law-unrecognised"),
    ("LGPD-07", SYSTEM + "; sg:governedBy :gone . ", "governor-gone"),
    ("LGPD-07", SYSTEM + "; sg:notGovernedBy :lgpd . " + LGPD, "decision-without-reason"),
    ("POL-LOG-01", SYSTEM + "; sg:governedBy :policy . " + POLICY, "policy-unrecognised"),
]


@pytest.mark.parametrize(("rule", "estate", "code"), GOVERNANCE, ids=[case[2] for case in GOVERNANCE])
def test_who_governs_is_settled(rule: str, estate: str, code: str) -> None:
    assert code in {reason.code for reason in verdict_of(rule, stated(estate)).reasons}
    _, verdict = settled(rule, stated(estate))
    assert code not in {reason.code for reason in verdict.reasons}


PLACELESS = SYSTEM + "; sg:governedBy :lgpd ; sg:usesModel :m . " + LGPD + ':m a sg:BaseModel ; sg:name "m" '
PROVIDERS = ':p a sg:Provider ; sg:name "p" . :q a sg:ModelServer ; sg:name "q" .'


@pytest.mark.parametrize(
    "model", [".", "; sg:providedBy :p . " + PROVIDERS, "; sg:providedBy :p ; sg:implementedIn :q . " + PROVIDERS]
)
@pytest.mark.parametrize(("country", "right"), [("BR", "not_applicable"), ("US", "unknown")])
def test_the_country_that_is_asked_for_is_that_of_whoever_gets_the_data(
    monkeypatch: pytest.MonkeyPatch, model: str, country: str, right: str
) -> None:
    monkeypatch.setitem(ANSWERS, "country", country)
    _, verdict = settled("LGPD-33", stated(PLACELESS + model))
    assert verdict.outcome.value == right, verdict.reasons
    assert "leaves-brazil" in {reason.code for reason in verdict.reasons} or country == "BR"


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("rule", sorted(set(RULES) - {TELEMETRY}))
def test_a_value_that_was_left_open_is_asked_for_and_never_taken(rule: str, tag: str) -> None:
    verdict = verdict_of(rule, facts_of(rule, "unknown"), day_of(rule, "unknown"))
    text = snippet(verdict.needs, load_model(), tag)
    assert isinstance(yaml.safe_load(text)["assets"], list)
    open_ones = [line for line in text.splitlines()[1:] if "  # " in line]
    if open_ones:
        with pytest.raises(MalformedInventory):
            loaded(text)
    else:
        assert loaded(text)


def test_an_odd_name_stays_one_value() -> None:
    odd = 'a: "b" # {c} \\ ção'
    name = json.dumps(odd, ensure_ascii=False)
    facts = stated(f":t a sg:LLMSystem ; sg:personalData true ; sg:name {name} ; sg:governedBy :lgpd . {LGPD}")
    grown, verdict = settled("LGPD-46", facts)
    assert verdict.name == odd
    assert {f.object for f in grown if f.subject == f"{BASE}t" and f.predicate.endswith("#name")} == {Literal(odd)}


def test_facts_are_told_with_class_property_and_choices() -> None:
    verdict = verdict_of("LGPD-46", facts_of("LGPD-46", "unknown"))
    told = to_state(verdict, load_model())
    assert told is not None
    assert [(fact["class"], fact["property"], fact["value"]) for fact in told["facts"]] == [
        ("sg:LLMSystem", "sg:hasControl", None),
        ("sg:Control", "sg:controlKind", "sg:LogProtection"),
        ("sg:Control", "sg:implementationStatus", None),
    ]
    assert "sg:Implemented" in told["facts"][2]["choices"]
    assert to_state(verdict_of("LGPD-46", facts_of("LGPD-46", "pass")), load_model()) is None


def test_every_reason_that_leaves_a_rule_open_says_what_settles_it() -> None:
    for rule in RULES.values():
        for code, reason in rule.reasons.items():
            assert (reason.wanted is not None) == (reason.scope is Applicability.UNDETERMINED), (rule.id, code)


def test_the_codes_that_a_law_may_have_are_listed() -> None:
    verdict = verdict_of("LGPD-07", stated(SYSTEM + '; sg:governedBy :odd . :odd a sg:Law ; sg:name "odd" .'))
    told = to_state(verdict, load_model())
    assert told is not None
    (fact,) = told["facts"]
    assert {"LGPD", "GDPR", "EU AI Act"} <= set(fact["choices"])
    assert "ServiceLevelPolicy" not in fact["choices"]
    assert all(", LGPD, " in text for text in told["yaml"].values())
