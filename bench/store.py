"""``make bench-store``: the ledger and the views against the bare engines beneath them, in one run.

Usage: store.py [ASSETS]        default 100,000, which is 1.5 million facts
Each part runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import baseline
import estate
import projection
from measure import Stopwatch, peak_mib, percentile, report

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.service.engine.engine import Engine
from stratagraph.service.gc_pause import FEW_COLLECTIONS
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import LEDGER_FILE, TRIPLES_FOLDER, Settings
from stratagraph.service.views.view import View

ASSETS: Final = 100_000
COMMITS: Final = 5_000
FIRST_COMMITS: Final = 1_000
"""Told apart: the ledger is small as long as its index of terms has few pages."""
STAGES: Final = ("parse", "gate", "ledger", "closure", "triples", "adjacency")


def write_documents(assets: int, folder: Path) -> None:
    """Write the estate's documents, outside every measurement."""
    (folder / "documents").mkdir()
    for number, document in enumerate(estate.documents(assets)):
        (folder / "documents" / f"{number:04}.nt").write_bytes(document)


def measure_import(assets: int, folder: Path) -> None:
    """Import the estate document by document, each a batch with a scope of its own; then the same rows bare."""
    watch = Stopwatch()
    with Engine(Settings(data=folder / "data")) as engine:
        for stage, owner, method in (
            ("gate", engine.gate, "check"),
            ("ledger", engine.ledger, "commit"),
            ("closure", engine.deriver, "apply"),
            ("triples", engine.triples, "apply"),
            ("adjacency", engine.adjacency, "apply"),
        ):
            setattr(owner, method, watch.timed(stage, getattr(owner, method)))
        parse = watch.timed("parse", files.transform)
        for path in sorted((folder / "documents").iterdir()):
            documents = [SourceFile(scope=path.name, data=path.read_bytes())]
            engine.commit(parse(documents, model=engine.model, base=engine.settings.base, source="bench").batch)
        del engine.deriver.apply  # type: ignore[method-assign]  # the clock on it, which can't be saved with the deriver
        peak = peak_mib()
        quads = len(engine.triples.store)
    ours = size_of(folder / "data" / TRIPLES_FOLDER)
    triples = baseline.load_triples(folder)
    rows, sqlite = baseline.insert_rows(folder, folder / "data" / LEDGER_FILE)
    size = {"assets": assets, "facts": assets * estate.FACTS_PER_ASSET, "rows": rows}
    stages = {stage: round(watch[stage], 1) for stage in STAGES}
    bare = triples.wall + sqlite.wall
    report("import", sum(stages.values()), baseline=bare, goal="at most 3", unit="s", stages=stages, **size)
    cpu = sum(watch[f"cpu {stage}"] for stage in STAGES)
    report("import cpu", cpu, baseline=triples.cpu + sqlite.cpu, goal="at most 3", unit="s")
    report("import closure share", watch["closure"] / sum(stages.values()), unit="1")
    report("import peak memory", peak, goal="under 1024", unit="MiB")
    facts = assets * estate.FACTS_PER_ASSET
    core, core_bytes = ontology_alone()
    report("quads a fact", (quads - core) / facts, baseline=1.0, goal="at most 7", unit="1")
    bytes_bare = size_of(folder / baseline.BARE_TRIPLES) / facts
    report("bytes of the triples a fact", (ours - core_bytes) / facts, baseline=bytes_bare, unit="By")


def ontology_alone() -> tuple[int, int]:
    """Return the quads of a folder in which there is only the ontology, and the bytes of its triples."""
    with tempfile.TemporaryDirectory() as folder:
        with Engine(Settings(data=Path(folder))) as engine:
            quads = len(engine.triples.store)
        return quads, size_of(Path(folder) / TRIPLES_FOLDER)


def size_of(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def measure_commit(_assets: int, folder: Path) -> None:
    """Commit batches of ten facts, in turns with bare durable commits of the same ten rows."""
    ours: list[float] = []
    bare: list[float] = []
    with Ledger.open(folder / "commit.sqlite") as ledger, baseline.durable(folder / "bare.sqlite") as write:
        for number in range(COMMITS):
            batch = _ten_facts(number)
            rows = [(fact.subject, fact.predicate, str(fact.object)) for fact in batch.facts()]
            ours.append(_seconds(partial(ledger.commit, batch, ontology_hash="bench")))
            bare.append(_seconds(partial(write, rows)))
    for q, commits in ((0.5, COMMITS), (0.95, COMMITS), (0.95, FIRST_COMMITS)):
        goal = "at most 3" if q > 0.5 else ""  # the median has no goal
        ours_ms, bare_ms = (1_000 * percentile(each[:commits], q) for each in (ours, bare))
        name = f"durable commit p{q * 100:.0f}"
        report(name, ours_ms, baseline=bare_ms, goal=goal, unit="ms", commits=commits)


def measure_views(_assets: int, folder: Path) -> None:
    """Answer as of a past sequence, and rebuild each view from the ledger."""
    with Engine(Settings(data=folder / "data")) as engine:
        head = engine.ledger.sequence()
        now = _seconds(lambda: _exhaust(engine.ledger.open_claims()))
        past = _seconds(lambda: _exhaust(engine.ledger.facts_as_of(head // 2)))
        report("as-of reconstruction, half-way", past, baseline=now, unit="s", baseline_is="reading the present")
        for view in views(engine):
            seconds = _seconds(partial(view.rebuild, engine.deriver.snapshot(edges_only=view.edges_only)))
            report(f"rebuild {view.name}", seconds, unit="s", asserted=len(engine.deriver))


def views(engine: Engine) -> tuple[View, ...]:
    """Return the views to rebuild: all that the engine has, Neo4j's among them where a server is configured."""
    return engine.views()


PARTS: Final[dict[str, Callable[[int, Path], None]]] = {
    "documents": write_documents,
    "import": measure_import,
    "commit": measure_commit,
    "views": measure_views,
    "projection": projection.measure_rate,
    "lag": projection.measure_lag,
}


def main() -> None:
    """Run every part, each in its process."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            subprocess.run([sys.executable, __file__, str(assets), part, folder], check=True)


def _ten_facts(number: int) -> Batch:
    facts = (
        Fact(estate.asset(2 * number + n // 5), f"http://bench.example/p{n % 5}", Literal(f"{number} {n}"))
        for n in range(10)
    )
    scope = Scope(name="live", complete=False, stated=tuple(facts))
    return Batch(source="bench", run=str(number), method=Method.OBSERVED, scopes=(scope,))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _exhaust(items: Iterable[object]) -> None:
    deque(items, maxlen=0)


if __name__ == "__main__":
    gc.set_threshold(FEW_COLLECTIONS)  # as in the service
    if len(sys.argv) > 2:  # assets, part, folder
        PARTS[sys.argv[2]](int(sys.argv[1]), Path(sys.argv[3]))
    else:
        main()
