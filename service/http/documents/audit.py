"""The form of rules and audits."""

from __future__ import annotations

from pydantic import BaseModel, Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.past import AsOfRemark

Texts = dict[str, str]
"""A text by language tag."""


class ComplianceRule(Document):
    """A rule with its texts, source and dates."""

    id: str
    iri: str
    version: str
    framework: str
    pack: str
    article: str
    obligation: str | None
    policy: str | None
    title: Texts
    text: Texts
    limits: Texts
    remediation: Texts
    roles: list[str]
    levels: list[str | None]
    severity: str
    legal_status: str
    applicable_from: str
    verified: bool
    source: str


class ComplianceRules(Document):
    """Every rule."""

    rules: list[ComplianceRule]


class VerdictReason(Document):
    """Why a verdict is what it is."""

    code: str
    text: Texts


class EvidenceTerm(Document):
    """The object of a statement: an IRI, or a literal with its datatype."""

    iri: str | None = None
    value: str | None = None
    datatype: str | None = None
    language: str | None = None


class VerdictEvidence(Document):
    """A fact that was looked at, with its origin."""

    subject: str
    predicate: str
    object: EvidenceTerm
    origin: str
    sources: list[str]
    methods: list[str]
    first_seen: str | None
    last_seen: str | None
    counts: bool = Field(description="Whether it held on the day of the audit")


class FactToState(Document):
    """A fact that is missing; the subject is null where a new asset of the class is to be stated."""

    subject: str | None
    cls: str | None = Field(alias="class")
    property: str
    value: str | None = Field(description="null where only who states it knows")
    value_class: str | None = Field(description="Class of the new asset that the property is to lead to")
    choices: list[str]


class WhatToState(Document):
    """What would settle an unknown verdict."""

    facts: list[FactToState]
    yaml: Texts = Field(description="All of it as an inventory to fill in, by language of the remarks")


class AuditVerdict(Document):
    """One rule's verdict on one target."""

    rule: str
    version: str
    framework: str
    article: str
    severity: str
    target: str | None = Field(description="null where the rule has no target at all")
    name: str
    label: Texts
    level: str | None
    outcome: str = Field(description="fail, unknown, waived, pass or not_applicable")
    in_force_from: str
    reasons: list[VerdictReason]
    evidence: list[VerdictEvidence]
    to_state: WhatToState | None = Field(description="Of an unknown verdict, where stating something settles it")


class FrameworkCoverage(Document):
    """How much of a framework the rules check."""

    framework: str
    obligations: int
    checked: int
    not_checked: int
    unchecked: list[str] = Field(description="Identifiers of the obligations that no rule checks")


class AuditCoverage(Document):
    """How much the audit could tell."""

    rules: int
    targets: int
    verdicts: int
    applicable: int
    unknown_share: float = Field(ge=0, le=1)
    outcomes: dict[str, int]
    frameworks: list[FrameworkCoverage]


class SignedHead(BaseModel):
    """The ledger's newest batch when the audit was written, as ``ledger verify --head`` reads it."""

    ledger: str
    sequence: int
    hash: str
    time: str | None
    public_key: str
    signature: str


class ComplianceAudit(Document):
    """All verdicts at one sequence, for the rules of one day."""

    sequence: int
    on: str
    time: str
    assessor: str
    ontology: str
    framework: str | None
    product: str | None = Field(description="Version of Stratagraph that wrote the audit")
    head: SignedHead | None
    key_fingerprint: str | None = Field(description="SHA-256 of the key that signed the head")
    exit: int = Field(
        description="Exit status of the command: 0 nothing fails or is unknown, 1 something does, 2 nothing applies"
    )
    coverage: AuditCoverage
    rules: list[ComplianceRule]
    verdicts: list[AuditVerdict]
    as_of: AsOfRemark | None = Field(default=None, description="Only of an answer about the past")


class JudgedVerdict(Document):
    """A verdict as it is read: in one language, without the evidence."""

    rule: str
    title: str
    framework: str
    article: str
    severity: str
    severity_label: str
    target: str
    label: str
    level: str = Field(description="L1 to L12, or transversal")
    outcome: str = Field(description="fail, unknown, waived, pass or not_applicable")
    outcome_label: str
    reasons: list[str]
    remediation: str | None = Field(description="What to do; null where nothing is to be done")


class VerdictList(Document):
    """Today's verdicts on an asset or a level, the worst first."""

    sequence: int
    on: str
    total: int = Field(ge=0, description="Verdicts found, of which the answer may hold the first only")
    verdicts: list[JudgedVerdict]
