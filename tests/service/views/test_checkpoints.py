"""Checkpoints of a real store: renewed, kept while used, removed after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from stratagraph.service.views.checkpoints import Checkpoint, Checkpoints


class Growing:
    """A store whose sequence is the number of its triples."""

    def __init__(self, folder: Path, interval: float) -> None:
        self.store = Store(folder / "store")
        self.folder = folder / "checkpoints"
        self.checkpoints = Checkpoints(self.folder, make=self.make, sequence=self.sequence, interval=interval)

    def make(self, path: Path) -> int:
        self.store.backup(path)
        return len(self.store)

    def sequence(self) -> int:
        return len(self.store)

    def grow(self) -> None:
        self.store.add(Quad(NamedNode("http://e/s"), NamedNode("http://e/p"), Literal(str(len(self.store)))))

    def let_go(self, checkpoint: Checkpoint) -> None:
        if self.checkpoints.release(checkpoint):
            self.checkpoints.remove(checkpoint)

    def on_disk(self) -> int:
        return len(list(self.folder.iterdir()))


@pytest.fixture(name="growing")
def _growing(tmp_path: Path) -> Iterator[Growing]:
    growing = Growing(tmp_path, interval=0)
    yield growing
    growing.checkpoints.close()


def test_an_unmoved_sequence_makes_no_new_checkpoint(growing: Growing) -> None:
    assert growing.checkpoints.newest() == growing.checkpoints.newest()


def test_an_aged_one_is_made_anew_of_the_same_sequence(growing: Growing) -> None:
    first = growing.checkpoints.newest()
    growing.checkpoints.age()
    second = growing.checkpoints.newest()
    assert (first.sequence, first.path != second.path) == (second.sequence, True)
    assert growing.checkpoints.newest() == second


def test_a_moved_sequence_makes_one_that_holds_it(growing: Growing) -> None:
    first = growing.checkpoints.newest()
    growing.grow()
    second = growing.checkpoints.newest()
    assert (first.sequence, second.sequence) == (0, 1)
    assert len(Store.read_only(str(second.path))) == 1
    assert len(Store.read_only(str(first.path))) == 0


def test_a_used_checkpoint_stays_until_its_last_release(growing: Growing) -> None:
    first = growing.checkpoints.newest()
    growing.checkpoints.newest()
    growing.grow()
    second = growing.checkpoints.newest()
    growing.let_go(first)
    assert growing.on_disk() == 2
    growing.let_go(first)
    assert growing.on_disk() == 1
    growing.let_go(second)
    assert second.path.exists()


def test_an_unused_one_goes_when_a_newer_is_made(growing: Growing) -> None:
    growing.let_go(growing.checkpoints.newest())
    growing.grow()
    growing.checkpoints.newest()
    assert growing.on_disk() == 1


def test_between_two_passes_the_interval(tmp_path: Path) -> None:
    growing = Growing(tmp_path, interval=3600)
    growing.checkpoints.newest()
    growing.grow()
    assert growing.checkpoints.newest().sequence == 0


def test_leftovers_of_a_crash_are_removed(tmp_path: Path) -> None:
    growing = Growing(tmp_path, interval=0)
    growing.checkpoints.newest()
    assert growing.on_disk() == 1
    Checkpoints(growing.folder, make=growing.make, sequence=growing.sequence)
    assert growing.on_disk() == 0
