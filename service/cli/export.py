"""``stratagraph export``: the graph, or one system of it, as a file for another tool."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, stream
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.settings import load_settings


class Format(StrEnum):
    """How the graph is written."""

    TURTLE = "turtle"
    TRIG = "trig"
    NQUADS = "nquads"
    JSONLD = "jsonld"
    GRAPHML = "graphml"
    CSV = "csv"
    MLBOM = "mlbom"


MEDIA_TYPES: Final = {
    Format.TURTLE: "text/turtle",
    Format.TRIG: "application/trig",
    Format.NQUADS: "application/n-quads",
    Format.JSONLD: "application/ld+json",
    Format.GRAPHML: "application/graphml+xml",
    Format.CSV: "text/csv",
    Format.MLBOM: "application/vnd.cyclonedx+json",
}


def export(
    form: Annotated[
        Format, typer.Option("--format", help="RDF with or without named graphs, or what is stated, for other tools.")
    ] = Format.TURTLE,
    system: Annotated[
        str | None,
        typer.Option("--system", help="Only this asset and what is part of it.", show_default=False),
    ] = None,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Write the graph, or one system of it, for another store, a graph tool or a spreadsheet."""
    with (
        errors_in_words(),
        connect(load_settings(config, data=data, ontology=ontology)) as client,
        stream(out) as file,
    ):
        client.dump(MEDIA_TYPES[form], file, system=system, lang=lang)
