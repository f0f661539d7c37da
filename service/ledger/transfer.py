"""Export as lines of JSON, and import into an identical ledger: the same batches with the same hashes."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Any, BinaryIO, Final

import orjson
from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.chain import FORMAT, ScopeRun, moment, observation_digest
from stratagraph.service.ledger.claims import objects, predicates, subjects
from stratagraph.service.ledger.database import CHUNK
from stratagraph.service.ledger.entry import DIGEST_COLUMNS, Entry, Memory
from stratagraph.service.ledger.errors import ImportRefused
from stratagraph.service.ledger.history import scope_runs_of
from stratagraph.service.ledger.observed import NAMED as NAMED_OBSERVATIONS
from stratagraph.service.ledger.retention import DIGESTS_KEPT
from stratagraph.service.ledger.schema import batches, claims, ledger, observations, scopes
from stratagraph.service.ledger.signing import Signer

_BATCHES: Final = select(batches).order_by(batches.c.sequence)
_STORED: Final = (
    select(
        claims.c.id,
        claims.c.salt,
        claims.c.commitment,
        scopes.c.name.label("scope"),
        subjects.c.text.label("subject"),
        predicates.c.text.label("predicate"),
        objects.c.text.label("object"),
    )
    .join(scopes, scopes.c.id == claims.c.scope)
    # Outer joins: a redacted claim has no terms any more, and still has its place.
    .join(subjects, subjects.c.id == claims.c.subject, isouter=True)
    .join(predicates, predicates.c.id == claims.c.predicate, isouter=True)
    .join(objects, objects.c.id == claims.c.object, isouter=True)
    .where(claims.c.id >= bindparam("first"), claims.c.id < bindparam("end"))
    .order_by(claims.c.id)
)
_CLOSED: Final = select(claims.c.id).where(claims.c.closed == bindparam("at")).order_by(claims.c.id)
_OBSERVED: Final = NAMED_OBSERVATIONS.where(
    observations.c.id >= bindparam("first"), observations.c.id < bindparam("end")
).order_by(observations.c.id)
_FOR_CLOSING: Final = (
    select(claims.c.opened, claims.c.commitment, scopes.c.source, scopes.c.name)
    .join(scopes, scopes.c.id == claims.c.scope)
    .where(claims.c.id == bindparam("claim"))
)

# All else in a header (counts, digests, the previous hash) follows from the lines after it, and is computed anew.
_HEADER: Final = ("sequence", "time", "kind", "source", "run", "method", "silence", "ontology", "note")
_NUMBERS: Final = ("start", "end", "count", "total", "minimum", "maximum")


def export_lines(connection: Connection, ledger_id: str, signer: Signer) -> Iterator[bytes]:
    """Yield the ledger: a line that names it, each batch followed by what it did, and the signed head."""
    yield _line({"ledger": ledger_id, "format": FORMAT})
    sequence, batch_hash, time = 0, "", None
    for row in connection.execute(_BATCHES):
        sequence, batch_hash, time = row.sequence, bytes(row.hash).hex(), moment(row.time)
        yield _line({"batch": _header(connection, row)})
        yield from _opened_lines(connection, row)
        for (claim,) in connection.execute(_CLOSED, {"at": row.sequence}):
            yield _line({"close": claim})
        yield from _observed_lines(connection, row)
    head = signer.sign(ledger_id, sequence, batch_hash, time)
    yield _line({"head": orjson.loads(head.to_json())})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"


def _header(connection: Connection, row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    runs = scope_runs_of(connection, row.sequence)
    return {name: row._mapping[name] for name in _HEADER} | {  # noqa: SLF001  # a row's documented mapping
        "salt": bytes(row.salt).hex() if row.salt is not None else None,
        "content": bytes(row.content).hex(),
        "hash": bytes(row.hash).hex(),
        "scopes": [[run.name, run.complete, run.stated, run.withdrawn] for run in runs],
    }


def _opened_lines(connection: Connection, row: Row[*tuple[Any, ...]]) -> Iterator[bytes]:
    for claim in connection.execute(_STORED, {"first": row.first_claim, "end": row.first_claim + row.opened}):
        if claim.salt is None:
            yield _line({"erased": [claim.scope, bytes(claim.commitment).hex()]})
        else:
            salt = bytes(claim.salt).hex()
            yield _line({"open": [claim.scope, claim.subject, claim.predicate, claim.object, salt]})


def _observed_lines(connection: Connection, row: Row[*tuple[Any, ...]]) -> Iterator[bytes]:
    span = {"first": row.first_observation, "end": row.first_observation + row.observed}
    kept = connection.execute(DIGESTS_KEPT, span).all()
    # Two tables, but one order in the batch's digest: by number.
    for found in merge(kept, connection.execute(_OBSERVED, span), key=lambda each: each.id):
        # Rows of either table come here, and their width tells them apart.
        if len(found) == len(DIGEST_COLUMNS):
            yield _line({"dropped": bytes(found.digest).hex()})
            continue
        values = found._mapping  # noqa: SLF001  # a row's documented mapping
        names = [values["subject_text"], values["metric_text"], values["unit"]]
        sketch = base64.b64encode(bytes(values["sketch"])).decode()
        yield _line({"observe": [*names, *(values[name] for name in _NUMBERS), sketch, values["estimated"]]})


def import_into(connection: Connection, stream: BinaryIO) -> tuple[str, int]:
    """Write an export into an empty ledger; return the ledger's identity and newest sequence.

    Raises:
        ImportRefused: names the line; the transaction must be rolled back.
    """
    if connection.execute(select(batches.c.sequence).limit(1)).first() is not None:
        raise ImportRefused(line=1, problem="the ledger to import into is not empty")
    reader = _Import(connection)
    try:
        for line in stream:
            reader.take(orjson.loads(line))
        reader.end()
    except ImportRefused:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StratagraphError, _Refused) as error:
        raise ImportRefused(line=reader.lines, problem=str(error) or type(error).__name__) from error
    return reader.ledger_id, reader.sequence


class _Refused(Exception):
    """The export does not hold together."""


class _Import:
    """Rebuilds entries line by line; facts are written a chunk at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._memory = Memory("")
        self._entry: Entry | None = None
        self._header: dict[str, Any] = {}
        self._open: list[list[str]] = []
        self._closing: list[int] = []
        self._ended = False
        self._hash = ""
        self.ledger_id = ""
        self.sequence = 0
        self.lines = 0

    def take(self, line: dict[str, Any]) -> None:
        """Take in one line."""
        self.lines += 1
        ((kind, value),) = ((k, v) for k, v in line.items() if k != "format")
        if self._ended or (kind != "ledger" and not self.ledger_id):
            raise _Refused("a line stands where none may be")
        getattr(self, f"_take_{kind}")(value)

    def end(self) -> None:
        """Refuse an export that was cut."""
        if not self._ended:
            raise _Refused("the export ends before its head")

    def _take_ledger(self, ledger_id: str) -> None:
        self.ledger_id = str(ledger_id)
        self._memory = Memory(self.ledger_id)
        self._connection.execute(delete(ledger))
        self._connection.execute(insert(ledger), {"id": self.ledger_id, "format": FORMAT})

    def _take_batch(self, header: dict[str, Any]) -> None:
        self._finish()
        self._header = header
        self._entry = Entry(self._connection, self._memory, now=header["time"])
        # An entry never stands before its predecessor in time; if it moved the header's time on, the export was
        # changed.
        if (self._entry.sequence, self._entry.time) != (header["sequence"], header["time"]):
            raise _Refused(f"batch {header['sequence']} does not follow the one before it")
        self._entry.scopes_of(header["source"], [name for name, *_ in header["scopes"]])

    def _take_open(self, claim: list[str]) -> None:
        if self._open and (len(self._open) >= CHUNK or self._open[0][0] != claim[0]):
            self._flush()
        self._open.append(claim)

    def _take_erased(self, value: list[str]) -> None:
        self._flush()
        scope, committed = value
        self._current.open_erased((self._scope(scope), scope), bytes.fromhex(committed))

    def _take_close(self, claim: int) -> None:
        self._flush()
        row = self._connection.execute(_FOR_CLOSING, {"claim": claim}).one()
        if row.commitment is None:
            self._closing.append(claim)
        else:
            self._close()  # closings are hashed in the order of their numbers
            self._current.close_erased(claim, row.source, row.name, row.opened, bytes(row.commitment))

    def _take_observe(self, value: list[Any]) -> None:
        subject, metric, unit, start, end, count, total, minimum, maximum, sketch, estimated = value
        ids = self._memory.terms.intern(self._connection, {subject, metric})
        numbers = (start, end, count, float(total), float(minimum), float(maximum))
        data = base64.b64decode(sketch)
        digest = observation_digest(subject, metric, unit, (*numbers, estimated), data)
        self._current.observe([(ids[subject], ids[metric], unit, *numbers, data, estimated)], [digest])

    def _take_dropped(self, digest: str) -> None:
        self._current.observe_dropped(bytes.fromhex(digest))

    def _take_head(self, head: dict[str, Any]) -> None:
        self._finish()
        if (head["ledger"], head["sequence"], head["hash"]) != (self.ledger_id, self.sequence, self._hash):
            raise _Refused("the head is not that of the last batch")
        self._ended = True

    @property
    def _current(self) -> Entry:
        if self._entry is None:
            raise _Refused("a fact stands before the first batch")
        return self._entry

    def _scope(self, name: str) -> int:
        return self._current.scopes_of(self._header["source"], [name])[name]

    def _flush(self) -> None:
        if not self._open:
            return
        name = self._open[0][0]
        ids = self._memory.terms.intern(self._connection, {text for claim in self._open for text in claim[1:4]})
        self._current.open(
            (self._scope(name), name),
            [(ids[s], ids[p], ids[o]) for _, s, p, o, _ in self._open],
            [f"{s} {p} {o}" for _, s, p, o, _ in self._open],
            [bytes.fromhex(salt) for *_, salt in self._open],
        )
        self._open.clear()

    def _close(self) -> None:
        # It is a generator, and works only as far as it is read.
        _exhaust(self._current.close(self._closing))
        self._closing.clear()

    def _finish(self) -> None:
        """Write the header of the batch whose lines have passed, and compare its hash."""
        if self._entry is None:
            return
        self._flush()
        self._close()
        header, salt = self._header, self._header["salt"]
        batch_hash = self._entry.finish(
            **{name: header[name] for name in _HEADER if name not in {"sequence", "time"}},
            content=bytes.fromhex(header["content"]),
            salt=None if salt is None else bytes.fromhex(salt),
            runs=[ScopeRun(name=n, complete=c, stated=s, withdrawn=w) for n, c, s, w in header["scopes"]],
        )
        if batch_hash.hex() != header["hash"]:
            raise _Refused(f"batch {self._entry.sequence} does not have the hash that it claims")
        self.sequence, self._hash, self._entry = self._entry.sequence, batch_hash.hex(), None


def _exhaust(items: Iterable[object]) -> None:
    for _ in items:
        pass
