"""What ``stratagraph source add`` is told: its options, and what they say of a source."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from stratagraph.loaders.folders import UnreadableFile
from stratagraph.service.cli.options import errors_in_words, fail
from stratagraph.service.sources.source import located

Place = Annotated[
    str | None, typer.Argument(help="A URL, a file, a folder, or a pattern of file names.", show_default=False)
]
Kind = Annotated[str, typer.Option("--kind", help="What it holds: auto, or a kind of 'stratagraph load'.")]
CommandLine = Annotated[
    str | None,
    typer.Option("--command", help="A command that writes it; no shell reads it.", show_default=False),
]
Every = Annotated[
    str | None, typer.Option("--every", help="How often it is read: 30s, 5m, 2h, 1d.", show_default=False)
]
Cron = Annotated[str | None, typer.Option("--cron", help="When it is read: five fields, in UTC.", show_default=False)]
Jitter = Annotated[str | None, typer.Option("--jitter", help="By how much it may be read later.", show_default=False)]
Headers = Annotated[
    list[str] | None,
    typer.Option("--header", help="NAME=env:VARIABLE or NAME=file:PATH, where the header's value stands."),
]
Bearer = Annotated[
    str | None,
    typer.Option("--bearer", help="env:VARIABLE or file:PATH, where a bearer token stands.", show_default=False),
]
User = Annotated[str | None, typer.Option("--user", help="The user to be.", show_default=False)]
Password = Annotated[
    str | None,
    typer.Option("--password", help="env:VARIABLE or file:PATH, where the password stands.", show_default=False),
]
Environment = Annotated[
    list[str] | None,
    typer.Option("--env", help="NAME=env:VARIABLE or NAME=file:PATH: a variable of the command."),
]
QueryFile = Annotated[
    Path | None, typer.Option("--query", help="File of the query that a database is asked.", show_default=False)
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="File that says what columns mean.", show_default=False)
]
Database = Annotated[str | None, typer.Option("--database", help="Name of the Neo4j database.", show_default=False)]
Graph = Annotated[str | None, typer.Option("--graph", help="Named graph of the SPARQL endpoint.", show_default=False)]
Scope = Annotated[str | None, typer.Option("--scope", help="What it is within the source.", show_default=False)]
LimitSeconds = Annotated[
    str | None, typer.Option("--limit-seconds", help="How long a run may take.", show_default="60")
]
LimitMib = Annotated[
    int | None, typer.Option("--limit-mib", help="How much a run may bring, in MiB.", show_default="64")
]
LimitClosing = Annotated[
    float | None,
    typer.Option("--limit-closing", help="Share that a run may close by itself, 0 to 1.", show_default="0.3"),
]
Replace = Annotated[bool, typer.Option("--replace", help="Put it in the place of one that was added.")]


def place_of(place: str | None) -> dict[str, str]:
    """Return a source's address, or its path as seen from anywhere."""
    if place is None:
        return {}
    return {"url": place} if "://" in place else {"path": located(place, Path.cwd())}


def file_of(path: Path | None) -> str | None:
    """Return the whole path of a file that the service will read; one that can't be read is told of at once."""
    if path is None:
        return None
    with errors_in_words():
        try:
            path.open("rb").close()
        except OSError as error:
            raise UnreadableFile(file=str(path), reason=error.strerror or str(error)) from None
    return located(str(path), Path.cwd())


def command_of(text: str | None) -> list[str] | None:
    """Return the program and its arguments."""
    try:
        return None if text is None else shlex.split(text)
    except ValueError:
        fail("--command can't be taken apart: a quote in it is not closed. Close it.")


def secret_of(option: str, text: str, prefix: str = "") -> dict[str, str]:
    """Return where a secret stands; what is none of that may be the secret itself, and is not repeated."""
    where, _, what = text.partition(":")
    if where not in ("env", "file") or not what:
        fail(f"{option} wants env:VARIABLE or file:PATH, where the secret stands, and never the secret itself.")
    said = {where: what if where == "env" else located(what, Path.cwd())}
    return said | ({"prefix": prefix} if prefix else {})


def secrets_of(option: str, given: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """Return where the secret of each name stands."""
    found = {}
    for text in given or ():
        name, _, where = text.partition("=")
        found[name] = secret_of(option, where)
    return found


def bearer_of(given: str | None) -> dict[str, dict[str, str]]:
    """Return the header that sends a bearer token."""
    return {} if given is None else {"Authorization": secret_of("--bearer", given, "Bearer ")}
