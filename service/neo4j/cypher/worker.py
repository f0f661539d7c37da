"""The process that asks Neo4j: ``python -m stratagraph.service.neo4j.cypher.worker``, spoken to over its pipes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

import neo4j
import orjson
from neo4j.exceptions import Neo4jError

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.neo4j.connection import OPTIONS, explain
from stratagraph.service.neo4j.cypher.errors import CypherFailed, SharedDatabase
from stratagraph.service.neo4j.cypher.json_values import row_json
from stratagraph.service.neo4j.cypher.plan import check_plan
from stratagraph.service.neo4j.cypher.question import CypherQuestion
from stratagraph.service.neo4j.errors import Neo4jNotBuilt
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.differences import STRANGERS, name
from stratagraph.service.neo4j.view.status import MARK, STANDS_AT
from stratagraph.service.workers import sandbox
from stratagraph.service.workers.frames import Say, pack, read

CHUNK: Final = 32 << 10
"""Bytes of an answer that travel at once."""
FETCH: Final = 200
"""Rows that the server sends ahead: what is cut must not have been carried first."""
_LATE: Final = ("TransactionTimedOut", "TransactionTerminated", "LockClientStopped")


class _Drivers:
    """The driver of the newest target."""

    def __init__(self) -> None:
        self._target: Neo4jTarget | None = None
        self._driver: neo4j.Driver | None = None

    def of(self, target: Neo4jTarget) -> neo4j.Driver:
        if self._driver is None or target != self._target:
            if self._driver is not None:
                self._driver.close()
            options = OPTIONS | {"max_transaction_retry_time": 0}
            self._driver = neo4j.GraphDatabase.driver(target.url, auth=(target.user, target.password), **options)
            self._target = target
        return self._driver


def _evaluate(driver: neo4j.Driver, question: CypherQuestion) -> Iterator[bytes]:
    """Yield the sequence, then the answer in pieces."""
    # The server refuses to write in this mode; the plan is looked at besides.
    session = driver.session(database=question.database, default_access_mode=neo4j.READ_ACCESS, fetch_size=FETCH)
    with session, session.begin_transaction(timeout=question.seconds) as work:
        stands = work.run(STANDS_AT, iri=MARK).single(strict=True)
        if stands["sequence"] and stands["all"] > stands["ours"] and not question.shared:
            _refuse_strangers(work, stands["all"] - stands["ours"])
        planned = work.run("EXPLAIN " + question.text, question.parameters).consume()
        check_plan(planned.plan, planned.query_type)
        _check_whole(stands, question)
        yield orjson.dumps({"sequence": stands["sequence"]})
        found = work.run(question.text, question.parameters)
        yield b'{"columns":' + orjson.dumps(list(found.keys())) + b',"rows":['
        yield from _rows(found, question)
        found.consume()
        # The server shows what is committed meanwhile: where a rebuild began, the rows above are not the whole.
        _check_whole(work.run(STANDS_AT, iri=MARK).single(strict=True), question)


def _refuse_strangers(work: neo4j.Transaction, count: int) -> None:
    """Refuse where nodes stand there that are not ours: the counts alone may differ for another reason."""
    examples = [f"{name(record['labels'])} {record['id']}" for record in work.run(STRANGERS)]
    if examples:
        raise SharedDatabase(count=max(count, len(examples)), examples=" and ".join(examples))


def _check_whole(stands: neo4j.Record, question: CypherQuestion) -> None:
    if not stands["sequence"]:
        raise Neo4jNotBuilt(url=question.target.url)


def _rows(found: neo4j.Result, question: CypherQuestion) -> Iterator[bytes]:
    size = 0
    for number, record in enumerate(found):
        if number == question.rows:
            yield _closing("rows", question.rows)
            return
        row = (b"," if number else b"") + row_json(list(record.values()))
        size += len(row)
        if size > question.answer_bytes:
            yield _closing("bytes", question.answer_bytes)
            return
        yield row
    yield b'],"partial":false}'


def _closing(unit: str, limit: int) -> bytes:
    reason = f"The answer has more than {limit} {unit}. Page through it with ORDER BY, SKIP and LIMIT."
    return b'],"partial":true,"reason":' + orjson.dumps(reason) + b"}"


def _send(pieces: Iterator[bytes], pipe: BinaryIO) -> None:
    pipe.write(pack(Say.DATA, next(pieces)))
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= CHUNK:
            pipe.write(pack(Say.DATA, bytes(waiting)))
            pipe.flush()
            waiting.clear()
    pipe.write(pack(Say.DATA, bytes(waiting)))


def _answer(drivers: _Drivers, question: CypherQuestion, pipe: BinaryIO) -> None:
    sandbox.cap_memory(question.memory_bytes)
    # The service kills a late worker; should the service itself be gone, the kernel does.
    signal.setitimer(signal.ITIMER_REAL, question.seconds + 2)
    try:
        with explain(question.target):
            _send(_evaluate(drivers.of(question.target), question), pipe)
        closing = pack(Say.END, {"worn": False})
    except StratagraphError as error:
        closing = _fault(error)
    except BrokenPipeError:
        raise
    except MemoryError:
        closing = pack(Say.FAULT, {"kind": "memory", "detail": "{}"})
    except Neo4jError as error:
        late = any(word in str(error.code) for word in _LATE)
        known = CypherFailed(code=str(error.code), detail=str(error.message))
        closing = pack(Say.FAULT, {"kind": "late", "detail": "{}"}) if late else _fault(known)
    except Exception as error:  # noqa: BLE001  parameters that have no place in Cypher, and whatever else there is
        closing = _fault(CypherFailed(code=type(error).__name__, detail=str(error)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sandbox.cap_memory(None)
    pipe.write(closing)
    pipe.flush()


def _fault(error: StratagraphError) -> bytes:
    return pack(Say.FAULT, {"kind": type(error).__name__, "detail": orjson.dumps(error.data(), default=str).decode()})


def main() -> None:
    """Serve questions from standard input until it ends."""
    # Ctrl-C reaches all processes of a terminal; the service decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        sandbox.lower_priority()
    drivers = _Drivers()
    try:
        sys.stdout.buffer.write(pack(Say.READY))
        sys.stdout.buffer.flush()
        while (frame := read(sys.stdin.buffer)) is not None:
            _answer(drivers, CypherQuestion(**orjson.loads(frame[1])), sys.stdout.buffer)
    except BrokenPipeError:
        # The service is gone, and nobody is left to read a traceback.
        sys.stderr.close()


if __name__ == "__main__":
    main()
