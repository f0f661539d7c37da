"""``stratagraph query``: a SPARQL or Cypher query from a file or standard input."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stratagraph.service.cli.options import AsOf, Config, Data, Ontology, Out, errors_in_words, fail, tell_past, write
from stratagraph.service.client import connect
from stratagraph.service.settings import load_settings


class Format(StrEnum):
    """How a result is written."""

    JSON = "json"
    XML = "xml"
    CSV = "csv"
    TSV = "tsv"
    TURTLE = "turtle"
    NTRIPLES = "ntriples"
    RDFXML = "rdfxml"
    JSONLD = "jsonld"


MEDIA_TYPES = {
    Format.JSON: "application/sparql-results+json",
    Format.XML: "application/sparql-results+xml",
    Format.CSV: "text/csv",
    Format.TSV: "text/tab-separated-values",
    Format.TURTLE: "text/turtle",
    Format.NTRIPLES: "application/n-triples",
    Format.RDFXML: "application/rdf+xml",
    Format.JSONLD: "application/ld+json",
}
CYPHER = ".cypher"


def query(
    file: Annotated[
        str,
        typer.Argument(
            help="A file with a SPARQL query (.rq) or a Cypher query (.cypher), or - for SPARQL on standard input."
        ),
    ],
    form: Annotated[
        Format | None, typer.Option("--format", help="Default: tsv for rows, turtle for graphs.", show_default=False)
    ] = None,
    as_of: AsOf = None,
    out: Out = None,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Answer a SPARQL or Cypher query; the prefixes of SPARQL are sg, asset, rdf and others."""
    text = _standard_input() if file == "-" else _read(Path(file))
    accept = MEDIA_TYPES[form] if form else "text/tab-separated-values, text/turtle;q=0.9"
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            if file.endswith(CYPHER):
                if as_of is not None:
                    fail("Cypher knows the present only. Leave --as-of out, or ask in SPARQL.")
                write(client.request("POST", "/cypher", json={"query": text}).text, out)
                return
            headers = {"Content-Type": "application/sparql-query", "Accept": accept}
            params = {"as-of": as_of}
            answer = client.request("POST", "/sparql", content=text.encode(), params=params, headers=headers)
            write(answer.text, out)
            tell_past(answer.headers)


def _standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        fail("Standard input is not UTF-8 text. Send the query as UTF-8.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}. Give a file with a query, or - for standard input.")
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8 text. Save it as UTF-8.")
