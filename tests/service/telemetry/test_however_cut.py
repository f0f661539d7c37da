"""Facts and figures do not depend on how telemetry was cut, ordered, repeated, encoded or interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.counting import COUNTED
from tests.loaders.genai.captures import ground_truth
from tests.loaders.spans import agent, chat, fixture, request, span
from tests.service.telemetry.replayed import MEMORY, BadWorld, World, singles

CAPTURES = tuple(ground_truth())
SOME = 4
"""Captures of a normal run, other ones each day of the week."""


def differences(one: World, other: World) -> list[str]:
    """Return what two worlds say otherwise."""
    told = [f"+ {fact}" for fact in sorted(one.facts - other.facts, key=str)]
    told += [f"- {fact}" for fact in sorted(other.facts - one.facts, key=str)]
    first, second = one.figures, other.figures
    keys = sorted({*first, *second}, key=str)
    return told + [f"{key}: {first.get(key)} {second.get(key)}" for key in keys if first.get(key) != second.get(key)]


def whole_of(folder: Path, sent: list[ExportTraceServiceRequest]) -> World:
    whole = ExportTraceServiceRequest()
    for each in sent:
        whole.MergeFrom(each)
    world = World(folder)
    world.send(whole)
    world.end()
    return world


def check(shared: Path, folder: Path, capture: str, seeds: range) -> int:
    sent = list(fixture(shared / "telemetry" / capture))
    (folder / "whole").mkdir()
    whole = whole_of(folder / "whole", sent)
    assert whole.facts
    assert whole.figures
    kills = 0
    for seed in seeds:
        (folder / str(seed)).mkdir()
        world = World(folder / str(seed))
        BadWorld(Random(f"{capture} {seed}")).send(world, sent)  # no secret
        assert not differences(world, whole), seed
        assert world.books.ledger.verify().ok
        kills += world.kills
        world.close()
    whole.close()
    return kills


@pytest.mark.shared
@pytest.mark.parametrize("turn", range(SOME))
def test_a_capture_is_told_the_same_whatever_happens_to_it(
    shared: Path, tmp_path: Path, turn: int, record_property: Callable[[str, object], None]
) -> None:
    capture = CAPTURES[(turn * len(CAPTURES) // SOME + 5) % len(CAPTURES)]
    kills = check(shared, tmp_path, capture, range(1))
    record_property(COUNTED, f"{capture}, {kills} kills")


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "restarted"])
def test_a_span_that_comes_again_when_its_trace_is_forgotten_counts_once(
    tmp_path: Path,
    restarts: bool,
) -> None:
    world = World(tmp_path)
    sent = [
        request([span(1, agent("boss")), span(2, chat(input=10), parent=1)]),
        request([span(3, chat(), trace=b"o" * 16)]),
    ]
    for each in sent:
        world.send(each)
    world.end()
    once, facts = world.figures, world.facts
    assert world.released
    for turn in range(4):
        if restarts:
            world.kill("behind")
        for one in reversed([single for each in sent for single in singles(each)]):
            world.send(one, as_json=bool(turn % 2))
        world.end()
        assert (world.figures, world.facts) == (once, facts)
    world.clock.pass_by(2 * MEMORY)
    world.send(sent[1])
    world.end()
    assert world.figures != once  # what was forgotten for good counts again
    world.close()


@pytest.mark.shared
@pytest.mark.nightly
@pytest.mark.parametrize("capture", CAPTURES)
def test_every_capture_is_told_the_same_whatever_happens_to_it(shared: Path, tmp_path: Path, capture: str) -> None:
    check(shared, tmp_path, capture, range(10))
