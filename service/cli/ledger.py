"""``stratagraph ledger``: verify, export and import the chain of batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from stratagraph.ontology.sentences import counted
from stratagraph.service.cli.options import Config, Data, Out, errors_in_words, fail, write
from stratagraph.service.cli.tongue import tell
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.settings import load_settings

if TYPE_CHECKING:
    from stratagraph.service.ledger.ledger import Ledger
    from stratagraph.service.ledger.verify import VerifyReport

app = typer.Typer(help="The ledger: the one truth.", no_args_is_help=True)


@contextmanager
def _open(data: Path | None, config: Path | None) -> Iterator[Ledger]:
    """Open the ledger of a data folder; reading needs no lock, for a reader sees what was committed."""
    from stratagraph.service.ledger.ledger import Ledger

    settings = load_settings(config, data=data)
    settings.need_ledger()
    with Ledger.open(settings.ledger, key_file=settings.ledger_key) as ledger:
        yield ledger


@app.command()
def verify(
    head_file: Annotated[
        Path | None, typer.Option("--head", help="A signed head that was kept elsewhere.", show_default=False)
    ] = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Check the hash chain from the first batch to the last."""
    with errors_in_words(), _open(data, config) as ledger:
        report = ledger.verify(head_file)
    tell(_in_words(report))
    raise typer.Exit(0 if report.ok else 1)


def _in_words(report: VerifyReport) -> str:
    if not report.ok and report.first_bad_sequence is None:
        return f"Nothing was proved, for the head says nothing about this ledger: {report.problem}"
    if not report.ok:
        return f"The chain is broken at sequence {report.first_bad_sequence}: {report.problem}"
    if report.rollback_checked:
        return f"The chain of {_batches(report.checked)} is sound, and still holds the head that was kept elsewhere."
    return (
        f"The chain of {_batches(report.checked)} is sound. That newer batches were cut off can't be excluded: "
        "no head kept elsewhere was given (--head)."
    )


def _batches(count: int) -> str:
    return counted(count, "batch", "batches")


@app.command()
def head(out: Out = None, data: Data = None, config: Config = None) -> None:
    """Print the signed head, to be kept elsewhere for a later verification."""
    with errors_in_words(), _open(data, config) as ledger:
        write(ledger.head().to_json(), out)


@app.command()
def export(out: Out = None, data: Data = None, config: Config = None) -> None:
    """Stream the whole ledger as JSON Lines."""
    with errors_in_words(), _open(data, config) as ledger, _stream(out) as stream:
        for line in ledger.export():
            stream.write(line)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="An export, as 'ledger export' writes it.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Rebuild an identical ledger in an empty data folder."""
    from stratagraph.service.ledger.ledger import Ledger

    with errors_in_words():
        settings = load_settings(config, data=data)
        address, key = settings.ledger, settings.ledger_key
        # With the folder's lock: nobody may serve what is being written.
        with _source(path) as stream, DataLock(settings.data), Ledger.open(address, key_file=key) as ledger:
            count = ledger.import_from(stream)
    tell(f"Imported {_batches(count)} into {settings.data}.")


@contextmanager
def _stream(out: Path | None) -> Iterator[BinaryIO]:
    if out is None:
        yield sys.stdout.buffer
        return
    try:
        with out.open("wb") as stream:
            yield stream
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}. Choose another path with --out.")


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    try:
        stream = path.open("rb")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    with stream:
        yield stream
