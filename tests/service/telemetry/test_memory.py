"""Which spans were told: durable once saved, forgotten in time, eight bytes each."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.service.telemetry import memory as memories
from stratagraph.service.telemetry.memory import SpanMemory

SECOND = 10**9
HOUR = 3600


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> int:
        return int(self.seconds * SECOND)


def key(number: int) -> tuple[bytes, bytes]:
    return (number // 7).to_bytes(16), number.to_bytes(8)


def keys(*ranges: range) -> set[tuple[bytes, bytes]]:
    return {key(number) for each in ranges for number in each}


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def opened(folder: Path, clock: Clock, *, seconds: float = HOUR, most: int = 10**6) -> SpanMemory:
    return SpanMemory(folder / "memory", seconds=seconds, most=most, clock=clock)


def test_what_was_saved_is_known_to_the_next_process_and_what_was_not_is_not(tmp_path: Path, clock: Clock) -> None:
    memory = opened(tmp_path, clock)
    memory.add(keys(range(100)))
    assert memory.among(keys(range(50, 150))) == keys(range(50, 100))
    memory.save(17)
    memory.add(keys(range(100, 120)))
    assert memory.among(keys(range(200))) == keys(range(120))
    later = opened(tmp_path, clock)
    assert later.among(keys(range(200))) == keys(range(100))
    assert len(later) == 100


def test_a_file_is_whole_or_not_there(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = opened(tmp_path, clock)
    memory.add(keys(range(10)))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("stratagraph.service.telemetry.memory.os.fsync", full)
    with pytest.raises(OSError, match="space"):
        memory.save(1)
    monkeypatch.undo()
    assert opened(tmp_path, clock).among(keys(range(10))) == set()
    assert memory.among(keys(range(10))) == keys(range(10))
    memory.save(1)
    assert opened(tmp_path, clock).among(keys(range(10))) == keys(range(10))


def test_a_damaged_file_is_told_and_left_out(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    for position in range(3):
        memory = opened(tmp_path, clock)  # one that goes on would write what is little anew
        memory.add(keys(range(position * 10, position * 10 + 10)))
        memory.save(position)
    first, second, third = sorted((tmp_path / "memory").iterdir())
    first.write_bytes(first.read_bytes()[:-3])
    data = bytearray(second.read_bytes())
    data[-1] ^= 1
    second.write_bytes(data)
    assert opened(tmp_path, clock).among(keys(range(30))) == keys(range(20, 30))
    assert len(caplog.records) == 2
    assert [*(tmp_path / "memory").iterdir()] == [third]


def test_what_is_older_than_the_time_is_forgotten_and_its_files_removed(tmp_path: Path, clock: Clock) -> None:
    memory = opened(tmp_path, clock)
    for hour in range(6):
        memory.add(keys(range(hour * 10, hour * 10 + 10)))
        memory.save(hour)
        clock.seconds += HOUR / 2
        # Never forgotten too early, and at most an eighth of the time too late.
        assert memory.among(keys(range(60))) >= keys(range(max(0, hour - 1) * 10, hour * 10 + 10))
        assert len(memory) <= 40
    clock.seconds += HOUR
    assert len(opened(tmp_path, clock)) == 0
    assert not list((tmp_path / "memory").iterdir())


def test_no_more_is_kept_than_was_asked_for_but_an_eighth(tmp_path: Path, clock: Clock) -> None:
    memory = opened(tmp_path, clock, most=800)
    for turn in range(40):
        memory.add(keys(range(turn * 50, turn * 50 + 50)))
        memory.save(turn)
        assert len(memory) <= 800 + 2 * 100
        assert memory.among(keys(range(max(0, turn - 14) * 50, turn * 50))) == keys(
            range(max(0, turn - 14) * 50, turn * 50)
        )
    later = opened(tmp_path, clock, most=800)
    assert len(later) <= 1_000
    held = sum(file.stat().st_size for file in (tmp_path / "memory").iterdir())
    assert held <= 8 * 1_000 + 20 * 40


def test_little_spans_need_few_files(tmp_path: Path, clock: Clock) -> None:
    memory = opened(tmp_path, clock)
    for second in range(100):
        memory.add(keys(range(second, second + 1)))
        memory.save(second)
        clock.seconds += 1
    assert len(list((tmp_path / "memory").iterdir())) == 1
    assert opened(tmp_path, clock).among(keys(range(200))) == keys(range(100))


def test_a_position_saved_again_adds_up(tmp_path: Path, clock: Clock) -> None:
    memory = opened(tmp_path, clock)
    memory.add(keys(range(10)))
    memory.save(5)
    # As after a kill between the saving and the end of the spool's file: what stands there is read again.
    again = opened(tmp_path, clock)
    again.add(keys(range(12)))
    again.save(5)
    assert opened(tmp_path, clock).among(keys(range(20))) == keys(range(12))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(0, 60), max_size=40), st.booleans()), max_size=12))
def test_it_knows_what_a_set_knows(steps: list[tuple[list[int], bool]]) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock()
        memory = opened(Path(folder), clock)
        known: set[int] = set()
        for place, (numbers, saves) in enumerate(steps):
            memory.add(map(key, numbers))
            known.update(numbers)
            if saves:
                memory.save(place)
                memory = opened(Path(folder), clock)
            assert memory.among(keys(range(61))) == set(map(key, known))


def test_a_span_takes_eight_bytes(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "MOST_LOOSE", 500)
    memory = opened(tmp_path, clock)
    for number in range(1_500):
        memory.add([key(number)])
    assert len(memory._loose) < 500
    memory.save(1)
    arrays = [run for batch in memory._batches for run in batch.runs]
    assert sum(run.nbytes for run in arrays) == 8 * len(memory) == 8 * 1_500
    assert not memory._loose
    assert not memory._unsaved


def test_an_empty_memory_loads_no_library(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom stratagraph.service.telemetry.memory import SpanMemory\n"
        "memory = SpanMemory(Path(sys.argv[1]), seconds=1, most=1)\nmemory.among([(b'', b'')])\nmemory.save(1)\n"
        "print('numpy' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
