"""Opening the ledger's database: engine, pragmas, migrations, and the transaction that one writer holds at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.ledger.driver import in_transaction, send, send_many
from stratagraph.service.ledger.errors import DriverMissing, LedgerUnreadable
from stratagraph.service.ledger.storage import StorageUnreachable, naming_storage
from stratagraph.service.privacy import begin_private, make_private

REVISION: Final = "0005"
"""The newest migration; a database that stands there already is opened without asking alembic."""

CHUNK: Final = 5_000
"""Rows handled at a time: bounds memory, and stays below SQLite's limit of 32,766 parameters."""

WRITES: Final = "stratagraph_writes"
BEGIN_WRITING: Final = "BEGIN IMMEDIATE"
# Any number that no other program on the server locks: "strata" in ASCII, and 1.
ADVISORY_LOCK: Final = 0x7374726174610001
PRAGMAS: Final = (
    "busy_timeout = 60000",  # first, so that switching to WAL waits too
    "journal_mode = WAL",
    # NORMAL could lose the newest commits in a power failure, and they were acknowledged.
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # a redacted value is overwritten, not just unlinked
    # Negative means kibibytes: 64 MB, whatever the size of a page.
    "cache_size = -65536",
    "wal_autocheckpoint = 4000",  # pages, 16 MB: copying the log back costs a pause, so not at every sixtieth commit
)

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield the items in lists of bounded length."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Database:
    """One ledger's database: any number of readers, one writer at a time."""

    def __init__(self, url: URL) -> None:
        """Connect to a migrated database, or to an empty one and migrate it."""
        self.url = url
        # A server that was restarted has dropped every connection: one is tried before it is used, at a fifth of a
        # millisecond, where the first batch afterwards would fail. A file has nobody who could drop it.
        try:
            engine = create_engine(url, future=True, pool_pre_ping=url.get_backend_name() != "sqlite")
        except ModuleNotFoundError as missing:
            raise DriverMissing(package=missing.name or "psycopg") from None
        self.sqlite = engine.dialect.name == "sqlite"
        if self.sqlite and url.database and not Path(url.database).exists():
            begin_private(Path(url.database))  # its log and its index get the mode of the database
        # The same pool under a mark, by which the handlers of "begin" below know a writer.
        self._writer = engine.execution_options(**{WRITES: True})
        # SQLite's connection for writing is kept: to fetch one takes five times as long as to begin on it.
        self._kept: Connection | None = None
        if self.sqlite:
            event.listen(engine, "connect", _configure_sqlite)
            self._reader: Engine = engine
        else:
            # Several statements of one answer see one state; SQLite's snapshots do that by themselves.
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")
        event.listen(engine, "begin", _begin_sqlite if self.sqlite else _begin_postgresql)
        try:
            self._migrate()
        except SQLAlchemyError as error:
            self.close()
            # SQLAlchemy adds a link to its own help to the driver's words.
            problem = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            raise LedgerUnreadable(url=str(url), problem=problem) from error
        except StorageUnreachable as error:
            self.close()
            raise LedgerUnreadable(url=str(url), problem=error.problem) from error
        except StratagraphError:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Hold one state of the ledger for reading."""
        with (
            naming_storage(),
            self._reader.connect() as connection,
            connection.begin(),
            _naming_damage(connection),
        ):
            yield connection

    @contextmanager
    def streaming(self) -> Iterator[Connection]:
        """Hold one state of the ledger for reading it row by row; a reader may stop anywhere."""
        # On a server this also means a cursor that stays there: a whole ledger fits into no process.
        with (
            naming_storage(),
            self._reader.connect().execution_options(yield_per=2_000) as connection,
            connection.begin(),
        ):
            if self.sqlite:
                with _naming_damage(connection):
                    yield connection
                return
            with _OpenCursors(connection):
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Hold the commit lock, one thread at a time; what is written is durable when this returns."""
        if not self.sqlite:
            with naming_storage(), self._writer.connect() as connection, connection.begin():
                yield connection
            return
        with naming_storage():
            if self._kept is None:
                self._kept = self._writer.connect()
            kept = self._kept
            # Told to the driver itself: SQLAlchemy's own beginning and end cost a fifth of a small commit.
            try:
                send(kept, BEGIN_WRITING)
                yield kept
                _end(kept)
            except BaseException as error:
                _take_back(kept)
                _name_damage(kept, error)
                raise

    def session(self) -> Connection:
        """Return a connection whose statements are transactions of their own, for its caller to close."""
        return self._reader.connect().execution_options(isolation_level="AUTOCOMMIT")

    def scrub(self) -> str | None:
        """Rewrite the tables without what was deleted; return who still keeps it, None when it is out of the files."""
        from stratagraph.service.ledger.scrubbing import scrub_postgresql, scrub_sqlite  # redactions are rare

        if self.sqlite:
            with naming_storage():
                return scrub_sqlite(str(self.url.database))
        with naming_storage(), self._reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return scrub_postgresql(connection)

    def close(self) -> None:
        """Close every connection."""
        if self._kept is not None:
            self._kept.close()
        self._reader.dispose()

    def _migrate(self) -> None:
        # The lock is held meanwhile: of several processes that open an empty database, one makes the tables.
        with self.writing() as connection:
            if inspect(connection).has_table("alembic_version"):
                stands_at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
                if stands_at == REVISION:
                    return
            from stratagraph.service.ledger.upgrade import upgrade  # alembic is of no use to tables that are new enough

            upgrade(connection)


