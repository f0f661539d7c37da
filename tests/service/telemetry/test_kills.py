"""A service is killed again and again while clients send and try again: everything acknowledged counts exactly once."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.observations import remainder
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.settings import Settings
from tests.counting import COUNTED
from tests.loaders.spans import agent, chat, request, span
from tests.loaders.transformed import SYSTEM, iri
from tests.opened import Opened
from tests.service.running import Running, started

KILLS, NIGHTLY_KILLS = 10, 100
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PATIENCE = 120.0
BOSS = iri(SG.Agent, "boss")


def numbered(numbers: Iterable[int]) -> ExportTraceServiceRequest:
    """Of three spans in a row the first is a run of an agent, and the others are its calls."""
    spans = []
    for number in numbers:
        place, trace = number % 3, (number // 3 + 1).to_bytes(16)
        told = chat(input=1) if place else agent("boss")
        spans.append(span(place + 1, told, parent=1 if place else 0, trace=trace))
    return request(spans)


@dataclass
class Senders:
    """Clients over HTTP and gRPC that send each request until it is acknowledged, as exporters do."""

    acknowledged: set[int] = field(default_factory=set)
    requests: int = 0
    repeated: int = 0
    _next: int = 0
    _life: tuple[str, str] | None = None
    _stopping: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def start(self) -> None:
        for number, send in enumerate((_over_http, _over_grpc, _over_http)):
            thread = threading.Thread(target=self._run, args=(send, random.Random(number)))
            self._threads.append(thread)
            thread.start()

    @contextmanager
    def to(self, running: Running, port: int) -> Iterator[None]:
        """Send to this service; it is gone afterwards."""
        with self._changed:
            self._life = running.url, f"127.0.0.1:{port}"
            self._changed.notify_all()
        yield
        with self._changed:
            self._life = None

    def wait_for(self, more: int) -> None:
        """Wait until so many more requests were acknowledged."""
        with self._changed:
            wanted = self.requests + more
            assert self._changed.wait_for(lambda: self.requests >= wanted or bool(self._errors), PATIENCE)
        assert not self._errors

    def stop(self) -> None:
        """Let every client end once its request is acknowledged."""
        self._stopping = True
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not self._errors
        assert not any(thread.is_alive() for thread in self._threads)

    def _run(self, send: Callable[[tuple[str, str], bytes], bool], chance: random.Random) -> None:
        try:
            while not self._stopping:
                with self._changed:
                    first, self._next = self._next, self._next + chance.randint(1, 7)
                    numbers = range(first, self._next)
                self._send(send, numbers)
        except BaseException as error:  # for the thread that waits
            with self._changed:
                self._errors.append(error)
                self._changed.notify_all()
            raise

    def _send(self, send: Callable[[tuple[str, str], bytes], bool], numbers: range) -> None:
        body, tries = numbered(numbers).SerializeToString(), 0
        while True:
            with self._changed:
                assert self._changed.wait_for(lambda: self._life is not None, PATIENCE)
                life = self._life
            assert life is not None
            if send(life, body):
                break
            tries += 1
            time.sleep(0.05)
        with self._changed:
            self.acknowledged.update(numbers)
            self.requests += 1
            self.repeated += bool(tries)
            self._changed.notify_all()


def _over_http(life: tuple[str, str], body: bytes) -> bool:
    headers = {"Content-Type": "application/x-protobuf"}
    try:
        answer = httpx.post(f"{life[0]}/v1/traces", content=body, headers=headers, trust_env=False, timeout=30)
    except httpx.TransportError:
        return False
    assert answer.status_code in {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}, answer.text
    return answer.status_code == httpx.codes.OK


def _over_grpc(life: tuple[str, str], body: bytes) -> bool:
    with grpc.insecure_channel(life[1]) as channel:
        export: Any = channel.unary_unary(EXPORT)
        code = export.future(body, timeout=30).code()
    assert code in {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}, code
    return bool(code is grpc.StatusCode.OK)


@contextmanager
def life(data: Path, home: Path) -> Iterator[tuple[Running, int]]:
    """Start the service with a port for gRPC."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    settings = {"STRATAGRAPH_OTLP_GRPC": "1", "STRATAGRAPH_OTLP_GRPC_PORT": str(port)}
    with started("serve", "--data", str(data), home=home, settings=settings) as running:
        yield running, port


def counted(data: Path) -> dict[tuple[Iri, Iri], float]:
    """Return what is left of each metric of each subject."""
    with Ledger.open(Settings(data=data).ledger) as ledger:
        assert ledger.verify().ok
        parts: dict[tuple[Iri, Iri], list[Observation]] = defaultdict(list)
        for change in ledger.changes(0):
            for seen in change.observations:
                parts[seen.subject, seen.metric].append(seen)
        users = {claim.fact.subject for claim in ledger.open_claims() if claim.fact.predicate == SG.usesModel}
    assert users == {BOSS}
    left = {key: remainder(some) for key, some in parts.items()}
    return {key: one.total for key, one in left.items() if one is not None}


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_what_was_acknowledged_counts_exactly_once_whenever_the_service_is_killed(
    tmp_path: Path,
    opened: Opened,
    request: pytest.FixtureRequest,  # pytest's own, not the telemetry of ``spans``
    record_property: Callable[[str, object], None],
) -> None:
    pick, data, senders = random.Random(5), opened(tmp_path / "data"), Senders()
    kills = NIGHTLY_KILLS if request.config.getoption("--nightly") else KILLS
    senders.start()
    for _ in range(kills):
        with life(data, tmp_path) as (running, port), senders.to(running, port):
            senders.wait_for(more=5)
            time.sleep(pick.uniform(0, 1.5))
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()
    with life(data, tmp_path) as (running, port), senders.to(running, port):
        senders.wait_for(more=5)
        senders.stop()
        running.wait_for_telemetry()
    sent = senders.acknowledged
    record_property(COUNTED, f"{kills} kills, {senders.requests} requests, {senders.repeated} of them sent again")
    calls = sum(1 for number in sent if number % 3)
    found = counted(data)
    assert sent == set(range(len(sent)))
    assert senders.repeated
    assert found[SYSTEM, SG.calls] == found[BOSS, SG.modelCalls] == found[SYSTEM, SG.inputTokens] == calls
    assert found[BOSS, SG.runs] == len(sent) - calls
