"""An audit as one printable HTML page in both languages, self-contained, switched without a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from stratagraph.ontology.facts import Literal, Term
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import compact
from stratagraph.queries import written
from stratagraph.queries.audit.duties import duties
from stratagraph.queries.audit.headline import headline
from stratagraph.queries.audit.report import labelled, notation
from stratagraph.queries.audit.seal import Seal
from stratagraph.queries.audit.snippets import snippet
from stratagraph.queries.audit.verdicts import Audit, Verdict, VerdictReason
from stratagraph.queries.messages import LANGUAGES, language, messages
from stratagraph.queries.outcome import Outcome

if TYPE_CHECKING:
    from jinja2 import Template

_Key: TypeAlias = Callable[[Verdict], str]
SECTIONS: Final = (
    (Outcome.FAIL, "open-findings", "no-open-findings"),
    (Outcome.UNKNOWN, "unknowns", "no-unknowns"),
    (Outcome.PASS, "passes", "no-passes"),
    (Outcome.NOT_APPLICABLE, "inapplicable", "no-inapplicable"),
)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a summary: what is counted, and how many there are of each outcome."""

    label: str
    counts: Mapping[Outcome, int]


class _Words:
    """What the template says in one language: texts, labels of terms, sums."""

    def __init__(self, audit: Audit, model: OntologyModel, tag: str) -> None:
        self.tag = tag
        self._audit = audit
        self._model = model
        self._texts = messages("compliance", tag)

    def say(self, key: str, **data: object) -> str:
        """Return a text of the report."""
        return self._texts[key].format(**data)

    def reason(self, reason: VerdictReason) -> str:
        """Return a reason as a list item: a label in front begins with a capital."""
        text = labelled(reason, self.tag)
        return text if text == reason.text.text(self.tag) else text[0].upper() + text[1:]

    def to_state(self, verdict: Verdict) -> str:
        """Return what would settle a verdict, as an inventory."""
        return snippet(verdict.needs, self._model, self.tag)

    def term(self, term: Term) -> str:
        """Return how a term is shown: a label of the ontology, a literal as the language writes it, else the IRI."""
        if isinstance(term, Literal):
            return written.value(term.value, term.datatype, self.tag)
        return self._model.label(term, self.tag) if term in self._model.labels else unquote(compact(term))

    def framework(self, name: str) -> str:
        """Return what a framework is called: English readers know it by its code."""
        return name if self.tag == LANGUAGES[0] else _named(self._model, name, self.tag)

    def day(self, day: date) -> str:
        """Return a date."""
        return written.day(day.isoformat(), self.tag)

    def moment(self, text: str | None) -> str:
        """Return a time to the minute; nothing for none."""
        return written.moment(text, self.tag) if text else ""

    def level(self, verdict: Verdict) -> str:
        """Return the notation of the target's level."""
        return notation(self._model, verdict.level) or ("" if verdict.target is None else self.say("transversal"))

    def headline(self) -> str:
        """Return the outcome counts in one sentence."""
        return headline({outcome.value: count for outcome, count in self._audit.coverage.outcomes.items()}, self.tag)

    def unknown_share(self) -> str:
        """Return how much could not be told."""
        coverage = self._audit.coverage
        percent = f"{coverage.unknown_share * 100:.1f}"
        decimal = percent.replace(".", ",") if self.tag != LANGUAGES[0] else percent
        return self.say("unknown-share", percent=decimal, applicable=coverage.applicable)

    def by_framework(self) -> list[_Line]:
        """Sum the outcomes up per framework."""
        return _lines(self._audit.verdicts, lambda verdict: self.framework(verdict.rule.framework))

    def by_level(self) -> list[_Line]:
        """Sum the outcomes up per level of the target, the highest level first."""
        # A rule without a target has no level.
        lines = {line.label: line for line in _lines(self._audit.verdicts, self.level) if line.label}
        order = [level.notation for level in sorted(self._model.levels, key=lambda level: -level.number)]
        return [lines[label] for label in (*order, self.say("transversal")) if label in lines]


def to_html(audit: Audit, model: OntologyModel, *, lang: str = LANGUAGES[0], seal: Seal | None = None) -> str:
    """Write the audit as one HTML page that holds both languages; ``lang`` is the one shown first."""
    return _template().render(
        audit=audit,
        seal=seal,
        duties=duties(audit, model),
        words=[_Words(audit, model, tag) for tag in LANGUAGES],
        first=language(lang),
        sections=SECTIONS,
        # Nothing grants waivers yet.
        outcomes=[outcome for outcome in Outcome if outcome is not Outcome.WAIVED],
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # few audits become a page

    environment = Environment(
        loader=PackageLoader("stratagraph.queries.audit"),
        # Names come from whoever may send telemetry.
        autoescape=True,
        # A name that is misspelt in the template must not become an empty place in a report.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("audit.html")


@lru_cache(maxsize=64)
def _named(model: OntologyModel, name: str, tag: str) -> str:
    """Return the label of the framework of a code, or of whatever else the ontology calls so in English."""
    coded = [iri for iri, known in bindings(model).known.items() if known.code == name]
    called = [iri for iri in sorted(model.labels) if model.label(iri, LANGUAGES[0]) == name]
    return next((model.label(iri, tag) for iri in (*coded, *called)), name)


def _lines(verdicts: Iterable[Verdict], key: _Key) -> list[_Line]:
    counts: dict[str, Counter[Outcome]] = {}
    for verdict in verdicts:
        counts.setdefault(key(verdict), Counter())[verdict.outcome] += 1
    return [_Line(label, counts[label]) for label in sorted(counts)]
