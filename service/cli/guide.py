"""``stratagraph guide``: which architectures suit a use case, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.service.cli.cards import Format, Listed
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.client import Absent
from stratagraph.service.settings import load_settings

Document = dict[str, Any]


def guide(
    use_case: Annotated[
        str | None, typer.Argument(help="A use case of the graph, by name or IRI.", show_default=False)
    ] = None,
    need: Annotated[
        list[str] | None,
        typer.Option("--need", help="What it needs: NAME=VALUE, or NAME for what is true; as often as needed."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also techniques, components, model families, and what is ruled out.")
    ] = False,
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Show which architectures suit a use case and why; with neither use case nor needs, what may be needed."""
    params = {"useCase": use_case, "need": need or None, "all": "true" if everything else None, "lang": lang}
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        # What it knows is the ontology's: needs can be told without a graph of one's own.
        with connect(settings, Absent.REFUSE if use_case else Absent.PRETEND) as client:
            answer = client.request("GET", "/api/decision-guide", params=params).json()
    if form is Format.JSON:
        write(json_text(answer), out)
    elif use_case or need:
        write("\n".join(_options(answer, messages("advice", lang))), out)
    else:
        write(_needs(answer, messages("advice", lang)), out)


def _options(answer: Document, texts: Mapping[str, str]) -> Iterator[str]:
    if not answer["options"]:
        yield texts["nothing-indicated"]
    for option in answer["options"]:
        yield texts["ruled-out" if option["ruledOut"] else "indicated"].format(option=option["label"])
        yield from (f"  + {reason['text']}" for reason in option["reasons"])
        yield from (f"  - {reason['text']}" for reason in option["objections"])


def _needs(answer: Document, texts: Mapping[str, str]) -> str:
    rows = [[need["name"], need["label"], ", ".join(need["values"])] for need in answer["needs"]]
    return grid([texts["need"], texts["meaning"], texts["values"]], rows, width=terminal_width())
