"""The registry of constraint components: which parameter makes which constraint, and of what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.namespaces import SH, XSD
from stratagraph.shapes import constraints as single
from stratagraph.shapes import relative
from stratagraph.shapes.comparison import has_order
from stratagraph.shapes.errors import MalformedShape
from stratagraph.shapes.patterns import translate
from stratagraph.shapes.shape import Constraint

TRUE: Final = Literal("true", XSD.boolean)


class ShapeReader(Protocol):
    """What a component may ask about the shape that it is read from."""

    shape: Iri

    def malformed(self, reason: str) -> MalformedShape:
        """Return the error to raise."""

    def iri(self, value: Term) -> Iri:
        """Return an IRI, or refuse."""

    def count(self, value: Term) -> int:
        """Return a non-negative integer, or refuse."""

    def flag(self, value: Term) -> bool:
        """Return whether the value is the literal ``true``, or refuse what is no boolean."""

    def members(self, value: Term) -> list[Term]:
        """Return the members of a list, or refuse."""

    def only(self, predicate: Iri) -> Term | None:
        """Return the one value of another parameter of the same shape, None where absent, or refuse several."""

    def subshape(self, value: Term, *, property_shape: bool | None = None) -> Iri:
        """Return a shape that is referred to, having it compiled too, or refuse one that is of the other kind."""

    def says_nothing(self, value: Term) -> bool:
        """Return whether a blank node that stands for a property shape has no statements at all, and tell of it."""

    def siblings(self) -> tuple[Iri, ...]:
        """Return the qualified value shapes beside the one of this shape."""

    def properties(self) -> frozenset[Iri]:
        """Return the predicates that are paths of this shape's property shapes."""


Builder: TypeAlias = Callable[[ShapeReader, Term], list[Constraint]]


def _bound(kind: type[single.Bound]) -> Builder:
    def build(reader: ShapeReader, value: Term) -> list[Constraint]:
        if not has_order(value):
            raise reader.malformed("a bound is no literal whose values have an order")
        return [kind(value)]

    return build


def _shapes(kind: type[relative.And]) -> Builder:
    return lambda reader, value: [kind(tuple(map(reader.subshape, reader.members(value))))]


def _node_kind(reader: ShapeReader, value: Term) -> list[Constraint]:
    if value not in single.NODE_KINDS:
        raise reader.malformed("sh:nodeKind is none of the six kinds")
    return [single.NodeKind(single.NODE_KINDS[value])]


def _text(reader: ShapeReader, value: Term) -> str:
    if not isinstance(value, Literal) or value.datatype != XSD.string:
        raise reader.malformed("a text is expected where there is none")
    return value.value


def _pattern(reader: ShapeReader, value: Term) -> list[Constraint]:
    flags = reader.only(SH.flags)
    try:
        pattern = translate(_text(reader, value), "" if flags is None else _text(reader, flags))
    except ValueError as error:
        raise reader.malformed(f"sh:pattern cannot be used, {error}") from None
    return [single.Pattern(pattern)]


def _languages(reader: ShapeReader, value: Term) -> list[Constraint]:
    # Ranges of languages are compared without case (RFC 4647, section 2).
    return [single.LanguageIn(tuple(_text(reader, member).lower() for member in reader.members(value)))]


def _closed(reader: ShapeReader, value: Term) -> list[Constraint]:
    ignored = reader.only(SH.ignoredProperties)
    allowed = frozenset() if ignored is None else frozenset(map(reader.iri, reader.members(ignored)))
    return [relative.Closed(allowed | reader.properties())] if reader.flag(value) else []


def _qualified(reader: ShapeReader, value: Term) -> list[Constraint]:
    least, most = reader.only(SH.qualifiedMinCount), reader.only(SH.qualifiedMaxCount)
    disjoint = reader.only(SH.qualifiedValueShapesDisjoint)
    if least is None and most is None:
        raise reader.malformed("sh:qualifiedValueShape without sh:qualifiedMinCount or sh:qualifiedMaxCount")
    shape = reader.subshape(value)
    apart = tuple(map(reader.subshape, reader.siblings())) if disjoint is not None and reader.flag(disjoint) else ()
    found: list[Constraint] = []
    # Two components, each with results of its own (SHACL, section 4.7.3).
    if least is not None:
        found.append(relative.QualifiedMin(shape=shape, siblings=apart, count=reader.count(least)))
    if most is not None:
        found.append(relative.QualifiedMax(shape=shape, siblings=apart, count=reader.count(most)))
    return found


