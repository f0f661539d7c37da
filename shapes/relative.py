"""The constraint components that ask other properties of the focus node, or other shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.facts import Iri, Term
from stratagraph.ontology.namespaces import SH
from stratagraph.shapes.comparison import compare
from stratagraph.shapes.constraints import ValueConstraint
from stratagraph.shapes.paths import Predicate, Reached
from stratagraph.shapes.shape import Constraint, Shape, ShapesRun
from stratagraph.shapes.validation_report import Result


@dataclass(frozen=True, slots=True)
class Equals(Constraint):
    component: ClassVar[Iri] = SH.EqualsConstraintComponent
    predicate: Iri

    def offending(self, run: ShapesRun, focus: Term, values: Reached) -> Iterator[Term | None]:
        others = run.graph.objects(focus, self.predicate)
        yield from (value for value in values if value not in others)
        # Values of the other property are at fault as well (SHACL, section 4.5.1).
        yield from (value for value in others if value not in values)


@dataclass(frozen=True, slots=True)
class Disjoint(Constraint):
    component: ClassVar[Iri] = SH.DisjointConstraintComponent
    predicate: Iri

    def offending(self, run: ShapesRun, focus: Term, values: Reached) -> Iterator[Term | None]:
        others = run.graph.objects(focus, self.predicate)
        return (value for value in values if value in others)


@dataclass(frozen=True, slots=True)
class LessThan(Constraint):
    component: ClassVar[Iri] = SH.LessThanConstraintComponent
    orders: ClassVar[frozenset[int]] = frozenset({-1})
    predicate: Iri

    def offending(self, run: ShapesRun, focus: Term, values: Reached) -> Iterator[Term | None]:
        others = run.graph.objects(focus, self.predicate)
        # A result for each pair, so several for one value (SHACL, section 4.5.3).
        return (value for value in values for other in others if compare(value, other) not in self.orders)


class LessThanOrEquals(LessThan):
    component = SH.LessThanOrEqualsConstraintComponent
    orders = frozenset({-1, 0})


@dataclass(frozen=True, slots=True)
class Node(ValueConstraint):
    component: ClassVar[Iri] = SH.NodeConstraintComponent
    shape: Iri

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return run.conforms(self.shape, value)

    def references(self) -> tuple[Iri, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class Not(ValueConstraint):
    component: ClassVar[Iri] = SH.NotConstraintComponent
    shape: Iri

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return not run.conforms(self.shape, value)

    def references(self) -> tuple[Iri, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True)
class And(ValueConstraint):
    component: ClassVar[Iri] = SH.AndConstraintComponent
    shapes: tuple[Iri, ...]

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return all(run.conforms(shape, value) for shape in self.shapes)

    def references(self) -> tuple[Iri, ...]:
        return self.shapes


class Or(And):
    component = SH.OrConstraintComponent

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return any(run.conforms(shape, value) for shape in self.shapes)


class Xone(And):
    component = SH.XoneConstraintComponent

    def accepts(self, run: ShapesRun, value: Term) -> bool:
        return sum(run.conforms(shape, value) for shape in self.shapes) == 1


@dataclass(frozen=True, slots=True)
class Property(Constraint):
    """Every value node becomes a focus node of a property shape, whose results stand as they are."""

    component: ClassVar[Iri] = SH.PropertyConstraintComponent
    shape: Iri

    def offending(self, run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        return (value for value in values if not run.conforms(self.shape, value))

    def results(self, run: ShapesRun, _shape: Shape, _focus: Term, values: Reached) -> Iterator[Result]:
        # What is wrong with the value is told by that shape; a result of this one as well would say it twice.
        for value in values:
            yield from run.results(self.shape, value)

    def references(self) -> tuple[Iri, ...]:
        return (self.shape,)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifiedMin(Constraint):
    """At least so many value nodes conform to the shape, and to none of its siblings."""

    component: ClassVar[Iri] = SH.QualifiedMinCountConstraintComponent
    shape: Iri
    siblings: tuple[Iri, ...]
    count: int

    def offending(self, run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        if self._conforming(run, values) < self.count:
            yield None

    def _conforming(self, run: ShapesRun, values: Reached) -> int:
        return sum(
            run.conforms(self.shape, value) and not any(run.conforms(sibling, value) for sibling in self.siblings)
            for value in values
        )

    def references(self) -> tuple[Iri, ...]:
        return (self.shape, *self.siblings)


class QualifiedMax(QualifiedMin):
    """At most so many value nodes conform to the shape, and to none of its siblings."""

    component = SH.QualifiedMaxCountConstraintComponent

    def offending(self, run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        if self._conforming(run, values) > self.count:
            yield None


@dataclass(frozen=True, slots=True)
class Closed(Constraint):
    """Value nodes have no other properties than these."""

    component: ClassVar[Iri] = SH.ClosedConstraintComponent
    allowed: frozenset[Iri]

    def offending(self, run: ShapesRun, _focus: Term, values: Reached) -> Iterator[Term | None]:
        return (target for _, target in self._surplus(run, values))

    def results(self, run: ShapesRun, shape: Shape, focus: Term, values: Reached) -> Iterator[Result]:
        for predicate, target in self._surplus(run, values):
            # The path is the predicate that is too many, not that of the shape.
            yield shape.result(focus, target, self.component, path=Predicate(predicate))

    def _surplus(self, run: ShapesRun, values: Reached) -> Iterator[tuple[Iri, Term]]:
        for value in values:
            for predicate, targets in run.graph.predicates(value).items():
                if predicate not in self.allowed:
                    yield from ((predicate, target) for target in targets)
