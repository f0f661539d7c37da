"""``stratagraph root-cause``: what may have caused that a metric of an asset is unusual."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.service.cli.options import Config, Data, Ontology, Out, write
from stratagraph.service.cli.reaching import client_of
from stratagraph.service.cli.tongue import Language


class Format(StrEnum):
    """How causes are written."""

    TABLE = "table"
    JSON = "json"


def root_cause(
    asset: Annotated[str, typer.Argument(help="What is degraded: an asset, by name, label, CURIE or IRI.")],
    metric: Annotated[str, typer.Option("--metric", help="What is unusual about it, for example latency.")],
    begin: Annotated[
        str | None, typer.Option("--from", help="Since when: a time or a date; an hour before the end if not given.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Until when; now if not given.")] = None,
    normal: Annotated[int, typer.Option("--normal", min=1, help="How many hours before tell what is usual.")] = 24,
    form: Annotated[Format, typer.Option("--format", help="How to write the answer.")] = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Rank what may have caused a symptom, from what was observed upstream; nothing is named where all is usual."""
    with client_of(data, config, ontology) as client:
        params = {
            "asset": asset,
            "metric": metric,
            "from": begin,
            "until": until,
            "normal": str(normal),
            "lang": lang,
        }
        answer = client.request("GET", "/api/root-cause", params=params).json()
    if form is Format.JSON:
        write(json_text(answer), out)
        return
    from stratagraph.queries.rootcause.causes_document import lines

    write("\n".join(lines(answer, lang)), out)
