"""Batches to commit, and a reader of the plain database that shares no code with the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Observation, Scope, Term

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def fact(subject: int = 0, predicate: str = "p", value: Term | int = 0) -> Fact:
    term = Literal(str(value)) if isinstance(value, int) else value
    return Fact(f"http://x/{subject}", f"http://x/{predicate}", term)


def scope(*stated: Fact, name: str = "a", complete: bool = True, withdrawn: tuple[Fact, ...] = ()) -> Scope:
    return Scope(name=name, complete=complete, stated=stated, withdrawn=withdrawn)


def batch(run: str, *scopes: Scope, source: str = "s", silence: timedelta | None = None) -> Batch:
    return Batch(source=source, run=run, method=Method.DECLARED, scopes=scopes, silence=silence)


def observation(minute: int = 0, total: float = 3.5) -> Observation:
    start = NOON + timedelta(minutes=minute)
    return Observation(
        subject="http://x/0",
        metric="http://x/latency",
        unit="s",
        start=start,
        end=start + timedelta(minutes=1),
        count=2,
        total=total,
        minimum=1.0,
        maximum=2.5,
        sketch=b"\x01\x02",
    )


def independent_verify(url: str) -> int | None:
    """Return the first bad sequence of a ledger, or None; see docs/reference/ledger-format.md."""
    with plain(url) as ask:
        previous = sha(b"stratagraph-ledger-1\n" + ask("SELECT id FROM ledger")[0]["id"].encode())
        for expected, row in enumerate(ask("SELECT * FROM batches ORDER BY sequence"), 1):
            header = {name: row[name] for name in HEADER}
            header |= {name: row[name].hex() for name in ("content", "facts", "observations", "previous")}
            runs = ask(RUNS, row["sequence"])
            header["scopes"] = [[run["name"], bool(run["complete"]), run["stated"], run["withdrawn"]] for run in runs]
            text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            sound = (
                row["sequence"] == expected
                and row["previous"] == previous
                and row["facts"] == sha(b"".join(fact_entries(ask, row["sequence"])))
                and row["observations"] == sha(b"".join(observation_entries(ask, row["sequence"])))
                and row["hash"] == sha(b"stratagraph-batch-1\n" + text.encode())
            )
            if not sound:
                return expected
            previous = row["hash"]
    return None


Ask = Callable[..., list[Any]]


@contextmanager
def plain(url: str) -> Iterator[Ask]:
    """Connect to a ledger's database past our own code: a function of a statement and its values gives the rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db, db:
            db.row_factory = sqlite3.Row
            yield lambda statement, *values: db.execute(statement, values).fetchall()
    else:
        with psycopg.connect(url, row_factory=dict_row) as connection:

            def ask(statement: str, *values: object) -> list[Any]:
                cursor = connection.execute(statement.replace("?", "%s").encode(), values)
                return cursor.fetchall() if cursor.description else []

            ask("SET session_replication_role = replica")  # as who tampers would: without the foreign keys
            yield ask


HEADER = [
    "sequence",
    "time",
    "kind",
    "source",
    "run",
    "method",
    "silence",
    "ontology",
    "note",
    "opened",
    "closed",
    "observed",
]
RUNS = """SELECT name, complete, stated, withdrawn FROM scope_runs JOIN scopes ON id = scope
          WHERE sequence = ? ORDER BY position"""
CLAIMS = """SELECT c.*, x.source, x.name, s.text || ' ' || p.text || ' ' || o.text AS line FROM claims c
            JOIN scopes x ON x.id = c.scope LEFT JOIN terms s ON s.id = subject
            LEFT JOIN terms p ON p.id = predicate LEFT JOIN terms o ON o.id = object"""
OBSERVED = """SELECT o.*, s.text AS s, m.text AS m FROM observations o JOIN terms s ON s.id = subject
              JOIN terms m ON m.id = metric WHERE sequence = ? ORDER BY o.id"""


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def sized(text: str) -> bytes:
    return struct.pack(">I", len(text.encode())) + text.encode()


def committed(row: Any) -> bytes:
    return bytes(row["commitment"]) if row["salt"] is None else sha(row["salt"] + row["line"].encode())


def fact_entries(ask: Ask, sequence: int) -> Iterator[bytes]:
    for row in ask(f"{CLAIMS} WHERE opened = ? ORDER BY c.id", sequence):
        yield b"+" + sized(row["name"]) + committed(row)
    for row in ask(f"{CLAIMS} WHERE closed = ? ORDER BY c.id", sequence):
        yield b"-" + sized(row["source"]) + sized(row["name"]) + struct.pack(">Q", row["opened"]) + committed(row)


def observation_entries(ask: Ask, sequence: int) -> Iterator[bytes]:
    kept = ask("SELECT id, digest FROM dropped_observations WHERE sequence = ?", sequence)
    digests = {row["id"]: bytes(row["digest"]) for row in kept}
    for row in ask(OBSERVED, sequence):
        names = [row[n] for n in ("start", "end", "count", "total", "minimum", "maximum")]
        numbers = struct.pack(">qqqddd?", *names, bool(row["estimated"]))
        digests[row["id"]] = sha(sized(row["s"]) + sized(row["m"]) + sized(row["unit"]) + numbers + row["sketch"])
    yield from (digests[number] for number in sorted(digests))