def _property(reader: ShapeReader, value: Term) -> list[Constraint]:
    if reader.says_nothing(value):
        return []
    return [relative.Property(reader.subshape(value, property_shape=True))]


COMPONENTS: Final[dict[Iri, Builder]] = {
    SH.term("class"): lambda reader, value: [single.Class(reader.iri(value))],
    SH.datatype: lambda reader, value: [single.Datatype(reader.iri(value))],
    SH.nodeKind: _node_kind,
    SH.minCount: lambda reader, value: [single.MinCount(reader.count(value))],
    SH.maxCount: lambda reader, value: [single.MaxCount(reader.count(value))],
    SH.minExclusive: _bound(single.MinExclusive),
    SH.minInclusive: _bound(single.MinInclusive),
    SH.maxExclusive: _bound(single.MaxExclusive),
    SH.maxInclusive: _bound(single.MaxInclusive),
    SH.minLength: lambda reader, value: [single.MinLength(reader.count(value))],
    SH.maxLength: lambda reader, value: [single.MaxLength(reader.count(value))],
    SH.pattern: _pattern,
    SH.languageIn: _languages,
    # false constrains nothing (SHACL, section 4.4.5)
    SH.uniqueLang: lambda reader, value: [single.UniqueLang()] if reader.flag(value) else [],
    SH.equals: lambda reader, value: [relative.Equals(reader.iri(value))],
    SH.disjoint: lambda reader, value: [relative.Disjoint(reader.iri(value))],
    SH.lessThan: lambda reader, value: [relative.LessThan(reader.iri(value))],
    SH.lessThanOrEquals: lambda reader, value: [relative.LessThanOrEquals(reader.iri(value))],
    SH.term("not"): lambda reader, value: [relative.Not(reader.subshape(value))],
    SH.term("and"): _shapes(relative.And),
    SH.term("or"): _shapes(relative.Or),
    SH.xone: _shapes(relative.Xone),
    SH.node: lambda reader, value: [relative.Node(reader.subshape(value, property_shape=False))],
    SH.property: _property,
    SH.qualifiedValueShape: _qualified,
    SH.closed: _closed,
    SH.hasValue: lambda _reader, value: [single.HasValue(value)],
    SH.term("in"): lambda reader, value: [single.In(frozenset(reader.members(value)))],
}
"""Each parameter that makes constraints by itself."""

SECONDARY: Final[dict[Iri, Iri]] = {
    SH.flags: SH.pattern,
    SH.ignoredProperties: SH.closed,
    SH.qualifiedMinCount: SH.qualifiedValueShape,
    SH.qualifiedMaxCount: SH.qualifiedValueShape,
    SH.qualifiedValueShapesDisjoint: SH.qualifiedValueShape,
}
"""Parameters that only say more about another one, with that one."""

PROPERTY_ONLY: Final = frozenset(
    {SH.minCount, SH.maxCount, SH.uniqueLang, SH.lessThan, SH.lessThanOrEquals, SH.qualifiedValueShape}
)
"""Parameters that a node shape may not have."""

AT_MOST_ONCE: Final = frozenset(
    {
        SH.datatype,
        SH.nodeKind,
        SH.minCount,
        SH.maxCount,
        SH.minExclusive,
        SH.minInclusive,
        SH.maxExclusive,
        SH.maxInclusive,
        SH.minLength,
        SH.maxLength,
        SH.languageIn,
        SH.uniqueLang,
        SH.term("in"),
        SH.closed,
        SH.qualifiedValueShape,
    }
)
"""Parameters that a shape may have once; two patterns with one set of flags would be ambiguous only with flags."""
