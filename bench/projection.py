"""The projection into Neo4j: its rate beside the bare driver's, and how far it lags behind a steady stream of facts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from statistics import median
from typing import Final, Self

import baseline_neo4j as bare
import estate
from measure import percentile, report, report_missing

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, ChangeSet, Method, Scope
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget, local_target
from stratagraph.service.neo4j.view import Neo4jView
from stratagraph.service.settings import Settings
from stratagraph.service.views.projector import State

ASSETS: Final = 2_000
"""Most assets that are projected, about 35,000 rows: a rate does not need more."""
WARM_ROUNDS: Final = 2
"""Not measured: the server compiles what it has not met before."""
ROUNDS: Final = 7
"""The middle one of each counts."""
STANDING: Final = 2_000
"""Assets that are there before the stream begins."""
FACTS_A_SECOND: Final = 500
STREAM_SECONDS: Final = 30
WARM_SECONDS: Final = 10
"""The beginning of the stream that is not counted: the server compiles each statement when it first meets it."""
ASSETS_A_BATCH: Final = 3
PATIENCE: Final = 120.0
LOOK_SECONDS: Final = 0.01
STANDS_AT: Final = "MATCH (w:Watermark) RETURN w.sequence AS sequence"

REBUILD: Final = "neo4j projection, rebuild"
FOLLOW: Final = "neo4j projection, change by change"
BARE: Final = "bare driver"
LAG: Final = f"neo4j projection lag p95 at {FACTS_A_SECOND} facts/s"


def measure_rate(assets: int, folder: Path) -> None:
    """Project an estate in turns with the bare driver sending the same rows into the same empty database."""
    with local_server(folder / "rate", REBUILD, FOLLOW) as target:
        if target is None:
            return
        model = load_model()
        changes, snapshot = change_sets(min(assets, ASSETS), folder / "rate", model)
        with bare.connect(target) as driver:
            with closing(Neo4jView(target, model)) as view:
                view.rebuild(snapshot)
            graph = bare.read(driver)
            spent: dict[str, list[float]] = {REBUILD: [], FOLLOW: [], BARE: []}
            for name in (WARM_ROUNDS + ROUNDS) * list(spent):
                bare.empty(driver)
                with closing(Neo4jView(target, model)) as view:
                    works: dict[str, Callable[[], None]] = {
                        REBUILD: partial(view.rebuild, snapshot),
                        FOLLOW: partial(follow, view, changes),
                        BARE: partial(bare.write, driver, graph),
                    }
                    spent[name].append(_seconds(works[name]))
    rates = {name: len(graph) / median(seconds[WARM_ROUNDS:]) for name, seconds in spent.items()}
    for name in (REBUILD, FOLLOW):
        report(name, rates[name], baseline=rates[BARE], goal="at least 0.8", unit="rows/s", rows=len(graph))


def measure_lag(_assets: int, folder: Path) -> None:
    """Commit a steady stream; of each batch, measure from its commit's return until the database stands there."""
    with local_server(folder / "lag", LAG) as target:
        if target is None:
            return
        with Engine(Settings(data=folder / "lag")) as engine:
            standing, *batches = _stream(engine.model)
            engine.commit(standing)
            engine.start_projecting()
            while engine.neo4j.status().state is not State.CURRENT:
                time.sleep(LOOK_SECONDS)
            with _Watch(target) as watch:
                committed, seconds = _commit_steadily(engine, batches)
                begun = committed[0][1] + WARM_SECONDS
                every = [(at, watch.reached(sequence) - at) for sequence, at in committed]
    lags = [lag for at, lag in every if at >= begun]
    rate = sum(len(list(batch.facts())) for batch in batches) / seconds
    more = {"p50": round(percentile(lags, 0.5), 3), "max": round(max(lags), 3), "facts a second": round(rate)}
    more["p95 from the start"] = round(percentile([lag for _, lag in every], 0.95), 3)
    report(LAG, percentile(lags, 0.95), goal="under 2", unit="s", batches=len(lags), **more)


