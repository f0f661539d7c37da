"""The constraint components that look at value nodes one by one, at their number, or at their languages."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.namespaces import SH
from stratagraph.shapes.comparison import compare, well_formed
from stratagraph.shapes.paths import Reached
from stratagraph.shapes.shape import Constraint, ShapesRun


class ValueConstraint(Constraint):
    """A constraint that every value node meets or fails by itself."""

    @abstractmethod
    def accepts(self, run: ShapesRun, value: Term) -> bool:
        """Say whether one value meets the constraint."""

    def offending(self, run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        return (value for value in values if not self.accepts(run, value))


@dataclass(frozen=True, slots=True)
class Class(ValueConstraint):
    component: ClassVar[Iri] = SH.ClassConstraintComponent
    cls: Iri

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return run.graph.is_instance(value, self.cls)


@dataclass(frozen=True, slots=True)
class Datatype(ValueConstraint):
    component: ClassVar[Iri] = SH.DatatypeConstraintComponent
    datatype: Iri

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        # An ill-formed literal violates the constraint whatever datatype it names (SHACL, section 4.1.2).
        return isinstance(value, Literal) and value.datatype == self.datatype and well_formed(value)


def node_kind(term: Term) -> str:
    """Return IRI, BlankNode or Literal."""
    if isinstance(term, Literal):
        return "Literal"
    return "BlankNode" if is_blank(term) else "IRI"


NODE_KINDS: Final[dict[Term, frozenset[str]]] = {
    SH.IRI: frozenset({"IRI"}),
    SH.BlankNode: frozenset({"BlankNode"}),
    SH.Literal: frozenset({"Literal"}),
    SH.BlankNodeOrIRI: frozenset({"BlankNode", "IRI"}),
    SH.BlankNodeOrLiteral: frozenset({"BlankNode", "Literal"}),
    SH.IRIOrLiteral: frozenset({"IRI", "Literal"}),
}


@dataclass(frozen=True, slots=True)
class NodeKind(ValueConstraint):
    component: ClassVar[Iri] = SH.NodeKindConstraintComponent
    kinds: frozenset[str]

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        return node_kind(value) in self.kinds


@dataclass(frozen=True, slots=True)
class MinCount(Constraint):
    component: ClassVar[Iri] = SH.MinCountConstraintComponent
    least: int

    def offending(self, _run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        if len(values) < self.least:
            # The number is at fault and no single value, so the result has none (SHACL, section 4.2).
            yield None


@dataclass(frozen=True, slots=True)
class MaxCount(Constraint):
    component: ClassVar[Iri] = SH.MaxCountConstraintComponent
    most: int

    def offending(self, _run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        if len(values) > self.most:
            yield None


@dataclass(frozen=True, slots=True)
class Bound(ValueConstraint):
    """A limit that values are compared with; a value that does not compare is outside it."""

    orders: ClassVar[frozenset[int]]
    limit: Term

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        return compare(value, self.limit) in self.orders


class MinExclusive(Bound):
    component = SH.MinExclusiveConstraintComponent
    orders = frozenset({1})


class MinInclusive(Bound):
    component = SH.MinInclusiveConstraintComponent
    orders = frozenset({0, 1})


class MaxExclusive(Bound):
    component = SH.MaxExclusiveConstraintComponent
    orders = frozenset({-1})


class MaxInclusive(Bound):
    component = SH.MaxInclusiveConstraintComponent
    orders = frozenset({-1, 0})


def text_of(term: Term) -> str | None:
    """Return what ``str()`` of SPARQL returns; a blank node has no text."""
    if isinstance(term, Literal):
        return term.value
    return None if is_blank(term) else term


@dataclass(frozen=True, slots=True)
class MinLength(ValueConstraint):
    component: ClassVar[Iri] = SH.MinLengthConstraintComponent
    least: int

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        text = text_of(value)
        # A blank node has no length, and fails (SHACL, section 4.4.1).
        return text is not None and len(text) >= self.least


@dataclass(frozen=True, slots=True)
class MaxLength(ValueConstraint):
    component: ClassVar[Iri] = SH.MaxLengthConstraintComponent
    most: int

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        text = text_of(value)
        return text is not None and len(text) <= self.most


@dataclass(frozen=True, slots=True)
class Pattern(ValueConstraint):
    component: ClassVar[Iri] = SH.PatternConstraintComponent
    pattern: re.Pattern[str]

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        text = text_of(value)
        # As SPARQL's REGEX, by which SHACL defines it: a match anywhere counts.
        return text is not None and self.pattern.search(text) is not None


@dataclass(frozen=True, slots=True)
class LanguageIn(ValueConstraint):
    component: ClassVar[Iri] = SH.LanguageInConstraintComponent
    ranges: tuple[str, ...]

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        if not isinstance(value, Literal) or not value.language:
            return False
        tag = value.language.lower()
        # Basic filtering of RFC 4647, section 3.3.1, as SPARQL's langMatches does it.
        return any(tag == wanted or tag.startswith(wanted + "-") or wanted == "*" for wanted in self.ranges)


@dataclass(frozen=True, slots=True)
class UniqueLang(Constraint):
    component: ClassVar[Iri] = SH.UniqueLangConstraintComponent

    def offending(self, _run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        tags = Counter(value.language.lower() for value in values if isinstance(value, Literal) and value.language)
        # A result for each language, not for each value (SHACL, section 4.4.5).
        return (None for times in tags.values() if times > 1)


@dataclass(frozen=True, slots=True)
class HasValue(Constraint):
    component: ClassVar[Iri] = SH.HasValueConstraintComponent
    value: Term

    def offending(self, _run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        if self.value not in values:
            yield None


@dataclass(frozen=True, slots=True)
class In(ValueConstraint):
    component: ClassVar[Iri] = SH.InConstraintComponent
    members: frozenset[Term]

    def accepts(self, _run: ShapesRun, value: Term) -> bool:
        # Equal as terms: 1 and 01 are one value and two terms (SHACL, section 4.8.3).
        return value in self.members
