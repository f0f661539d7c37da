"""Shapes graphs compiled into shapes.

What would change a validation and is not understood is refused by name. A term that means nothing at a shape has no
effect, which is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import OWL, RDFS, SH, XSD, compact
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.comparison import well_formed
from stratagraph.shapes.components import AT_MOST_ONCE, COMPONENTS, PROPERTY_ONLY, SECONDARY, TRUE
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.errors import MalformedShape, UnsupportedShape
from stratagraph.shapes.notice import Notice, NoticeKind
from stratagraph.shapes.pathreader import read_path
from stratagraph.shapes.paths import Path, Predicate
from stratagraph.shapes.shacl_terms import GRAPH_WIDE, MAKES_SHAPES, changes_validation, is_silent, is_understood, meant
from stratagraph.shapes.shape import TARGETS, CompiledShapes, Constraint, Shape, Target

ENDLESS: Final = 10**18
"""A count beyond which no graph has values: longer numbers count as this."""
CHAIN_LIMIT: Final = 64
"""Shapes may ask shapes that ask shapes, this far."""

_META_CLASSES: Final[Mapping[Iri, frozenset[Iri]]] = {
    OWL.Class: frozenset({RDFS.Class}),
    OWL.DeprecatedClass: frozenset({RDFS.Class}),
    OWL.Restriction: frozenset({OWL.Class}),
    RDFS.Datatype: frozenset({RDFS.Class}),
    SH.ShapeClass: frozenset({RDFS.Class, SH.NodeShape}),
}
"""The kinds of class, by the axioms of RDFS, OWL and SHACL 1.2, which shapes graphs seldom repeat."""


def compile_shapes(source: Iterable[Fact] | str | bytes, *, strict: bool = False) -> CompiledShapes:
    """Compile a shapes graph, given as facts or as Turtle.

    A strict compilation refuses what is only noticed otherwise: terms and property shapes without effect.

    Raises:
        UnsupportedShape: for anything beyond SHACL Core, and for shapes that ask themselves.
        MalformedShape: for a breach of SHACL's syntax rules.
        MalformedRdf: for text that is no Turtle.
    """
    if isinstance(source, str):
        source = source.encode()
    facts = parse_rdf(source, "turtle", SH, "shapes") if isinstance(source, bytes) else source
    compiled = _Compiler(DataGraph(facts, superclasses=_META_CLASSES)).compile()
    for notice in compiled.notices if strict else ():
        raise UnsupportedShape(shape=notice.shape, construct=f"what has no effect ({notice.message})")
    return compiled


def _label(graph: DataGraph, shape: Iri) -> str:
    """Name a shape; a blank node is named by the nearest shape that has a name."""
    if not is_blank(shape):
        return compact(shape)
    seen, ends = {shape}, [shape]
    # The list grows while it is walked: the nearest shapes are looked at first.
    for end in ends:
        for subject in graph.subjects_with(end):
            if not is_blank(subject):
                return f"(a blank node of {compact(subject)})"
            if subject not in seen:
                seen.add(subject)
                ends.append(subject)
    return "(a blank node)"


class _Compiler:
    """One shapes graph on its way to compiled shapes; shapes that are referred to join the queue."""

    def __init__(self, graph: DataGraph) -> None:
        self.graph = graph
        self.compiled: dict[Iri, Shape] = {}
        self.queue: list[Iri] = []
        self.notices: list[Notice] = []

    def compile(self) -> CompiledShapes:
        for predicate in GRAPH_WIDE:
            for node in self.graph.subjects_of(predicate):
                raise UnsupportedShape(shape=self.label(str(node)), construct=compact(predicate))
        self.queue = list(self._declared())
        while self.queue:
            shape = self.queue.pop()
            if shape not in self.compiled:
                self.compiled[shape] = _ShapeReader(self, shape).read()
        self._refuse_recursion()
        return CompiledShapes(self.compiled, tuple(self.notices))

    def label(self, shape: Iri) -> str:
        return _label(self.graph, shape)

    def notice(self, kind: NoticeKind, shape: Iri, message: str) -> None:
        self.notices.append(Notice(kind=kind, shape=self.label(shape), message=message))

    def _refuse_recursion(self) -> None:
        """Refuse shapes that ask themselves, whose meaning is open, and chains that would exhaust the stack."""
        shapes = self.compiled
        # SHACL leaves open what a recursive shape means (section 3.4.3).
        depths: dict[Iri, int] = {}
        for start in shapes:
            # A stack of our own: the chain that is to be refused here could exhaust Python's.
            stack: list[tuple[Iri, bool]] = [(start, False)]
            open_shapes: set[Iri] = set()
            while stack:
                shape, asked = stack.pop()
                references = _references(shapes[shape])
                if asked:
                    open_shapes.discard(shape)
                    depths[shape] = 1 + max((depths[other] for other in references), default=0)
                    if depths[shape] > CHAIN_LIMIT:
                        raise UnsupportedShape(
                            shape=self.label(shape), construct=f"a chain of over {CHAIN_LIMIT} shapes"
                        )
                elif shape not in depths and shape not in open_shapes:
                    open_shapes.add(shape)
                    stack.append((shape, True))
                    for other in references:
                        if other in open_shapes:
                            raise UnsupportedShape(shape=self.label(other), construct="recursion: it asks itself")
                        stack.append((other, False))

    def _declared(self) -> dict[Iri, None]:
        """Return the shapes that stand by themselves: by their type, their targets or their parameters."""
        found: dict[Term, None] = {}
        for cls in (SH.NodeShape, SH.PropertyShape):
            found |= self.graph.instances(cls)
        for predicate in (*TARGETS, *COMPONENTS, *MAKES_SHAPES):
            found |= self.graph.subjects_of(predicate)
        return {node: None for node in found if isinstance(node, str)}


class _ShapeReader:
    """Reads one shape; also what constraint components ask about it."""

    def __init__(self, compiler: _Compiler, shape: Iri) -> None:
        self._compiler = compiler
        self._graph = compiler.graph
        self.shape = shape

    def read(self) -> Shape:
        said = self._graph.predicates(self.shape)
        severity, deactivated = self.only(SH.severity), self.only(SH.deactivated)
        # Terms of a shape that is switched off change nothing, so none of them is refused.
        silent = deactivated is not None and self.flag(deactivated)
        if not silent:
            self._judge_terms(said)
        return Shape(
            iri=self.shape,
            path=self._path(),
            targets=self._targets(),
            constraints=() if silent else self._constraints(said),
            # A violation, unless the shape states another severity (SHACL, section 2.1.4).
            severity=SH.Violation if severity is None else self.iri(severity),
            messages=tuple(map(self._message, self._graph.objects(self.shape, SH.message))),
            deactivated=silent,
        )

    def _judge_terms(self, said: Mapping[Iri, Mapping[Term, None]]) -> None:
        """Refuse a term that would change the validation, and tell of one that means nothing here."""
        for term, values in said.items():
            if (main := SECONDARY.get(term)) and main not in said:
                message = f"{compact(term)} has no effect without {compact(main)}. Add that, or take it out."
                self._compiler.notice(NoticeKind.LONE_PARAMETER, self.shape, message)
            if is_understood(term) or is_silent(self._graph, values):
                continue
            if changes_validation(term):
                raise UnsupportedShape(shape=self._label(), construct=compact(term))
            hint = meant(term)
            advice = f" Is {hint} meant?" if hint else " Take it out, or replace it by a term of SHACL Core."
            message = f"{compact(term)} is no term of SHACL Core and has no effect.{advice}"
            self._compiler.notice(NoticeKind.UNKNOWN_TERM, self.shape, message)

    def _label(self) -> str:
        return self._compiler.label(self.shape)

    def _path(self) -> Path | None:
        node = self.only(SH.path)
        if node is not None:
            return read_path(self._graph, node, self._label())
        if self._graph.is_instance(self.shape, SH.PropertyShape):
            raise self.malformed("a property shape without sh:path")
        return None

    def _targets(self) -> tuple[Target, ...]:
        targets = [
            Target(kind, value if kind == SH.targetNode else self.iri(value))
            for kind in TARGETS
            for value in self._graph.objects(self.shape, kind)
        ]
        # An implicit class target (SHACL, section 2.1.3.3), which only an IRI can be.
        if self._graph.is_instance(self.shape, RDFS.Class) and not is_blank(self.shape):
            targets.append(Target(SH.targetClass, self.shape))
        return tuple(targets)

    def _constraints(self, said: Mapping[Iri, Mapping[Term, None]]) -> tuple[Constraint, ...]:
        found: list[Constraint] = []
        # In the order of the registry: results then do not depend on the order of the shapes graph.
        for parameter, build in COMPONENTS.items():
            values = said.get(parameter, {})
            if len(values) > 1 and parameter in AT_MOST_ONCE:
                raise self.malformed(f"{compact(parameter)} stands more than once")
            if values and parameter in PROPERTY_ONLY and SH.path not in said:
                raise self.malformed(f"{compact(parameter)} without a sh:path")
            for value in values:
                found += build(self, value)
        return tuple(found)

    def _message(self, value: Term) -> Literal:
        if not isinstance(value, Literal) or not (value.language or value.datatype == XSD.string):
            raise self.malformed("sh:message is no text")
        return value

    def malformed(self, reason: str) -> MalformedShape:
        return MalformedShape(shape=self._label(), construct=reason)

    def iri(self, value: Term) -> Iri:
        if isinstance(value, Literal) or is_blank(value):
            raise self.malformed("an IRI is expected where there is a literal or a blank node")
        return value

    def count(self, value: Term) -> int:
        if not isinstance(value, Literal) or value.datatype != XSD.integer or not well_formed(value):
            raise self.malformed("a count is no xsd:integer")
        # Clamped before it is an integer: Python makes none of a text of more than 4,300 digits.
        return int(max(Decimal(-ENDLESS), min(Decimal(ENDLESS), Decimal(value.value))))

    def flag(self, value: Term) -> bool:
        if not isinstance(value, Literal) or value.datatype != XSD.boolean or not well_formed(value):
            raise self.malformed("a boolean is expected where there is none")
        # SHACL names the literal: "1" is the same value, and does not count.
        return value == TRUE

    def members(self, value: Term) -> list[Term]:
        members = self._graph.members(value)
        if members is None:
            raise self.malformed("a list is not well-formed")
        return members

    def only(self, predicate: Iri) -> Term | None:
        values = self._graph.objects(self.shape, predicate)
        if len(values) > 1:
            raise self.malformed(f"{compact(predicate)} stands more than once")
        return next(iter(values), None)

    def subshape(self, value: Term, *, property_shape: bool | None = None) -> Iri:
        if isinstance(value, Literal):
            raise self.malformed("a literal stands for a shape")
        if property_shape not in {None, bool(self._graph.objects(value, SH.path))}:
            kind, fault = ("property", "is without a") if property_shape else ("node", "has a")
            raise self.malformed(f"sh:{kind} points to {self._compiler.label(value)}, which {fault} sh:path")
        if not self._is_described(value):
            name = self._compiler.label(value)
            message = (
                f"it asks the shape {name}, of which the shapes graph says nothing, so that every node conforms to it. "
                "Check the name, and give the file that describes it to --shapes; if a class is meant, write sh:class."
            )
            self._compiler.notice(NoticeKind.EMPTY_SHAPE, self.shape, message)
        self._compiler.queue.append(value)
        return value

    def _is_described(self, shape: Iri) -> bool:
        """Say whether a shape that is asked says what it is, or anything of SHACL."""
        kinds = (SH.NodeShape, SH.PropertyShape)
        return any(term.startswith(SH) for term in self._graph.predicates(shape)) or any(
            self._graph.is_instance(shape, kind) for kind in kinds
        )

    def says_nothing(self, value: Term) -> bool:
        empty = isinstance(value, str) and is_blank(value) and not self._graph.predicates(value)
        if empty:
            message = "one of its property shapes says nothing, not even a path, and has no effect. Take it out."
            self._compiler.notice(NoticeKind.EMPTY_PROPERTY_SHAPE, self.shape, message)
        return empty

    def siblings(self) -> tuple[Iri, ...]:
        own = self.only(SH.qualifiedValueShape)
        found: dict[Iri, None] = {}
        # Sibling shapes as in section 4.7.3 of SHACL: beside this one, under any shape that has both.
        for parent in self._graph.subjects(SH.property, self.shape):
            for child in self._graph.objects(parent, SH.property):
                values = self._graph.objects(child, SH.qualifiedValueShape)
                found |= {value: None for value in values if isinstance(value, str)}
        return tuple(shape for shape in found if shape != own)

    def properties(self) -> frozenset[Iri]:
        paths = (
            read_path(self._graph, path, self._label())
            for child in self._graph.objects(self.shape, SH.property)
            for path in self._graph.objects(child, SH.path)
        )
        # A longer path allows no predicate (SHACL, section 4.8.1).
        return frozenset(path.iri for path in paths if isinstance(path, Predicate))


def _references(shape: Shape) -> tuple[Iri, ...]:
    return tuple(other for constraint in shape.constraints for other in constraint.references())
