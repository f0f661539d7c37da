"""The outline of an estate that never rests: counted all the same, and no commit waits for the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.deriver import outline_scan
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.outlining import Outlining
from stratagraph.service.settings import Settings
from tests.opened import Opened

RUNS = count()
LAST = 5
"""Nodes among which the newest ones surely are."""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


def state(engine: Engine, source: str, *facts: Fact, method: Method = Method.DECLARED) -> None:
    scope = Scope(name="all", complete=True, stated=facts)
    engine.commit(Batch(source=source, run=f"run {next(RUNS)}", method=method, scopes=(scope,)))


def tool(name: str) -> tuple[Iri, list[Fact]]:
    node = f"{ASSET_BASE}Tool/{name}"
    return node, [Fact(node, RDF.type, SG.Tool), Fact(node, SG.term("name"), Literal(name))]


def test_an_estate_that_changes_with_every_look_is_counted_slice_by_slice(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(engine, "standing", *(fact for name in "abc" for fact in tool(name)[1]))
    monkeypatch.setattr(outline_scan, "SLICE", 200)
    held: list[int] = []

    @contextmanager
    def still() -> Iterator[None]:
        state(engine, f"client {len(held)}", *tool(f"late-{len(held)}")[1])  # somebody always gets in between
        held.append(engine.deriver.sequence)
        yield

    outlining = Outlining(engine.model, lambda: engine.deriver, still)
    outline = outlining.newest()
    assert len(held) > len(engine.model.classes) / 200, "no part of the count is longer than a slice"
    before = held.index(outline.sequence) + 1
    assert 3 + before <= outline.kinds[SG.Tool] <= 3 + len(held), "what stood when it began is in it"


def test_who_states_what_is_told_right_where_it_changes_between_two_slices(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, its), (other, others) = tool("one"), tool("other")
    state(engine, "things", *its, *others)
    state(engine, "plan", Fact(one, SG.dependsOn, other))
    monkeypatch.setattr(outline_scan, "SLICE", 1)
    slices = sum(1 for _ in engine.deriver.outline(engine.model)) - 1
    told = set()
    for looked_at in range(slices - LAST, slices + 1):
        state(engine, "sight")
        state(engine, "plan", Fact(one, SG.dependsOn, other))
        steps = engine.deriver.outline(engine.model)
        list(islice(steps, looked_at))
        # The number of the claim set that goes is the next one's.
        state(engine, "plan")
        state(engine, "sight", Fact(other, SG.dependsOn, one), method=Method.OBSERVED)
        *_, outline = steps
        assert outline is not None
        use = outline.relations[SG.Tool, SG.dependsOn, SG.Tool]
        told.add((use.count, use.declared, use.observed))
    assert told == {(1, 0, 1), (2, 1, 1), (1, 1, 0)}, "before both, between them, behind both"
