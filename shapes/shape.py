"""A compiled shape, its targets, and the run of a set of shapes over a graph."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.namespaces import SH, compact
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.notice import Notice, NoticeKind
from stratagraph.shapes.paths import Path, Reached, is_own
from stratagraph.shapes.validation_report import Result, ValidationReport

TARGETS: Final[dict[Iri, Callable[[DataGraph, Term], Reached]]] = {
    SH.targetNode: lambda _graph, node: {node: None},
    SH.targetClass: lambda graph, cls: graph.instances(cls),
    SH.targetSubjectsOf: lambda graph, predicate: graph.subjects_of(str(predicate)),
    SH.targetObjectsOf: lambda graph, predicate: graph.objects_of(str(predicate)),
}

_OWN_TARGETS: Final = frozenset({SH.targetClass, SH.targetSubjectsOf})
"""Targets that are found by a node's own facts."""


@dataclass(frozen=True, slots=True)
class Target:
    """One declaration of which nodes a shape is for: the target predicate and its value."""

    kind: Iri
    value: Term

    def __str__(self) -> str:
        return f"{compact(self.kind)} {compact(str(self.value))}"

    def nodes(self, graph: DataGraph) -> Reached:
        """Return the focus nodes."""
        return TARGETS[self.kind](graph, self.value)


class Constraint(ABC):
    """One constraint of one shape."""

    component: ClassVar[Iri]

    @abstractmethod
    def offending(self, run: ShapesRun, focus: Term, values: Reached) -> Iterator[Term | None]:
        """Yield each value at fault, or None where the fault is not one value's."""

    def results(self, run: ShapesRun, shape: Shape, focus: Term, values: Reached) -> Iterator[Result]:
        """Yield a result for everything at fault."""
        for value in self.offending(run, focus, values):
            yield shape.result(focus, value, self.component)

    def references(self) -> tuple[Iri, ...]:
        """Return the shapes that this constraint asks."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A node shape (no path) or a property shape."""

    iri: Iri
    path: Path | None
    targets: tuple[Target, ...]
    constraints: tuple[Constraint, ...]
    severity: Iri
    messages: tuple[Literal, ...]
    deactivated: bool

    def result(self, focus: Term, value: Term | None, component: Iri, *, path: Path | None = None) -> Result:
        """Return a result of this shape."""
        return Result(
            focus=focus,
            path=path or self.path,
            value=value,
            component=component,
            shape=self.iri,
            severity=self.severity,
            messages=self.messages,
        )

    def focus_nodes(self, graph: DataGraph) -> dict[Term, None]:
        """Return the nodes of all targets, each once."""
        return {node: None for target in self.targets for node in target.nodes(graph)}


@dataclass(frozen=True)
class CompiledShapes:
    """A shapes graph, ready to run over any number of data graphs."""

    shapes: Mapping[Iri, Shape]
    notices: tuple[Notice, ...] = ()
    """What of the shapes graph has no effect."""

    @cached_property
    def targeted(self) -> tuple[Shape, ...]:
        """The shapes that choose focus nodes themselves."""
        return tuple(shape for shape in self.shapes.values() if shape.targets and not shape.deactivated)

    @cached_property
    def looks_beyond(self) -> bool:
        """Whether a shape may ask more of nodes beside those that it is for than their classes."""
        return any(
            not {target.kind for target in shape.targets} <= _OWN_TARGETS
            or (shape.path is not None and (not is_own(shape.path) or any(c.references() for c in shape.constraints)))
            for shape in self.shapes.values()
        )

    def components(self) -> frozenset[Iri]:
        """Return every constraint component that the shapes use."""
        return frozenset(constraint.component for shape in self.shapes.values() for constraint in shape.constraints)

    def validate(self, graph: DataGraph) -> ValidationReport:
        """Check every target of every shape."""
        run = ShapesRun(self.shapes, graph)
        nodes = {shape.iri: shape.focus_nodes(graph) for shape in self.targeted}
        results = (
            result for shape in self.targeted for focus in nodes[shape.iri] for result in run.results(shape.iri, focus)
        )
        return ValidationReport(tuple(results), (*self.notices, *self._idle(nodes)))

    def _idle(self, nodes: Mapping[Iri, Collection[Term]]) -> Iterator[Notice]:
        """Tell of shapes that checked nothing, so that nobody takes their silence for conformance."""
        if not self.targeted:
            if self.shapes:
                message = (
                    "No shape has a target, so that nothing was checked. Give one a target, such as sh:targetClass."
                )
            else:
                message = "The shapes graph holds no shape, so that nothing was checked. Give the file with the shapes."
            yield Notice(kind=NoticeKind.NO_TARGET, shape="", message=message)
        for shape in self.targeted:
            if not nodes[shape.iri]:
                targets = ", ".join(map(str, shape.targets))
                message = (
                    f"it meets no node of the data by {targets}. "
                    "Check the name; sub-classes count where the data state them with rdfs:subClassOf."
                )
                yield Notice(kind=NoticeKind.NO_FOCUS_NODE, shape=compact(shape.iri), message=message)

    def check(self, graph: DataGraph, shape: Iri, nodes: Iterable[Term]) -> list[Result]:
        """Check chosen nodes against one shape, whatever its targets are."""
        run = ShapesRun(self.shapes, graph)
        return [result for node in nodes for result in run.results(shape, node)]


class ShapesRun:
    """Shapes at work on one graph; remembers which nodes conform to which shapes."""

    def __init__(self, shapes: Mapping[Iri, Shape], graph: DataGraph) -> None:
        self.graph = graph
        self._shapes = shapes
        self._conforming: dict[tuple[Iri, Term], bool] = {}

    def results(self, shape_iri: Iri, focus: Term) -> Iterator[Result]:
        """Yield everything that a shape finds at fault with a node."""
        shape = self._shapes[shape_iri]
        # A shape that is switched off has no results: every node conforms to it (SHACL, section 2.1.6).
        if shape.deactivated:
            return
        values: Reached = {focus: None} if shape.path is None else shape.path.values(self.graph, focus)
        for constraint in shape.constraints:
            yield from constraint.results(self, shape, focus, values)

    def conforms(self, shape_iri: Iri, node: Term) -> bool:
        """Say whether a shape finds nothing at fault with a node."""
        key = (shape_iri, node)
        known = self._conforming.get(key)
        if known is None:
            # The first result is enough.
            known = self._conforming[key] = next(self.results(shape_iri, node), None) is None
        return known
