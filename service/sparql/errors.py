"""What can go wrong with a SPARQL query, each with the HTTP status that the endpoint answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class QueryRefused(StratagraphError):
    """The query asks for something that this endpoint never does."""

    slug: ClassVar[str] = "query-refused"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{word} at line {line}, column {column} is refused: {reason}."
    word: str
    line: int
    column: int
    reason: str


@dataclass(kw_only=True)
class QuerySyntax(StratagraphError):
    """The query is not SPARQL."""

    slug: ClassVar[str] = "query-syntax"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "The query is not valid SPARQL 1.1: {detail}"
    detail: str


@dataclass(kw_only=True)
class QueryTooDeep(StratagraphError):
    """The query is nested deeper, or chained longer, than the engine can take."""

    slug: ClassVar[str] = "query-too-deep"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "At line {line}, column {column} the query has more than {limit} {what}. {advice}."
    line: int
    column: int
    limit: int
    what: str
    advice: str


@dataclass(kw_only=True)
class FormNotAcceptable(StratagraphError):
    """The Accept header names no format that this form of query has."""

    slug: ClassVar[str] = "not-acceptable"
    status: ClassVar[int] = 406
    text: ClassVar[str] = "The Accept header leaves no format for this query. Accept one of: {offered}."
    offered: str


@dataclass(kw_only=True)
class GraphNotWritable(StratagraphError):
    """The format that was asked for has no form for a triple of the answer."""

    slug: ClassVar[str] = "graph-not-writable"
    status: ClassVar[int] = 406
    text: ClassVar[str] = "The answer cannot be written as RDF/XML: {detail}. Accept text/turtle."
    detail: str


@dataclass(kw_only=True)
class NoPast(StratagraphError):
    """The endpoint was asked about the past and knows only the present."""

    slug: ClassVar[str] = "no-past"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "This endpoint answers about the present only. Ask without a moment."
