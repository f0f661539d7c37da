"""``stratagraph search``: assets and obligations by part of a name."""

from __future__ import annotations

from typing import Annotated

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.service.cli.cards import Format, Listed, Most, cards_table
from stratagraph.service.cli.options import Config, Data, Ontology, Out, write
from stratagraph.service.cli.reaching import client_of
from stratagraph.service.cli.tongue import Language


def search(
    text: Annotated[str, typer.Argument(help="Part of a name or label; case and accents do not matter.")],
    limit: Most = 20,
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Find assets, and obligations such as LGPD-33, by part of a name or label; the best first.

    Exit status: 0 when something was found, 1 when nothing was, 2 when the search could not run.
    """
    with client_of(data, config, ontology) as client:
        answer = client.request("GET", "/api/search", params={"q": text, "limit": limit, "lang": lang}).json()
    found = answer["results"]
    if form is Format.JSON:
        write(json_text(answer), out)
    elif found:
        write(cards_table(found, lang), out)
    else:
        typer.echo(messages("assets", lang)["none-found"].format(text=text), err=True)
    raise typer.Exit(0 if found else 1)
