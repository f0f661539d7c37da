"""The spool against a list: whatever was acknowledged is there, in order, through kills, damage and a full disk."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from stratagraph.service.ledger.storage import StorageFull
from stratagraph.service.telemetry.reader import Entry, Judged
from stratagraph.service.telemetry.receiver import Overloaded
from stratagraph.service.telemetry.segment import frame
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.spool import Spool, SpoolFull

ROOM: Final = 1 << 20


def opened(folder: Path, limit: int = ROOM) -> Spool:
    return Spool(folder, limit)


def judged(payload: bytes) -> Judged[bytes]:
    return Judged(answer=ExportTraceServiceResponse(), found=payload)


def payload_of(entry: Entry) -> bytes:
    """What is known of a record: what was found in it, where that is in memory still."""
    return entry.judged.found or b"" if entry.judged else entry.payload


def told(entries: Iterable[Entry]) -> list[tuple[Signal, int, bytes]]:
    """The records as a list would hold them."""
    return [(entry.signal, entry.heard, payload_of(entry)) for entry in entries]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.spool"))


def test_what_was_appended_is_read_in_order_now_and_after_a_restart(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    places = [spool.append(signal, n, b"%d" % n, judged(b"%d" % n)) for n, signal in enumerate(Signal)]
    expected = [(signal, n, b"%d" % n) for n, signal in enumerate(Signal)]
    assert told(spool.read(0)) == expected
    assert [entry.position for entry in spool.read(0)] == places == sorted(places)
    spool.close()
    again = opened(tmp_path)
    assert (told(again.read(0)), again.identity) == (expected, spool.identity)
    assert told(again.read(places[2])) == expected[2:], "from a position on"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    opened(folder).append(Signal.LOGS, 1, b"what somebody said")
    assert {file.stat().st_mode & 0o077 for file in (folder, *folder.iterdir())} == {0}


def test_requests_in_flight_share_a_call_of_fsync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = opened(tmp_path)
    calls: list[int] = []
    gate, begun = threading.Event(), threading.Event()
    sync = os.fdatasync

    def slow(file: int) -> None:
        calls.append(file)
        begun.set()
        assert gate.wait(20)
        sync(file)

    monkeypatch.setattr(os, "fdatasync", slow)
    threads = [threading.Thread(target=spool.append, args=(Signal.TRACES, n, b"x" * n)) for n in range(20)]
    threads[0].start()
    assert begun.wait(20)
    for thread in threads[1:]:
        thread.start()
    while len(spool._queue) < 19:
        pass
    gate.set()
    for thread in threads:
        thread.join(20)
    assert len(calls) == 2, "the first, and one for all that came meanwhile"
    assert sorted(entry.heard for entry in spool.read(0)) == list(range(20))


def test_what_is_released_gives_its_room_back(tmp_path: Path) -> None:
    spool = opened(tmp_path, 16_000)
    for n in range(15):
        spool.append(Signal.TRACES, n, bytes(1_000))
    with pytest.raises(SpoolFull):
        spool.append(Signal.TRACES, 15, bytes(1_000))
    entries = list(spool.read(0))
    assert len(entries) == 15
    spool.release(entries[5].position)
    assert [entry.heard for entry in spool.read(entries[5].position)] == [entry.heard for entry in entries[5:]]
    spool.append(Signal.TRACES, 100, bytes(1_000))
    spool.release(spool.end)
    assert spool.size < 100, "nothing stays behind where nothing waits"
    assert list(spool.read(0)) == []
    assert spool.append(Signal.TRACES, 101, b"") >= entries[-1].end, "a position never comes again"


def test_one_record_is_taken_however_large_it_is(tmp_path: Path) -> None:
    spool = opened(tmp_path, 1_000)
    spool.append(Signal.TRACES, 1, bytes(5_000))
    with pytest.raises(SpoolFull):
        spool.append(Signal.TRACES, 2, b"")
    assert [entry.heard for entry in spool.read(0)] == [1]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EBADF])
def test_a_disk_that_fails_is_to_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    spool = opened(tmp_path)
    spool.append(Signal.TRACES, 1, b"before")

    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        patch.setattr(os, "ftruncate", lambda *_: fail(0))
        with pytest.raises((StorageFull, Overloaded, Exception)) as refused:
            spool.append(Signal.TRACES, 2, b"never acknowledged")
        assert getattr(refused.value, "status", 0) == 503
    spool.append(Signal.TRACES, 3, b"after")
    assert [entry.heard for entry in spool.read(0)] == [1, 3]
    spool.close()
    assert [entry.heard for entry in opened(tmp_path).read(0)] == [1, 3], "and nothing of the one between is left"


def test_damage_costs_the_rest_of_its_file_and_is_told_by_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = opened(tmp_path, 16_000)
    for n in range(9):
        spool.append(Signal.TRACES, n, bytes([n]) * 500)
    spool.close()
    first, *rest = files(tmp_path)
    assert rest
    damaged = bytearray(first.read_bytes())
    damaged[600] ^= 1  # in the second record of two
    first.write_bytes(damaged)
    again = opened(tmp_path, 16_000)
    heard = [entry.heard for entry in again.read(0)]
    assert heard == [0, *range(2, 9)]
    assert f"{first} is damaged at offset 525" in caplog.text


def test_damage_in_the_newest_file_does_not_cost_what_comes_later(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for n in range(5):
        spool.append(Signal.TRACES, n, bytes(100))
    end = spool.end
    spool.close()
    (file,) = files(tmp_path)
    damaged = bytearray(file.read_bytes())
    damaged[50] ^= 255
    file.write_bytes(damaged)
    again = opened(tmp_path)
    assert again.append(Signal.TRACES, 9, b"new") >= end, "a position that may have been drained never comes again"
    assert [entry.heard for entry in again.read(0)] == [9]


@pytest.mark.parametrize("content", [b"", b"SG", b"\0" * 40, b"SGSPOOL1", b"SGSPOOL1" + bytes(40), b"of another kind"])
def test_a_file_that_was_being_made_is_no_reason_not_to_start(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path).close()
    (file,) = files(tmp_path)
    file.write_bytes(content)
    spool = opened(tmp_path)
    spool.append(Signal.TRACES, 1, b"first")
    spool.close()
    assert [entry.heard for entry in opened(tmp_path).read(0)] == [1]


STEPS: Final = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.binary(max_size=400)),
        st.tuples(st.just("kill"), st.integers(0, 500)),
        st.tuples(st.just("release"), st.integers(0, 20)),
        st.tuples(st.just("reopen"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_it_holds_what_a_list_holds(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any]]) -> None:
    """Kills cut what was being written at any byte: what was acknowledged before stays, and only that."""
    folder = tmp_path_factory.mktemp("spool")
    spool, count, floor = opened(folder, 30_000), 0, 0
    held: list[tuple[int, int, bytes]] = []
    for step, value in steps:
        if step == "append":
            try:
                place = spool.append(Signal.TRACES, count, value, judged(value))
            except SpoolFull:
                continue
            assert all(place > before for before, *_ in held)
            held.append((place, count, value))
            count += 1
        elif step == "release" and held:
            floor = held[min(value, len(held) - 1)][0]
            spool.release(floor)
            held = [each for each in held if each[0] >= floor]
        else:
            spool.close()
            if step == "kill":
                newest = files(folder)[-1]
                before = newest.stat().st_size
                with newest.open("ab") as file:
                    file.write(_half_written(value))
                assert newest.stat().st_size >= before
            spool = opened(folder, 30_000)
        found = [(entry.position, entry.heard, payload_of(entry)) for entry in spool.read(floor)]
        assert found == held
    spool.close()


def _half_written(cut: int) -> bytes:
    """A record that was never finished."""
    whole = frame(Signal.LOGS, 7, bytes(range(256)) * 2)
    return whole[: min(cut, len(whole) - 1)]
