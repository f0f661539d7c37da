"""Readers of a sequence see that sequence whole, whatever is written meanwhile, and hold nobody up."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings

from stratagraph.ontology.facts import ChangeSet, Fact, Influence, Iri
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.views import querying, snapshots, triples
from stratagraph.service.views.adjacency import AdjacencySnapshot, AdjacencyView
from stratagraph.service.views.snapshots import Snapshot, SnapshotLost, Snapshots
from stratagraph.service.views.triples import TriplesView
from tests.service.worlds import EX, NODES, PROPS, Event, History, events, world

EVERYTHING = "SELECT ?s ?p ?o { ?s ?p ?o }"


def edges(view: AdjacencyView | AdjacencySnapshot) -> list[Influence]:
    leaving = [edge for node in NODES for edge in view.influences_from(node)]
    arriving = [edge for node in NODES for edge in view.influences_to(node)]
    assert sorted(map(pair, leaving)) == sorted(map(pair, arriving))
    return leaving


def pair(edge: Influence) -> tuple[Iri, Iri]:
    return edge.influencer, edge.influenced


def pictured(snapshot: Snapshot) -> tuple[object, ...]:
    rows = sorted(str(row) for row in snapshot.triples.select(EVERYTHING))
    return snapshot.sequence, rows, edges(snapshot.adjacency)


class Site:
    """Two views that follow a deriver as the engine lets them, and what a reader sees of them."""

    def __init__(self, folder: Path) -> None:
        self.deriver, self.history = Deriver(world(), compile_rules(world())), History()
        self.triples, self.adjacency = TriplesView(folder / "triples", world()), AdjacencyView(world())
        self.checkpoints = folder / "checkpoints"
        self.snapshots = Snapshots(self.checkpoints, self.triples, self.adjacency, world())

    def step(self, happened: list[Event]) -> ChangeSet:
        change = self.deriver.apply(self.history.step(happened))
        with self.snapshots.moving():
            self.adjacency.apply(change)
            self.triples.apply(change)
        return change

    def close(self) -> None:
        self.snapshots.close()
        self.triples.close()


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    for happened in STEPS[:3]:
        site.step(happened)
    yield site
    site.close()


def kept(site: Site) -> int:
    """How many changes can be undone."""
    return len(site.adjacency._table.layers)


def steps(seed: int, count: int) -> list[list[Event]]:
    """Return batches that state and withdraw relations and classes of a few nodes."""
    pick = random.Random(seed)

    def event() -> Event:
        about = pick.choice(NODES)
        if pick.random() < 0.3:
            return pick.random() < 0.7, "a", Fact(about, RDF.type, pick.choice((EX.Whole, EX.Part)))
        return pick.random() < 0.7, pick.choice("ab"), Fact(about, pick.choice(list(PROPS)), pick.choice(NODES))

    return [[event() for _ in range(4)] for _ in range(count)]


STEPS: Final = steps(1, 30)


@settings(max_examples=60, deadline=None)
@given(events)
def test_edges_of_every_sequence_stay_as_they_were(happened: list[list[Event]]) -> None:
    deriver, told, view = Deriver(world(), compile_rules(world())), History(), AdjacencyView(world())
    taken: list[tuple[AdjacencySnapshot, list[Influence]]] = []
    for step in happened:
        view.apply(deriver.apply(told.step(step)))
        taken.append((view.snapshot(), edges(view)))
    for snapshot, then in taken:
        assert edges(snapshot) == then
    view.rebuild(deriver.snapshot(edges_only=True))
    for snapshot, then in taken:
        assert edges(snapshot) == then, "who reads the table before a rebuild goes on with it"


def test_what_nobody_reads_any_more_is_forgotten(site: Site) -> None:
    with site.snapshots.newest() as old:
        before = edges(old.adjacency)
        for happened in STEPS[3:9]:
            site.step(happened)
        assert edges(old.adjacency) == before
        assert kept(site) == 6
    assert kept(site) == 0
    site.step(STEPS[9])
    assert kept(site) == 0, "nobody reads: nothing is kept"


def test_every_reader_of_a_random_history_sees_its_own_sequence(site: Site) -> None:
    pick = random.Random(7)
    with ExitStack() as stack:
        pinned: list[tuple[Snapshot, tuple[object, ...]]] = []
        for happened in STEPS[3:15]:
            if pick.random() < 0.5:
                snapshot = stack.enter_context(site.snapshots.newest())
                pinned.append((snapshot, pictured(snapshot)))
            site.step(happened)
            for snapshot, then in pick.sample(pinned, min(2, len(pinned))):
                assert pictured(snapshot) == then
        for snapshot, then in pinned:
            assert pictured(snapshot) == then
        assert len(list(site.checkpoints.iterdir())) <= len({id(snapshot) for snapshot, _ in pinned})
    assert not list(site.checkpoints.iterdir()), "what is unused is removed"
    with site.snapshots.newest() as last:
        assert last.sequence == site.deriver.sequence


def test_without_readers_no_checkpoint_is_made(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(site.triples, "checkpoint", refuse)
    for happened in STEPS[3:6]:
        site.step(happened)


def test_a_query_that_was_under_way_is_asked_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.snapshots.newest() as snapshot:
        before = pictured(snapshot)
        select = querying.select
        steps = iter(STEPS[3:4])

        def overtaken(*arguments: Any) -> Any:
            """A commit comes after the query was sent and before the store looks anything up."""
            for happened in steps:
                site.step(happened)
            return select(*arguments)

        monkeypatch.setattr(querying, "select", overtaken)
        assert pictured(snapshot) == before
    with site.snapshots.newest() as newest:
        assert pictured(newest) != before


def test_a_query_that_fails_on_a_store_in_change_is_asked_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.snapshots.newest() as snapshot:
        before = pictured(snapshot)
        select, steps = querying.select, iter(STEPS[3:4])

        def failing(*arguments: Any) -> Any:
            for happened in steps:
                site.step(happened)
                raise OSError
            return select(*arguments)

        monkeypatch.setattr(querying, "select", failing)
        assert pictured(snapshot) == before


@pytest.mark.parametrize("lasting", [False, True])
def test_a_writer_that_hangs_holds_no_reader_up(site: Site, monkeypatch: pytest.MonkeyPatch, *, lasting: bool) -> None:
    """Before the first byte is written, or in the middle of a change that takes several transactions."""
    hangs, goes_on = threading.Event(), threading.Event()
    name = "_load" if lasting else "_collect"
    real = getattr(TriplesView, name)

    def hang(self: TriplesView, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        hangs.set()
        assert goes_on.wait(30)

    with site.snapshots.newest() as snapshot:
        before = pictured(snapshot)
    monkeypatch.setattr(TriplesView, name, hang)
    if lasting:
        monkeypatch.setattr(triples, "TRANSACTION", 1)
    writer = threading.Thread(target=site.step, args=(STEPS[3],))
    writer.start()
    try:
        assert hangs.wait(30)
        with site.snapshots.newest() as snapshot:
            assert pictured(snapshot) == before
    finally:
        goes_on.set()
        writer.join()


def test_a_disk_that_takes_no_checkpoint_stops_readers_and_no_commit(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with site.snapshots.newest() as snapshot:
        with monkeypatch.context() as patched:
            patched.setattr(site.triples, "checkpoint", full)
            site.step(STEPS[3])
        with pytest.raises(SnapshotLost):
            pictured(snapshot)
        with pytest.raises(SnapshotLost):
            site.snapshots.checkpoint(snapshot)
    assert "no checkpoint of sequence" in caplog.text
    with site.snapshots.newest() as newest:
        assert newest.sequence == site.deriver.sequence
        assert pictured(newest)[1]


def test_a_reader_waits_for_a_short_write_and_not_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PATIENCE", 0.01)
    with site.snapshots.moving():
        site.snapshots._before_writing(False)
        with pytest.raises(SnapshotLost):
            site.snapshots.pin()


def test_what_was_readable_stays_so_while_a_view_has_failed(site: Site) -> None:
    with site.snapshots.newest() as snapshot:
        before = pictured(snapshot)
    change = site.deriver.apply(site.history.step(STEPS[3]))
    with site.snapshots.moving():
        site.adjacency.apply(change)  # and the triples do not follow
    with site.snapshots.newest() as snapshot:
        assert pictured(snapshot) == before
    with site.snapshots.moving():
        site.triples.rebuild(site.deriver.snapshot())
    with site.snapshots.newest() as snapshot:
        assert snapshot.sequence == change.sequence
        assert edges(snapshot.adjacency) == edges(site.adjacency)


def test_a_checkpoint_for_a_process_is_of_its_sequence(site: Site) -> None:
    with site.snapshots.newest() as snapshot:
        before = pictured(snapshot)
        folder = site.snapshots.checkpoint(snapshot)
        assert folder == site.snapshots.checkpoint(snapshot)
        site.step(STEPS[3])
        other = TriplesView(folder, world())
        assert other.sequence == snapshot.sequence
        other.close()
        assert pictured(snapshot) == before
    assert not folder.exists()


def test_a_copy_outlives_the_snapshot(site: Site, tmp_path: Path) -> None:
    sequence = site.snapshots.copy_to(tmp_path / "copy")
    site.step(STEPS[3])
    view = TriplesView(tmp_path / "copy", world())
    assert view.sequence == sequence == site.deriver.sequence - 1
    view.close()
