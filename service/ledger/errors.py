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


class MarksMoved(StratagraphError, slug="marks-moved", status=412):
    """Another process has gone on from where this one believed to be; it must read the marks before it goes on."""

    text = (
        "The mark {mark!r} of {owner!r} is not what it was, for another process went on from there. Nothing was "
        "stored; read the marks, and go on from them."
    )

    owner: str
    mark: str


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


class DriverMissing(StratagraphError, slug="driver-missing", status=500):
    """The database of the ledger needs a package that is not installed."""

    text = (
        "A ledger on PostgreSQL needs the package {package}, which is not installed: pip install '{package}[binary]'."
    )

    package: str


class LedgerDamaged(StratagraphError, slug="ledger-damaged", status=500):
    """The ledger holds a row that no commit wrote."""

    text = (
        "The ledger is damaged: {fault}, so it is not what was written. "
        "'stratagraph ledger verify' names the batch; restore a back-up."
    )

    fault: str
    sequence: int | None = None


class KeyUnusable(StratagraphError, slug="ledger-key-unusable", status=500):
    """The signing key is missing where it must exist, or cannot be used."""

    text = "The ledger's signing key {path} cannot be used: {problem}. Restore it from a back-up."

    path: str
    problem: str


class KeyLost(KeyUnusable, slug="ledger-key-lost"):
    """The signing key of a ledger that has batches is gone."""

    text = (
        "The signing key {path} is gone, and its ledger is not empty: another key in its place would not verify the "
        "heads that were handed out. Restore it from its back-up, or copy it from the data folder of another service "
        "that shares the ledger. If there is none, "
        "'stratagraph ledger rekey --reason WHY' makes a new one and records the change in the ledger."
    )

    problem: str = "it is gone"


class KeyForeign(KeyUnusable, slug="ledger-key-foreign"):
    """The signing key is that of another ledger."""

    text = (
        "The signing key {path} is not that of its ledger, whose public key is {known}. Put the ledger's own key "
        "there. If it is lost, 'stratagraph ledger rekey --reason WHY' lets this one sign from now on and records "
        "the change."
    )

    known: str
    problem: str = "it is another ledger's"


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


class NothingToRedact(StratagraphError, slug="nothing-to-redact", status=404):
    """No claim or observation that is still told is about what was named."""

    text = (
        "The ledger holds nothing of {sought}, now or in the past: it was never stated, or it is redacted already. "
        "Name the subject by its full IRI, as 'stratagraph show' tells it."
    )

    sought: str


class ReasonTells(StratagraphError, slug="reason-tells", status=422):
    """The reason of a redaction repeats what it erases, and reasons stay for ever."""

    text = (
        "The reason, or the name of who gives it, repeats a value that is to be erased, and both stay in the ledger "
        "for ever. Name the request instead, for example by its number. Nothing was erased."
    )


class NotRedactable(StratagraphError, slug="not-redactable", status=409):
    """The ontology's own facts are no one's personal data, and would come back at the next start."""

    text = (
        "The ontology states that itself, in {scopes}, and would state it again at the next start. "
        "Change the module, restart, and redact what it said before."
    )

    scopes: str
