"""What can go wrong with a SPARQL query, each with the HTTP status that the endpoint answers."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class QueryRefused(StratagraphError, slug="query-refused", status=400):
    """The query asks for something that this endpoint never does."""

    text = "{word} at line {line}, column {column} is refused: {reason}."

    word: str
    line: int
    column: int
    reason: str


class QuerySyntax(StratagraphError, slug="query-syntax", status=400):
    """The query is not SPARQL."""

    text = "The query is not valid SPARQL 1.1: {detail}"

    detail: str


class QueryTooDeep(StratagraphError, slug="query-too-deep", status=400):
    """The query is nested deeper, or chained longer, than the engine can take."""

    text = "At line {line}, column {column} the query has more than {limit} {what}. {advice}."

    line: int
    column: int
    limit: int
    what: str
    advice: str


class UnknownFunction(StratagraphError, slug="query-unknown-function", status=400):
    """The query calls a function that this endpoint does not have, or with another number of arguments."""

    text = (
        "The query calls a function that is not known here, or not with these arguments: {detail}. Use the functions "
        "and aggregates of SPARQL 1.1, and the casts to XSD's datatypes, each of one argument."
    )

    detail: str


class FormNotAcceptable(StratagraphError, slug="not-acceptable", status=406):
    """The Accept header names no format that this form of query has."""

    text = "The Accept header leaves no format for this query. Accept one of: {offered}."

    offered: str


class GraphNotWritable(StratagraphError, slug="graph-not-writable", status=406):
    """The format that was asked for has no form for a triple of the answer."""

    text = "The answer cannot be written as RDF/XML: {detail}. Accept text/turtle."

    detail: str


class RowsNotWritable(StratagraphError, slug="rows-not-writable", status=406):
    """XML has no form for a value of the answer."""

    text = "The answer cannot be written as XML: {detail}. Accept application/sparql-results+json."

    detail: str


class NoPast(StratagraphError, slug="no-past", status=400):
    """The endpoint was asked about the past and knows only the present."""

    text = "This endpoint answers about the present only. Ask without a moment."
