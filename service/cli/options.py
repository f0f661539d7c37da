"""Options that several commands share, and how a command fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NoReturn

import typer

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.sentences import say
from stratagraph.service.cli.tongue import note, tongue

COULD_NOT_RUN: Final = 2
LONGEST_SOURCE: Final = 200
"""Characters of a source's name, which the service takes."""

Data = Annotated[Path | None, typer.Option("--data", help="Folder of the ledger and the views.", show_default=False)]
Config = Annotated[Path | None, typer.Option("--config", help="YAML file of settings.", show_default=False)]
Ontology = Annotated[
    Path | None,
    typer.Option("--ontology", help="Folder of Turtle modules that extend the ontology.", show_default=False),
]
Rules = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder of rule packs of your own, beside those that ship.", show_default=False),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 picks a free one.", show_default="8000")]

GrpcPort = Annotated[
    int | None,
    typer.Option("--otlp-grpc-port", help="Port of OTLP/gRPC; 0 picks a free one.", show_default="4317"),
]


def _file_to_write(path: Path | None) -> Path | None:
    """Refuse a place that no file can be written to, before the work and not after it."""
    if path is not None and path.is_dir():
        fail(f"{path} is a folder, and --out wants a file. Name a file in it.")
    if path is not None and not path.parent.is_dir():
        fail(f"{path} cannot be written: there is no folder {path.parent}. Make it, or choose another file with --out.")
    return path


Out = Annotated[
    Path | None, typer.Option("--out", help="File to write to.", show_default=False, callback=_file_to_write)
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="What the ledger knew then: a sequence, a date or a time.", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change: commit nothing.")]

Warnings = Annotated[bool, typer.Option("--warnings", help="List the first twenty warnings.")]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 1 when something changes, or would.")]
CHANGES: Final = 1
"""Exit status of a command that was asked to tell so that something changes."""


def _source(name: str) -> str:
    """Refuse a name that no source can have."""
    if not name.strip():
        fail("--source needs a name: it says who states the facts. For example --source platform-team.")
    if len(name) > LONGEST_SOURCE or not name.isprintable():
        fail(f"--source takes a plain name of at most {LONGEST_SOURCE} characters, for example platform-team.")
    return name


Source = Annotated[str, typer.Option("--source", help="Who says so: the name that the facts carry.", callback=_source)]


def fail(message: str) -> NoReturn:
    """End the command: it could not run."""
    sys.stderr.write(f"stratagraph: {say(message, tongue())}\n")
    raise typer.Exit(COULD_NOT_RUN)


@contextmanager
def errors_in_words() -> Iterator[None]:
    """Turn our own errors into one paragraph on standard error and exit status 2."""
    try:
        yield
    except StratagraphError as error:
        fail(str(error))
    except OSError as error:
        # Not about a file but about a stream: told at the end of the program, where streams are seen to.
        if error.filename is None:
            raise
        fail(f"{error.filename} can't be used: {error.strerror}. Check the path and its permissions.")


def tell_past(headers: Mapping[str, str]) -> None:
    """Say on standard error what an answer about the past is not: headers of the answer."""
    _, *differences = headers.get("Stratagraph-As-Of", "").split("; ")
    for difference in differences:
        kind, _, value = difference.partition("=")
        if kind == "redacted":
            note(f"note: {value} statements known then have been redacted since; the answer lacks them.")
        else:
            note("note: the ontology in force then can't be restored; today's was used instead.")


@contextmanager
def stream(out: Path | None) -> Iterator[BinaryIO]:
    """Open a file to write bytes to, else standard output."""
    if out is None:
        # In bytes: a document is UTF-8 with line feeds on every system.
        yield sys.stdout.buffer
        return
    try:
        with out.open("wb") as file:
            yield file
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}. Choose another path with --out.")


def write(text: str, out: Path | None = None) -> None:
    """Write a result to a file, else to standard output."""
    if out is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}. Choose another path with --out.")
