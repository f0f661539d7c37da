"""Services that share a ledger and a group: each has work, and what they say together is what one would have said."""

from __future__ import annotations

import json
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from stratagraph.service.ledger.ledger import Ledger
from tests.kafka import Broker
from tests.service.ledger.conftest import _postgresql  # noqa: F401  the fixture of a real server
from tests.service.ledger.postgresql import database
from tests.service.running import Running, started
from tests.service.telemetry.kafka.producing import Keyed, Said, captures, messages, produce, said

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.long]
PATIENCE = 120.0
KEY = "ledger.sqlite.key"
LATENESS = 2.0
QUICK = {"session.timeout.ms": 1500, "heartbeat.interval.ms": 300}
"""Who dies is missed soon."""


def eventually(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


class Group:
    """Services on one ledger that consume one topic together."""

    def __init__(self, folder: Path, url: str, kafka: Broker) -> None:
        self.folder = folder
        self.topic = kafka.topic(4)
        told = {
            "ledger_url": url,
            "kafka_brokers": kafka.address,
            "kafka_group": self.topic,
            "kafka_traces_topic": self.topic,
            "kafka_properties": QUICK,
            "telemetry_lateness_seconds": LATENESS,
        }
        self.config = folder / "config.json"
        self.config.write_text(json.dumps(told), encoding="utf-8")  # which is YAML too

    @contextmanager
    def service(self, name: str) -> Iterator[Running]:
        place = self.folder / name
        place.mkdir(mode=0o700)
        shutil.copy2(self.folder / KEY, place)
        with started("serve", "--data", str(place), "--config", str(self.config), home=self.folder) as running:
            yield running


def count(running: Running, metric: str) -> int:
    found = re.findall(rf"^stratagraph_kafka_{metric} (\d+)", running.get("/metrics").text, re.MULTILINE)
    return sum(map(int, found))


@pytest.fixture(name="group")
def _group(tmp_path: Path, postgresql: str, kafka: Broker) -> Iterator[tuple[Group, Ledger]]:
    url = database(postgresql, f"kafka-{uuid4()}")
    with Ledger.open(url, key_file=tmp_path / KEY) as ledger:
        yield Group(tmp_path, url, kafka), ledger


def differences(is_: Said, expected: Said) -> str:
    missing, more = expected[0] - is_[0], is_[0] - expected[0]
    figures = [
        (key, is_[1].get(key), expected[1].get(key))
        for key in sorted({*is_[1], *expected[1]}, key=repr)
        if is_[1].get(key) != expected[1].get(key)
    ]
    return f"missing {sorted(missing)[:5]}\nmore {sorted(more)[:5]}\nfigures {figures[:5]} of {len(figures)}"


@pytest.mark.timeout(600)
def test_services_share_the_work_and_one_is_killed_in_the_middle(
    group: tuple[Group, Ledger], kafka: Broker, told: Said
) -> None:
    """One reads alone; another joins while it reads; the first is killed while both read."""
    shared, ledger = group
    written = messages(captures())
    third = len(written) // 3

    def slowly(part: list[Keyed]) -> None:
        for start in range(0, len(part), 20):
            produce(kafka, shared.topic, part[start : start + 20])
            time.sleep(0.05)

    with shared.service("one") as one:
        eventually(lambda: count(one, r"partitions{.*}") == 4, lambda: "one owns all partitions")
        producing = threading.Thread(target=slowly, args=(written[: 2 * third],))
        producing.start()
        with shared.service("other") as other:
            eventually(lambda: count(other, r"partitions{.*}") == 2, lambda: "both own partitions")
            producing.join()
            produce(kafka, shared.topic, written[2 * third : -third // 2])
            eventually(lambda: count(other, r'messages_total{outcome="read".*}') > 0, lambda: "the other has work")
            assert count(one, r'messages_total{outcome="read".*}') > 0
            one.process.send_signal(signal.SIGKILL)
            one.process.wait()
            produce(kafka, shared.topic, written[-third // 2 :])
            eventually(lambda: count(other, r"partitions{.*}") == 4, lambda: "the other owns all partitions")
            eventually(lambda: said(ledger) == told, lambda: differences(said(ledger), told))
            assert count(other, r"lag_messages{.*}") == 0
    # What is told when it ends in order, and what had been waiting, changes nothing any more.
    assert said(ledger) == told
    assert ledger.verify().ok
