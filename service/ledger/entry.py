"""Writing one entry of the chain: claims opened and closed, observations, then the header and its hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select, update

from stratagraph.service.ledger.chain import (
    Header,
    ScopeRun,
    closing_entry,
    commitment,
    commitments,
    genesis,
    opening_prefix,
)
from stratagraph.service.ledger.claims import present_claims
from stratagraph.service.ledger.database import chunks, insert_many
from stratagraph.service.ledger.interning import Terms
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import (
    batches,
    claims,
    dropped_observations,
    observations,
    scope_runs,
    scopes,
)

_TAIL: Final = Prepared(
    select(
        batches.c.sequence,
        batches.c.time,
        batches.c.hash,
        (batches.c.first_claim + batches.c.opened).label("next_claim"),
        # By the headers, not by the largest number there is: retention deletes rows, and no number may be given twice.
        (batches.c.first_observation + batches.c.observed).label("next_observation"),
    ).where(batches.c.sequence == select(func.max(batches.c.sequence)).scalar_subquery())
)
_SCOPES: Final = select(scopes.c.id, scopes.c.name).where(scopes.c.source == bindparam("of"))
_LAST_SCOPE: Final = select(func.coalesce(func.max(scopes.c.id), 0))
_SEE: Final = Prepared(
    update(scopes)
    .where(scopes.c.id == bindparam("scope"))
    .values(last_seen=bindparam("sequence"), silence=bindparam("period"))
)
_CLOSING: Final = (
    present_claims()
    .add_columns(claims.c.id, claims.c.salt, claims.c.commitment)
    .where(claims.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(claims.c.id)
)
_CLOSE: Final = (
    update(claims).where(claims.c.id.in_(bindparam("ids", expanding=True))).values(closed=bindparam("sequence"))
)
CLAIM_COLUMNS: Final = ("id", "subject", "predicate", "object", "scope", "opened", "salt", "commitment")
# The columns are called as the header's fields; scopes have a table of their own.
COVERED_COLUMNS: Final = tuple(name for name in Header.__slots__ if name != "scopes")
BATCH_COLUMNS: Final = (*COVERED_COLUMNS, "salt", "hash", "first_claim", "first_observation")
DIGEST_COLUMNS: Final = tuple(column.name for column in dropped_observations.columns)
OBSERVATION_COLUMNS: Final = tuple(column.name for column in observations.columns)
_COVERED: Final = attrgetter(*COVERED_COLUMNS)

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the chain ends."""

    sequence: int
    time: int
    hash: bytes
    next_claim: int
    next_observation: int


class Memory:
    """What the writer remembers between entries, as long as nobody else wrote in between."""

    def __init__(self, ledger_id: str) -> None:
        """Start empty; the identity is needed for the tail of a chain without batches."""
        self.terms = Terms()
        self.scopes: dict[str, dict[str, int]] = {}
        self.last_scope: int | None = None
        self.ledger_id = ledger_id
        self._hash = b""

    def tail(self, connection: Connection) -> Tail:
        """Return where the chain ends, and forget what another writer may have changed."""
        rows = _TAIL(connection)
        tail = Tail(*rows[0]) if rows else Tail(0, 0, genesis(self.ledger_id), 1, 1)
        # The hash and not the sequence: it also shows that another ledger was put in this one's place.
        if tail.hash != self._hash:
            self.forget()
        return tail

    def forget(self) -> None:
        """Forget everything that a failed or foreign transaction may have made untrue."""
        self.terms.forget()
        self.scopes.clear()
        self.last_scope = None
        self._hash = b""

    def trust(self, batch_hash: bytes) -> None:
        """Keep what is remembered as long as the chain ends here."""
        self._hash = batch_hash


