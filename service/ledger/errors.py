"""What can go wrong with the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class RunConflict(StratagraphError):
    """The same run of a source came again with other content."""

    source: str
    run: str
    sequence: int

    slug: ClassVar[str] = "run-conflict"
    status: ClassVar[int] = 409
    text: ClassVar[str] = (
        "Run {run!r} of source {source!r} is batch {sequence} already, with other content "
        "or with a part redacted since. Send new content under a new run."
    )


@dataclass(kw_only=True)
class InvalidBatch(StratagraphError):
    """The batch holds something the ledger cannot keep exactly."""

    source: str
    run: str
    problem: str

    slug: ClassVar[str] = "invalid-batch"
    status: ClassVar[int] = 422
    text: ClassVar[str] = "Run {run!r} of source {source!r} was not stored: {problem}. Correct it and send it again."


@dataclass(kw_only=True)
class UnstorableTerm(StratagraphError):
    """A term that is none of RDF's, or an IRI of absurd length: the views could not hold it."""

    term: str
    reason: str

    slug: ClassVar[str] = "unstorable-term"
    status: ClassVar[int] = 422
    text: ClassVar[str] = (
        "{term!r} cannot be stored: {reason}. Write IRIs in full, with spaces and reserved characters "
        "percent-encoded, and language tags as in 'pt-BR'."
    )


@dataclass(kw_only=True)
class AsOfInFuture(StratagraphError):
    """Asked what the ledger knew at a moment that has not come."""

    asked: str
    head: int

    slug: ClassVar[str] = "as-of-in-future"
    status: ClassVar[int] = 400
    text: ClassVar[str] = (
        "The ledger cannot say what it will know at {asked}; its newest sequence is {head}. "
        "Ask for a past sequence or time."
    )


@dataclass(kw_only=True)
class HistoryErased(StratagraphError):
    """A fact that a reader still holds was redacted before the reader saw it closed."""

    after: int
    sequence: int

    slug: ClassVar[str] = "history-erased"
    status: ClassVar[int] = 410
    text: ClassVar[str] = (
        "The changes after sequence {after} cannot be replayed: sequence {sequence} erased a fact "
        "that was open then. Rebuild from the open claims."
    )


@dataclass(kw_only=True)
class LedgerUnreadable(StratagraphError):
    """The address holds no ledger that this version can read."""

    url: str
    problem: str

    slug: ClassVar[str] = "ledger-unreadable"
    status: ClassVar[int] = 500
    text: ClassVar[str] = (
        "No ledger can be opened at {url}: {problem}. Check the address; restore a back-up "
        "if the file is damaged, upgrade Stratagraph if the ledger is newer than it."
    )


@dataclass(kw_only=True)
class KeyUnusable(StratagraphError):
    """The signing key is missing where it must exist, or cannot be used."""

    path: str
    problem: str

    slug: ClassVar[str] = "ledger-key-unusable"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "The ledger's signing key {path} cannot be used: {problem}. Restore it from a back-up."


@dataclass(kw_only=True)
class HeadUnreadable(StratagraphError):
    """The file with a head kept elsewhere is none."""

    path: str
    problem: str

    slug: ClassVar[str] = "head-unreadable"
    status: ClassVar[int] = 400
    text: ClassVar[str] = (
        "{path} is not a signed ledger head: {problem}. Give a file that was written when a head was shown."
    )


@dataclass(kw_only=True)
class ImportRefused(StratagraphError):
    """An export cannot be imported; nothing of it was kept."""

    line: int
    problem: str

    slug: ClassVar[str] = "import-refused"
    status: ClassVar[int] = 422
    text: ClassVar[str] = (
        "The export was not imported, line {line}: {problem}. Import a complete, unchanged export into an empty ledger."
    )


@dataclass(kw_only=True)
class FactNotFound(StratagraphError):
    """The named batch did not state the fact."""

    sequence: int

    slug: ClassVar[str] = "fact-not-found"
    status: ClassVar[int] = 404
    text: ClassVar[str] = (
        "Batch {sequence} did not open that fact, or it is redacted already. "
        "Look the sequence up with the claims of the fact."
    )
