"""What a check of the ontology finds, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from stratagraph.ontology.reasoning.axioms import AxiomWriter
    from stratagraph.ontology.reasoning.clashes import Clash


class ModuleSeverity(StrEnum):
    """What follows from a finding: the module is left out, or it is used all the same."""

    REFUSED = "refused"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFinding:
    """Something wrong with a module: the rule, the term, and the axioms that are at odds, ready to be read.

    ``cause`` is the rule by which a member of an empty class would contradict itself. ``line`` counts from 1; 0 where
    unknown. ``minimal`` is False where axioms may be listed that have nothing to do with it. ``sought`` are the seconds
    after which the search for these axioms was given up.
    """

    severity: ModuleSeverity
    rule: str
    term: str
    values: tuple[str, ...] = ()
    detail: str = ""
    cause: str = ""
    node: str = ""
    axioms: tuple[str, ...] = ()
    minimal: bool = True
    line: int = 0
    sought: float = 0

    @classmethod
    def unsatisfiable(cls, term: str, *, line: int = 0) -> ModuleFinding:
        """Return the finding that the reasoner sees no way for a class to have a member."""
        return cls(severity=ModuleSeverity.REFUSED, rule="unsatisfiable-class", term=term, line=line)

    @classmethod
    def inconsistent(cls, name: str) -> ModuleFinding:
        """Return the finding that the reasoner sees a contradiction in a module."""
        return cls(severity=ModuleSeverity.REFUSED, rule="inconsistent", term=name)

    def sentence(self, lang: str = "en") -> str:
        """Return what is wrong, in a language."""
        texts = texts_in(lang)
        cause = ""
        if self.cause:
            cause = texts[self.cause].format(*self.values, subject=self.node, rest=", ".join(self.values[1:]))
        rest = ", ".join(self.values[1:])
        sentence = texts[self.rule].format(*self.values, subject=self.term, detail=self.detail, cause=cause, rest=rest)
        return f"{sentence} ({texts['no-explanation'].format(seconds=f'{self.sought:g}')})" if self.sought else sentence

    def document(self, lang: str = "en") -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "severity": self.severity.value,
            "rule": self.rule,
            "term": self.term,
            "line": self.line or None,
            "text": self.sentence(lang),
            "axioms": list(self.axioms),
            "minimal": self.minimal,
        }


def in_lines(findings: Iterable[ModuleFinding], lang: str = "en") -> Iterator[tuple[str, tuple[ModuleFinding, ...]]]:
    """Yield what is wrong as sentences, many findings of one kind summed up in one; each with the findings it tells."""
    texts = texts_in(lang)
    kinds: dict[tuple[ModuleSeverity, str, str], list[ModuleFinding]] = {}
    for finding in findings:
        # Only what a label lacks differs from finding to finding and sums up all the same.
        kind = finding.detail if finding.rule == "missing-label" else ""
        kinds.setdefault((finding.severity, finding.rule, kind), []).append(finding)
    for (_, rule, kind), alike in kinds.items():
        summary = texts.get(f"many-{rule}")
        if summary and len(alike) > SHOWN_ALONE:
            first = ", ".join(finding.term for finding in alike[:EXAMPLES])
            yield summary.format(count=len(alike), detail=kind, first=first), tuple(alike)
        else:
            yield from ((finding.sentence(lang), (finding,)) for finding in alike)


SHOWN_ALONE: Final = 10
"""So many findings of one kind are told one by one."""
EXAMPLES: Final = 3
"""So many terms stand for the others of a kind."""


def of_clash(clash: Clash, writer: AxiomWriter, *, line: int = 0) -> ModuleFinding:
    """Return a contradiction as a finding that refuses."""
    return ModuleFinding(
        severity=ModuleSeverity.REFUSED,
        rule="empty-class" if clash.empty else clash.rule.value,
        term=writer.term(clash.subject),
        values=tuple(map(writer.term, clash.terms)),
        cause=clash.rule.value if clash.empty else "",
        node=writer.term(clash.node),
        axioms=writer.lines(clash.axioms),
        line=line,
    )


@lru_cache
def _texts(tag: str) -> Mapping[str, str]:
    path = files("stratagraph.ontology") / "texts" / f"checks.{tag}.json"
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


def texts_in(lang: str) -> Mapping[str, str]:
    """Return the texts of checks in Portuguese where a tag asks for it, else in English."""
    return _texts("pt-br" if lang.lower().partition("-")[0] == "pt" else "en")
