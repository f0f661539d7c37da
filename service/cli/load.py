"""``stratagraph load``: files into the graph, as one batch."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from stratagraph import __version__
from stratagraph.loaders import files
from stratagraph.loaders.folders import FolderReading, read_paths
from stratagraph.loaders.kinds import AUTO, SUFFIXES, Kind, kind_named
from stratagraph.loaders.origins import Loaded
from stratagraph.loaders.scopes import ScopePlan, plan
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Documents, Repetition
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.sentences import in_part, say
from stratagraph.service.cli.account import NAMED, Account, AccountForm, Listed, changes_anything, summary
from stratagraph.service.cli.mistakes import explain
from stratagraph.service.cli.options import (
    CHANGES,
    Config,
    Data,
    DryRun,
    ExitCode,
    Ontology,
    Source,
    Warnings,
    errors_in_words,
    fail,
    write,
)
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import note, tongue
from stratagraph.service.client import Absent, Client, Refused
from stratagraph.service.engine.in_force import ontology_of
from stratagraph.service.settings import Settings, load_settings

LEAST: Final = 1 << 20
"""Bytes of files from which on it is noted of what a batch was made: less is read again in no time."""
_KINDS = f"auto, or one of {', '.join(Kind)}. auto goes by name and content."


class NothingToLoad(StratagraphError, slug="nothing-to-load", status=400):
    """Folders without a file that could be loaded."""

    text = (
        "There is no file to load in {paths}{skipped}. A folder's files are known by their names, which end in "
        "{suffixes}. Nothing was committed."
    )

    paths: str
    skipped: str
    suffixes: str = ", ".join(SUFFIXES)


class WouldCloseAll(StratagraphError, slug="would-close-all", status=409):
    """Files that say nothing now, and once said something."""

    text = (
        "{names} {verb} nothing now, which would close all that was said there ({summary}){dangling}. "
        "If that is meant, load with --allow-empty. Nothing was committed."
    )

    names: str
    verb: str
    summary: str
    dangling: str


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Files of RDF, YAML inventories, CSV or another kind of --kind; folders, or - for standard input."
        ),
    ],
    kind: Annotated[str, typer.Option("--kind", help=_KINDS)] = AUTO,
    source: Source = "files",
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            help="What the files are within the source; default: their paths below the folder given.",
            show_default=False,
        ),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="The files are not everything: close nothing that they no longer say.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave what was said by files that are gone.")] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Files that say nothing may close all that they said.")
    ] = False,
    dry_run: DryRun = False,
    exit_code: ExitCode = False,
    form: Listed = AccountForm.TEXT,
    warnings: Warnings = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Load files into the graph as one batch: all of it is committed, or nothing.

    Loading a changed file again closes what it no longer says; loading a folder again closes what was said by files
    that are no longer in it.

    Exit status: 0 when it went well, 1 when --exit-code was given and something changed or would, 2 when it could not
    be loaded.
    """
    with errors_in_words():
        what = kind_named(kind)
        settings = load_settings(config, data=data, ontology=ontology)
        reading = read_paths(paths, kind=what)
        # A rehearsal makes no data folder where there is none.
        # What is all listed is read, and so is little: it takes no time, and everything about it is told once more.
        whole = dry_run or partial or warnings or form is AccountForm.JSON
        with connect(settings, Absent.PRETEND if dry_run else Absent.MAKE, early=not whole) as client:
            # Names mean what they mean where the batch goes: a running service has modules of its own in force.
            model = client.ontology()
            tell_unused(settings, model)
            known = client.scopes(source)
            planned = plan(reading, known, scope=scope, kind=what)
            planned = replace(planned, gone=()) if keep or partial else planned
            made = None if whole else _made(planned, model, (source, settings.base, kind))
            if made and (answer := client.repeat(_repetition(source, planned, made))):
                Account(answer=answer, source=source, files=len(planned.files)).tell_repeated(skipped=reading.skipped)
                return
            loaded = files.transform(
                planned.files, model=model, base=settings.base, source=source, kind=what, complete=not partial
            )
            loaded = loaded if partial else replace(loaded, batch=planned.closing(loaded.batch))
            if not planned.files and not planned.gone:
                _nothing(paths, reading, allowed=allow_empty)
                return
            if not allow_empty and (emptied := _emptied(loaded.batch, planned, known)):
                # Told by a rehearsal, so that a person sees what would be lost before anything is.
                raise _would_close_all(client, loaded, emptied)
            answer = _committed(client, _with_documents(loaded, made), dry_run=dry_run)
    account = Account(answer=answer, source=source, loaded=loaded, files=len(planned.files), every_warning=warnings)
    account.tell(form, gone=planned.gone, skipped=reading.skipped)
    if exit_code and changes_anything(answer):
        raise typer.Exit(CHANGES)


