"""A small engine to break: facts to commit, and what its views must say, made anew from the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.facts import Batch, Fact, Influence, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine import in_force
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.restoring import derived
from stratagraph.service.settings import load_settings
from stratagraph.service.views.adjacency import AdjacencyView
from stratagraph.service.views.triples import TriplesView
from tests.service.happenings import small_ontology
from tests.service.worlds import EX, NODES

Shown = tuple[set[str], dict[Iri, list[Influence]]]


@contextmanager
def small_core() -> Iterator[None]:
    """Let engines have a small ontology, which opens in no time, for the length of a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_force, "load_extended", small_ontology)
        yield


def small_engine(folder: Path, **settings: Any) -> Engine:
    """Open an engine on a folder."""
    return Engine(load_settings(data=folder, **settings))


def batch(number: int, *, source: str = "a", more: int = 0, silence: float | None = None) -> Batch:
    """A run that says something new, and takes something back, whatever was before it; and so many facts more."""
    whole, part = NODES[0], NODES[3]
    facts = (
        Fact(whole, RDF.type, EX.Whole),
        Fact(whole, SG.name, Literal(whole)),
        Fact(part, RDF.type, EX.Part),
        Fact(part, SG.name, Literal(part)),
        Fact(whole, EX.says, Literal(str(number))),
        *((Fact(whole, EX.uses, part),) if number % 2 else ()),
        *(Fact(whole, EX.says, Literal(f"{number} and {also}")) for also in range(more)),
    )
    scope = Scope(name="x", complete=True, stated=facts)
    period = None if silence is None else timedelta(seconds=silence)
    return Batch(source=source, run=str(number), method=Method.DECLARED, silence=period, scopes=(scope,))


def shown(engine: Engine, folder: Path) -> Shown:
    """Return what the views of an engine show."""
    return _shown(engine.triples, engine.adjacency, folder / "shown.nt")


def true(engine: Engine, folder: Path) -> Shown:
    """Return what they have to show: the same, made of nothing but what the ledger says."""
    with engine.ledger.state() as still:
        deriver = derived(still, engine.model, still.end())
    triples, adjacency = TriplesView(None, engine.model), AdjacencyView(engine.model)
    for view in (triples, adjacency):
        view.rebuild(deriver.snapshot(edges_only=view.edges_only))
    return _shown(triples, adjacency, folder / "true.nt")


def _shown(triples: TriplesView, adjacency: AdjacencyView, path: Path) -> Shown:
    triples.dump(path)
    edges = {node: list(adjacency.influences_from(node)) for node in NODES}
    return set(path.read_text(encoding="utf-8").splitlines()), edges


def assert_in_step(engine: Engine, folder: Path) -> None:
    """See that every view shows the ledger's present, and says so."""
    assert engine.sequence == engine.ledger.sequence()
    assert set(engine.lags().values()) == {0}
    (facts, edges), (expected, wanted) = shown(engine, folder), true(engine, folder)
    assert facts ^ expected == set()
    assert edges == wanted


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds that another thread or process brings about."""
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
