"""Every view says the same, and what naive models say, after every step of random histories of the real engine."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine import in_force
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.target import Neo4jTarget
from tests.counting import COUNTED
from tests.neo4j_server import target_of, wipe
from tests.proxy import Proxy
from tests.service.happenings import LOCAL, Happening, Run, Step, interrupted, small_ontology, stories
from tests.service.naive_ledger import Picture
from tests.service.projected import ProjectedHistory
from tests.service.random_history import RandomHistory

CUT, RESTORE, STOP, START, WIPE = (
    Happening.CUT,
    Happening.RESTORE,
    Happening.STOP,
    Happening.START,
    Happening.WIPE,
)


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_force, "load_extended", small_ontology)
        yield


@pytest.fixture(name="tell")
def _tell(record_property: Callable[[str, object], None]) -> Iterator[Counter[str]]:
    """Counts what was done, to be told at the end."""
    counts: Counter[str] = Counter()
    yield counts
    record_property(COUNTED, ", ".join(f"{number} {what}" for what, number in counts.items()))


def play(history: RandomHistory, steps: Sequence[Step], tell: Counter[str]) -> None:
    """Let the steps happen and compare the views after each."""
    tell["histories"] += 1
    before = history.expected()
    try:
        for step in steps:
            history.take(step)
            after = history.check()
            tell["steps"] += 1
            tell["runs"] += isinstance(step, Run)
            tell["facts taken back"] += len(before.facts - after.facts)
            tell["merges"] += len(merged(after) - merged(before))
            tell["merges taken back"] += len(merged(before) - merged(after))
            tell["influences taken back"] += len(before.edges.keys() - after.edges.keys())
            before = after
        history.check_past()
    finally:
        history.close()


def merged(picture: Picture) -> set[Fact]:
    return {fact for fact in picture.facts if fact.predicate == SG.mergedFrom}


def test_local_views_equal_the_naive_models_after_every_step(
    request: pytest.FixtureRequest, tell: Counter[str]
) -> None:
    @settings(max_examples=1000 if is_nightly(request) else 30)
    @given(stories(*LOCAL))
    def holds(steps: list[Step]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            play(RandomHistory(Path(folder)), steps, tell)

    holds()


@pytest.mark.neo4j
@pytest.mark.long
@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["cut off", "stopped"])
@pytest.mark.timeout(3600)
def test_neo4j_equals_them_too_through_outages(
    neo4j_server: LocalNeo4j, database: Neo4jTarget, request: pytest.FixtureRequest, tell: Counter[str], kind: str
) -> None:
    """Cut off by the proxy, or really stopped, started and wiped."""
    examples = {"cut off": (3, 100), "stopped": (1, 25)}[kind][is_nightly(request)]
    outages = (CUT, RESTORE) if kind == "cut off" else (STOP, START, WIPE)

    # No shrinking: a history takes seconds here, and what fails without Neo4j is shrunk above.
    @settings(max_examples=examples, phases=[Phase.reuse, Phase.generate])
    @given(interrupted(stories(*LOCAL, steps=6), outages))
    def holds(steps: list[Step]) -> None:
        wipe(target_of(neo4j_server))
        with tempfile.TemporaryDirectory() as folder, Proxy(port_of(neo4j_server)) as proxy:
            play(ProjectedHistory(Path(folder), neo4j_server, proxy), steps, tell)
        tell["with a Neo4j that was " + kind] += 1

    assert database
    holds()


def port_of(server: LocalNeo4j) -> int:
    return int(target_of(server).url.rpartition(":")[2])


def is_nightly(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--nightly"))
