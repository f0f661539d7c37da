"""Import: an identical ledger made of an export, the same batches with the same hashes, or a refusal by name."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, BinaryIO, Final

from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.chain import FORMAT, ScopeRun, observation_digest
from stratagraph.service.ledger.database import CHUNK
from stratagraph.service.ledger.entry import Entry, Memory
from stratagraph.service.ledger.errors import ImportRefused
from stratagraph.service.ledger.export_lines import HeaderLine, MalformedLine, read_line
from stratagraph.service.ledger.schema import batches, claims, ledger, scopes
from stratagraph.service.ledger.signing import Head
from stratagraph.service.ledger.transfer import HEADER

_FOR_CLOSING: Final = (
    select(claims.c.opened, claims.c.closed, claims.c.commitment, scopes.c.source, scopes.c.name)
    .join(scopes, scopes.c.id == claims.c.scope)
    .where(claims.c.id == bindparam("claim"))
)


def import_into(connection: Connection, stream: BinaryIO) -> tuple[str, int]:
    """Write an export into an empty ledger; return the ledger's identity and newest sequence.

    Raises:
        ImportRefused: names the line; the transaction must be rolled back.
    """
    if connection.execute(select(batches.c.sequence).limit(1)).first() is not None:
        raise ImportRefused(line=1, problem="the ledger to import into is not empty")
    reader = _Import(connection)
    number = 0
    try:
        for number, line in enumerate(stream, 1):  # noqa: B007  a refusal names the line
            reader.take(line)
        reader.end()
    except MalformedLine as error:
        raise ImportRefused(line=number, problem=str(error)) from error
    except StratagraphError as error:
        raise ImportRefused(line=number, problem=str(error)) from error
    except SQLAlchemyError as error:
        # What the forms of lines let through, and a constraint of the tables does not: two batches of one run, say.
        raise ImportRefused(line=number, problem=f"the database refuses it ({_cause(error)})") from error
    return reader.ledger_id, reader.sequence


def _cause(error: SQLAlchemyError) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())


class _Import:
    """Rebuilds entries line by line; facts are written a chunk at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._memory = Memory("")  # until the first line names the ledger
        self._entry: Entry | None = None
        self._header: HeaderLine | None = None
        self._open: list[tuple[str, str, str, str, str]] = []
        self._closing: list[int] = []
        self._ended = False
        self._hash = ""
        self._digest = sha256()
        self.ledger_id = ""
        self.sequence = 0

    def take(self, line: bytes) -> None:
        """Take in one line.

        Raises:
            MalformedLine: it can't stand there, or does not fit what stood before.
        """
        kind, value, beside = read_line(line)
        if self._ended or (kind == "ledger") == bool(self.ledger_id):
            raise MalformedLine("it stands where none may be")
        if "sha256" in beside and beside["sha256"] != self._digest.hexdigest():
            raise MalformedLine("the lines before it are not those that were exported")
        self._digest.update(line)
        getattr(self, f"_take_{kind}")(value)

    def end(self) -> None:
        """Refuse an export that was cut."""
        if not self._ended:
            raise MalformedLine("the export ends before its head")

    def _take_ledger(self, ledger_id: str) -> None:
        self.ledger_id = ledger_id
        self._memory = Memory(ledger_id)
        # An empty ledger was made with an identity of its own, which gives way here.
        self._connection.execute(delete(ledger))
        self._connection.execute(insert(ledger), {"id": ledger_id, "format": FORMAT})

    def _take_batch(self, header: HeaderLine) -> None:
        self._finish()
        self._header = header
        self._entry = Entry(self._connection, self._memory, now=header.time)
        # An entry never stands before its predecessor in time: where it moved the header's time on, that was changed.
        if (self._entry.sequence, self._entry.time) != (header.sequence, header.time):
            raise MalformedLine(f"batch {header.sequence} does not follow the one before it")
        self._entry.scopes_of(header.source, [name for name, *_ in header.scopes])

    def _take_open(self, claim: tuple[str, str, str, str, str]) -> None:
        self._current  # noqa: B018  refuses a fact before the first batch
        # The entry takes the facts of one scope at a time.
        if self._open and (len(self._open) >= CHUNK or self._open[0][0] != claim[0]):
            self._flush()
        self._open.append(claim)

    def _take_erased(self, value: tuple[str, str]) -> None:
        self._flush()
        scope, committed = value
        self._current.open_erased((self._scope(scope), scope), bytes.fromhex(committed))

    def _take_close(self, claim: int) -> None:
        self._flush()
        row = self._connection.execute(_FOR_CLOSING, {"claim": claim}).first()
        if row is None or row.opened == self._current.sequence:
            raise MalformedLine(f"it closes claim {claim}, which no batch before opened")
        if row.closed is not None or claim in self._closing:
            raise MalformedLine(f"it closes claim {claim}, which is closed already")
        if row.commitment is None:
            self._closing.append(claim)
        else:
            # Closings are hashed by the numbers of their claims: what has gathered has lower ones, and goes first.
            self._close()
            self._current.close_erased(claim, row.source, row.name, row.opened, bytes(row.commitment))

    def _take_observe(self, value: tuple[Any, ...]) -> None:
        subject, metric, unit, start, end, count, total, minimum, maximum, sketch, estimated = value
        ids = self._memory.terms.intern(self._connection, {subject, metric})
        numbers = (start, end, count, float(total), float(minimum), float(maximum))
        data = base64.b64decode(sketch)
        digest = observation_digest(subject, metric, unit, (*numbers, estimated), data)
        self._current.observe([(ids[subject], ids[metric], unit, *numbers, data, estimated)], [digest])

    def _take_dropped(self, digest: str) -> None:
        self._current.observe_dropped(bytes.fromhex(digest))

    def _take_head(self, value: dict[str, Any]) -> None:
        self._finish()
        try:
            head = Head.from_json(json.dumps(value))
        except ValueError as error:
            raise MalformedLine(f"the head can't be read: {error}") from None
        if (head.ledger, head.sequence, head.batch_hash) != (self.ledger_id, self.sequence, self._hash):
            raise MalformedLine("the head is not that of the last batch")
        if not head.is_genuine():
            raise MalformedLine("the head's signature does not fit what it says")
        self._ended = True

    @property
    def _current(self) -> Entry:
        if self._entry is None:
            raise MalformedLine("it stands before the first batch")
        return self._entry

    def _scope(self, name: str) -> int:
        assert self._header is not None  # a batch has begun
        return self._current.scopes_of(self._header.source, [name])[name]

    def _flush(self) -> None:
        if not self._open:
            return
        name = self._open[0][0]
        ids = self._memory.terms.intern(self._connection, {text for claim in self._open for text in claim[1:4]})
        self._current.open(
            (self._scope(name), name),
            [(ids[s], ids[p], ids[o]) for _, s, p, o, _ in self._open],
            [f"{s} {p} {o}".encode() for _, s, p, o, _ in self._open],
            [bytes.fromhex(salt) for *_, salt in self._open],
        )
        self._open.clear()

    def _close(self) -> None:
        # It closes only what is asked for, one by one.
        _exhaust(self._current.close(self._closing))
        self._closing.clear()

    def _finish(self) -> None:
        """Write the header of the batch whose lines have passed, and compare its hash."""
        if self._entry is None or self._header is None:
            return
        self._flush()
        self._close()
        header = self._header
        # These two are the entry's own, and were compared when it began.
        told = {name: getattr(header, name) for name in HEADER if name not in {"sequence", "time"}}
        batch_hash = self._entry.finish(
            **told,
            content=bytes.fromhex(header.content),
            salt=None if header.salt is None else bytes.fromhex(header.salt),
            runs=[ScopeRun(name=n, complete=c, stated=s, withdrawn=w) for n, c, s, w in header.scopes],
        )
        if batch_hash.hex() != header.hash:
            raise MalformedLine(f"the batch before it, {header.sequence}, does not have the hash that it claims")
        self.sequence, self._hash, self._entry = self._entry.sequence, batch_hash.hex(), None


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass
