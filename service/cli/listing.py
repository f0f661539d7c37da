"""``stratagraph list``: the assets of a level, class or health."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.service.cli.cards import Format, Listed, Most, cards_table
from stratagraph.service.cli.options import Config, Data, Ontology, Out, write
from stratagraph.service.cli.reaching import client_of
from stratagraph.service.cli.tongue import Language


def listing(
    kind: Annotated[str | None, typer.Option("--kind", help="Only assets of this class, for example Agent.")] = None,
    level: Annotated[
        str | None, typer.Option("--level", help="Only assets of this level: L1 to L12, or transversal.")
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state", help="Only assets of this health: normal, degraded, anomalous or silent; may be repeated."
        ),
    ] = None,
    limit: Most = 200,
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List the assets of a level, class or health, or all of them."""
    params: dict[str, Any] = {"kind": kind, "level": level, "state": state, "limit": limit, "lang": lang}
    with client_of(data, config, ontology) as client:
        answer = client.request("GET", "/api/assets", params=params).json()
    if form is Format.JSON:
        write(json_text(answer), out)
        return
    texts = messages("assets", lang)
    if not answer["assets"]:
        typer.echo(texts["none-listed" if kind or level or state else "no-assets"], err=True)
        return
    write(cards_table(answer["assets"], lang), out)
    if answer["next"]:
        typer.echo(texts["more"].format(limit=min(limit * 5, 1000)), err=True)  # --limit takes no more