class Entry:
    """One entry of the chain while the commit lock is held."""

    def __init__(self, connection: Connection, memory: Memory, *, now: int) -> None:
        """Begin behind the newest batch; the ledger's clock never stands still or runs backwards."""
        self.connection = connection
        self.memory = memory
        self.tail = memory.tail(connection)
        self.sequence = self.tail.sequence + 1
        self.time = max(now, self.tail.time + 1)
        self.opened = self.closed = self.observed = 0
        self.new_scopes: set[int] = set()
        self.known_terms = memory.terms.last(connection)
        self._facts = sha256()
        self._observations = sha256()

    @property
    def next_claim(self) -> int:
        """The number that the next claim gets."""
        return self.tail.next_claim + self.opened

    def known_scopes(self, source: str) -> dict[str, int]:
        """Return the numbers of a source's scopes by name."""
        known = self.memory.scopes.get(source)
        if known is None:
            rows = self.connection.execute(_SCOPES, {"of": source})
            known = self.memory.scopes[source] = {name: number for number, name in rows}
        return known

    def scopes_of(self, source: str, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of a source's scopes, making those that are new."""
        known = self.known_scopes(source)
        new = [name for name in dict.fromkeys(names) if name not in known]
        if new:
            last = self.memory.last_scope
            if last is None:
                last = int(self.connection.execute(_LAST_SCOPE).scalar_one())
            rows = [(number, source, name) for number, name in enumerate(new, last + 1)]
            insert_many(self.connection, scopes, ("id", "source", "name"), rows)
            known.update((name, number) for number, _, name in rows)
            self.memory.last_scope = last + len(rows)
            self.new_scopes.update(number for number, _, _ in rows)
        return known

    def open(
        self, scope: tuple[int, str], triples: Sequence[Triple], lines: Sequence[bytes], salts: Sequence[bytes]
    ) -> None:
        """Open claims of one scope, given as numbers and as N-Triples lines in UTF-8."""
        prefix, number, sequence, first = opening_prefix(scope[1]), scope[0], self.sequence, self.next_claim
        self._facts.update(b"".join([prefix + committed for committed in commitments(salts, lines)]))
        # No commitment is stored: it follows from line and salt, until a redaction takes those.
        rows: list[tuple[Any, ...]] = [
            (claim, s, p, o, number, sequence, salt, None)
            for claim, (s, p, o), salt in zip(range(first, first + len(lines)), triples, salts, strict=True)
        ]
        insert_many(self.connection, claims, CLAIM_COLUMNS, rows)
        self.opened += len(rows)

    def open_erased(self, scope: tuple[int, str], committed: bytes) -> None:
        """Open a claim whose fact was redacted in the ledger that is being imported."""
        self._facts.update(opening_prefix(scope[1]) + committed)
        row = (self.next_claim, None, None, None, scope[0], self.sequence, None, committed)
        insert_many(self.connection, claims, CLAIM_COLUMNS, [row])
        self.opened += 1

    def close(self, ids: Iterable[int]) -> Iterator[Row[*tuple[Any, ...]]]:
        """Close claims, yielding the row of each that ``Claims.present`` reads."""
        # By number, as the facts digest has them.
        for chunk in chunks(sorted(ids)):
            # Read before ``finish`` moves the scopes' last run on: a claim that closes was last seen by an earlier one.
            rows = self.connection.execute(_CLOSING, {"ids": chunk}).all()
            for row in rows:
                line = f"{row.subject} {row.predicate} {row.object}"
                self._closed(row.source, row.scope, row.opened, commitment(row.salt, line))
            self.connection.execute(_CLOSE, {"ids": chunk, "sequence": self.sequence})
            yield from rows

    def close_erased(self, claim: int, source: str, scope: str, opened: int, committed: bytes) -> None:
        """Close a claim whose fact was redacted in the ledger that is being imported."""
        self._closed(source, scope, opened, committed)
        self.connection.execute(_CLOSE, {"ids": [claim], "sequence": self.sequence})

    def _closed(self, source: str, scope: str, opened: int, committed: bytes) -> None:
        self._facts.update(closing_entry(source, scope, opened, committed))
        self.closed += 1

    def observe(self, rows: Sequence[tuple[Any, ...]], digests: Iterable[bytes]) -> None:
        """Take in observations, as rows without id and sequence, with their digests."""
        self._observations.update(b"".join(digests))
        first = self.tail.next_observation + self.observed
        numbered = [(number, self.sequence, *row) for number, row in enumerate(rows, first)]
        insert_many(self.connection, observations, OBSERVATION_COLUMNS, numbered)
        self.observed += len(rows)

    def observe_dropped(self, digest: bytes) -> None:
        """Take in an observation that retention dropped in the ledger that is being imported."""
        self._observations.update(digest)
        row = (self.tail.next_observation + self.observed, self.sequence, digest)
        insert_many(self.connection, dropped_observations, DIGEST_COLUMNS, [row])
        self.observed += 1

    def finish(
        self,
        *,
        kind: str,
        source: str,
        run: str,
        method: str,
        ontology: str,
        content: bytes,
        salt: bytes | None,
        runs: Sequence[ScopeRun] = (),
        silence: int | None = None,
        note: str = "",
    ) -> bytes:
        """Write the header, and return the hash that ends the chain now."""
        header = Header(
            sequence=self.sequence,
            time=self.time,
            kind=kind,
            source=source,
            run=run,
            method=method,
            silence=silence,
            ontology=ontology,
            note=note,
            scopes=tuple(runs),
            opened=self.opened,
            closed=self.closed,
            observed=self.observed,
            content=content,
            facts=self._facts.digest(),
            observations=self._observations.digest(),
            previous=self.tail.hash,
        )
        batch_hash = header.hash()
        own = (salt, batch_hash, self.tail.next_claim, self.tail.next_observation)
        insert_many(self.connection, batches, BATCH_COLUMNS, [(*_COVERED(header), *own)])
        # The outcomes refer to the header by a foreign key.
        self._see(header)
        # If the transaction fails after this, ``Ledger._write`` forgets it.
        self.memory.trust(batch_hash)
        return batch_hash

    def _see(self, header: Header) -> None:
        """Keep each scope's outcome, and when it was seen last."""
        if not header.scopes:
            return
        numbers = self.memory.scopes[header.source]
        rows: list[tuple[Any, ...]] = [
            (header.sequence, position, numbers[run.name], run.complete, run.stated, run.withdrawn)
            for position, run in enumerate(header.scopes)
        ]
        names = ("sequence", "position", "scope", "complete", "stated", "withdrawn")
        insert_many(self.connection, scope_runs, names, rows)
        seen = [numbers[run.name] for run in header.scopes if run.seen]
        times = {"sequence": header.sequence, "period": header.silence}
        _SEE.each(self.connection, [{"scope": number, **times} for number in seen])
