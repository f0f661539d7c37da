"""What the gate has to say about a batch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from stratagraph.ontology.errors import LONGEST_TERM, MOST_FINDINGS, StratagraphError, in_short, unlisted
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import compact
from stratagraph.ontology.sentences import counted, say
from stratagraph.ontology.terms import encode

_BRACKETED: Final = re.compile(r"<([^<>]*)>")
LONGEST_VALUE: Final = 200
"""Characters of a value that a finding's text repeats; its document has up to ``LONGEST_TERM``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """One thing at fault: which shape and component found which value of which node.

    ``path`` is the predicate, or a longer path as SPARQL writes it. ``messages`` are keyed by lower-case language
    tag. ``fact`` is the stated fact at fault, where there is one; ``place`` the file and line that state it, where the
    batch was made here.
    """

    focus: Term
    path: str | None
    value: Term | None
    shape: Iri
    component: Iri
    severity: Iri
    messages: Mapping[str, str]
    fact: Fact | None = None
    place: tuple[str, int] | None = None

    def text(self, language: str = "en") -> str:
        """Say in one paragraph what is wrong, where, and by which shape."""
        parts = [_plain(self.focus)]
        if self.path is not None:
            parts.append(_BRACKETED.sub(lambda found: compact(found[1]), compact(self.path)))
        # Results of a node shape have the focus node as their value; it would be told twice.
        if self.value is not None and self.value != self.focus:
            parts.append(_plain(self.value))
        told = self.messages.get(language.lower()) or self.messages.get("en", "")
        return f"{' '.join(parts)}: {told} ({compact(self.shape)})"

    def placed_text(self, language: str = "en") -> str:
        """Return the text behind its place, the way compilers write one."""
        text = self.text(language)
        if self.place is None:
            return text
        file, line = self.place
        return f"{file}:{line}: {text}" if line else f"{file}: {text}"

    def document(self) -> dict[str, object]:
        """Return the finding as plain data; terms are in N-Triples, messages in every language."""
        placed = {} if self.place is None else {"place": dict(zip(("file", "line"), self.place, strict=True))}
        return {
            "focus": _whole(self.focus),
            "path": self.path,
            "value": None if self.value is None else _whole(self.value),
            "shape": self.shape,
            "component": self.component,
            "severity": self.severity,
            "messages": dict(self.messages),
            "text": self.text(),
            "fact": None
            if self.fact is None
            else [_whole(self.fact.subject), _whole(self.fact.predicate), _whole(self.fact.object)],
            **placed,
        }


def _whole(term: Term) -> str:
    """Return a term in N-Triples, a very long text cut: as the value and in the fact it would stand there twice."""
    if isinstance(term, Literal):
        term = Literal(in_short(term.value, LONGEST_TERM), term.datatype, term.language)
    return encode(term)


def _plain(term: Term) -> str:
    text = term.value if isinstance(term, Literal) else compact(term)
    shown = in_short(text, LONGEST_VALUE)
    return f'"{shown}"' if isinstance(term, Literal) else shown


@dataclass(frozen=True, slots=True)
class GateReport:
    """What was found: violations refuse the batch, warnings do not."""

    violations: tuple[GateFinding, ...] = ()
    warnings: tuple[GateFinding, ...] = ()


class GateRefused(StratagraphError, slug="gate-refused", status=422):
    """A batch that breaks the data shapes; nothing of it is committed."""

    text = (
        "The batch was refused, for {violations}. The first: {first}. Nothing was committed; "
        "correct the source and send it again."
    )

    findings: tuple[GateFinding, ...]
    first: str
    count: int
    violations: str

    @classmethod
    def of(cls, findings: tuple[GateFinding, ...]) -> GateRefused:
        """Make the error of the violations of a report."""
        told = counted(len(findings), "violation")
        return cls(findings=findings, first=findings[0].placed_text(), count=len(findings), violations=told)

    def said(self, language: str) -> str:
        """Return the text in a language; a finding has its own message in each."""
        return say(str(replace(self, first=self.findings[0].placed_text(language))), language)

    def details(self) -> dict[str, object]:
        """Return the first findings as plain data, and how many there are where these are not all."""
        return {
            "findings": [finding.document() for finding in self.findings[:MOST_FINDINGS]],
            **unlisted(len(self.findings)),
        }
