"""``stratagraph validate``: plain SHACL validation with our engine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from stratagraph.ontology.sentences import say
from stratagraph.service.cli.options import Out, errors_in_words, fail, write
from stratagraph.service.cli.tongue import note, tongue
from stratagraph.shapes.validate import validate as run_validation


class Format(StrEnum):
    """How a validation report is written."""

    TURTLE = "turtle"
    JSON = "json"


class ShaclEngine(StrEnum):
    """Who judges."""

    STRATAGRAPH = "stratagraph"
    PYSHACL = "pyshacl"


def validate(
    data: Annotated[list[Path], typer.Option("--data", help="RDF file with the data; may be given several times.")],
    shapes: Annotated[
        list[Path], typer.Option("--shapes", help="RDF file with the shapes; may be given several times.")
    ],
    form: Annotated[Format, typer.Option("--format", help="How to write the report.")] = Format.TURTLE,
    engine: Annotated[
        ShaclEngine, typer.Option("--engine", help="Who judges: our own engine, or pyshacl for a second opinion.")
    ] = ShaclEngine.STRATAGRAPH,
    out: Out = None,
) -> None:
    """Validate data against SHACL shapes and write the W3C report.

    Exit status: 0 when the data conform, 1 when they do not, 2 when the validation could not run.
    """
    if engine is ShaclEngine.PYSHACL:
        _second_opinion(data, shapes, form, out)
    with errors_in_words():
        try:
            outcome = run_validation(data, shapes)
        # Told here, where the options are known that named the file.
        except OSError as error:
            fail(f"{error.filename} cannot be read: {error.strerror}. Give RDF files to --data and --shapes.")
        for notice in outcome.notices:
            note(f"warning: {': '.join(filter(None, (notice.shape, say(notice.message, tongue()))))}")
        write(outcome.to_turtle() if form is Format.TURTLE else outcome.to_json(), out)
    raise typer.Exit(0 if outcome.conforms else 1)


def _second_opinion(data: list[Path], shapes: list[Path], form: Format, out: Path | None) -> NoReturn:
    """Let pyshacl judge, and end with the same exit statuses."""
    from stratagraph.shapes.second_opinion import validate_with_pyshacl

    if form is not Format.TURTLE:
        fail("pyshacl writes its report as --format turtle only.")
    with errors_in_words():
        try:
            conforms, report = validate_with_pyshacl(data, shapes)
        except OSError as error:
            fail(f"{error.filename} cannot be read: {error.strerror}. Give RDF files to --data and --shapes.")
        write(report, out)
    raise typer.Exit(0 if conforms else 1)
