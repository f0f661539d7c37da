"""Transfers of personal data abroad under LGPD article 33: mechanisms, records and who exports."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Literal, Method
from stratagraph.ontology.namespaces import XSD
from tests.queries.audit.verdict_cases import ABROAD, HOME, LGPD, PERSONAL, judge, outcome, record

CLAUSES = "sg:transferMechanism sg:TransferStandardClauses ; sg:clausesUnmodified true ; sg:signedAt "
SIGNED = CLAUSES + '"2026-03-01T00:00:00Z"^^xsd:dateTime'
TO_ABROAD = ":t sg:sendsPersonalDataTo :abroad . :abroad sg:coveredByTransfer :r . " + ABROAD


@pytest.mark.parametrize(
    ("mechanism", "approval", "right"),
    [
        ("TransferSpecificClauses", False, "unknown"),
        ("TransferSpecificClauses", True, "pass"),
        ("TransferCorporateRules", False, "unknown"),
        ("TransferCorporateRules", True, "pass"),
        ("TransferAuthorisation", True, "pass"),
        ("TransferAuthorisation", False, "unknown"),
        ("TransferSealsAndCodes", False, "pass"),
        ("TransferLegalCooperation", False, "pass"),
        ("TransferLifeProtection", False, "pass"),
        ("TransferCooperationAgreement", False, "pass"),
        ("TransferPublicPolicy", False, "pass"),
        ("TransferSpecificConsent", False, "pass"),
        ("TransferContract", False, "pass"),
        ("TransferStandardClauses", False, "unknown"),
        ("TransferAdequacy", False, "fail"),
        ("NoTransferMechanism", True, "fail"),
    ],
)
def test_every_mechanism_of_article_33_is_known(mechanism: str, approval: bool, right: str) -> None:
    rest = f"sg:transferMechanism sg:{mechanism}" + ('; sg:mechanismApproval "CD/ANPD 1/2026"' if approval else "")
    assert outcome("LGPD-33", LGPD + PERSONAL + TO_ABROAD + record("r", rest)) == right


@pytest.mark.parametrize(
    ("records", "right"),
    [
        ((SIGNED, "sg:transferMechanism sg:NoTransferMechanism"), "pass"),
        ((SIGNED, "sg:transferMechanism sg:TransferAdequacy"), "pass"),
        ((SIGNED, 'sg:effectiveUntil "2026-01-01T00:00:00Z"^^xsd:dateTime'), "pass"),
        (("sg:transferMechanism sg:NoTransferMechanism", "sg:version 'x'"), "unknown"),
        (("sg:transferMechanism sg:NoTransferMechanism", CLAUSES + '"2028-01-01T00:00:00Z"^^xsd:dateTime'), "unknown"),
        ((SIGNED.replace("true", "false"), "sg:transferMechanism sg:NoTransferMechanism"), "fail"),
        ((SIGNED + ' ; sg:effectiveUntil "2026-06-01T00:00:00Z"^^xsd:dateTime',), "unknown"),
    ],
)
def test_one_sound_and_complete_record_settles_a_recipient(records: tuple[str, ...], right: str) -> None:
    written = "".join(
        record(f"r{at}", rest) + f":abroad sg:coveredByTransfer :r{at} . " for at, rest in enumerate(records)
    )
    estate = LGPD + PERSONAL + ABROAD + ":t sg:sendsPersonalDataTo :abroad . " + written
    assert outcome("LGPD-33", estate) == right


@pytest.mark.parametrize(
    ("exporter", "also", "right"),
    [
        (":t", "", "pass"),
        (":a", "", "pass"),
        (":whole", "", "pass"),
        (":elsewhere", "", "unknown"),
        (":a", ":t sg:sendsPersonalDataTo :abroad .", "unknown"),
        (":a", ":b sg:sendsPersonalDataTo :abroad .", "unknown"),
        (":t", ":b sg:sendsPersonalDataTo :abroad .", "pass"),
        (":b", "", "unknown"),
    ],
)
def test_the_exporter_of_a_transfer_covers_who_sends(exporter: str, also: str, right: str) -> None:
    estate = (
        LGPD
        + PERSONAL
        + ABROAD
        + f"""
        :abroad sg:coveredByTransfer :r . :r a sg:TransferRecord ; sg:name "r" ; sg:exporter {exporter} ; {SIGNED} .
        :whole a sg:LLMSystem ; sg:name "whole" . :t sg:partOf :whole .
        :elsewhere a sg:LLMSystem ; sg:name "elsewhere" .
        :a a sg:Agent ; sg:name "a" ; sg:partOf :t ; sg:sendsPersonalDataTo :abroad .
        :b a sg:Agent ; sg:name "b" ; sg:partOf :t . {also}
    """
    )
    assert outcome("LGPD-33", estate) == right


@pytest.mark.parametrize(
    ("mechanism", "right"),
    [("NoTransferMechanism", "fail"), ("TransferContract", "unknown")],
)
def test_a_recipient_without_a_country_hides_no_failure_of_another(mechanism: str, right: str) -> None:
    placeless = (
        ':t sg:usesModel :m . :m a sg:BaseModel ; sg:name "m" ; sg:providedBy :p . :p a sg:Provider ; sg:name "p" . '
    )
    estate = LGPD + PERSONAL + TO_ABROAD + record("r", f"sg:transferMechanism sg:{mechanism}") + placeless
    verdict = judge("LGPD-33", estate)
    assert verdict is not None
    assert verdict.outcome.value == right
    assert verdict.reasons[-1].code == "leaves-brazil"


def test_one_name_for_a_country_in_small_letters_is_read_as_the_country() -> None:
    """Ledgers from before the gate asked for capitals hold such codes."""
    home = ':t sg:sendsPersonalDataTo :home . :home a sg:Infrastructure ; sg:name "home" ; sg:country "br" . '
    assert outcome("LGPD-33", LGPD + PERSONAL + home) == "not_applicable"


MODEL = ':m a sg:BaseModel ; sg:name "m" . :n a sg:BaseModel ; sg:name "n" . '
INDEX = ':i a sg:VectorIndex ; sg:name "i" ; sg:implementedIn :home . :t sg:retrievesFrom :i . '
ENGINE = ':t sg:usesModel :m . :m sg:providedBy :abroad ; sg:implementedIn :v . :v a sg:ModelServer ; sg:name "vllm" . '
AGENTS = ':a a sg:Agent ; sg:name "a" ; sg:partOf :t . :b a sg:Agent ; sg:name "b" . '


@pytest.mark.parametrize(
    ("estate", "reason"),
    [
        ("", "stays-in-brazil"),
        # Encoders of indices take the texts that are indexed and searched.
        (INDEX, "stays-in-brazil"),
        (INDEX + ":i sg:encodedBy :m . :m sg:providedBy :abroad .", "leaves-brazil"),
        (INDEX + ":i sg:encodedBy :m . :m sg:implementedIn :home .", "stays-in-brazil"),
        (INDEX + ":i sg:encodedBy :m ; sg:partOf :t . :m sg:country 'US' .", "leaves-brazil"),
        (INDEX + ":i sg:encodedBy :m . :m sg:providedBy :abroad . :t sg:sendsNoPersonalDataTo :m .", "stays-in-brazil"),
        # What takes over gets the data when it does.
        (":t sg:usesModel :m . :m sg:implementedIn :home ; sg:fallsBackTo :n . :n sg:country 'US' .", "leaves-brazil"),
        (":t sg:usesModel :m . :m sg:implementedIn :home ; sg:fallsBackTo :n .", "destination-unknown"),
        (":t sg:usesModel :m . :m sg:providedBy :p . :p sg:country 'BR' ; sg:fallsBackTo :abroad .", "leaves-brazil"),
        (AGENTS + ":a sg:fallsBackTo :b . :b sg:sendsPersonalDataTo :abroad .", "leaves-brazil"),
        # Use that is stated without saying how.
        (":t sg:uses :m . :m sg:providedBy :abroad .", "leaves-brazil"),
        # An engine is where it runs, whoever made the model.
        (ENGINE, "destination-unknown"),
        (ENGINE + ":v sg:partOf :home .", "stays-in-brazil"),
        (ENGINE + ":v sg:implementedIn :home .", "stays-in-brazil"),
        (ENGINE + ":v sg:implementedIn :c . :c sg:partOf :far . :far sg:country 'US' .", "leaves-brazil"),
        (ENGINE + ":v sg:country 'US' .", "leaves-brazil"),
        # Infrastructure of one's own, whether part or target.
        (":s a sg:VectorStore ; sg:name 's' ; sg:partOf :t ; sg:country 'US' .", "leaves-brazil"),
        (":s a sg:VectorStore ; sg:name 's' ; sg:partOf :t .", "destination-unknown"),
        (":s a sg:VectorStore ; sg:name 's' ; sg:partOf :t , :home .", "stays-in-brazil"),
    ],
)
def test_personal_data_is_followed_to_whoever_gets_it(estate: str, reason: str) -> None:
    stated = LGPD + PERSONAL + HOME + ABROAD + MODEL + ":t sg:sendsPersonalDataTo :home . " + estate
    verdict = judge("LGPD-33", stated)
    assert verdict is not None
    assert verdict.reasons[-1].code == reason
    assert verdict.outcome.value == ("not_applicable" if reason == "stays-in-brazil" else "unknown")


@pytest.mark.parametrize(("country", "right"), [("BR", "not_applicable"), ("US", "unknown")])
def test_a_store_is_where_its_data_is(country: str, right: str) -> None:
    store = f':t a sg:VectorStore ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData true ; sg:country "{country}" .'
    assert outcome("LGPD-33", LGPD + store) == right


@pytest.mark.parametrize(
    ("first", "method", "warned"),
    [
        ("2026-02-28T23:59:59Z", "observed", True),
        ("2026-03-01T00:00:00Z", "observed", False),
        ("2026-05-01T00:00:00Z", "observed", False),
        # When somebody wrote down that a model is used says nothing of when it was.
        ("2026-01-01T00:00:00Z", "declared", False),
    ],
)
def test_calls_before_the_signature_are_told_and_change_no_verdict(first: str, method: str, warned: bool) -> None:
    uses = ":t sg:usesModel :m . "
    model = ':m a sg:BaseModel ; sg:name "m" ; sg:providedBy :abroad . '
    seen = {uses: (Method(method), Literal(first, XSD.dateTime))}
    verdict = judge("LGPD-33", LGPD + PERSONAL + TO_ABROAD + record("r", SIGNED) + uses + model, seen=seen)
    assert verdict is not None
    assert verdict.outcome.value == "pass"
    assert ("warning" in {reason.code for reason in verdict.reasons}) is warned
