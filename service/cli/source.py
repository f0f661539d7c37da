"""``stratagraph source``: what is read again and again by itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from stratagraph.loaders.folders import UnreadableFile
from stratagraph.loaders.origins import Loaded, Origins, Unread
from stratagraph.ontology.facts import Batch, Method
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.sentences import counted, in_part, say
from stratagraph.queries.csv_rows import csv_rows
from stratagraph.queries.messages import messages
from stratagraph.service.cli.account import NAMED, Account, AccountForm, changes_anything, summary
from stratagraph.service.cli.account import Listed as AccountListed
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.options import (
    CHANGES,
    COULD_NOT_RUN,
    Config,
    Data,
    DryRun,
    ExitCode,
    Ontology,
    Out,
    Warnings,
    errors_in_words,
    fail,
    write,
)
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language, note, tell, tongue
from stratagraph.service.client import Absent, Client, Refused
from stratagraph.service.settings import load_settings
from stratagraph.service.sources.source import located

app = typer.Typer(help="Files, folders, addresses and commands that are read by themselves.", no_args_is_help=True)

PATH: Final = "/api/sources"
Name = Annotated[str, typer.Argument(help="The source's name.")]
COLUMNS: Final = (
    *("name", "status", "place", "schedule", "last-success", "next-run"),
    *("seconds", "opened", "closed", "reason"),
)


class Form(StrEnum):
    """How sources are listed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@app.command()
