"""``stratagraph query``: a SPARQL or Cypher query as an argument, from a file, or from standard input."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from stratagraph.queries.csv_rows import delimited
from stratagraph.service.cli.answers import Table, cypher_table, sparql_table
from stratagraph.service.cli.grid import grid, on_terminal, terminal_width
from stratagraph.service.cli.options import AsOf, Config, Data, Ontology, Out, errors_in_words, fail, tell_past, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import note
from stratagraph.service.client import Client, Refused, ServiceAnswer
from stratagraph.service.settings import load_settings


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"
    TURTLE = "turtle"
    NTRIPLES = "ntriples"
    RDFXML = "rdfxml"
    JSONLD = "jsonld"
    TRIG = "trig"
    NQUADS = "nquads"


RESULTS: Final = "application/sparql-results+json"
MEDIA_TYPES: Final = {
    # Rows as JSON, to make a table of; a query that builds a graph answers Turtle.
    Format.TABLE: f"{RESULTS}, text/turtle;q=0.9",
    Format.JSON: RESULTS,
    Format.XML: "application/sparql-results+xml",
    Format.CSV: "text/csv",
    Format.TSV: "text/tab-separated-values",
    Format.TURTLE: "text/turtle",
    Format.NTRIPLES: "application/n-triples",
    Format.RDFXML: "application/rdf+xml",
    Format.JSONLD: "application/ld+json",
    Format.TRIG: "application/trig",
    Format.NQUADS: "application/n-quads",
}
# Rows as programs read them, a graph as Turtle: what the query makes is not known yet.
ANY: Final = "text/tab-separated-values, text/turtle;q=0.9"
GRAPHS: Final = (
    Format.TURTLE,
    Format.NTRIPLES,
    Format.RDFXML,
    Format.JSONLD,
    Format.TRIG,
    Format.NQUADS,
)
ROWS: Final = (Format.TABLE, Format.JSON, Format.XML, Format.CSV, Format.TSV)
OF_CYPHER: Final = (Format.TABLE, Format.JSON, Format.CSV, Format.TSV)
_OF_GRAPHS: Final = tuple(MEDIA_TYPES[form] for form in GRAPHS)
CYPHER: Final = ".cypher"
NOT_ACCEPTABLE: Final = 406


def query(
    text: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="A query ('SELECT ...'), or a file that holds one (.cypher: Cypher), or - for standard input.",
        ),
    ],
    cypher: Annotated[bool, typer.Option("--cypher", help="The query is Cypher, whatever its file is called.")] = False,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Default: table on a terminal, else tsv for rows; turtle for graphs.", show_default=False
        ),
    ] = None,
    as_of: AsOf = None,
    out: Out = None,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Answer a SPARQL or Cypher query; the prefixes of SPARQL are sg, asset, rdf and others."""
    if form is None and out is None and on_terminal():
        form = Format.TABLE
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        asked, is_cypher = _query(text, cypher=cypher)
        if is_cypher:
            if as_of is not None:
                fail("Cypher knows the present only. Leave --as-of out, or ask in SPARQL.")
            if form not in (None, *OF_CYPHER):
                fail(f"A Cypher answer has no form {form}. Choose --format {_listed(OF_CYPHER)}.")
            with connect(settings) as client:
                answer = client.request("POST", "/cypher", json={"query": asked})
            _write_cypher(answer, form or Format.JSON, out)
            return
        with connect(settings) as client:
            answer = _ask(client, asked, form, as_of)
        if form in ROWS[1:] and answer.headers["Content-Type"].startswith(_OF_GRAPHS):
            fail(_no_form(form))  # the service then writes a graph as it sees fit
        write(_table(sparql_table(answer.json())) if _is_table(answer, form) else answer.text, out)
        tell_past(answer.headers)


def _ask(client: Client, asked: str, form: Format | None, as_of: str | None) -> ServiceAnswer:
    """Send a SPARQL query; speak of options where the service speaks of headers."""
    headers = {"Content-Type": "application/sparql-query", "Accept": MEDIA_TYPES[form] if form else ANY}
    try:
        return client.request("POST", "/sparql", content=asked.encode(), params={"as-of": as_of}, headers=headers)
    except Refused as refused:
        if refused.code != NOT_ACCEPTABLE:
            raise
        if "Accept header" not in refused.detail:
            told = refused.detail.replace("Accept text/turtle.", "Choose --format turtle.")
            fail(told.replace("Accept application/sparql-results+json.", "Choose --format json."))
        fail(_no_form(form))


def _no_form(form: Format | None) -> str:
    return (
        f"The answer of this query has no form {form}. SELECT and ASK are written as --format {_listed(ROWS)}; "
        f"CONSTRUCT and DESCRIBE as {_listed(GRAPHS)}."
    )


def _is_table(answer: ServiceAnswer, form: Format | None) -> bool:
    return form is Format.TABLE and answer.headers["Content-Type"].startswith(RESULTS)


def _write_cypher(answer: ServiceAnswer, form: Format, out: Path | None) -> None:
    if form is Format.JSON:
        write(answer.text, out)
        return
    document = answer.json()
    table = cypher_table(document)
    write(_table(table) if form is Format.TABLE else delimited(*table, tabs=form is Format.TSV), out)
    if document["partial"]:
        note(f"note: the answer was cut: {document['reason']}")


def _table(table: Table) -> str:
    return grid(*table, width=terminal_width())


def _listed(forms: tuple[Format, ...]) -> str:
    return ", ".join(forms)


def _query(text: str, *, cypher: bool) -> tuple[str, bool]:
    """Return the query that an argument is, names or announces, and whether it is Cypher."""
    if text == "-":
        return _standard_input(), cypher
    if not text.strip():
        fail("The query is empty. Give a query in quotes, a file with one, or - for standard input.")
    if _looks_like_a_query(text):
        return text, cypher
    return _read(Path(text)), cypher or text.endswith(CYPHER)


def _looks_like_a_query(text: str) -> bool:
    """Tell a query from a path: it has spaces and is no file."""
    if len(text.split()) <= 1 and "{" not in text:
        return False
    try:
        return not Path(text).exists()
    except (OSError, ValueError):  # longer than any path
        return True


def _standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        fail("Standard input is not UTF-8 text. Send the query as UTF-8.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        fail(
            f"{path} cannot be read: {error.strerror}. Give a file with a query, the query itself in quotes, or - for "
            "standard input."
        )
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8 text. Save it as UTF-8.")
