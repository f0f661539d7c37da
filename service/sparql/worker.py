"""The process that evaluates queries: ``python -m stratagraph.service.sparql.worker``, spoken to over its pipes."""

from __future__ import annotations

import fcntl
import itertools
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, Final

import orjson
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QueryTriples, Store, Triple

from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.sparql.formats import (
    GRAPHS,
    RESULTS,
    RowCounter,
    UnwritableRowError,
    XmlSink,
    row_counter,
    write_graph,
)
from stratagraph.service.sparql.rdfxml_writer import UnwritableTripleError
from stratagraph.service.sparql.syntax import in_one_line
from stratagraph.service.workers import sandbox
from stratagraph.service.workers.frames import Say, pack, read

CHUNK: Final = 128 << 10
"""Bytes of an answer that travel at once: each piece costs the service a turn of its loop."""
PIPE: Final = 1 << 20
"""Bytes that the pipe to the service holds: evaluating goes on while the service sends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SparqlQuestion:
    """One query as a worker gets it; the graphs are None unless the request names a dataset.

    ``bounded``: its own LIMIT keeps it from having more rows than it may, so that nobody needs to count them.
    """

    text: str
    media_type: str
    default_graphs: tuple[str, ...] | None
    named_graphs: tuple[str, ...] | None
    rows: int
    answer_bytes: int
    memory_bytes: int
    seconds: float
    bounded: bool = False

    def pack(self) -> bytes:
        """Return the frame that asks it."""
        return pack(Say.QUERY, orjson.dumps(self))


_NO_FUNCTION: Final = "The custom function "
"""How the engine begins to tell of a function that it does not have: its errors have no kinds."""


class _TooLarge(Exception):
    """The answer passed a cap; the argument is the cap's unit."""


class _Cap:
    """Counts the rows of one answer, once there are bytes enough for too many."""

    def __init__(self, counter: RowCounter, question: SparqlQuestion) -> None:
        self._counter = counter
        self._question = question
        self._uncounted: list[bytes] | None = []
        self._harmless = question.rows * counter.least
        """Bytes that may still come before a row too many can be among them."""

    def feed(self, data: bytes) -> None:
        if self._uncounted is None:
            self._count(data)
            return
        self._uncounted.append(data)
        self._harmless -= len(data)
        if self._harmless < 0:
            pieces, self._uncounted = self._uncounted, None
            for piece in pieces:
                self._count(piece)

    def _count(self, data: bytes) -> None:
        if self._counter.feed(data) > self._question.rows:
            raise _TooLarge("rows")


class _Writer:
    """A binary file that sends what is written as frames, counting rows and bytes."""

    def __init__(self, pipe: BinaryIO, question: SparqlQuestion, rows: RowCounter | None) -> None:
        self._pipe = pipe
        self._question = question
        self._rows = None if rows is None or question.bounded else _Cap(rows, question)
        self._held = bytearray()
        self._size = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._size > self._question.answer_bytes:
            raise _TooLarge("bytes")
        if self._rows is not None:
            self._rows.feed(data)
        self._held += data
        if len(self._held) >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        self.finish()
        self._pipe.flush()

    def finish(self) -> None:
        """Leave the rest to be sent together with what comes behind it: the service is woken once, not twice."""
        for start in range(0, len(self._held), CHUNK):
            self._pipe.write(pack(Say.DATA, bytes(self._held[start : start + CHUNK])))
        self._held.clear()


def _evaluate(store: Store, question: SparqlQuestion, pipe: BinaryIO) -> None:
    found = store.query(
        question.text,
        prefixes=_prefixes(question.text),
        default_graph=None if question.default_graphs is None else [NamedNode(iri) for iri in question.default_graphs],
        named_graphs=None if question.named_graphs is None else [NamedNode(iri) for iri in question.named_graphs],
    )
    if isinstance(found, QueryTriples):
        _write_graph(found, question, pipe)
        return
    form = RESULTS[question.media_type]
    writer = _Writer(pipe, question, None if isinstance(found, QueryBoolean) else row_counter(form))
    sink = XmlSink(writer) if form == QueryResultsFormat.XML else writer
    found.serialize(sink, form)  # type: ignore[arg-type]  # it needs write and flush of IO[bytes], no more
    writer.finish()


def _prefixes(text: str) -> dict[str, str]:
    """Return the prefixes that a query may use without declaring them: the engine reads all that it gets each time."""
    if "\\" in text:  # a name may be spelled in escapes
        return dict(PREFIXES)
    return {prefix: iri for prefix, iri in PREFIXES.items() if f"{prefix}:" in text}


def _write_graph(found: QueryTriples, question: SparqlQuestion, pipe: BinaryIO) -> None:
    writer = _Writer(pipe, question, None)
    write_graph(_capped(found, question.rows), writer, GRAPHS[question.media_type])
    writer.finish()


def _capped(triples: QueryTriples, limit: int) -> Iterator[Triple]:
    yield from itertools.islice(triples, limit)
    if next(triples, None) is not None:
        raise _TooLarge("rows")


def _answer(store: Store, question: SparqlQuestion, pipe: BinaryIO) -> None:
    """Evaluate one query and send its answer; whatever the engine raises becomes a FAULT."""
    before = sandbox.cap_memory(question.memory_bytes)
    # The service kills a late worker; should the service itself be gone, the kernel does.
    signal.setitimer(signal.ITIMER_REAL, question.seconds + 2)
    try:
        _evaluate(store, question, pipe)
    except SyntaxError as error:
        closing = pack(Say.FAULT, {"kind": "syntax", "detail": in_one_line(str(error), question.text)})
    except _TooLarge as error:
        closing = pack(Say.FAULT, {"kind": str(error), "detail": ""})
    except UnwritableRowError as error:
        closing = pack(Say.FAULT, {"kind": "unwritable-row", "detail": str(error)})
    except UnwritableTripleError as error:
        closing = pack(Say.FAULT, {"kind": "unwritable", "detail": str(error)})
    except BrokenPipeError:
        raise
    except MemoryError:
        closing = pack(Say.FAULT, {"kind": "memory", "detail": ""})
    except Exception as error:  # noqa: BLE001  the engine raises OSError, ValueError and RuntimeError alike
        kind = "function" if str(error).startswith(_NO_FUNCTION) else "evaluation"
        closing = pack(Say.FAULT, {"kind": kind, "detail": str(error)})
    else:
        grown = (sandbox.address_space() or 0) - before
        closing = pack(Say.END, {"worn": grown > question.memory_bytes // 4})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sandbox.cap_memory(None)
    pipe.write(closing)
    pipe.flush()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    store: Store | None = None
    while (frame := read(requests)) is not None:
        say, body = frame
        if say is Say.OPEN:
            store = None  # closed before the next is opened
            store = Store.read_only(orjson.loads(body)["path"])
            answers.write(pack(Say.READY))
            answers.flush()
        elif store is not None:
            _answer(store, SparqlQuestion(**orjson.loads(body)), answers)


def main() -> None:
    """Serve questions from standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sandbox.lower_priority()
    sandbox.close_network()
    with suppress(OSError, AttributeError):  # a matter of speed; the system may not allow it, or not know it
        fcntl.fcntl(sys.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