def add(
    name: Name,
    place: Annotated[
        str | None, typer.Argument(help="A URL, a file, a folder, or a pattern of file names.", show_default=False)
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="What it holds: auto, or a kind of 'stratagraph load'.")] = "auto",
    command: Annotated[
        str | None,
        typer.Option("--command", help="A command that writes it; no shell reads it.", show_default=False),
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", help="How often it is read: 30s, 5m, 2h, 1d.", show_default=False)
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", help="When it is read: five fields, in UTC.", show_default=False)
    ] = None,
    jitter: Annotated[
        str | None, typer.Option("--jitter", help="By how much it may be read later.", show_default=False)
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", help="NAME=env:VARIABLE or NAME=file:PATH, where the header's value stands."),
    ] = None,
    bearer: Annotated[
        str | None,
        typer.Option("--bearer", help="env:VARIABLE or file:PATH, where a bearer token stands.", show_default=False),
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="The user to be.", show_default=False)] = None,
    password: Annotated[
        str | None,
        typer.Option("--password", help="env:VARIABLE or file:PATH, where the password stands.", show_default=False),
    ] = None,
    environment: Annotated[
        list[str] | None,
        typer.Option("--env", help="NAME=env:VARIABLE or NAME=file:PATH: a variable of the command."),
    ] = None,
    query: Annotated[
        Path | None, typer.Option("--query", help="File of the query that a database is asked.", show_default=False)
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="File that says what columns mean.", show_default=False)
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="Name of the Neo4j database.", show_default=False)
    ] = None,
    graph: Annotated[
        str | None, typer.Option("--graph", help="Named graph of the SPARQL endpoint.", show_default=False)
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="What it is within the source.", show_default=False)
    ] = None,
    limit_seconds: Annotated[
        str | None, typer.Option("--limit-seconds", help="How long a run may take.", show_default="60")
    ] = None,
    limit_mib: Annotated[
        int | None, typer.Option("--limit-mib", help="How much a run may bring, in MiB.", show_default="64")
    ] = None,
    limit_closing: Annotated[
        float | None,
        typer.Option("--limit-closing", help="Share that a run may close by itself, 0 to 1.", show_default="0.3"),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of one that was added.")] = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Add a source that a service reads by itself; without a schedule it is read by hand only."""
    given: dict[str, Any] = {
        "name": name,
        "kind": kind,
        **_located(place),
        "command": _command(command),
        "every": every,
        "cron": cron,
        "jitter": jitter,
        "headers": {**_secrets("--header", header), **_bearer(bearer)},
        "user": user,
        "password": None if password is None else _secret("--password", password),
        "environment": _secrets("--env", environment),
        "query": _absolute(query),
        "mapping": _absolute(mapping),
        "database": database,
        "graph": graph,
        "scope": scope,
        "limitSeconds": limit_seconds,
        "limitMib": limit_mib,
        "limitClosing": limit_closing,
    }
    said = {each: value for each, value in given.items() if value not in (None, {})}
    params = {"replace": "true"} if replace else None
    with _client(data, config, ontology, absent=Absent.MAKE) as client:
        added = client.request("POST", PATH, params=params, json=said).json()["living"]
    if added["schedule"] is None:
        tell(f"Added the source '{name}'. Nothing reads it by itself; run it with 'stratagraph source run {name}'.")
    else:
        tell(f"Added the source '{name}'. A service on these data reads it by itself: {added['schedule']}.")


@app.command("list")
def list_(
    form: Annotated[Form, typer.Option("--format", help="How to write the answer.")] = Form.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List the sources that are read by themselves: how each is doing, and when it is read next."""
    with _client(data, config, ontology) as client:
        answer = client.request("GET", PATH).json()
    living = [{"source": each["source"], **each["living"]} for each in answer["sources"] if each.get("living")]
    if form is Form.JSON:
        write(json_text({"sources": living}), out)
        return
    texts = messages("sources", lang)
    rows = [_row(each, texts if form is Form.TABLE else None) for each in living]
    if form is Form.CSV:
        write(csv_rows(COLUMNS, rows), out)
    elif rows:
        columns = [texts[f"column-{column}"] for column in COLUMNS]
        write(grid(columns, [[row[column] or "-" for column in COLUMNS] for row in rows], width=terminal_width()), out)
    else:
        note("There is no source that is read by itself. Add one with 'stratagraph source add'.")


@app.command()
def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="The sources, or files of mappings; default: all sources.")
    ] = None,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Read sources now and say whether they could be taken in; nothing is committed.

    Of a file with a mapping of Prometheus, its mistakes are told, each with its line.

    Exit status: 0 when each could be, 2 when one could not, or a mapping has a mistake.
    """
    mappings = [Path(name) for name in names or () if _is_mapping(name)]
    wrong = [path for path in mappings if not _is_right(path, config, ontology)]
    failed = bool(wrong)
    names = [name for name in names if not _is_mapping(name)] if names else names
    if mappings and not names:
        raise typer.Exit(COULD_NOT_RUN if failed else 0)
    with _client(data, config, ontology, absent=Absent.PRETEND) as client:
        for name in names or _all(client):
            try:
                answer = _run(client, name, dry_run=True)
            except Refused as refusal:
                failed = True
                tell(f"{name}: {refusal}")
            else:
                tell(f"{name}: {_checked(answer)}")
    if failed:
        raise typer.Exit(COULD_NOT_RUN)


def _is_mapping(name: str) -> bool:
    """Whether a name is that of a file, and not of a source."""
    return name.endswith((".yaml", ".yml")) and Path(name).is_file()


def _is_right(path: Path, config: Path | None, ontology: Path | None) -> bool:
    """Tell the mistakes of a mapping, each with its line; say whether there are none."""
    # Only this needs the ontology in this process.
    from stratagraph.loaders.formats.prometheus.shipped import check_mapping
    from stratagraph.service.engine.in_force import ontology_of

    model = ontology_of(load_settings(config, ontology=ontology), reason=False).model
    with errors_in_words():
        findings = check_mapping(path, model)
    for finding in findings:
        tell(f"{path}:{finding.line}: {finding.reason}")
    if not findings:
        tell(f"The mapping '{path}' has no mistake.")
    return not findings


@app.command()
def run(
    name: Name,
    dry_run: DryRun = False,
    exit_code: ExitCode = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Close what it no longer says, however much that is.")
    ] = False,
    form: AccountListed = AccountForm.TEXT,
    warnings: Warnings = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Read a source now, and commit what it holds; or show what that would change.

    Exit status: 0 when it went well, 1 when --exit-code was given and something changed or would, 2 when it could not
    run or waits for a person.
    """
    with _client(data, config, ontology, absent=Absent.PRETEND if dry_run else Absent.MAKE) as client:
        answer = _run(client, name, dry_run=dry_run, accept=accept)
    receipt = answer["receipt"]
    if form is AccountForm.JSON:
        write(json_text(answer))
    elif receipt is None:
        tell(f"The source '{name}' holds what it held; nothing was committed.")
    else:
        account = Account(
            answer=receipt,
            source=name,
            loaded=_read_there(receipt),
            files=answer["documents"],
            fetched=True,
            every_warning=warnings,
        )
        account.tell(form, skipped=answer["skipped"])
        if answer["gone"]:
            tell(f"No longer there: {in_part(answer['gone'], NAMED)}.")
        if answer["reason"]:
            note(answer["reason"])
    if exit_code and receipt is not None and changes_anything(receipt):
        raise typer.Exit(CHANGES)


@app.command()
def pause(name: Name, data: Data = None, config: Config = None, ontology: Ontology = None) -> None:
    """Read a source no more by itself until it is resumed."""
    with _client(data, config, ontology) as client:
        client.request("POST", f"{PATH}/{_quoted(name)}/pause")
    tell(f"Paused the source '{name}'.")


@app.command()
def resume(name: Name, data: Data = None, config: Config = None, ontology: Ontology = None) -> None:
    """Read a source that was paused again."""
    with _client(data, config, ontology) as client:
        client.request("POST", f"{PATH}/{_quoted(name)}/resume")
    tell(f"Resumed the source '{name}'.")


@app.command()
def remove(
    name: Name,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Close what it said, too; else that stays in the graph.")
    ] = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Forget a source that was added."""
    with _client(data, config, ontology) as client:
        removed = client.request("DELETE", f"{PATH}/{_quoted(name)}").json()
        if withdraw and removed["statements"]:
            answer = client.withdraw(name, [])
            Account(answer=answer, source=name).tell(AccountForm.TEXT, gone=answer["scopes"])
    tell(f"Removed the source '{name}'.")
    if removed["statements"] and not withdraw:
        note(f"note: what it said stays; 'stratagraph withdraw --source {name}' closes it.")


@contextmanager
def _client(
    data: Path | None, config: Path | None, ontology: Path | None, *, absent: Absent = Absent.REFUSE
) -> Iterator[Client]:
    with errors_in_words(), connect(load_settings(config, data=data, ontology=ontology), absent) as client:
        yield client


def _run(client: Client, name: str, *, dry_run: bool, accept: bool = False) -> dict[str, Any]:
    params = {"dryRun": "true" if dry_run else None, "accept": "true" if accept else None}
    answer: dict[str, Any] = client.request("POST", f"{PATH}/{_quoted(name)}/run", params=params).json()
    return answer


def _read_there(receipt: Mapping[str, Any]) -> Loaded:
    """Return what stands for what the service has read, and of which only it knows the places."""
    unread = tuple(Unread(**each) for each in receipt.get("notUnderstood", ()))
    return Loaded(Batch(source="", run="", method=Method.DECLARED), Origins(), unread=unread)


def _all(client: Client) -> list[str]:
    return [each["source"] for each in client.request("GET", PATH).json()["sources"] if each.get("living")]


def _checked(answer: dict[str, Any]) -> str:
    said = f"{counted(answer['documents'], 'document')} can be taken in; {summary(answer['receipt'])}"
    return f"{said}. {answer['reason']}" if answer["reason"] else f"{said}."


def _row(each: Mapping[str, Any], texts: Mapping[str, str] | None) -> dict[str, Any]:
    """Return a source's columns; with texts for people, without for programs."""
    state = "paused" if each["paused"] else each["status"]
    row = {
        "name": each["source"],
        "status": texts[f"status-{state}"] if texts else state,
        "place": each["place"],
        "schedule": each["schedule"],
        "last-success": each["lastSuccess"],
        "next-run": each["nextRun"],
        "seconds": each["seconds"],
        "opened": each["opened"],
        "closed": each["closed"],
        "reason": say(each["reason"] or "", tongue()),
    }
    if texts is None:
        return row
    short = {name: (row[name] or "")[:19].replace("T", " ") for name in ("last-success", "next-run")}
    took = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
    return {name: str(value or "") for name, value in {**row, **short, "seconds": took}.items()}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _located(place: str | None) -> dict[str, str]:
    if place is None:
        return {}
    return {"url": place} if "://" in place else {"path": located(place, Path.cwd())}


def _absolute(path: Path | None) -> str | None:
    """Return the whole path of a file that the service will read; one that can't be read is told of at once."""
    if path is None:
        return None
    with errors_in_words():
        try:
            path.open("rb").close()
        except OSError as error:
            raise UnreadableFile(file=str(path), reason=error.strerror or str(error)) from None
    return located(str(path), Path.cwd())


def _command(text: str | None) -> list[str] | None:
    try:
        return None if text is None else shlex.split(text)
    except ValueError:
        fail("--command can't be taken apart: a quote in it is not closed. Close it.")


def _secret(option: str, text: str, prefix: str = "") -> dict[str, str]:
    """Return where a secret stands; what is none of that may be the secret itself, and is not repeated."""
    where, _, what = text.partition(":")
    if where not in ("env", "file") or not what:
        fail(f"{option} wants env:VARIABLE or file:PATH, where the secret stands, and never the secret itself.")
    said = {where: what if where == "env" else located(what, Path.cwd())}
    return said | ({"prefix": prefix} if prefix else {})


def _secrets(option: str, given: Sequence[str] | None) -> dict[str, dict[str, str]]:
    found = {}
    for text in given or ():
        name, _, where = text.partition("=")
        found[name] = _secret(option, where)
    return found


def _bearer(given: str | None) -> dict[str, dict[str, str]]:
    return {} if given is None else {"Authorization": _secret("--bearer", given, "Bearer ")}
