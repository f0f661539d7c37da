"""``stratagraph schema``: what there is to ask about, for a person or the prompt of a language model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.settings import load_settings


class QueryLanguage(StrEnum):
    """A language that the graph is asked in."""

    SPARQL = "sparql"
    CYPHER = "cypher"


class Format(StrEnum):
    """How the schema is written."""

    TEXT = "text"
    JSON = "json"


def schema(
    language: Annotated[
        QueryLanguage, typer.Option("--language", help="Language of the queries.")
    ] = QueryLanguage.SPARQL,
    form: Annotated[
        Format, typer.Option("--format", help="A page for a prompt, or JSON with all that is known.")
    ] = Format.TEXT,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kinds", help="Only these classes and what is below them; several, or with commas."),
    ] = None,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Tell the kinds, properties, relations and metrics of the estate, and how to ask about them."""
    params = {"language": language.value, "format": form.value, "kinds": kinds or None, "lang": lang}
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            answer = client.request("GET", "/api/schema", params=params)
        write(answer.text, out)
