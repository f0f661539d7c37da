"""``stratagraph dump``: the whole graph in one document."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, stream
from stratagraph.service.cli.reaching import connect
from stratagraph.service.settings import load_settings


class Format(StrEnum):
    """How the graph is written; both hold named graphs."""

    TRIG = "trig"
    NQUADS = "nquads"


MEDIA_TYPES: Final = {Format.TRIG: "application/trig", Format.NQUADS: "application/n-quads"}


def dump(
    form: Annotated[Format, typer.Option("--format", help="TriG, or N-Quads: a line for each.")] = Format.TRIG,
    out: Out = None,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Write the whole graph, with who states what in named graphs, for another store or tool."""
    with (
        errors_in_words(),
        connect(load_settings(config, data=data, ontology=ontology)) as client,
        stream(out) as file,
    ):
        client.dump(MEDIA_TYPES[form], file)
