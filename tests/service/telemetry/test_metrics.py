"""Metrics through the door: over HTTP and gRPC, from a real SDK too; what is wrong with them is said to the sender."""

from __future__ import annotations

import queue
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import httpx
import orjson
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub

from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.observations import METRICS, SPANS
from stratagraph.service.telemetry.grpc_server import GrpcServer
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.reader import Reader
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.metrics.sent import CALL, CHOICES, DURATION, START, gauge, histogram, metric, number, request
from tests.loaders.spans import SECOND, chat, span
from tests.loaders.spans import request as spans_of
from tests.service.http.test_otlp import JSON, MODEL, PROTOBUF, Refused, Store, app, receiver, serving
from tests.service.telemetry.test_grpc_server import anybody
from tests.service.telemetry.test_real_exporters import environment, run_guide

SENT = request(metric(DURATION, histogram([0.5, 0.7], 60)))
PROGRAM = """
import sys
from importlib import import_module
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

module = import_module(f"opentelemetry.exporter.otlp.proto.{sys.argv[1]}.metric_exporter")
provider = MeterProvider([PeriodicExportingMetricReader(module.OTLPMetricExporter())])
meter = provider.get_meter("app")
call = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-5-mini"}
duration = meter.create_histogram("gen_ai.client.operation.duration", unit="s")
tokens = meter.create_histogram("gen_ai.client.token.usage", unit="{token}")
for seconds in (0.2, 0.4):
    duration.record(seconds, call)
    tokens.record(11, {**call, "gen_ai.token.type": "input"})
    provider.force_flush()
duration.record(0.1, {**call, "error.type": "RateLimitError"})
meter.create_up_down_counter("jobs").add(-1)
"""
"""Exports the same totals again and again, and a last time when the interpreter exits."""


def readers() -> dict[Signal, Reader[Any, Any]]:
    metrics = Metrics(model=MODEL)
    return {Signal.TRACES: Traces(model=MODEL, told=metrics.hear), Signal.METRICS: metrics}


def again(store: Store) -> Store:
    """Return what a process finds that is started after another one was killed."""
    return Store(folder=store.folder, noted=dict(store.noted), readers=readers())


def told(store: Store) -> Estate:
    assert {batch.source for batch in store.batches} == {METRICS}
    return estate_of(store.batches)


@pytest.fixture(name="store")
def _store() -> Store:
    return Store(readers=readers())


@pytest.fixture(name="client")
def _client(store: Store) -> Iterator[httpx.Client]:
    with serving(app(store)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def post(client: httpx.Client, body: bytes, media: str = PROTOBUF) -> httpx.Response:
    return client.post("/v1/metrics", content=body, headers={"content-type": media})


@contextmanager
def channel(store: Store) -> Iterator[str]:
    listening: queue.Queue[str] = queue.Queue()
    server = GrpcServer(
        receiver(store),
        host="127.0.0.1",
        port=0,
        admit=anybody,
        listening=listening.put,
        refused=lambda _: listening.put(""),
    )
    server.start()
    try:
        yield listening.get(timeout=30)
    finally:
        server.join()


def as_json(**change: Any) -> bytes:
    """Return a request as OTLP writes JSON, its only point changed."""
    sent = json_format.MessageToDict(SENT, use_integers_for_enums=True)
    told = sent["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["histogram"]
    told["dataPoints"][0].update(change.pop("point", {}))
    told.update(change)
    return orjson.dumps(sent)


@pytest.mark.parametrize(("body", "media"), [(SENT.SerializeToString(), PROTOBUF), (as_json(), JSON)])
def test_over_http_points_become_figures_and_the_same_request_again_changes_nothing(
    client: httpx.Client, store: Store, body: bytes, media: str
) -> None:
    for _ in range(2):
        answer = post(client, body, media)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media)
        assert answer.content in {b"", b"{}"}
    (batch,) = store.batches
    assert batch.source == METRICS
    estate = told(store)
    assert estate.figures[estate.one(SG.LLMSystem, "shop"), "calls"] == 2
    assert sum(counts.duplicates for counts in store.received) == 1


def test_over_grpc_too(store: Store) -> None:
    with channel(store) as address, grpc.insecure_channel(address) as line:
        answer = MetricsServiceStub(line).Export(SENT, timeout=30)  # type: ignore[no-untyped-call]
    assert not answer.HasField("partial_success")
    estate = told(store)
    assert estate.figures[estate.one(SG.LLMSystem, "shop"), "calls"] == 2


def test_of_a_request_with_bad_points_the_good_ones_are_kept_and_the_sender_is_told(
    client: httpx.Client, store: Store
) -> None:
    bad = metric(CHOICES, *(number(-1, 60, {**CALL, "gen_ai.response.finish_reason": "stop"}) for _ in range(2)))
    sent = request(bad, metric(DURATION, histogram([0.5], 60)), gauge("jvm.threads", 3))
    answer = post(client, sent.SerializeToString())
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_data_points) == (200, 2)
    assert CHOICES in partial.error_message
    assert "is negative" in partial.error_message
    assert estate_of(store.batches).figures
    door = store.received[0]
    assert (door.accepted, door.rejected, dict(door.unmapped)) == (2, 2, {"jvm.threads": 1})