@contextmanager
def local_server(data: Path, *names: str) -> Iterator[Neo4jTarget | None]:
    """Run a local Neo4j beside a data folder; where it can't be had, say so for each figure that falls away."""
    local = LocalNeo4j(data)
    try:
        if os.environ.get("NEO4J") == "0":
            why = "left out by NEO4J=0"
        else:
            local.up()
            why = ""
    except StratagraphError as error:
        why = str(error)
    try:
        for name in names if why else ():
            report_missing(name, why)
        yield None if why else local_target(data)
    finally:
        local.down()


def change_sets(assets: int, folder: Path, model: OntologyModel) -> tuple[list[ChangeSet], list[ChangeSet]]:
    """Return the change sets of an estate's documents, and the snapshot that they come to."""
    deriver = Deriver(model, compile_rules(model))
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        changes = [
            deriver.apply(ledger.commit(batch, ontology_hash=model.hash).change)
            for batch in _batches(estate.documents(assets), model)
        ]
    return changes, list(deriver.snapshot())


def _batches(documents: Iterable[bytes], model: OntologyModel) -> Iterator[Batch]:
    for number, document in enumerate(documents):
        file = SourceFile(scope=f"{number:04}.nt", data=document)
        yield files.transform([file], model=model, base=ASSET_BASE, source="bench").batch


def follow(view: Neo4jView, changes: list[ChangeSet]) -> None:
    for change in changes:
        view.apply(change)


def _stream(model: OntologyModel) -> Iterator[Batch]:
    """Yield one batch of everything that stands, then small ones of whole assets."""
    count = FACTS_A_SECOND * (WARM_SECONDS + STREAM_SECONDS) // estate.FACTS_PER_ASSET
    facts = [fact for batch in _batches(estate.documents(STANDING + count), model) for fact in batch.facts()]
    assets = [tuple(those) for _, those in groupby(facts, key=lambda fact: fact.subject)]
    cuts = [0, *range(STANDING, len(assets), ASSETS_A_BATCH), len(assets)]
    for start, end in pairwise(cuts):
        stated = tuple(fact for asset in assets[start:end] for fact in asset)
        scope = Scope(name="live", complete=False, stated=stated)
        yield Batch(source="bench", run=str(start), method=Method.OBSERVED, scopes=(scope,))


def _commit_steadily(engine: Engine, batches: list[Batch]) -> tuple[list[tuple[int, float]], float]:
    """Commit at the rate asked for; return each sequence with its commit's return, and the seconds of all."""
    pause = ASSETS_A_BATCH * estate.FACTS_PER_ASSET / FACTS_A_SECOND
    begun = time.perf_counter()
    committed = []
    for number, batch in enumerate(batches):
        time.sleep(max(0.0, begun + number * pause - time.perf_counter()))
        sequence = engine.commit(batch).receipt.sequence
        committed.append((sequence, time.perf_counter()))
    return committed, time.perf_counter() - begun


class _Watch:
    """Looks at the watermark all the time, with a driver of its own, and notes when it saw which sequence."""

    def __init__(self, target: Neo4jTarget) -> None:
        self._target = target
        self._seen: list[tuple[int, float]] = [(0, 0.0)]
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def reached(self, sequence: int) -> float:
        """Return when the database was first seen at a sequence or beyond, waiting for that."""
        deadline = time.monotonic() + PATIENCE
        while self._seen[-1][0] < sequence:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the database stays at sequence {self._seen[-1][0]}, before {sequence}")
            time.sleep(LOOK_SECONDS)
        return next(at for seen, at in self._seen if seen >= sequence)

    def _look(self) -> None:
        with bare.connect(self._target) as driver, driver.session() as session:
            while not self._ends.wait(LOOK_SECONDS):
                stands = session.run(STANDS_AT).single(strict=True)["sequence"]
                if stands > self._seen[-1][0]:
                    self._seen.append((stands, time.perf_counter()))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
