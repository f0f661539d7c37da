"""``stratagraph impact``: what does a change of this asset touch?"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stratagraph.service.cli.options import AsOf, Config, Data, Ontology, Out, errors_in_words, tell_past, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.settings import load_settings


class DirectionOption(StrEnum):
    """Along the influences, against them, or both."""

    DOWN = "down"
    UP = "up"
    BOTH = "both"


class Format(StrEnum):
    """How an impact is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MERMAID = "mermaid"
    GRAPHML = "graphml"
    NODELINK = "nodelink"


def impact(
    asset: Annotated[
        str,
        typer.Argument(help="What changes: an asset, by name, label, CURIE or IRI, or an obligation such as LGPD-33."),
    ],
    change: Annotated[
        str | None, typer.Option("--change", help="Kind of change, for example regulation-change.")
    ] = None,
    direction: Annotated[
        DirectionOption, typer.Option("--direction", help="down: what it touches; up: what touches it.")
    ] = (DirectionOption.DOWN),
    aspect: Annotated[str | None, typer.Option("--aspect", help="Only this aspect, for example privacy.")] = None,
    mode: Annotated[
        str | None,
        typer.Option("--mode", help="Only paths that begin in this mode: requirement, effect or load."),
    ] = None,
    depth: Annotated[int | None, typer.Option("--depth", min=1, help="Most hops.")] = None,
    as_of: AsOf = None,
    form: Annotated[Format, typer.Option("--format", help="How to write the answer.")] = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Show the assets that a change touches, by level, each with its path and the reason for every hop."""
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        params = {
            "asset": asset,
            "change": change,
            "direction": direction.value,
            "aspect": aspect,
            "mode": mode,
            "depth": depth,
            "asOf": as_of,
            "format": form.value,
            "lang": lang,
        }
        with connect(settings) as client:
            answer = client.request("GET", "/api/impact", params=params)
            write(answer.text, out)
            tell_past(answer.headers)
