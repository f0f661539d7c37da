"""Shapes graphs compiled into shapes; whatever is not understood is refused, never skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import RDFS, SH, XSD, compact
from stratagraph.ontology.parsing import parse_rdf
from stratagraph.shapes.components import AT_MOST_ONCE, COMPONENTS, PROPERTY_ONLY, SECONDARY, TRUE
from stratagraph.shapes.constraints import Constraint
from stratagraph.shapes.errors import MalformedShape, UnsupportedShape
from stratagraph.shapes.graph import Graph
from stratagraph.shapes.literals import well_formed
from stratagraph.shapes.pathreader import read_path
from stratagraph.shapes.paths import Path, Predicate
from stratagraph.shapes.shape import TARGETS, CompiledShapes, Shape, Target

CHAIN_LIMIT: Final = 64
"""Shapes may ask shapes that ask shapes, this far."""

_DESCRIPTIVE: Final = frozenset(
    {SH.name, SH.description, SH.order, SH.group, SH.defaultValue, SH.severity, SH.message, SH.deactivated, SH.path}
)
_KNOWN: Final = _DESCRIPTIVE | SECONDARY | set(COMPONENTS) | set(TARGETS)
_ADVANCED: Final = (SH.sparql, SH.js, SH.rule, SH.target, SH.expression)
"""Parameters of SHACL beyond Core that make a node a shape."""
_GRAPH_WIDE: Final = (SH.entailment, SH.parameter)
"""Declarations that change what every shape means: an entailment regime, a component of one's own."""


def compile_shapes(source: Iterable[Fact] | str | bytes) -> CompiledShapes:
    """Compile a shapes graph, given as facts or as Turtle.

    Raises:
        UnsupportedShape: for anything beyond SHACL Core, and for shapes that ask themselves.
        MalformedShape: for a breach of SHACL's syntax rules.
        MalformedRdf: for text that is no Turtle.
    """
    if isinstance(source, str):
        source = source.encode()
    facts = parse_rdf(source, "turtle", SH, "shapes") if isinstance(source, bytes) else source
    return _Compiler(Graph(facts)).compile()


def _label(shape: Iri) -> str:
    return "(a blank node)" if is_blank(shape) else compact(shape)


