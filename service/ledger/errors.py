"""What can go wrong with the ledger."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class RunConflict(StratagraphError, slug="run-conflict", status=409):
    """The same run of a source came again with other content."""

    text = (
        "Run {run!r} of source {source!r} is batch {sequence} already, with other content "
        "or with a part redacted since. Send new content under a new run."
    )

    source: str
    run: str
    sequence: int


class InvalidBatch(StratagraphError, slug="invalid-batch", status=422):
    """The batch holds something the ledger cannot keep exactly."""

    text = "Run {run!r} of source {source!r} was not stored: {problem}. Correct it and send it again."

    source: str
    run: str
    problem: str


class UnstorableTerm(StratagraphError, slug="unstorable-term", status=422):
    """A term that is none of RDF's, or an IRI of absurd length: the views could not hold it."""

    text = (
        "{term!r} cannot be stored: {reason}. Write IRIs in full, with spaces and reserved characters "
        "percent-encoded, and language tags as in 'pt-BR'."
    )

    term: str
    reason: str


class AsOfInFuture(StratagraphError, slug="as-of-in-future", status=400):
    """Asked what the ledger knew at a moment that has not come."""

    text = (
        "The ledger cannot say what it will know at {asked}; its newest sequence is {head}. "
        "Ask for a past sequence or time."
    )

    asked: str
    head: int


class HistoryErased(StratagraphError, slug="history-erased", status=410):
    """A fact that a reader still holds was redacted before the reader saw it closed."""

    text = (
        "The changes after sequence {after} cannot be replayed: sequence {sequence} erased a fact "
        "that was open then. Rebuild from the open claims."
    )

    after: int
    sequence: int


class LedgerUnreadable(StratagraphError, slug="ledger-unreadable", status=500):
    """The address holds no ledger that this version can read."""

    text = (
        "No ledger can be opened at {url}: {problem}. Check the address; restore a back-up "
        "if the file is damaged, upgrade Stratagraph if the ledger is newer than it."
    )

    url: str
    problem: str


class KeyUnusable(StratagraphError, slug="ledger-key-unusable", status=500):
    """The signing key is missing where it must exist, or cannot be used."""

    text = "The ledger's signing key {path} cannot be used: {problem}. Restore it from a back-up."

    path: str
    problem: str


class HeadUnreadable(StratagraphError, slug="head-unreadable", status=400):
    """The file with a head kept elsewhere is none."""

    text = "{path} is not a signed ledger head: {problem}. Give a file that was written when a head was shown."

    path: str
    problem: str


class ImportRefused(StratagraphError, slug="import-refused", status=422):
    """An export cannot be imported; nothing of it was kept."""

    text = (
        "The export was not imported, line {line}: {problem}. Import a complete, unchanged export into an empty ledger."
    )

    line: int
    problem: str


class FactNotFound(StratagraphError, slug="fact-not-found", status=404):
    """The named batch did not state the fact."""

    text = (
        "Batch {sequence} did not open that fact, or it is redacted already. "
        "Look the sequence up with the claims of the fact."
    )

    sequence: int
