"""The bare engines: what is asserted by pyoxigraph's bulk loader, the same rows into SQLite, a bare durable commit."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

Rows = list[tuple[str, str, str]]
CHUNK = 50_000
BARE_TRIPLES = "bare-triples"
BARE_ROWS = "bare-rows.sqlite"


@dataclass(slots=True)
class Spent:
    """Seconds of wall clock and of processor time."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Count what happens inside."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """What the bare engines took for what a data folder of ours holds."""

    wall: float
    cpu: float
    disk: int


def measured(folder: Path, ledger: Path) -> Bare:
    """Load the documents and insert the ledger's rows into engines with nothing of ours around them."""
    triples, (_, rows) = load_triples(folder), insert_rows(folder, ledger)
    disk = sum(file.stat().st_size for file in (folder / BARE_TRIPLES).iterdir())
    return Bare(wall=triples.wall + rows.wall, cpu=triples.cpu + rows.cpu, disk=disk)


@contextmanager
def temporary() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def load_triples(folder: Path) -> Spent:
    """Load the documents of the estate, which hold what is asserted and nothing of ours, into an empty store."""
    spent = Spent()
    store = ox.Store(str(folder / BARE_TRIPLES))
    with spent.spending():
        for path in sorted((folder / "documents").iterdir()):
            store.bulk_load(path=str(path), format=ox.RdfFormat.N_TRIPLES)
        store.flush()
    return spent


def insert_rows(folder: Path, ledger: Path) -> tuple[int, Spent]:
    """Insert every row of the ledger into the same tables with the same indexes, in one durable transaction."""
    spent, count = Spent(), 0
    with closing(sqlite3.connect(ledger)) as source, closing(_open(folder / BARE_ROWS)) as target:
        schema = source.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        tables = []
        for name, kind, sql in schema.fetchall():
            target.execute(sql)
            tables += [name] if kind == "table" else []
        target.execute("BEGIN")
        for table in tables:
            cursor = source.execute(f"SELECT * FROM {table}")  # noqa: S608  # a table's own name
            marks = ", ".join("?" * len(cursor.description))
            while rows := cursor.fetchmany(CHUNK):
                count += len(rows)
                with spent.spending():
                    target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  # as above
        with spent.spending():
            target.execute("COMMIT")
    return count, spent


@contextmanager
def durable(path: Path) -> Iterator[Callable[[Rows], None]]:
    """Yield a function that makes rows durable, one transaction each."""
    with closing(_open(path)) as database:
        database.execute("CREATE TABLE facts (id INTEGER PRIMARY KEY, s TEXT, p TEXT, o TEXT)")

        def write(rows: Rows) -> None:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO facts (s, p, o) VALUES (?, ?, ?)", rows)
            database.execute("COMMIT")

        yield write


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database
