"""What an audit says: verdicts with their reasons and evidence, and their sum."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.rule import Bilingual, Rule, RuleSeverity, Wanted


class Origin(StrEnum):
    """Where a piece of evidence comes from."""

    STATED = "stated"
    INFERRED = "inferred"
    OBSERVATION = "observation"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReason:
    """Why a verdict is what it is: a stable code, and the text in every report language."""

    code: str
    text: Bilingual


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One fact that was looked at, who states it, and when it was seen.

    Times are as the store holds them (ISO 8601). For an observation they are its window. Evidence that ``counts``
    no longer or not yet on the day of the audit is shown, but was not judged.
    """

    fact: Fact
    origin: Origin
    sources: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    first_seen: str | None = None
    last_seen: str | None = None
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing that something is to be stated of; its class and name are empty where nobody describes it."""

    iri: Iri
    cls: Iri = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What is to be stated of a thing; ``target`` is the asset that is judged."""

    thing: Thing
    wanted: Wanted
    target: Iri


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule's verdict on one target; ``target`` is None where the rule has no target at all.

    ``needs`` would settle a verdict that is unknown.
    """

    rule: Rule
    target: Iri | None
    name: str
    level: Iri | None
    outcome: Outcome
    reasons: tuple[VerdictReason, ...]
    evidence: tuple[Evidence, ...] = ()
    needs: tuple[Need, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    in_force_from: date

    def label(self, language: str) -> str:
        """Return what a person calls the target, in a language, else in English, else by its name."""
        return self.labels.get(language.lower()) or self.labels.get("en") or self.labels.get("") or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much an audit could tell: verdicts by outcome, and the share of unknown among those that apply."""

    outcomes: Mapping[Outcome, int]
    rules: int
    targets: int

    @property
    def applicable(self) -> int:
        """Verdicts on targets that the rule applies to, or may apply to."""
        return sum(count for outcome, count in self.outcomes.items() if outcome is not Outcome.NOT_APPLICABLE)

    @property
    def unknown_share(self) -> float:
        """The share of unknown among the applicable verdicts, 0 to 1."""
        return self.outcomes.get(Outcome.UNKNOWN, 0) / self.applicable if self.applicable else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All verdicts of one evaluation, at one ledger sequence, for the rules of one day.

    ``good_until`` is the first moment at which a verdict may be another though the graph stays as it is: a piece of
    evidence ends, begins or grows too old, or the day is over. None: never.
    """

    verdicts: tuple[Verdict, ...]
    rules: tuple[Rule, ...]
    sequence: int
    on: date
    time: datetime
    assessor: str
    ontology: str
    framework: str | None = None
    allow_empty: bool = False
    good_until: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether evaluating again at a moment, over the same graph, would give the same verdicts."""
        return self.good_until is None or moment < self.good_until

    @property
    def empty(self) -> bool:
        """Whether no rule applied to anything, so that nothing was shown."""
        return not self.coverage.applicable

    @property
    def exit_code(self) -> int:
        """0 when nothing is fail or unknown, 1 when something is, 2 when nothing was judged.

        Unknown counts as not passing: what cannot be shown is not shown. An audit in which no rule applied to anything
        has shown nothing either, and passes only where that was said to be all right (``allow_empty``).
        """
        if self.empty and not self.allow_empty:
            return 2
        return int(any(v.outcome in {Outcome.FAIL, Outcome.UNKNOWN} for v in self.verdicts))

    @property
    def coverage(self) -> Coverage:
        """Sum the verdicts up."""
        return Coverage(
            outcomes=Counter(verdict.outcome for verdict in self.verdicts),
            rules=len(self.rules),
            targets=len({verdict.target for verdict in self.verdicts if verdict.target is not None}),
        )

    def findings(self, *outcomes: Outcome) -> tuple[Verdict, ...]:
        """Return the verdicts with these outcomes, gravest rule first."""
        order = tuple(RuleSeverity)
        chosen = (verdict for verdict in self.verdicts if verdict.outcome in outcomes)
        # By rule and target too, so that two runs over the same graph write the same report.
        return tuple(sorted(chosen, key=lambda v: (order.index(v.rule.severity), v.rule.id, v.target or "")))