def _made(planned: ScopePlan, model: OntologyModel, circumstances: Sequence[str]) -> str | None:
    """Return of what the batch is made, where it pays to know a later load of the same files by it.

    Among it is whatever decides what is made of them: this version of the program, the ontology, the base of names.
    """
    if not planned.is_as_before or planned.size() < LEAST:
        return None
    return planned.digest(__version__, model.hash, *circumstances)


def _repetition(source: str, planned: ScopePlan, made: str) -> Repetition:
    return Repetition(source=source, run=str(uuid.uuid4()), scopes=planned.names(), digest=made)


def _with_documents(loaded: Loaded, made: str | None) -> Loaded:
    """Return what was loaded with what a later load of the same files is known by."""
    if made is None:
        return loaded
    unread = sum(field.count for field in loaded.unread)
    documents = Documents(digest=made, remarks=len(loaded.remarks), unread=unread)
    return replace(loaded, batch=replace(loaded.batch, documents=documents))


def tell_unused(settings: Settings, model: OntologyModel) -> None:
    """Say on standard error that modules given here are not in force in the service that takes the batch."""
    if settings.ontology is None:
        return
    # Only their names are wanted, and the reasoner takes seconds.
    wanted = ontology_of(settings, reason=False).model.modules.keys()
    if missing := sorted(wanted - model.modules.keys()):
        note(
            f"note: {', '.join(missing)} is not in force in the service that takes this; "
            f"start it with 'stratagraph serve --ontology {settings.ontology}'."
        )


def _emptied(batch: Batch, planned: ScopePlan, known: Mapping[str, int]) -> dict[str, str]:
    """Return the scopes that say nothing now though they did before, with what a person calls each.

    Of files that are gone this only counts where no file is left that says anything.
    """
    shown = {file.scope: file.shown for file in planned.files}
    shown |= {place: shown[scope] for scope, place in planned.replaced.items()}
    silent = {scope.name for scope in batch.scopes if scope.complete and not scope.stated}
    # A file that goes on under a new name loses nothing.
    silent -= {place for scope, place in planned.replaced.items() if scope not in silent}
    if not any(scope.stated for scope in batch.scopes):
        shown |= {name: f"{name} (gone)" for name in planned.gone}
    return {name: shown[name] for name in sorted(silent & shown.keys()) if known.get(name)}


def _would_close_all(client: Client, loaded: Loaded, emptied: Mapping[str, str]) -> WouldCloseAll:
    closing = tuple(scope for scope in loaded.batch.scopes if scope.name in emptied)
    alone = replace(loaded, batch=replace(loaded.batch, scopes=closing))
    account = Account(answer=_committed(client, alone, dry_run=True), source=alone.batch.source, loaded=alone)
    names = list(dict.fromkeys(emptied.values()))
    return WouldCloseAll(
        names=in_part(names, NAMED),
        verb="says" if len(names) == 1 else "say",
        summary=summary(account.answer),
        dangling="".join(f"; {reference}" for reference in account.references(limit=3)),
    )


def _committed(client: Client, loaded: Loaded, *, dry_run: bool) -> dict[str, Any]:
    try:
        return client.commit(loaded.batch, dry_run=dry_run)
    except Refused as refusal:
        fail(explain(refusal, loaded))


def _nothing(paths: Sequence[Path], reading: FolderReading, *, allowed: bool) -> None:
    """Say that the folders are empty; that is a mistake unless it was announced."""
    left_out = in_part([say(file, tongue()) for file in reading.skipped], NAMED)
    skipped = f" (skipped: {left_out})" if left_out else ""
    error = NothingToLoad(paths=in_part([str(path) for path in paths], NAMED), skipped=skipped)
    if not allowed:
        raise error
    write(error.said(tongue()))
