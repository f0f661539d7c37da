"""``stratagraph ledger``: verify, export and import the chain of batches."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.namespaces import compact
from stratagraph.ontology.sentences import counted, say
from stratagraph.service.cli.account import AccountForm, Listed
from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, fail, stream, write
from stratagraph.service.cli.reaching import connect, with_ledger
from stratagraph.service.cli.tongue import tell, tongue
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.settings import load_settings

if TYPE_CHECKING:
    from stratagraph.service.ledger.keys import KeyChange
    from stratagraph.service.ledger.ledger import Ledger
    from stratagraph.service.ledger.verify import VerifyReport

QUOTED: Final = (
    "A text of another statement quotes an erased value and is not erased; redact that statement too, with {options}: "
    "{text}"
)
CALLED: Final = "Another thing's name holds an erased value and is not erased; redact it too, with {options}: {text}"
NAMED: Final = (
    "An erased value stands in a name or reason that the chain's hash covers, which nothing can erase ({place}): {text}"
)
LONGEST_REASON: Final = 500
"""Characters of a reason: it stands in the chain for ever."""


def _reason(text: str) -> str:
    """Refuse a reason that says nothing, or that no ledger keeps."""
    if not text.strip() or len(text) > LONGEST_REASON or not text.isprintable():
        fail(f"--reason takes one line of at most {LONGEST_REASON} characters, for example 'request 7 of 2026'.")
    return text.strip()


def user() -> str:
    """Return the name of the user who runs the command, as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


app = typer.Typer(help="The ledger: the one truth.", no_args_is_help=True)

Reason = Annotated[
    str, typer.Option("--reason", help="Why; it stays in the ledger for ever, so name no person.", callback=_reason)
]
By = Annotated[
    str | None,
    typer.Option("--by", help="Who wants it; default: the user who runs the command.", show_default=False),
]


@contextmanager
def _open(data: Path | None, config: Path | None, *, keyless: bool = False) -> Iterator[Ledger]:
    """Open the ledger of a data folder; reading needs no lock, for a reader sees what was committed."""
    from stratagraph.service.ledger.ledger import Ledger

    settings = with_ledger(load_settings(config, data=data))
    with Ledger.open(settings.ledger, key_file=settings.ledger_key, keyless=keyless) as ledger:
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
    # A ledger may be checked where its key is not.
    with errors_in_words(), _open(data, config, keyless=True) as ledger:
        report = ledger.verify(head_file)
    tell(_in_words(report))
    for change in report.key_changes:
        tell(_change_in_words(change))
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


def _change_in_words(change: KeyChange) -> str:
    told = {"sequence": change.sequence, "day": change.time.date(), "by": change.by, "why": change.why}
    if change.endorsed:
        text = (
            "Since sequence {sequence} ({day}) another key signs, named by {by}: {why}. The older key signed the "
            "change."
        )
    else:
        text = (
            "Since sequence {sequence} ({day}) another key signs, named by {by}: {why}. The older key did not sign the "
            "change: ask whoever made it."
        )
    return text.format(**told)


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
    with errors_in_words(), _open(data, config) as ledger, stream(out) as written:
        for line in ledger.export():
            written.write(line)


@app.command()
def rekey(
    reason: Reason,
    by: By = None,
    data: Data = None,
    config: Config = None,
) -> None:
    """Let another key sign from now on, because the old one is lost or too old, and record that in the ledger."""
    from stratagraph.service.ledger.keys import Rekeying
    from stratagraph.service.ledger.ledger import Ledger

    with errors_in_words():
        settings = with_ledger(load_settings(config, data=data))
        rekeying = Rekeying(by=by or user(), why=reason)
        address, key = settings.ledger, settings.ledger_key
        # Not beside a running service, which would go on signing with the key that it has read.
        with DataLock(settings.data), Ledger.open(address, key_file=key, rekeying=rekeying) as ledger:
            head = ledger.head()
    tell(
        f"The key in {key} signs from sequence {head.sequence} on; its public key is {head.public_key}. Back it up, "
        "and hand out a new signed head ('stratagraph ledger head')."
    )


