"""``stratagraph template``: a form to fill in for a class."""

from __future__ import annotations

from typing import Annotated

import typer

from stratagraph.service.cli.options import Config, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.tongue import Language
from stratagraph.service.settings import load_settings


def template(
    name: Annotated[str, typer.Argument(metavar="CLASS", help="IRI, CURIE, local name or label of a class.")],
    out: Out = None,
    table: Annotated[
        bool, typer.Option("--csv", help="Print a table to fill in for a spreadsheet instead.", show_default=False)
    ] = False,
    lang: Language = "en",
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Print an inventory entry of a class with everything that it may say, commented out, to be filled in."""
    with errors_in_words():
        from stratagraph.queries.forms import Forms
        from stratagraph.queries.vocabulary import Vocabulary
        from stratagraph.service.engine.in_force import ontology_of
        from stratagraph.service.reference import csv_template as tables
        from stratagraph.service.reference import template as forms

        model = ontology_of(load_settings(config, ontology=ontology), reason=False).model
        cls = Vocabulary(model).find_class(name)
        write(tables.csv_template(Forms(model), cls) if table else forms.template(Forms(model), cls, lang), out)
