"""The parts of ``bench-store``, each run in a process of its own, over this tree's package or an earlier one's.

They use what both have; what only one has is asked for by name.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

import baseline
import estate
import goals
import graph_cost
import projection
import questions
from measure import Stopwatch, cpu_seconds, peak_mib, percentile, report

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import LEDGER_FILE, TRIPLES_FOLDER, Settings
from stratagraph.service.views.view import View

COMMITS: Final = 5_000
LEAST_COMMITS: Final = 500
RUNS: Final = 5
STAGES: Final = ("parse", "gate", "ledger", "closure", "triples", "adjacency")
DOCUMENTS: Final = "documents"
OURS: Final = "ours"
FEW_COLLECTIONS: Final = 50_000
"""As in the service, the earlier one's too."""


def write_documents(assets: int, folder: Path) -> None:
    """Write the estate's documents, outside every measurement."""
    (folder / DOCUMENTS).mkdir()
    for number, document in enumerate(estate.documents(assets)):
        (folder / DOCUMENTS / f"{number:04}.nt").write_bytes(document)


def measure_import(assets: int, folder: Path, tree: str) -> None:
    """Import the estate document by document, each a batch with a scope of its own; for ours, the same rows bare."""
    facts = assets * estate.FACTS_PER_ASSET
    core, core_bytes = ontology_alone()
    data = folder / tree
    watch = Stopwatch()
    with Engine(Settings(data=data)) as engine:
        owners = {"gate": engine.gate, "ledger": engine.ledger, "closure": engine.deriver}
        owners |= {"triples": engine.triples, "adjacency": engine.adjacency}
        methods = {stage: {"gate": "check", "ledger": "commit"}.get(stage, "apply") for stage in owners}
        for stage, owner in owners.items():
            setattr(owner, methods[stage], watch.timed(stage, getattr(owner, methods[stage])))
        parse = watch.timed("parse", files.transform)
        wall, cpu = time.perf_counter(), time.process_time()
        for path in sorted((folder / DOCUMENTS).iterdir()):
            documents = [SourceFile(scope=path.name, data=path.read_bytes())]
            engine.commit(parse(documents, model=engine.model, base=engine.settings.base, source="bench").batch)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        for stage, owner in owners.items():
            delattr(owner, methods[stage])  # a clock can't be saved with what it measures
        peak, quads = peak_mib(), len(engine.triples.store)
    disk = (size_of(data / TRIPLES_FOLDER) - core_bytes) / facts
    bare = baseline.measured(folder, data / LEDGER_FILE) if tree == OURS else None
    stages = {stage: round(1e6 * watch[f"cpu {stage}"] / facts, 1) for stage in STAGES}
    micro = 1e6 / facts
    report(
        goals.IMPORT,
        cpu * micro,
        baseline=bare and bare.cpu * micro,
        unit="us",
        stages=stages,
        assets=assets,
        facts=facts,
    )
    report("import, by the clock", wall, baseline=bare and bare.wall, unit="s")
    report(goals.PEAK, peak, unit="MiB")
    report(goals.QUADS, (quads - core) / facts, baseline=1.0 if bare else None, unit="1")
    report(goals.DISK, disk, baseline=bare and bare.disk / facts, unit="By")
    report("disk of the ledger a fact", size_of(data, f"{LEDGER_FILE}*") / facts, unit="By")


def ontology_alone() -> tuple[int, int]:
    """Return the quads of a folder in which there is only the ontology, and the bytes of its triples."""
    with baseline.temporary() as folder:
        with Engine(Settings(data=folder)) as engine:
            quads = len(engine.triples.store)
        return quads, size_of(folder / TRIPLES_FOLDER)


def size_of(folder: Path, pattern: str = "**/*") -> int:
    """Return the bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.glob(pattern) if file.is_file())


def measure_commit(assets: int, folder: Path, tree: str) -> None:
    """Commit batches of ten facts, in turns with bare durable commits of the same ten rows; several runs."""
    commits = max(LEAST_COMMITS, min(COMMITS, assets // RUNS))
    p95, bare_p95, p50, bare_p50 = [], [], [], []
    for run in range(RUNS):
        ours: list[float] = []
        bare: list[float] = []
        with (
            Ledger.open(folder / f"commit-{tree}-{run}.sqlite") as ledger,
            baseline.durable(folder / f"bare-{tree}-{run}.sqlite") as write,
        ):
            for number in range(commits):
                batch = _ten_facts(number)
                rows = [(fact.subject, fact.predicate, str(fact.object)) for fact in batch.facts()]
                ours.append(_seconds(partial(ledger.commit, batch, ontology_hash="bench")))
                bare.append(_seconds(partial(write, rows)))
        p95.append(1_000 * percentile(ours, 0.95))
        bare_p95.append(1_000 * percentile(bare, 0.95))
        p50.append(1_000 * percentile(ours, 0.5))
        bare_p50.append(1_000 * percentile(bare, 0.5))
    ratios = [round(one / other, 2) for one, other in zip(p95, bare_p95, strict=True)]
    middle = sorted(range(RUNS), key=ratios.__getitem__)[RUNS // 2]
    report(goals.COMMIT, p95[middle], baseline=bare_p95[middle], unit="ms", runs=ratios, commits=commits)
    report("durable commit of 10 facts, median", p50[middle], baseline=bare_p50[middle], unit="ms")


def measure_views(_assets: int, folder: Path, tree: str) -> None:
    """Answer as of a past sequence, and rebuild each view from the ledger."""
    with Engine(Settings(data=folder / tree)) as engine:
        head = engine.ledger.sequence()
        now = cpu_seconds(lambda: _exhaust(engine.ledger.open_claims()))
        past = cpu_seconds(lambda: _exhaust(engine.ledger.facts_as_of(head // 2)))
        report("as-of reconstruction, half-way", past, baseline=now, unit="s", baseline_is="reading the present")
        for view in views(engine):
            seconds = cpu_seconds(partial(view.rebuild, engine.deriver.snapshot(edges_only=view.edges_only)))
            report(f"rebuild of {view.name}", seconds, unit="s")


def views(engine: Engine) -> tuple[View, ...]:
    """Return the views to rebuild: all that the engine has, Neo4j's among them where a server is configured."""
    return engine.views()


PARTS: Final[dict[str, Callable[[int, Path, str], None]]] = {
    "import": measure_import,
    "commit": measure_commit,
    "names": questions.measure_names,
    "answer": questions.measure_answer,
    "audit": questions.measure_audit,
    "estates": questions.measure_audit_of_estates,
    "views": measure_views,
    "graph": graph_cost.measure_cost,
    "projection": lambda assets, folder, _tree: projection.measure_rate(assets, folder),
    "lag": lambda assets, folder, _tree: projection.measure_lag(assets, folder),
}
BESIDE_BEFORE: Final = frozenset({"import", "commit", "names", "answer", "audit", "estates", "views", "graph"})
"""The parts that the earlier build runs too: rates of rows are compared with the bare driver's alone."""


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
    gc.set_threshold(FEW_COLLECTIONS)
    PARTS[sys.argv[2]](int(sys.argv[1]), Path(sys.argv[3]), sys.argv[4])  # assets, part, folder, tree
