"""The ledger: the one truth, and everything that may be asked of it or done to it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Protocol, Self, TypeAlias, TypeVar

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.engine import URL

from stratagraph.ontology.facts import Batch, Fact, Iri, LedgerChange, Method, Repetition, Scope
from stratagraph.service.ledger import present
from stratagraph.service.ledger.beginning import give_identity
from stratagraph.service.ledger.chain import FORMAT, microseconds
from stratagraph.service.ledger.commit import Commit, Receipt, content_digest
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.database import Database, locate
from stratagraph.service.ledger.entry import Entry, Memory
from stratagraph.service.ledger.errors import KeyLost, KeyUnusable, RunConflict
from stratagraph.service.ledger.intake import check, check_marks
from stratagraph.service.ledger.keys import Rekeying, admit, known_public_key, rekey, remember
from stratagraph.service.ledger.lease import Lease
from stratagraph.service.ledger.marks import expect_marks, keep_marks
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.reading import LedgerReader
from stratagraph.service.ledger.schema import batches, ledger
from stratagraph.service.ledger.signing import Head, Signer
from stratagraph.service.ledger.silence import is_silent, silenced
from stratagraph.service.ledger.state import end_of

if TYPE_CHECKING:
    from stratagraph.service.ledger.redaction import Redaction, Sought
    from stratagraph.service.ledger.repeating import Repeated
    from stratagraph.service.ledger.retention import Due, Policy
    from stratagraph.service.ledger.verify import VerifyReport

Item = TypeVar("Item")


class OpenFacts(Protocol):
    """Gives the open facts about subjects; where predicates are given, only those with one."""

    def __call__(self, subjects: Iterable[Iri], predicates: Iterable[Iri] = ...) -> Iterable[Fact]:
        """Return each once."""


Review: TypeAlias = Callable[[LedgerChange], None]
"""Looks at what a batch would change; what it raises takes all of it back."""
Judge: TypeAlias = Callable[[OpenFacts], Review | None]
"""Refuses a batch by raising; is given what to ask the ledger."""

_SAME_RUN: Final = Prepared(
    select(batches.c.sequence, batches.c.time, batches.c.hash, batches.c.content, batches.c.salt).where(
        batches.c.source == bindparam("of"), batches.c.run == bindparam("run")
    )
)


def utc_now() -> datetime:
    """Return the time; the ledger's clock, which only ever moves forward, builds on it."""
    return datetime.now(UTC)