@contextmanager
def _naming_damage(connection: Connection) -> Iterator[None]:
    """Say which row is damaged, where a row's bytes are no text.

    Raises:
        LedgerDamaged: instead of the driver's error.
    """
    try:
        yield
    except DBAPIError as error:
        _name_damage(connection, error)
        raise


def _name_damage(connection: Connection, error: BaseException) -> None:
    """Raise what names the damaged row, where that is what an error of the driver tells of."""
    if isinstance(error, DBAPIError):
        from stratagraph.service.ledger.damage import unreadable_text  # rare

        damage = unreadable_text(connection, error)
        if damage is not None:
            raise damage from error


def _end(connection: Connection) -> None:
    """Make what was written durable."""
    # SQLAlchemy begins by itself where one of its statements was executed, and has to be told of the end then.
    connection.commit()
    if in_transaction(connection):
        send(connection, "COMMIT")


def _take_back(connection: Connection) -> None:
    """Roll back what was written, unless SQLite has done so itself."""
    connection.rollback()
    if in_transaction(connection):
        send(connection, "ROLLBACK")


class _OpenCursors:
    """Closes what PostgreSQL holds open for a reader that stopped half-way."""

    def __init__(self, connection: Connection) -> None:
        self._cursors: list[Any] = []
        event.listen(connection, "after_cursor_execute", self._note)

    def _note(self, _connection: Connection, cursor: Any, *_rest: object) -> None:
        # Reading changes opens some cursors for each batch; those that are done must not pile up.
        self._cursors = [known for known in self._cursors if not known.closed]
        self._cursors.append(cursor)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        for cursor in self._cursors:
            cursor.close()


def insert_many(connection: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert rows of plain values, past the per-row work of the statement compiler."""
    text = _insertion(connection.dialect, table, tuple(columns))
    if len(rows) == 1:
        send(connection, text, rows[0])
    elif rows:
        send_many(connection, text, rows)


@lru_cache
def _insertion(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    names, marks = ", ".join(map(quote, columns)), ", ".join([mark] * len(columns))
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  # our own names


def locate(url: str | Path) -> URL:
    """Return the database address of a URL or of an SQLite file, whose folder is made.

    Raises:
        LedgerUnreadable: the URL cannot be read, or names another kind of database.
    """
    if isinstance(url, Path) or "://" not in url:
        path = Path(url).absolute()
        make_private(path.parent)
        # Not as a URL's text: a path may hold "?" or "#".
        return URL.create("sqlite", database=str(path))
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LedgerUnreadable(url=url, problem=str(error)) from error
    kind = parsed.get_backend_name()
    if kind == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and parsed.database:
        return locate(Path(parsed.database))
    raise LedgerUnreadable(url=str(parsed), problem="only SQLite files and PostgreSQL hold ledgers")


def _configure_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    # The writer has begun already, past SQLAlchemy.
    # A transaction that reads first and writes later fails at once if another one wrote in between
    # (SQLITE_BUSY_SNAPSHOT); one that asks for the lock at its beginning waits for it.
    if not in_transaction(connection):
        send(connection, BEGIN_WRITING if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITES):
        # Given back with the transaction, even if the process is killed.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
