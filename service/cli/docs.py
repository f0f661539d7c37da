"""``stratagraph docs``: the ontology as pages to browse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stratagraph.service.cli.options import Config, Ontology, errors_in_words, fail
from stratagraph.service.cli.tongue import tell
from stratagraph.service.settings import load_settings


def docs(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the pages into.")],
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Write a browsable reference of the ontology in English and Portuguese, for a browser without a network."""
    from stratagraph.service.engine.in_force import ontology_of
    from stratagraph.service.reference.pages import write_reference

    with errors_in_words():
        # Names and definitions need no reasoner, which takes seconds.
        model = ontology_of(load_settings(config, ontology=ontology), reason=False).model
        try:
            count = write_reference(model, out)
        except OSError as error:
            fail(f"{out} cannot be written: {error.strerror}. Choose another folder with --out.")
    tell(f"Wrote {count} pages; open {out / 'index.html'}.")