class Ledger(LedgerReader):
    """An open ledger. Any number of threads and processes may read and commit; commits queue up."""

    def __init__(self, database: Database, clock: Callable[[], datetime], keys: _Keys) -> None:
        """Use ``Ledger.open``."""
        super().__init__(database, clock)
        self._key_file = keys.file
        self._lock = threading.Lock()
        # With the lock: of several processes that open an empty ledger, one gives it its identity.
        with database.writing() as connection:
            self.id, new = _identity(connection, clock)
            self._memory = Memory(self.id)
            self._signer = self._admitted(connection, keys, new=new)

    @classmethod
    def open(
        cls,
        url: str | Path,
        *,
        key_file: Path | None = None,
        clock: Callable[[], datetime] = utc_now,
        keyless: bool = False,
        rekeying: Rekeying | None = None,
    ) -> Self:
        """Open the ledger in an SQLite file or at a PostgreSQL URL; an empty one is set up.

        ``key_file`` holds the signing key; by default it stands beside the SQLite file, with the suffix ``.key``.
        ``keyless``: do without the key where it is not there; nothing can be signed then, and all can be verified.
        ``rekeying``: let another key sign from here on, and record that.

        Raises:
            LedgerUnreadable: the address holds something else, or a ledger of a newer version.
            KeyLost, KeyForeign: the ledger has batches, and its key is gone or is another.
            KeyUnusable: the signing key cannot be read or made.
        """
        address = locate(url)
        keys = _Keys(key_file or _key_beside(address), keyless, rekeying)
        database = Database(address)
        try:
            return cls(database, clock, keys)
        except BaseException:
            database.close()
            raise

    def _admitted(self, connection: Connection, keys: _Keys, *, new: bool) -> Signer | None:
        if keys.rekeying is not None:
            entry = Entry(connection, self._memory, now=microseconds(self._clock()))
            return rekey(entry, keys.file, keys.rekeying, ontology_hash="")[0]
        try:
            return admit(connection, keys.file, new=new)
        except KeyUnusable:
            if not keys.keyless:
                raise
            return None

    def __enter__(self) -> Self:
        """Return the ledger, to be closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection, whatever ended the block."""
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    # Writing

    def commit(
        self,
        batch: Batch,
        *,
        ontology_hash: str,
        single_valued: frozenset[Iri] = frozenset(),
        judge: Judge | None = None,
    ) -> Receipt:
        """Make a batch durable, or recognise a run that came before.

        A newer statement about a predicate in ``single_valued`` closes the same source's older one. ``judge`` is asked
        about a run that is new, and raises what this raises then. It is asked under the commit lock, so that what it
        allows is still true when the batch is written, whoever else commits. It may return what reviews the change.

        Raises:
            MarksMoved: a mark is not what the batch expects.
            RunConflict: the run is there already, with other content.
            InvalidBatch, UnstorableTerm: something in the batch cannot be kept exactly.
        """
        # Before the lock, so that a batch that is refused makes nobody wait.
        check(batch, now=self._clock())

        def write(connection: Connection) -> Receipt:
            # First of all, of a run that came before too: who has lost its place may not move any mark.
            expect_marks(connection, batch.marks_owner, batch.marks_expected)
            receipt = self._commit(connection, batch, ontology_hash, single_valued, judge)
            # Of a run that came before too: who sends it once more has moved on, whatever it did not hear.
            keep_marks(connection, batch.marks_owner, batch.marks)
            return receipt

        return self._write(write)

    def mark(
        self, owner: str, marks: Mapping[str, bytes | None], expected: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Keep marks of an owner that belong to no batch; None deletes one, and what is not named stays.

        Raises:
            MarksMoved: a mark is not what is expected.
            InvalidBatch: they cannot be kept exactly.
        """
        check_marks(owner, marks)

        def write(connection: Connection) -> None:
            expect_marks(connection, owner, expected or {})
            keep_marks(connection, owner, marks)

        self._write(write)

    def rehearse(
        self,
        batch: Batch,
        *,
        ontology_hash: str,
        single_valued: frozenset[Iri] = frozenset(),
        judge: Judge | None = None,
    ) -> Receipt:
        """Return the receipt that the batch would have, and leave the ledger as it is.

        Raises:
            RunConflict, InvalidBatch, UnstorableTerm: as committing it would.
        """
        check(batch, now=self._clock())

        return self._rehearsed(lambda connection: self._commit(connection, batch, ontology_hash, single_valued, judge))

    def _rehearsed(self, write: Callable[[Connection], Item]) -> Item:
        """Return what writing would return, and write nothing."""
        outcome: list[Item] = []

        def write_and_stop(connection: Connection) -> None:
            outcome.append(write(connection))
            raise _Rehearsed

        with suppress(_Rehearsed):
            self._write(write_and_stop)
        return outcome[0]

    def _commit(
        self,
        connection: Connection,
        batch: Batch,
        ontology_hash: str,
        single_valued: frozenset[Iri],
        judge: Judge | None = None,
    ) -> Receipt:
        # Inside the transaction: the same run may arrive twice at the same time.
        # A run is recognised before it is judged: who sends it once more may not have heard that it was committed, and
        # must hear so now, even if what others say has changed since and it would not be let in any more.
        known = self._known_run(connection, batch)
        if known is not None:
            return known
        # Before the judgement, for it makes the memory forget what others have changed.
        entry = Entry(connection, self._memory, now=microseconds(self._clock()))
        ask = partial(present.open_facts, connection, terms=self._memory.terms)
        review = judge(ask) if judge is not None else None
        receipt = Commit(entry, batch, single_valued).write(ontology_hash=ontology_hash)
        if review is not None:
            review(receipt.change)
        return receipt

    def note(self, batch: Batch, *, warnings: int) -> None:
        """Keep of which documents a committed batch was made, and how many warnings there were."""
        from stratagraph.service.ledger.repeating import OWNER, note

        self.mark(OWNER, note(batch, warnings=warnings))

    def repeat(self, repetition: Repetition, *, ontology_hash: str) -> Repeated | None:
        """Make durable that a run found the documents of the last one of its scopes, and so says what that one said.

        None, and nothing is written, where those were others, or a fact in those scopes was opened or closed since.

        Raises:
            InvalidBatch: something in it cannot be kept exactly.
        """
        from stratagraph.service.ledger.repeating import repeat  # most processes never do

        scopes = tuple(Scope(name=name, complete=True) for name in repetition.scopes)
        run = Batch(source=repetition.source, run=repetition.run, method=Method.DECLARED, scopes=scopes)
        check(run, now=self._clock())

        def write(connection: Connection) -> Repeated | None:
            if _SAME_RUN(connection, of=repetition.source, run=repetition.run):
                return None
            entry = Entry(connection, self._memory, now=microseconds(self._clock()))
            return repeat(entry, repetition, ontology_hash=ontology_hash)

        return self._write(write)

    def redact(self, sought: Sought, *, by: str, why: str, ontology_hash: str = "", dry_run: bool = False) -> Redaction:
        """Erase what is sought, whoever said it and whenever, and record who did it and why.

        What it changes cannot be read from the ledger afterwards, and the files keep it until ``scrub``. A dry run
        leaves the ledger as it is.

        Raises:
            NothingToRedact: nothing that is still told is about it.
            ReasonTells: the reason repeats a value.
            NotRedactable: the ontology states it.
        """
        # Loaded when it is called, like retention, transfer and verification below: most processes do none of them.
        from stratagraph.service.ledger.redaction import redact

        def write(connection: Connection) -> Redaction:
            entry = Entry(connection, self._memory, now=microseconds(self._clock()))
            return redact(entry, sought, by=by, why=why, ontology_hash=ontology_hash)

        return self._rehearsed(write) if dry_run else self._write(write)

    def scrub(self) -> str | None:
        """Rewrite the files so that nothing deleted is left in them; return what still keeps it, None when all is gone.

        A reader that sees the state of before keeps it; try again when it is through.
        """
        with self._lock:
            return self._database.scrub()

    def close_silent(self, *, ontology_hash: str) -> Receipt | None:
        """Close what one source has not said for its silence period; None when nothing is due.

        One entry closes a bounded number of claims: call it again until it returns None.
        """
        with self._database.reading() as connection:
            # As a rule nothing is due, and who only looks keeps no commit waiting.
            if not is_silent(connection, self._clock()):
                return None

        def write(connection: Connection) -> Receipt | None:
            # Looked at once more, where nobody can say anything in between.
            now = self._clock()
            batch = silenced(connection, now, end_of(connection).sequence + 1)
            return None if batch is None else self._commit(connection, batch, ontology_hash, frozenset())

        return self._write(write)

    def due_for_retention(self, policy: Policy) -> Due | None:
        """Return observations that are older than the policy keeps them, a bounded number; None when there are none.

        It looks at all observations, and keeps no commit waiting meanwhile.
        """
        from stratagraph.service.ledger.retention import due  # nothing is old in a process that is young

        with self._database.reading() as connection:
            return due(connection, policy, self._clock())

    def retain(self, what: Due, *, ontology_hash: str) -> Receipt | None:
        """Add up observations that were found to be due; None when another process has done so meanwhile."""
        from stratagraph.service.ledger.retention import roll_up

        def write(connection: Connection) -> Receipt | None:
            entry = Entry(connection, self._memory, now=microseconds(self._clock()))
            return roll_up(entry, what, ontology_hash=ontology_hash)

        return self._write(write)

    def import_from(self, stream: BinaryIO) -> int:
        """Rebuild an exported ledger in this empty one, with the same hashes; return the newest sequence.

        Raises:
            ImportRefused: the export is cut or changed, or this ledger is not empty.
        """
        from stratagraph.service.ledger.importing import import_into

        def write(connection: Connection) -> tuple[str, int]:
            found = import_into(connection, stream)
            remember(connection, self._signing)  # the key is this folder's: an export holds none
            return found

        self.id, sequence = self._write(write)
        self._memory = Memory(self.id)
        return sequence

    def _write(self, write: Callable[[Connection], Item]) -> Item:
        # Threads wait here, in order; processes wait for the database.
        with self._lock:
            try:
                with self._database.writing() as connection:
                    return write(connection)
            # Also at Ctrl-C: the numbers given in a transaction that was rolled back belong to nobody.
            except BaseException:
                self._memory.forget()
                raise

    def _known_run(self, connection: Connection, batch: Batch) -> Receipt | None:
        rows = _SAME_RUN(connection, of=batch.source, run=batch.run)
        if not rows:
            return None
        sequence, at, batch_hash, content, salt = rows[0]
        # Where a redaction took the salt, nobody can tell any more whether the content is the same.
        if salt is None or content_digest(batch, bytes(salt), self._memory.terms.texts) != bytes(content):
            raise RunConflict(source=batch.source, run=batch.run, sequence=sequence)
        change = LedgerChange(
            sequence=sequence,
            time=moment(at),
            batch_hash=bytes(batch_hash).hex(),
            source=batch.source,
            run=batch.run,
        )
        return Receipt(sequence=sequence, batch_hash=change.batch_hash, time=change.time, duplicate=True, change=change)

    # Proof

    def head(self) -> Head:
        """Return the signed head; sequence 0 is the empty ledger."""
        return self._signing.sign(self.id, *self.end())

    @property
    def _signing(self) -> Signer:
        """The key, where it is needed: a ledger that was opened without one can't sign."""
        if self._signer is None:
            raise KeyLost(path=str(self._key_file))
        return self._signer

    # Processes

    @property
    def shared(self) -> bool:
        """Whether other processes may commit too."""
        return not self._database.sqlite

    def lease(self, name: str) -> Lease:
        """Return the lease of this name; it is not held before it is asked."""
        return Lease(self._database, name)

    def verify(self, head_file: Path | None = None) -> VerifyReport:
        """Check the whole chain, against a head kept elsewhere where one is given.

        Raises:
            HeadUnreadable: the file holds no head.
        """
        from stratagraph.service.ledger.verify import verify

        head = None if head_file is None else Head.read(head_file)
        with self._database.streaming() as connection:
            public_key = self._signer.public_key if self._signer else known_public_key(connection)
            return verify(connection, self.id, public_key, head)

    def export(self) -> Iterator[bytes]:
        """Yield the whole ledger as lines of JSON, the signed head last."""
        from stratagraph.service.ledger import transfer

        signer = self._signing
        return self._stream(lambda connection: transfer.export_lines(connection, self.id, signer))


class _Keys(NamedTuple):
    """Where the signing key is, and what to do where it is not there."""

    file: Path
    keyless: bool
    rekeying: Rekeying | None


class _Rehearsed(Exception):
    """Ends a transaction that only wanted to know: what it wrote is rolled back."""


def _key_beside(address: URL) -> Path:
    if address.get_backend_name() == "sqlite" and address.database:
        return Path(f"{address.database}.key")
    raise KeyUnusable(path="(none)", problem="a ledger on a server needs a key file of its own named")


def _identity(connection: Connection, clock: Callable[[], datetime]) -> tuple[str, bool]:
    """Return the ledger's identity, and whether it was only given now."""
    known = connection.execute(select(ledger.c.id)).scalar()
    if known is not None:
        return str(known), False
    given = str(uuid.uuid4())
    connection.execute(insert(ledger), {"id": given, "format": FORMAT})
    give_identity(connection, given, now=microseconds(clock()))
    return given, True
