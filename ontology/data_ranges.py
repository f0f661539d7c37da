"""Data ranges of OWL 2: which literals belong to a datatype, a list of values, a datatype with bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from stratagraph.ontology.datatypes import NUMBERS, TEXTS, well_formed, within
from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, XSD

Value: TypeAlias = tuple[str, object]
"""A value with the value space that it is of: equal literals have equal ones, however they are written."""

DEPTH: Final = 64
"""Data ranges that nest deeper are not read."""
_TEXTUAL: Final = frozenset({RDFS.Literal, RDF.langString, RDF.PlainLiteral, RDF.XMLLiteral, RDF.HTML, RDF.JSON})
_DATE_TIMES: Final = frozenset({XSD.dateTime, XSD.dateTimeStamp})


class DataRange(Protocol):
    """A set of literals."""

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal's value is one of it."""


@dataclass(frozen=True, slots=True)
class Datatype:
    """The values of a named datatype; of one that nothing defines, the literals that are written with it."""

    iri: Iri

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal's value is one of the datatype's."""
        known = self.iri.startswith(XSD) or self.iri in {RDFS.Literal, RDF.PlainLiteral}
        return within(literal, self.iri) if known else literal.datatype == self.iri and well_formed(literal)


@dataclass(frozen=True, slots=True)
class Listed:
    """The values of some literals (``owl:oneOf``)."""

    values: frozenset[Value]

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal is written for one of the values."""
        return value_of(literal) in self.values


@dataclass(frozen=True, slots=True)
class Combined:
    """What is in every one of some data ranges, or in any of them."""

    parts: tuple[DataRange, ...]
    every: bool

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal is in the parts as asked."""
        inside = (literal in part for part in self.parts)
        return all(inside) if self.every else any(inside)


@dataclass(frozen=True, slots=True)
class Outside:
    """What is not in a data range."""

    of: DataRange

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal has a value, and one that the range has not."""
        return well_formed(literal) and literal not in self.of


@dataclass(frozen=True, slots=True)
class Bounded:
    """The values of a datatype within bounds; ``facet`` is the local name of a constraining facet of XSD."""

    base: DataRange
    facet: str
    bound: Literal

    def __contains__(self, literal: Literal) -> bool:
        """Tell whether a literal keeps to the bound."""
        if literal not in self.base:
            return False
        if self.facet in _LENGTHS:
            return _LENGTHS[self.facet](len(literal.value), int(self.bound.value))
        (space, value), (bound_space, bound) = value_of(literal), value_of(self.bound)
        # Values of different kinds, a moment with a time zone and one without, are not in any order.
        return space == bound_space and space in _ORDERED and _ORDERS[self.facet](value, bound)


_ORDERED: Final = frozenset({"number", "moment", "local time", XSD.float, XSD.double})
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "minInclusive": lambda value, bound: value >= bound,
    "maxInclusive": lambda value, bound: value <= bound,
    "minExclusive": lambda value, bound: value > bound,
    "maxExclusive": lambda value, bound: value < bound,
}
_LENGTHS: Final[dict[str, Callable[[int, int], bool]]] = {
    "length": lambda length, bound: length == bound,
    "minLength": lambda length, bound: length >= bound,
    "maxLength": lambda length, bound: length <= bound,
}


_SPACES: Final[dict[Iri, tuple[str, Callable[[str], object]]]] = {
    **dict.fromkeys(NUMBERS, ("number", Decimal)),
    **dict.fromkeys(TEXTS, ("text", str)),
    XSD.float: (XSD.float, float),
    XSD.double: (XSD.double, float),
    XSD.boolean: (XSD.boolean, {"true": True, "1": True}.get),
}
"""By datatype the value space that its values are in, and how they are read; another datatype is a space of its own."""


def value_of(literal: Literal) -> Value:
    """Return the value that a literal is written for; an ill-formed one stands for itself."""
    text, datatype = literal.value, literal.datatype
    if literal.language:
        return f"text in {literal.language.lower()}", text
    if not well_formed(literal):
        return f"ill-formed {datatype}", text
    if datatype in _DATE_TIMES:
        return _moment(text)
    space, read = _SPACES.get(datatype, (datatype, str))
    return space, read(text)


def _moment(text: str) -> Value:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return "written time", text  # beyond the years or the precision of Python
    if read.tzinfo is None:
        return "local time", read
    try:
        return "moment", read.astimezone(UTC)
    except OverflowError:
        return "written time", text


def is_datatype(graph: Graph, iri: Iri) -> bool:
    """Say whether a term stands for literals."""
    return iri.startswith(XSD) or iri in _TEXTUAL or RDFS.Datatype in graph.iris(iri, RDF.type)


def read_range(graph: Graph, node: Iri, depth: int = 0) -> DataRange | None:
    """Return the data range that a node stands for; None where it can't be decided which literals are in it."""
    if depth > DEPTH:
        return None
    inner = partial(read_range, graph, depth=depth + 1)
    for head in graph.iris(node, OWL.oneOf):
        return Listed(frozenset(value_of(term) for term in graph.items(head) if isinstance(term, Literal)))
    for link in (OWL.intersectionOf, OWL.unionOf):
        for head in graph.iris(node, link):
            parts = tuple(filter(None, map(inner, graph.members(head))))
            return Combined(parts, link == OWL.intersectionOf) if len(parts) == len(graph.members(head)) else None
    for other in graph.iris(node, OWL.datatypeComplementOf):
        return Outside(of) if (of := inner(other)) else None
    for base in graph.iris(node, OWL.onDatatype):
        return _bounded(graph, node, inner(base))
    defined = next(filter(partial(is_datatype, graph), graph.iris(node, OWL.equivalentClass)), None)
    return inner(defined) if defined else Datatype(node) if is_datatype(graph, node) else None


def _bounded(graph: Graph, node: Iri, base: DataRange | None) -> DataRange | None:
    for head in graph.iris(node, OWL.withRestrictions):
        for part in graph.items(head):
            facets = [
                (name, bound)
                for name in (*_ORDERS, *_LENGTHS)
                for bound in graph.objects(str(part), XSD.term(name))
                if isinstance(bound, Literal)
            ]
            # A pattern, or a range of languages.
            if not facets:
                return None
            for name, bound in facets:
                if base is None or (name in _LENGTHS and not bound.value.isdecimal()):
                    return None
                base = Bounded(base, name, bound)
    return base