def test_what_says_nothing_is_success_and_leaves_no_batch(client: httpx.Client, store: Store) -> None:
    for sent in (request(), request(gauge("jvm.threads", 3))):
        assert post(client, sent.SerializeToString()).status_code == 200
    assert post(client, b"{}", JSON).status_code == 200
    assert store.batches == []


@pytest.mark.parametrize(
    "body",
    [
        b"not protobuf",
        b"[]",
        b'{"resourceMetrics": {}}',
        b'{"resourceMetrics": [7]}',
        b'{"resourceMetrics": [{"scopeMetrics": "x"}]}',
        b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [[]]}]}]}',
        as_json(dataPoints={}),
        as_json(dataPoints=[1]),
        as_json(aggregationTemporality="AGGREGATION_TEMPORALITY_DELTA"),
        as_json(point={"count": "many"}),
        as_json(point={"count": -1}),
        as_json(point={"count": 1.5}),
        as_json(point={"sum": "lots"}),
        as_json(point={"bucketCounts": 3}),
        as_json(point={"attributes": {"a": "b"}}),
        as_json(point={"timeUnixNano": "tomorrow"}),
        as_json(point={"bucketCounts": ["1"] * 3 + [None]}),
    ],
)
def test_json_of_another_form_is_bad_data(client: httpx.Client, store: Store, body: bytes) -> None:
    answer = post(client, body, JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert answer.json()["message"]
    assert store.batches == []


@pytest.mark.parametrize(
    "point",
    [
        {"count": "2", "timeUnixNano": "1790000100000000000"},  # whole numbers as text, as the protocol writes them
        {"timeUnixNano": 1790000100000000000},
        {"newer": {"fields": ["are", "ignored"]}},
        {"exemplars": [{"traceId": "0102", "spanId": "ff", "asDouble": 0.5, "timeUnixNano": "1"}]},
        {"exemplars": [{"traceId": "no hex", "asInt": "5"}]},
    ],
)
def test_json_in_the_other_forms_that_the_protocol_knows_is_read(
    client: httpx.Client, store: Store, point: dict[str, Any]
) -> None:
    assert post(client, as_json(point=point), JSON).content == b"{}"
    estate = told(store)
    assert estate.figures[estate.one(SG.LLMSystem, "shop"), "calls"] == 2


def test_metrics_that_are_switched_off_are_not_found(store: Store) -> None:
    with serving(app(store, signals=(Signal.TRACES,))) as url, httpx.Client(base_url=url, trust_env=False) as client:
        assert post(client, SENT.SerializeToString()).status_code == 404
    assert store.batches == []


def sent_to(store: Store, *messages: Message) -> None:
    for one in messages:
        signal = Signal.METRICS if isinstance(one, ExportMetricsServiceRequest) else Signal.TRACES
        receiver(store).receive(signal, one.SerializeToString(), MediaType.PROTOBUF)


def calls(*stores: Store) -> float:
    estate = estate_of([batch for store in stores for batch in store.committed])
    return estate.figures[estate.one(SG.LLMSystem, "shop"), "calls"]


@pytest.mark.parametrize("killed", ["before the commit", "after the commit", "between two batches"])
def test_a_process_that_is_killed_neither_loses_nor_doubles_an_increment(store: Store, killed: str) -> None:
    first, second = (request(metric(DURATION, histogram([0.5] * count, 60 * count))) for count in (2, 3))
    spans = spans_of([span(1, chat(), start=START + 900 * SECOND)], resource={"service.name": "traced"})
    sent_to(store, first)
    store.aggregator.flush()
    sent_to(store, second, spans)
    if killed == "after the commit":
        store.aggregator.flush()
    elif killed == "between two batches":
        commit = store.commit

        def half(batch: Batch) -> str:
            if batch.source == METRICS:
                raise Refused(chosen=503)
            return commit(batch)

        store.commit = half  # type: ignore[method-assign]  # the process ends here
        with pytest.raises(Refused):
            store.aggregator.flush()
    later = again(store)
    sent_to(later, second)
    later.aggregator.flush()
    assert calls(store, later) == 3
    last = again(later)
    sent_to(last, request(metric(DURATION, histogram([0.5] * 7, 420))))
    last.aggregator.flush()
    assert calls(store, later, last) == 7


def test_what_is_refused_for_now_is_committed_later_and_once(store: Store) -> None:
    store.refusal = Refused(chosen=503)
    sent_to(store, SENT)
    for _ in range(2):
        with pytest.raises(Refused):
            store.aggregator.flush()
    store.refusal = None
    store.aggregator.flush()
    assert calls(store) == 2


def test_spans_of_the_same_calls_count_in_place_of_metrics_also_where_they_come_later(store: Store) -> None:
    spans = spans_of([span(1, chat(), trace=b"\1" * 16, start=START + 30 * SECOND)])
    sent_to(store, SENT)
    store.aggregator.flush()
    assert calls(store) == 2
    sent_to(store, spans)
    store.aggregator.flush()
    assert calls(store) == 1
    assert [batch.source for batch in store.committed] == [METRICS, SPANS, METRICS]


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_a_real_sdk_exports_with_default_settings_adds_up(store: Store, protocol: str) -> None:
    with serving(app(store)) if protocol == "http" else channel(store) as address:
        endpoint = address if protocol == "http" else f"http://{address}"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, protocol],
            env=environment(endpoint),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert done.stderr == ""
    estate = told(store)
    system, model = estate.one(SG.LLMSystem, "shop"), estate.one(SG.BaseModel, "gpt-5-mini")
    for subject in (system, model):
        assert estate.figures[subject, "calls"] == 3
        assert estate.figures[subject, "rateLimitErrors"] == 1
        assert estate.figures[subject, "inputTokens"] == 22
        assert estate.figures[subject, "callLatency"] == pytest.approx(0.7)
    assert {name for counts in store.received for name in counts.unmapped} == {"jobs"}


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_block_of_the_guide_works_as_pasted(store: Store, protocol: str) -> None:
    with serving(app(store)) if protocol == "http" else channel(store) as address:
        done = run_guide(1, protocol, address if protocol == "http" else f"http://{address}")
    assert (done.returncode, done.stderr) == (0, "")
    estate = told(store)
    assert estate.figures[estate.one(SG.BaseModel, "gpt-5-nano"), "calls"] == 1
    assert estate.figures[estate.one(SG.BaseModel, "gpt-5-nano"), "inputTokens"] == 12
