"""A compliance rule as a value: who it binds, when it applies, what it looks at, and how it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from stratagraph.ontology.facts import Fact, Iri, Term


class RuleSeverity(StrEnum):
    """How much a failure matters, gravest first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class LegalStatus(StrEnum):
    """What stands behind a rule."""

    IN_FORCE = "in-force"
    DEFERRED = "deferred"
    BILL = "bill"
    VOLUNTARY = "voluntary"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bilingual:
    """One text in every language that reports are written in: language tag (lower case) to text."""

    texts: Mapping[str, str]

    def text(self, language: str) -> str:
        """Return the text in a language, English where it has none."""
        return self.texts.get(language.lower(), self.texts["en"])


class Applicability(StrEnum):
    """What a reason says of a target."""

    APPLIES = "applies"
    EXCLUDED = "excluded"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What should be stated of a thing: its class where the thing is new, and a value for each property.

    A value is a term, a new thing, or None where only who states it knows the value.
    """

    cls: Iri = ""
    states: tuple[tuple[Iri, Term | Wanted | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeReason:
    """A reason for which a rule applies to a target, does not, or cannot be told to; ``wanted`` would settle it."""

    scope: Applicability
    text: Bilingual
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old a piece of evidence may be: the property that dates it, and the days it stays good."""

    dated_by: Iri
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestPer:
    """That newer evidence takes the place of older: for each value of ``per``, once it has ``settled_by``."""

    per: Iri
    settled_by: Iri


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterEvidence:
    """A shape of evidence that is asked for from a day on."""

    applies_from: date
    shape: Iri


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One executable rule.

    ``bound_by`` is the framework or kind of policy that has to govern a target, ``excused_by`` one from which a stated
    decision takes it out; either may be empty. ``target_query`` selects ``?target`` among the target classes.

    ``applicability`` selects ``?target ?reason`` and, where the start date depends on it, ``?systemClass``;
    ``?reason`` is a key of ``reasons``. For targets that it does not return the reason ``otherwise`` holds.
    ``evidence`` selects ``?target ?subject ?predicate ?object``, the facts
    looked at; each empty ``VALUES ?target {}`` in it is filled with the targets. Over these facts, ``evidence_shape``
    says whether there is enough to judge and ``check_shape`` whether what is there is right; both are nodes of
    ``shapes``, a SHACL graph. What would settle a message of an evidence shape stands, by its English text, in
    ``wanted_of_node`` if it is to be stated of the node at fault, in ``wanted_of_value`` if of the value. ``starts``
    overrides ``applicable_from`` per system class.
    """

    iri: Iri
    id: str
    version: str
    pack: str
    framework: str
    articles: Bilingual
    obligation: str
    policy: str
    title: Bilingual
    text: Bilingual
    limits: Bilingual
    remediation: Bilingual
    roles: tuple[str, ...]
    levels: tuple[Iri, ...]
    severity: RuleSeverity
    legal_status: LegalStatus
    applicable_from: date
    starts: Mapping[Iri, date] = field(default_factory=dict)
    verified: bool
    source: str
    target_classes: tuple[Iri, ...]
    applicability: str
    otherwise: str
    reasons: Mapping[str, ScopeReason]
    evidence: str
    freshness: Freshness | None
    evidence_shape: Iri
    check_shape: Iri
    shapes: tuple[Fact, ...]
    bound_by: Iri = ""
    excused_by: Iri = ""
    target_query: str = ""
    warning_shape: Iri = ""
    later_evidence: tuple[LaterEvidence, ...] = ()
    happened: tuple[Iri, ...] = ()
    newest: NewestPer | None = None
    wanted_of_node: Mapping[str, Wanted] = field(default_factory=dict)
    wanted_of_value: Mapping[str, Wanted] = field(default_factory=dict)

    @property
    def article(self) -> str:
        """Where the rule stands in its framework, in English."""
        return self.articles.text("en")

    def evidence_shapes(self, on: date) -> tuple[Iri, ...]:
        """Return the shapes of the evidence that is asked for on a day."""
        later = (asked.shape for asked in self.later_evidence if asked.applies_from <= on)
        return (self.evidence_shape, *later)

    def in_force_from(self, system_class: Iri | None) -> date:
        """Return the first day on which the rule binds a target of this class."""
        return self.starts.get(system_class or "", self.applicable_from)
