"""``stratagraph source``: what is read again and again by itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from stratagraph.loaders.origins import Loaded, Origins, Unread
from stratagraph.ontology.facts import Batch, Method
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.sentences import counted, in_part, say
from stratagraph.queries.csv_rows import csv_rows
from stratagraph.queries.messages import messages
from stratagraph.service.cli.account import NAMED, Account, AccountForm, changes_anything, summary
from stratagraph.service.cli.account import Listed as AccountListed
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.mistakes import explain
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
from stratagraph.service.cli.reaching import client_of
from stratagraph.service.cli.source_options import (
    Bearer,
    CommandLine,
    Cron,
    Database,
    Environment,
    Every,
    Graph,
    Headers,
    Jitter,
    Kind,
    LimitClosing,
    LimitMib,
    LimitSeconds,
    MappingFile,
    Password,
    Place,
    QueryFile,
    Replace,
    Scope,
    User,
    bearer_of,
    command_of,
    file_of,
    place_of,
    secret_of,
    secrets_of,
)
from stratagraph.service.cli.tongue import Language, note, tell, tongue
from stratagraph.service.client import Absent, Client, Refused
from stratagraph.service.settings import load_settings

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
    place: Place = None,
    kind: Kind = "auto",
    command: CommandLine = None,
    every: Every = None,
    cron: Cron = None,
    jitter: Jitter = None,
    header: Headers = None,
    bearer: Bearer = None,
    user: User = None,
    password: Password = None,
    environment: Environment = None,
    query: QueryFile = None,
    mapping: MappingFile = None,
    database: Database = None,
    graph: Graph = None,
    scope: Scope = None,
    limit_seconds: LimitSeconds = None,
    limit_mib: LimitMib = None,
    limit_closing: LimitClosing = None,
    replace: Replace = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Add a source that a service reads by itself; without a schedule it is read by hand only."""
    given: dict[str, Any] = {
        "name": name,
        "kind": kind,
        **place_of(place),
        "command": command_of(command),
        "every": every,
        "cron": cron,
        "jitter": jitter,
        "headers": {**secrets_of("--header", header), **bearer_of(bearer)},
        "user": user,
        "password": None if password is None else secret_of("--password", password),
        "environment": secrets_of("--env", environment),
        "query": file_of(query),
        "mapping": file_of(mapping),
        "database": database,
        "graph": graph,
        "scope": scope,
        "limitSeconds": limit_seconds,
        "limitMib": limit_mib,
        "limitClosing": limit_closing,
    }
    said = {each: value for each, value in given.items() if value not in (None, {})}
    params = {"replace": "true"} if replace else None
    with client_of(data, config, ontology, absent=Absent.MAKE) as client:
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
    with client_of(data, config, ontology) as client:
        answer = client.request("GET", PATH, params={"lang": lang}).json()
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
    with client_of(data, config, ontology, absent=Absent.PRETEND) as client:
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
    with client_of(data, config, ontology, absent=Absent.PRETEND if dry_run else Absent.MAKE) as client:
        try:
            answer = _run(client, name, dry_run=dry_run, accept=accept)
        except Refused as refusal:
            if "findings" not in refusal.problem:
                raise
            fail(explain(refusal, _read_there({})))
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
    with client_of(data, config, ontology) as client:
        client.request("POST", f"{PATH}/{_quoted(name)}/pause")
    tell(f"Paused the source '{name}'.")


@app.command()
def resume(name: Name, data: Data = None, config: Config = None, ontology: Ontology = None) -> None:
    """Read a source that was paused again."""
    with client_of(data, config, ontology) as client:
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
    with client_of(data, config, ontology) as client:
        removed = client.request("DELETE", f"{PATH}/{_quoted(name)}").json()
        if withdraw and removed["statements"]:
            answer = client.withdraw(name, [])
            Account(answer=answer, source=name).tell(AccountForm.TEXT, gone=answer["scopes"])
    tell(f"Removed the source '{name}'.")
    if removed["statements"] and not withdraw:
        note(f"note: what it said stays; 'stratagraph withdraw --source {name}' closes it.")


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
