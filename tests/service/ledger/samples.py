"""Batches to commit, and a reader of plain SQLite that shares no code with the ledger."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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


def independent_verify(path: Path) -> int | None:
    """Return the first bad sequence of the ledger in an SQLite file, or None; see docs/reference/ledger-format.md."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        (ledger_id,) = db.execute("SELECT id FROM ledger").fetchone()
        previous = sha(b"stratagraph-ledger-1\n" + ledger_id.encode())
        for expected, row in enumerate(db.execute("SELECT * FROM batches ORDER BY sequence"), 1):
            header = {name: row[name] for name in HEADER}
            header |= {name: row[name].hex() for name in ("content", "facts", "observations", "previous")}
            runs = db.execute(RUNS, (row["sequence"],))
            header["scopes"] = [[name, bool(done), stated, gone] for name, done, stated, gone in runs]
            text = json.dumps(header, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            sound = (
                row["sequence"] == expected
                and row["previous"] == previous
                and row["facts"] == sha(b"".join(fact_entries(db, row["sequence"])))
                and row["observations"] == sha(b"".join(observation_entries(db, row["sequence"])))
                and row["hash"] == sha(b"stratagraph-batch-1\n" + text.encode())
            )
            if not sound:
                return expected
            previous = row["hash"]
    return None


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


def fact_entries(db: sqlite3.Connection, sequence: int) -> Iterator[bytes]:
    for row in db.execute(f"{CLAIMS} WHERE opened = ? ORDER BY c.id", (sequence,)):
        yield b"+" + sized(row["name"]) + committed(row)
    for row in db.execute(f"{CLAIMS} WHERE closed = ? ORDER BY c.id", (sequence,)):
        yield b"-" + sized(row["source"]) + sized(row["name"]) + struct.pack(">Q", row["opened"]) + committed(row)


def observation_entries(db: sqlite3.Connection, sequence: int) -> Iterator[bytes]:
    for row in db.execute(OBSERVED, (sequence,)):
        names = [row[n] for n in ("start", "end", "count", "total", "minimum", "maximum")]
        numbers = struct.pack(">qqqddd?", *names, bool(row["estimated"]))
        yield sha(sized(row["s"]) + sized(row["m"]) + sized(row["unit"]) + numbers + row["sketch"])
