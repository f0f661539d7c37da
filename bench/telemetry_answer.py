"""``make bench-telemetry-answer``: how long a sender of telemetry waits for its answer, at half of the highest rate.

Usage: telemetry_answer.py [SECONDS [SHAPE]]        default 30 and rich
A service of its own takes batches of 512 spans over HTTP, first as fast as a few senders can, then on a timetable at
half of that rate, where a batch that starts late has waited since its time. By the clock: other work on the machine
counts. Prints one JSON line per figure.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Final

import httpx
from goals import goal_of
from measure import percentile, report
from soak import serving
from telemetry_parts import bare
from telemetry_spans import bodies

SECONDS: Final = 30.0
SIZE: Final = 512
SENDERS: Final = 4
LEAST: Final = 20
"""Batches that are sent before anything is measured, for a service's first ones read tables."""
A_SECOND: Final = 12
"""Different batches for each second; beyond, they come again, which costs less, for their texts are known."""
PATIENCE: Final = 30.0
NANOSECONDS: Final = 10**9
WAITING: Final = "stratagraph_telemetry_waiting_requests"
HEADERS: Final = {"Content-Type": "application/x-protobuf"}


def main() -> None:
    """Measure the highest rate, then the answers at half of it."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    shape = sys.argv[2] if len(sys.argv) > 2 else "rich"
    sent = list(bodies(shape, SIZE, int(SIZE * A_SECOND * seconds), time.time_ns() - NANOSECONDS))
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as service:
        turns = _turns(sent)
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            for _ in range(LEAST):
                _post(client, next(turns))
        fastest = _fastest(service.url, turns, seconds)
        spans = sum(map(bare, sent)) / len(sent)
        report(f"highest rate, {shape} spans in batches of {SIZE}", fastest * spans, unit="spans/s", senders=SENDERS)
        _until_committed(service.url)
        waited = _on_time(service.url, turns, fastest / 2, seconds)
    for q, name in ((0.5, "median"), (0.99, "p99")):
        figure = f"acknowledgement, {name}"
        told = percentile(waited, q) * 1000
        goal = goal_of(figure)
        met = {} if goal is None else {"met": goal.met({"ours": told})}
        report(
            figure, told, unit="ms", goal=str(goal or ""), batches=len(waited), rate=round(fastest / 2 * spans), **met
        )


def _turns(sent: list[bytes]) -> Iterator[bytes]:
    """Yield one batch after the other, for ever."""
    for place in count():
        yield sent[place % len(sent)]


def _post(client: httpx.Client, body: bytes) -> None:
    """Send a batch until it is taken: where the service says so, later."""
    while client.post("/v1/traces", content=body, headers=HEADERS).status_code != httpx.codes.OK:
        time.sleep(1)


def _until_committed(url: str) -> None:
    """Wait until nothing of the first part waits to be committed."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        while f"{WAITING} 0.0" not in client.get("/metrics").text.splitlines():
            time.sleep(1)


def _with_senders(url: str, work: Callable[[httpx.Client, int], list[float]]) -> list[float]:
    def run(number: int) -> list[float]:
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            return work(client, number)

    with ThreadPoolExecutor(SENDERS) as pool:
        return [one for found in pool.map(run, range(SENDERS)) for one in found]


def _fastest(url: str, turns: Iterator[bytes], seconds: float) -> float:
    """Return how many batches a second are answered when senders never wait."""
    end = time.perf_counter() + seconds
    taking = threading.Lock()

    def work(client: httpx.Client, _number: int) -> list[float]:
        answered = []
        while time.perf_counter() < end:
            with taking:
                body = next(turns)
            _post(client, body)
            answered.append(time.perf_counter())
        return answered

    return len(_with_senders(url, work)) / seconds


def _on_time(url: str, turns: Iterator[bytes], rate: float, seconds: float) -> list[float]:
    """Return how long each batch of a timetable waited for its answer, in seconds."""
    begin = time.perf_counter()
    taking = threading.Lock()

    def work(client: httpx.Client, number: int) -> list[float]:
        waited = []
        for place in range(number, int(rate * seconds), SENDERS):
            due = begin + place / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            with taking:
                body = next(turns)
            _post(client, body)
            waited.append(time.perf_counter() - due)
        return waited

    return _with_senders(url, work)


if __name__ == "__main__":
    main()
