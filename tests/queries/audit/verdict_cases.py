"""Small estates in Turtle, judged: the target is ``:t``, the laws and the usual evidence have short names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from stratagraph.ontology.facts import Fact, Literal, Method
from stratagraph.ontology.model import load_model
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Verdict
from stratagraph.shapes.packs import load_rules
from tests.shapes.rules.estate import Estate

BASE = "https://example.org/"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
TODAY = NOW.date()
RULES = {rule.id: rule for rule in load_rules()}
PREFIXES = """
@prefix : <https://example.org/> . @prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
LGPD = ':lgpd a sg:Law ; sg:name "LGPD_BR" ; sg:frameworkCode "LGPD" . '
ACT = ':act a sg:Law ; sg:name "AI Act" ; sg:frameworkCode "EU AI Act" . '
POLICY = ':policy a sg:InternalPolicy ; sg:name "PoliticaTI" . '
PERSONAL = ':t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :lgpd ; sg:personalData true . '
HOME = ':home a sg:Infrastructure ; sg:name "home" ; sg:country "BR" . '
ABROAD = ':abroad a sg:Provider ; sg:name "abroad" ; sg:country "US" . '
FIRST_EIGHT = (
    "sg:ManipulationPractice , sg:VulnerabilityPractice , sg:SocialScoringPractice , sg:CrimePredictionPractice , "
    "sg:FaceScrapingPractice , sg:EmotionInferencePractice , sg:BiometricSortingPractice , "
    "sg:LiveIdentificationPractice"
)
LATER_TWO = "sg:IntimateImagePractice , sg:ChildAbuseMaterialPractice"


def facts(turtle: str) -> list[Fact]:
    return parse_rdf((PREFIXES + turtle).encode(), "turtle", BASE, "case")


def judge(
    rule: str,
    estate: str | list[Fact],
    *,
    on: date = TODAY,
    target: str = "t",
    inferred: str = "",
    seen: Mapping[str, tuple[Method, Literal]] | None = None,
) -> Verdict | None:
    """Return the verdict of a rule on a target; None where the target gets none.

    No source states what is inferred. ``seen`` says how and since when some of the estate is stated.
    """
    stated = facts(estate) if isinstance(estate, str) else estate
    claims = {fact: how for text, how in (seen or {}).items() for fact in facts(text)}
    store = Estate(stated, inferred=facts(inferred), seen=claims)
    audit = evaluate(store, load_model(), [RULES[rule]], on=on, now=NOW)
    return next((verdict for verdict in audit.verdicts if verdict.target == BASE + target), None)


def outcome(rule: str, estate: str | list[Fact], *, on: date = TODAY, target: str = "t") -> str:
    """Return the outcome, or ``none``."""
    verdict = judge(rule, estate, on=on, target=target)
    return verdict.outcome.value if verdict else "none"


def record(name: str, rest: str) -> str:
    """Write a transfer record of the target."""
    return f':{name} a sg:TransferRecord ; sg:name "{name}" ; sg:exporter :t ; {rest} . '


def screening(name: str, at: str, practices: str, result: str, rest: str = "") -> str:
    """Write a screening of the target against practices."""
    return (
        f':t sg:hasAssessment :{name} . :{name} a sg:PracticeScreening ; sg:name "{name}" ; '
        f'sg:assessedAt "{at}T09:00:00Z"^^xsd:dateTime ; sg:screensFor {practices} ; sg:screeningResult '
        f"sg:{result} {rest} . "
    )


def control(name: str, kind: str, status: str) -> str:
    """Write a control of the target."""
    said = f"; sg:implementationStatus sg:{status}" if status else ""
    return f':t sg:hasControl :{name} . :{name} a sg:Control ; sg:name "{name}" ; sg:controlKind sg:{kind} {said} . '


SYSTEM = ':t a sg:LLMSystem ; sg:name "t" . '
UNDER_ACT = ACT + ':t a sg:LLMSystem ; sg:name "t" ; sg:governedBy :act . '
CLAUSES = "sg:transferMechanism sg:TransferStandardClauses ; sg:clausesUnmodified true ; sg:signedAt "
SIGNED = CLAUSES + '"2026-03-01T00:00:00Z"^^xsd:dateTime'
TO_ABROAD = ":t sg:sendsPersonalDataTo :abroad . :abroad sg:coveredByTransfer :r . " + ABROAD
PURPOSE = ':t sg:hasProcessingRecord :p . :p a sg:ProcessingRecord ; sg:name "p" ; sg:processingPurpose "support" . '
FOUR = "".join(
    control(kind, kind, "Implemented")
    for kind in ("EncryptionAtRest", "EncryptionInTransit", "SecretManagement", "LogProtection")
)
ORGANISATION = LGPD + ':t a sg:Organisation ; sg:name "t" ; sg:governedBy :lgpd . '
TALKS = UNDER_ACT + ":t sg:interactsWithPeople true ; sg:actsAs sg:ProviderRole . "
TEST = (
    ':t sg:hasAssessment :d . :d a sg:DisclosureTest ; sg:name "d" ; sg:assessedAt '
    '"2026-11-01T00:00:00Z"^^xsd:dateTime ; '
    "sg:firstTurnDisclosure true ; sg:disclosedShare 1.0 ; sg:sampledConversations "
)
HIGH_RISK = UNDER_ACT + ":t sg:actsAs sg:DeployerRole ; sg:logsHeldByDeployer true ; sg:logRetentionDays 30 ; "