@app.command()
def redact(
    subject: Annotated[str, typer.Option("--subject", help="About whom or what: an IRI, or the name of an asset.")],
    reason: Reason,
    predicate: Annotated[
        str | None, typer.Option("--predicate", help="Only this property of it.", show_default=False)
    ] = None,
    value: Annotated[
        str | None, typer.Option("--object", help="Only this value: a text, or an IRI.", show_default=False)
    ] = None,
    by: By = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be erased.")] = False,
    form: Listed = AccountForm.TEXT,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Erase what was said about a subject, for ever: in the ledger, in all that follows from it, and in every file."""
    body = {"subject": subject, "predicate": predicate, "object": value, "reason": reason, "by": by or user()}
    params = {"dryRun": "true"} if dry_run else None
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            answer = client.request("POST", "/api/ledger/redactions", params=params, json=body).json()
    write(json_text(answer) if form is AccountForm.JSON else "\n".join(_erased(answer)))


def _erased(answer: dict[str, Any]) -> Iterator[str]:
    """Say what was erased, what was not, and what is left to do."""
    counts = {
        "claims": counted(answer["claims"], "statement"),
        "closed": answer["closed"],
        "observations": counted(answer["observations"], "observation"),
    }
    if answer["dryRun"]:
        yield _said("Would erase {claims}, {closed} of them current, and {observations}:", **counts)
        yield from (f"  {fact['subject']} {compact(fact['predicate'])} {fact['object']}" for fact in answer["facts"])
    else:
        told = counts | {"sequence": answer["sequence"]}
        yield _said("Erased {claims}, {closed} of them current, and {observations}, as sequence {sequence}.", **told)
    for told_in in answer["sources"]:
        text = "It comes back with the next run of '{source}' unless it is taken out of '{scope}' there."
        yield _said(text, **told_in)
    for mention in answer["mentions"]:
        yield _mentioned(mention)
    for alias in answer["alsoKnownAs"]:
        yield _said("Stated to be the same, and not erased with it; redact it too: {alias}", alias=alias)
    yield from _remaining(answer["remains"])
    # A service answers a command in English; its sentences are told in the command's language here.
    yield from (say(text, tongue()) for text in answer["beyond"])


def _mentioned(mention: dict[str, Any]) -> str:
    """Say where an erased value still stands, with the options of the command that erases it there too."""
    if mention["place"] != "term":
        return _said(NAMED, **mention)
    text = QUOTED if mention["predicate"] else CALLED
    told = {name: compact(mention[name]) for name in ("subject", "predicate") if mention[name]}
    options = " ".join(f"--{name} {shlex.quote(value)}" for name, value in told.items())
    return _said(text, text=mention["text"], options=options or "--subject")


def _remaining(remains: list[dict[str, str]]) -> Iterator[str]:
    text = "Not reached yet: the {place}, for {reason}. A running service tries it again, and the next command does."
    for left in remains:
        yield _said(text, **left)


def _said(template: str, **values: object) -> str:
    return say(template.format(**values), tongue())


@app.command()
def redactions(
    form: Listed = AccountForm.TEXT,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List what was redacted, by whom and why, and what of it could not be reached yet."""
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            answer = client.request("GET", "/api/ledger/redactions").json()
    if form is AccountForm.JSON:
        write(json_text(answer))
        return
    if not answer["redactions"]:
        tell("Nothing was redacted.")
    for entry in answer["redactions"]:
        day = entry["time"].partition("T")[0]
        claims = counted(entry["claims"], "statement")
        tell(f"Sequence {entry['sequence']} ({day}): {claims} erased by {entry['by']}, for {entry['reason']}")
    for line in _remaining(answer["remains"]):
        write(line)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="An export, as 'ledger export' writes it.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Rebuild an identical ledger in an empty data folder."""
    from stratagraph.service.engine.taking_back import taking_back
    from stratagraph.service.ledger.ledger import Ledger

    with errors_in_words():
        settings = load_settings(config, data=data)
        address, key = settings.ledger, settings.ledger_key
        begun = taking_back(settings)
        # With the folder's lock: nobody may serve what is being written.
        with _source(path) as stream, begun, DataLock(settings.data), Ledger.open(address, key_file=key) as ledger:
            count = ledger.import_from(stream)
    tell(f"Imported {_batches(count)} into {settings.data}.")


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    try:
        stream = path.open("rb")
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    # Outside the above, since what goes wrong in reading is the importer's to tell.
    with stream:
        yield stream