class _Compiler:
    """One shapes graph on its way to compiled shapes; shapes that are referred to join the queue."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.compiled: dict[Iri, Shape] = {}
        self.queue: list[Iri] = []

    def compile(self) -> CompiledShapes:
        for predicate in _GRAPH_WIDE:
            for node in self.graph.subjects_of(predicate):
                raise UnsupportedShape(shape=_label(str(node)), construct=compact(predicate))
        self.queue = list(self._declared())
        while self.queue:
            shape = self.queue.pop()
            if shape not in self.compiled:
                self.compiled[shape] = _ShapeReader(self, shape).read()
        _refuse_recursion(self.compiled)
        return CompiledShapes(self.compiled)

    def _declared(self) -> dict[Iri, None]:
        """Return the shapes that stand by themselves: by their type, their targets or their parameters."""
        found: dict[Term, None] = {}
        for cls in (SH.NodeShape, SH.PropertyShape):
            found |= self.graph.instances(cls)
        for predicate in (*TARGETS, *COMPONENTS, *_ADVANCED):
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
        for predicate in said:
            if predicate.startswith(SH) and predicate not in _KNOWN:
                raise UnsupportedShape(shape=_label(self.shape), construct=compact(predicate))
        severity, deactivated = self.only(SH.severity), self.only(SH.deactivated)
        return Shape(
            iri=self.shape,
            path=self._path(),
            targets=self._targets(),
            constraints=self._constraints(said),
            severity=SH.Violation if severity is None else self.iri(severity),
            messages=tuple(map(self._message, self._graph.objects(self.shape, SH.message))),
            deactivated=deactivated is not None and self.flag(deactivated),
        )

    def _path(self) -> Path | None:
        node = self.only(SH.path)
        if node is not None:
            return read_path(self._graph, node, _label(self.shape))
        if self._graph.is_instance(self.shape, SH.PropertyShape):
            raise self.malformed("a property shape without sh:path")
        return None

    def _targets(self) -> tuple[Target, ...]:
        targets = [
            Target(kind, value if kind == SH.targetNode else self.iri(value))
            for kind in TARGETS
            for value in self._graph.objects(self.shape, kind)
        ]
        if self._graph.is_instance(self.shape, RDFS.Class) and not is_blank(self.shape):
            targets.append(Target(SH.targetClass, self.shape))
        return tuple(targets)

    def _constraints(self, said: Mapping[Iri, Mapping[Term, None]]) -> tuple[Constraint, ...]:
        found: list[Constraint] = []
        for parameter, build in COMPONENTS.items():
            values = said.get(parameter, {})
            if len(values) > 1 and parameter in AT_MOST_ONCE:
                raise self.malformed(f"{compact(parameter)} stands more than once")
            if values and parameter in PROPERTY_ONLY and SH.path not in said:
                raise self.malformed(f"{compact(parameter)} at a node shape")
            for value in values:
                found += build(self, value)
        return tuple(found)

    def _message(self, value: Term) -> Literal:
        if not isinstance(value, Literal) or not (value.language or value.datatype == XSD.string):
            raise self.malformed("sh:message is no text")
        return value

    def malformed(self, reason: str) -> MalformedShape:
        return MalformedShape(shape=_label(self.shape), construct=reason)

    def iri(self, value: Term) -> Iri:
        if isinstance(value, Literal) or is_blank(value):
            raise self.malformed("an IRI is expected where there is a literal or a blank node")
        return value

    def count(self, value: Term) -> int:
        if not isinstance(value, Literal) or value.datatype != XSD.integer or not well_formed(value):
            raise self.malformed("a count is no xsd:integer")
        return int(value.value)

    def flag(self, value: Term) -> bool:
        if not isinstance(value, Literal) or value.datatype != XSD.boolean or not well_formed(value):
            raise self.malformed("a boolean is expected where there is none")
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
            raise self.malformed("sh:node asks a node shape, sh:property a property shape, and not the other way")
        self._compiler.queue.append(value)
        return value

    def siblings(self) -> tuple[Iri, ...]:
        own = self.only(SH.qualifiedValueShape)
        found: dict[Iri, None] = {}
        for parent in self._graph.subjects(SH.property, self.shape):
            for child in self._graph.objects(parent, SH.property):
                values = self._graph.objects(child, SH.qualifiedValueShape)
                found |= {value: None for value in values if isinstance(value, str)}
        return tuple(shape for shape in found if shape != own)

    def properties(self) -> frozenset[Iri]:
        paths = (
            read_path(self._graph, path, _label(self.shape))
            for child in self._graph.objects(self.shape, SH.property)
            for path in self._graph.objects(child, SH.path)
        )
        return frozenset(path.iri for path in paths if isinstance(path, Predicate))


def _refuse_recursion(shapes: Mapping[Iri, Shape]) -> None:
    """Refuse shapes that ask themselves, whose meaning SHACL leaves open, and chains that would exhaust the stack."""
    depths: dict[Iri, int] = {}
    for start in shapes:
        stack: list[tuple[Iri, bool]] = [(start, False)]
        open_shapes: set[Iri] = set()
        while stack:
            shape, asked = stack.pop()
            references = _references(shapes[shape])
            if asked:
                open_shapes.discard(shape)
                depths[shape] = 1 + max((depths[other] for other in references), default=0)
                if depths[shape] > CHAIN_LIMIT:
                    raise UnsupportedShape(shape=_label(shape), construct=f"a chain of over {CHAIN_LIMIT} shapes")
            elif shape not in depths and shape not in open_shapes:
                open_shapes.add(shape)
                stack.append((shape, True))
                for other in references:
                    if other in open_shapes:
                        raise UnsupportedShape(shape=_label(other), construct="recursion: it asks itself")
                    stack.append((other, False))


def _references(shape: Shape) -> tuple[Iri, ...]:
    return tuple(other for constraint in shape.constraints for other in constraint.references())
