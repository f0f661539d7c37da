"""``stratagraph maturity``: how far an organisation is at each macro-stage, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.service.cli.cards import Format, Listed
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.settings import load_settings

Document = dict[str, Any]


def maturity(
    organization: Annotated[
        str, typer.Argument(help="An organisation that answered the self-assessment, by name, label or IRI.")
    ],
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Show an organisation's maturity stage by stage, which stage holds it back, and what is missing there."""
    params = {"organization": organization, "lang": lang}
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            answer = client.request("GET", "/api/maturity", params=params).json()
    if form is Format.JSON:
        write(json_text(answer), out)
    else:
        write("\n".join(_lines(answer, lang)), out)


def _lines(answer: Document, lang: str) -> Iterator[str]:
    texts = messages("advice", lang)
    if not answer["stages"]:
        yield texts["no-answers"].format(organization=answer["label"])
        return
    shares = ("questions", "deliverables", "criteria")
    columns = [texts[name] for name in ("stage", *shares, "level")]
    rows = [
        [stage["label"], *(f"{stage[share]:.0%}" for share in shares), stage["levelLabel"]]
        for stage in answer["stages"]
    ]
    yield grid(columns, rows, width=terminal_width())
    weakest = next(stage for stage in answer["stages"] if stage["iri"] == answer["weakest"])
    if weakest["gaps"]:
        yield texts["weakest"].format(stage=weakest["label"])
        yield from (f"- {gap['label']}" for gap in weakest["gaps"])
