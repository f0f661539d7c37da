"""The evaluation: scope, time, coverage, exit status, and how many queries it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.queries.audit.compliance import UnknownFramework, evaluate
from stratagraph.queries.audit.verdicts import Audit, Origin
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.packs import load_rules
from tests.shapes.rules.estate import Estate
from tests.shapes.rules.fixtures import BASE, KINDS, NOW, RULES, TARGET, day_of, facts_of, verdict_on

TODAY = NOW.date()
SYSTEM = Fact(TARGET, RDF.type, SG.LLMSystem)


def _audit(facts: list[Fact], *, rules: tuple[str, ...] = tuple(RULES), on: date = TODAY) -> Audit:
    return evaluate(Estate(facts), load_model(), [RULES[rule] for rule in rules], on=on, now=NOW)


def test_a_rule_without_targets_is_reported_as_not_applicable() -> None:
    audit = _audit([])
    assert {verdict.outcome for verdict in audit.verdicts} == {Outcome.NOT_APPLICABLE}
    assert {verdict.reasons[0].code for verdict in audit.verdicts} == {"no-targets"}
    assert len(audit.verdicts) == len(RULES)


def test_a_system_that_nobody_documented_is_unknown_not_out_of_scope() -> None:
    """What telemetry found and nobody described must not hide behind not applicable."""
    verdict = verdict_on(RULES["LGPD-07"], [SYSTEM], NOW.date())
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.reasons[0].code == "no-rules"


@pytest.mark.parametrize(("kind", "code"), [("pass", 0), ("fail", 1), ("unknown", 1), ("not-applicable", 2)])
def test_the_exit_code_is_zero_only_when_something_was_judged_and_passes(kind: str, code: int) -> None:
    audit = _audit(facts_of("LGPD-07", kind), rules=("LGPD-07",))
    assert audit.exit_code == code


def test_an_audit_of_nothing_passes_only_where_that_is_said_to_be_all_right() -> None:
    audit = _audit([])
    assert (audit.empty, audit.exit_code) == (True, 2)
    assert replace(audit, allow_empty=True).exit_code == 0
    failing = _audit(facts_of("LGPD-07", "fail"), rules=("LGPD-07",))
    assert replace(failing, allow_empty=True).exit_code == 1


def test_an_unknown_framework_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(UnknownFramework, match=r"EU AI Act.*LGPD"):
        evaluate(Estate([]), load_model(), load_rules(), on=NOW.date(), framework="HIPAA", now=NOW)


@pytest.mark.parametrize("name", ["LGPD", "lgpd"])
def test_a_framework_is_found_by_either_of_its_names(name: str) -> None:
    audit = evaluate(Estate([]), load_model(), load_rules(), on=NOW.date(), framework=name, now=NOW)
    assert {rule.pack for rule in audit.rules} == {"lgpd"}


@pytest.mark.parametrize(("day", "outcome"), [(date(2028, 8, 1), "not_applicable"), (date(2028, 8, 2), "fail")])
def test_the_first_day_of_a_rule_depends_on_the_class_of_the_system(day: date, outcome: str) -> None:
    """Annex I products start eight months after Annex III systems."""
    verdict = verdict_on(RULES["AIA-26-6"], facts_of("AIA-26-6", "not-applicable"), day)
    assert verdict.outcome.value == outcome


@pytest.mark.parametrize(("day", "outcome"), [(date(2027, 5, 3), "pass"), (date(2027, 5, 4), "unknown")])
def test_evidence_that_is_too_old_counts_as_missing(day: date, outcome: str) -> None:
    """The screening of 2026-05-04 stays good for 365 days; a day is judged at its end."""
    verdict = verdict_on(RULES["AIA-05-1"], facts_of("AIA-05-1", "pass"), day)
    assert verdict.outcome.value == outcome
    assert ("evidence-expired" in [reason.code for reason in verdict.reasons]) == (outcome == "unknown")


def test_evidence_that_no_longer_counts_is_still_shown() -> None:
    verdict = verdict_on(RULES["AIA-05-1"], facts_of("AIA-05-1", "pass"), date(2027, 5, 4))
    screening = [evidence for evidence in verdict.evidence if evidence.fact.subject == BASE + "screening"]
    assert screening
    assert not any(evidence.counts for evidence in screening)


@pytest.mark.parametrize(
    ("predicate", "moment", "outcome"),
    [
        (SG.effectiveUntil, "2026-11-21T11:59:59Z", Outcome.UNKNOWN),
        (SG.effectiveUntil, "2026-11-21T12:00:01Z", Outcome.PASS),
        (SG.effectiveFrom, "2026-11-21T12:00:01Z", Outcome.UNKNOWN),
        (SG.effectiveFrom, "2026-11-21T11:59:59Z", Outcome.PASS),
    ],
)
def test_a_document_counts_within_its_validity_only(predicate: str, moment: str, outcome: Outcome) -> None:
    period = Fact(BASE + "record", predicate, Literal(moment, XSD.dateTime))
    assert verdict_on(RULES["LGPD-07"], [*facts_of("LGPD-07", "pass"), period], NOW.date()).outcome is outcome


def test_an_unknown_names_each_missing_piece() -> None:
    facts = [
        fact for fact in facts_of("LGPD-07", "pass") if fact.predicate not in {SG.legalBasis, SG.processingPurpose}
    ]
    verdict = verdict_on(RULES["LGPD-07"], facts, NOW.date())
    missing = [reason.text.text("en") for reason in verdict.reasons if reason.code == "evidence-missing"]
    assert len(missing) == 2


def test_too_few_calls_are_no_ground_for_a_failure() -> None:
    facts = [
        fact._replace(object=Literal("2", XSD.integer)) if fact.predicate == SG.term("count") else fact
        for fact in facts_of("POL-SLO-01", "fail")
    ]
    assert verdict_on(RULES["POL-SLO-01"], facts, NOW.date()).outcome is Outcome.UNKNOWN


def test_a_latency_in_milliseconds_is_compared_in_milliseconds() -> None:
    changed = {SG.unit: Literal("ms"), SG.p95: Literal("149.0", XSD.double)}
    facts = [f._replace(object=changed.get(f.predicate, f.object)) for f in facts_of("POL-SLO-01", "fail")]
    assert verdict_on(RULES["POL-SLO-01"], facts, NOW.date()).outcome is Outcome.PASS


def test_evidence_of_telemetry_is_marked_and_what_a_rule_computes_too() -> None:
    verdict = verdict_on(RULES["POL-SLO-01"], facts_of("POL-SLO-01", "pass"), NOW.date())
    origins = {evidence.fact.predicate: evidence.origin for evidence in verdict.evidence}
    assert origins[SG.p95] is Origin.OBSERVATION
    assert origins[SG.observationLimit] is Origin.COMPUTED
    assert origins[SG.latencySloMs] is Origin.STATED


def test_the_exporter_of_a_transfer_must_be_the_system_at_hand() -> None:
    """Another system's clauses do not cover this one."""
    facts = [
        fact._replace(object=BASE + "other") if fact.predicate == SG.exporter else fact
        for fact in facts_of("LGPD-33", "pass")
    ]
    assert verdict_on(RULES["LGPD-33"], facts, NOW.date()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("count", [1, 60])
def test_the_number_of_queries_does_not_grow_with_the_targets(count: int) -> None:
    base = facts_of("LGPD-07", "pass")
    facts = list(base)
    for number in range(count):
        facts += [f._replace(subject=f"{TARGET}{number}") for f in base if f.subject == TARGET]
    estate = Estate(facts)
    audit = evaluate(estate, load_model(), [RULES["LGPD-07"]], on=NOW.date(), now=NOW)
    assert {verdict.outcome for verdict in audit.verdicts} == {Outcome.PASS}
    assert len(audit.verdicts) == count + 1
    assert estate.queries == 8


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_part_of_a_passing_estate_gives_a_failure(data: st.DataObject) -> None:
    """Taking facts away makes verdicts less certain, never worse."""
    rule = data.draw(st.sampled_from(sorted(RULES)))
    facts = facts_of(rule, "pass")
    kept = [fact for fact in facts if fact == SYSTEM or fact.predicate == RDF.type or data.draw(st.booleans())]
    assert verdict_on(RULES[rule], kept, day_of(rule, "pass")).outcome is not Outcome.FAIL


@pytest.mark.parametrize("kind", KINDS)
def test_the_audit_is_the_same_whatever_the_order_of_facts(kind: str) -> None:
    facts = facts_of("LGPD-33", kind)
    assert _audit(facts).verdicts == _audit(facts[::-1]).verdicts


def test_a_moment_without_zone_is_read_as_utc() -> None:
    period = Fact(BASE + "record", SG.effectiveUntil, Literal("2026-11-21T11:00:00", XSD.dateTime))
    assert NOW.tzinfo is UTC
    assert verdict_on(RULES["LGPD-07"], [*facts_of("LGPD-07", "pass"), period], NOW.date()).outcome is Outcome.UNKNOWN


def test_the_time_of_the_assessment_is_the_one_given() -> None:
    assert _audit([]).time == datetime(2026, 11, 21, 12, tzinfo=UTC)
