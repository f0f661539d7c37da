"""``make bench-schema``: what ``/api/schema`` costs, as JSON lines.

Usage: schema.py [ASSETS]        default 20,000
Processor time of one process: counting a whole estate in the deriver's arrays, which is done once for a sequence at
most and behind who asks; writing the page; and an answer as it is nearly always given, of an outline that is known.
The baseline is what it takes to take the same facts in. At last, by the clock, what a client in another process waits
for an answer over HTTP: of an estate at rest, and of one that was committed to a moment ago and is counted anew.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from multiprocessing import get_context
from types import SimpleNamespace
from typing import cast

import estate
import uvicorn
from fastapi import FastAPI
from measure import cpu_seconds, peak_mib, percentile, report

from stratagraph.ontology.facts import Claim, Fact, LedgerChange, Literal, Method
from stratagraph.ontology.model import CORE_SOURCE, load_model
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.queries.schema.naming import Language
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine import outlining as outlining_module
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.outlining import Outlining
from stratagraph.service.http.schema import SchemaForm, Schemas, router

ASSETS = 20_000
ANSWERS = 100
ASKED = 120
"""Answers over HTTP, one every so many seconds."""
PAUSE = 0.1
UNIT = "ms of processor time"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = load_model()


def main() -> None:
    """Measure one estate."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    deriver = Deriver(MODEL, compile_rules(MODEL))
    claims = list(_claims(assets))
    taken = 1e3 * cpu_seconds(lambda: deriver.restore(claims, sequence=1, time=NOW, batch_hash="bench"))
    moving = threading.Lock()
    outlining = Outlining(MODEL, lambda: deriver, lambda: moving)
    counted = 1e3 * cpu_seconds(outlining.newest)
    outline = outlining.newest()
    report("count the estate", counted, baseline=taken, unit=UNIT, assets=assets, facts=len(deriver))
    for language in Language:
        schemas = Schemas(MODEL)
        written = 1e3 * cpu_seconds(lambda: schemas.answer(outline, language, SchemaForm.TEXT, "en", ()))  # noqa: B023
        report(f"write the page, {language}", written, baseline=taken, unit=UNIT, assets=assets)
        begun = time.process_time()
        for _ in range(ANSWERS):
            schemas.answer(outlining.newest(), language, SchemaForm.TEXT, "en", ())
        known = 1e3 * (time.process_time() - begun) / ANSWERS
        report(f"answer again, {language}", known, baseline=taken, unit=UNIT, assets=assets, goal="under 50 ms")
    report("memory", peak_mib(), unit="MiB", assets=assets)
    with _served(outlining) as port, ProcessPoolExecutor(1, get_context("spawn")) as client:
        client.submit(_asked, port).result()
        _report("answer over HTTP, at rest", client.submit(_asked, port).result(), assets)
        outlining_module.SHARE = 0  # counted anew at once, not only after a while
        with moving:
            deriver.apply(_commit(deriver.sequence + 1))
        answers = client.submit(_asked, port).result()
        _report("answer over HTTP, from a commit on", answers, assets)


def _report(name: str, answers: list[tuple[float, int]], assets: int) -> None:
    waited = [1e3 * seconds for seconds, _ in answers]
    sequences = [sequence for _, sequence in answers]
    more = {"p50": round(percentile(waited, 0.5), 1), "sequences": f"{sequences[0]} to {sequences[-1]}"}
    report(f"{name}, the longest of {ASKED}", max(waited), unit="ms", assets=assets, goal="under 50 ms", **more)


@contextmanager
def _served(outlining: Outlining) -> Iterator[int]:
    """Serve the route by itself, of what it asks of an engine; yield the port."""
    app = FastAPI()
    app.include_router(router(cast("Engine", SimpleNamespace(model=MODEL, outlining=outlining))))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(PAUSE)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def _asked(port: int) -> list[tuple[float, int]]:
    """Ask again and again; return what each answer took, and its sequence. Runs in a process of its own."""
    connection = HTTPConnection("127.0.0.1", port)
    answers = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        connection.request("GET", "/api/schema?format=json")
        told = json.loads(connection.getresponse().read())
        answers.append((time.perf_counter() - begun, told["sequence"]))
        time.sleep(PAUSE)
    return answers


def _commit(sequence: int) -> LedgerChange:
    late = f"{estate.asset(0)}-late"
    claims = [
        _claim(Fact(late, RDF.type, SG.Tool), "late"),
        _claim(Fact(late, SG.term("name"), Literal("late")), "late"),
    ]
    return LedgerChange(sequence=sequence, time=NOW, batch_hash="late", opened=tuple(claims))


def _claims(assets: int) -> Iterator[Claim]:
    for fact in MODEL.triples:
        yield _claim(fact, CORE_SOURCE)
    for document in estate.documents(assets):
        for fact in parse_rdf(document, RdfSyntax.NTRIPLES, "", "estate.nt", salt=""):
            yield _claim(fact, "bench")


def _claim(fact: Fact, source: str) -> Claim:
    return Claim(
        fact=fact, source=source, scope="", run="1", method=Method.DECLARED, first_seen=NOW, last_seen=NOW, opened_at=1
    )


if __name__ == "__main__":
    main()
