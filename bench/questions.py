"""What answers cost: names looked up, an impact written, an audit evaluated; in processor time, in one process."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files as resources
from pathlib import Path
from statistics import median
from typing import Final

import estate
import goals
import pyoxigraph as ox
from measure import cpu_seconds, report

from stratagraph.loaders import files
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.queries.impact import render
from stratagraph.queries.impact.impact import Direction, Impact, impact
from stratagraph.queries.impact.impact_document import impact_document
from stratagraph.queries.names import resolve_name
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import TRIPLES_FOLDER, Settings
from stratagraph.service.views.querying import StoreReader
from stratagraph.shapes.packs import load_rules

rendered: Final = getattr(render, "rendered", lambda document, form: render.render(document, form).encode())
"""What the service sends; the earlier build made a text of it first."""
FEW: Final = 3_000
"""Assets of the smaller estate; where the whole one is not ten times that, a tenth of it."""
ANSWERED: Final = 2_218
"""Assets of an answer; what a larger or smaller one takes is told for so many."""
STARTS: Final = 8
DEPTH: Final = 5
LOOKED_UP: Final = 300
ROUNDS: Final = 3


def measure_names(assets: int, folder: Path, tree: str) -> None:
    """Look assets up by their names, in a small estate and in the whole one."""
    few = min(FEW, assets // 10)
    for size, data in ((few, folder / f"{tree}-few"), (assets, folder / tree)):
        fill(data, size)
        with Engine(Settings(data=data)) as engine:
            pick = random.Random(3)
            wanted = [f"bench-{number}" for number in pick.sample(range(size), min(LOOKED_UP, size))]
            look_up(engine, wanted[:20])  # what is compiled and read once
            # In rounds: what the store puts in order behind our back once it is opened is no part of a look-up.
            spent = median(cpu_seconds(partial(look_up, engine, wanted)) for _ in range(ROUNDS))
            report(f"{goals.LOOK_UP} at {size:,} assets", 1_000 * spent / len(wanted), unit="ms")


def look_up(engine: Engine, wanted: list[str]) -> None:
    """Ask which assets are meant by names as they are written."""
    for name in wanted:
        resolve_name(engine.triples, engine.model, name, engine.settings.base)


def measure_answer(assets: int, folder: Path, tree: str) -> None:
    """Write an impact of about as many assets as the goal speaks of: the document, and its text."""
    few = min(FEW, assets)
    data = folder / f"{tree}-answer"
    fill(data, few)
    with Engine(Settings(data=data)) as engine:
        answer = nearest(engine, min(ANSWERED, few))
        scale = 1_000 * ANSWERED / len(answer.assets)
        documents = [cpu_seconds(lambda: impact_document(answer, engine.model)) for _ in range(ROUNDS)]
        document = impact_document(answer, engine.model)
        texts = [cpu_seconds(lambda: rendered(document, "json")) for _ in range(ROUNDS)]
        size = len(rendered(document, "json"))
        shares = {"document": round(scale * median(documents), 1), "text": round(scale * median(texts), 1)}
        spent = median(one + other for one, other in zip(documents, texts, strict=True))
        report(goals.ANSWER, scale * spent, unit="ms", shares=shares, assets=len(answer.assets), bytes=size)


def nearest(engine: Engine, wanted: int) -> Impact:
    """Return the impact whose number of assets is nearest to the wanted one, among the first assets."""

    def asked(start: Iri) -> Impact:
        return impact(engine.adjacency, engine.triples, engine.model, start, direction=Direction.BOTH, depth=DEPTH)

    found: Impact | None = None
    for number in range(STARTS):
        answer = asked(estate.asset(number))
        if found is None or abs(len(answer.assets) - wanted) < abs(len(found.assets) - wanted):
            found = answer
        if 0.9 * wanted < len(found.assets) < 1.1 * wanted:
            break
    assert found is not None  # there is a first asset
    return found


def measure_audit(assets: int, folder: Path, tree: str) -> None:
    """Evaluate every rule over the invented estate, of which no law is said to govern anything."""
    few = min(FEW, assets)
    data = folder / f"{tree}-audit"
    fill(data, few)
    _report_audit(f"{goals.AUDIT} of {few:,} assets", data)


def measure_audit_of_estates(assets: int, folder: Path, tree: str) -> None:
    """Evaluate every rule over the shipped estates, stated again and again under other names."""
    data = folder / f"{tree}-estates"
    few = min(FEW, assets)
    documents = sorted((resources("stratagraph.ontology") / "estates").iterdir(), key=lambda file: file.name)
    with Engine(Settings(data=data)) as engine:
        copies = 0
        while copies == 0 or _assets(engine) < few:
            copies += 1
            own = f"{ASSET_BASE}copy-{copies}/".encode()
            texts = [
                (f"{copies}/{file.name}", file.read_bytes().replace(ASSET_BASE.encode(), own)) for file in documents
            ]
            _commit(engine, texts)
        held = _assets(engine)
    _report_audit(f"{goals.AUDIT} of the shipped estates, stated {copies} times", data, assets=held)


def fill(data: Path, assets: int) -> None:
    """Import the invented estate into a data folder, unless that was done."""
    if not data.exists():
        with Engine(Settings(data=data)) as engine:
            for number, document in enumerate(estate.documents(assets)):
                _commit(engine, [(f"{number}.nt", document)])


def _commit(engine: Engine, documents: list[tuple[str, bytes]]) -> None:
    read = [SourceFile(scope=name, data=data) for name, data in documents]
    loaded = files.transform(read, model=engine.model, base=engine.settings.base, source=f"bench {documents[0][0]}")
    engine.commit(loaded.batch)


def _assets(engine: Engine) -> int:
    return len(engine.triples.select("SELECT DISTINCT ?asset WHERE { ?asset a sg:Asset }"))


def _report_audit(name: str, data: Path, **more: object) -> None:
    """Evaluate as the process for audits does: over a store that nobody writes to."""
    model, rules = load_model(), load_rules()
    now = datetime.now(UTC)
    store = StoreReader(ox.Store.read_only(str(data / TRIPLES_FOLDER)), 1)

    def work() -> Audit:
        return evaluate(store, model, rules, on=now.date(), now=now)

    began = time.process_time()
    audit = work()  # compiles the shapes, too
    spent = [time.process_time() - began]
    if spent[0] < 10:  # a long one says enough at once
        spent = [cpu_seconds(work) for _ in range(ROUNDS)]
    outcomes = {outcome.value: count for outcome, count in audit.coverage.outcomes.items()}
    report(name, median(spent), unit="s", verdicts=len(audit.verdicts), outcomes=outcomes, **more)
