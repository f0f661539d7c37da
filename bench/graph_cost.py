"""What the estate costs in Neo4j: the time of projecting the same facts, and the store that they take on disk.

What a build makes of the facts, and so the number of its rows, is its own: a figure is of the facts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import baseline_neo4j as bare
import estate
import goals
import neo4j
from measure import report
from projection import change_sets, follow, local_server

from stratagraph.ontology.facts import ChangeSet
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.service.neo4j.local_server import FOLDER, LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView

ASSETS: Final = 2_000
"""Most assets that are projected."""
WARM_ROUNDS: Final = 2
ROUNDS: Final = 3
"""The middle one counts."""
STORE: Final = Path("data", "databases", "neo4j")
"""Below the server's home; its transaction logs, which are as long as they were set to be, lie beside it."""
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds by the clock, of this process's processor time, and of the server's."""

    wall: float
    ours: float
    server: float


def measure_cost(assets: int, folder: Path, tree: str) -> None:
    """Project an estate into a new database, for its size; then again and again into the emptied one, for the time."""
    data = folder / f"cost-{tree}"
    with local_server(data, goals.PROJECTION, goals.FOLLOWING, goals.NEO4J_DISK) as target:
        if target is None:
            return
    model, facts = load_model(), min(assets, ASSETS) * estate.FACTS_PER_ASSET
    changes, snapshot = change_sets(min(assets, ASSETS), data, model)
    # Community has no checkpoint on demand: all is in the store's files once the server has stopped in an orderly way.
    empty = _disk(data)
    with local_server(data) as target:
        assert target is not None  # as a moment ago
        with closing(Neo4jView(target, model)) as view:
            view.rebuild(snapshot)
        with bare.connect(target) as driver:
            nodes, ties = _counts(driver)
    disk = _disk(data) - empty
    report(goals.NEO4J_DISK, disk / facts, unit="By", empty=empty, nodes=nodes, relationships=ties, facts=facts)
    with local_server(data) as target:
        assert target is not None  # as above
        for name, rounds in _rounds(target, data, model, changes, snapshot).items():
            counted = rounds[WARM_ROUNDS:]
            report(name, median(each.wall for each in counted), unit="s", facts=facts)
            report(f"{name}: our processor time", median(each.ours for each in counted), unit="s")
            report(f"{name}: the server's processor time", median(each.server for each in counted), unit="s")


def _rounds(
    target: Neo4jTarget, data: Path, model: OntologyModel, changes: list[ChangeSet], snapshot: list[ChangeSet]
) -> dict[str, list[Spent]]:
    record = LocalNeo4j(data).record()
    assert record is not None  # it runs
    spent: dict[str, list[Spent]] = {goals.PROJECTION: [], goals.FOLLOWING: []}
    with bare.connect(target) as driver:
        for name in (WARM_ROUNDS + ROUNDS) * list(spent):
            bare.empty(driver)
            with closing(Neo4jView(target, model)) as view:
                works: dict[str, Callable[[], None]] = {
                    goals.PROJECTION: partial(view.rebuild, snapshot),
                    goals.FOLLOWING: partial(follow, view, changes),
                }
                spent[name].append(_spent(works[name], record.pid))
    return spent


def _spent(work: Callable[[], None], server: int) -> Spent:
    theirs, ours, wall = _processor_seconds(server), time.process_time(), time.perf_counter()
    work()
    wall, ours = time.perf_counter() - wall, time.process_time() - ours
    return Spent(wall, ours, _processor_seconds(server) - theirs)


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS


def _disk(data: Path) -> int:
    return sum(file.stat().st_size for file in (data / FOLDER / STORE).rglob("*") if file.is_file())


def _counts(driver: neo4j.Driver) -> tuple[int, int]:
    with driver.session() as session:
        nodes = session.run("MATCH (n) RETURN count(n) AS count").single(strict=True)["count"]
        return nodes, session.run("MATCH ()-[r]->() RETURN count(r) AS count").single(strict=True)["count"]
