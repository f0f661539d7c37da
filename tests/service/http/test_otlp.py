from __future__ import annotations

import gzip
import re
import socket
import sys
import threading
import time
import weakref
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Final

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.service.http.intake import Intake
from stratagraph.service.http.otlp import router
from stratagraph.service.telemetry.aggregator import Aggregator, Pace
from stratagraph.service.telemetry.logs import Logs
from stratagraph.service.telemetry.reader import Counts, Judged, Reader
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.signals import Signal
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.logs import DETAILS, log, logs
from tests.loaders.spans import TRACE, agent, chat, names, relations, request, span, tool
from tests.loaders.test_otlp import otlp_json

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MODEL: Final = load_model()
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
BODY: Final = request([span(1, chat())]).SerializeToString()


class Refused(StratagraphError, slug="refused"):
    """A refusal with a chosen status."""

    text = "Refused with {chosen}."

    chosen: int = 500

    @property
    def status(self) -> int:  # type: ignore[override]  # chosen by the test
        return self.chosen


def readers() -> dict[Signal, Reader[Any, Any]]:
    """Return a reader for each signal that is received."""
    traces = Traces(model=MODEL)
    return {Signal.TRACES: traces, Signal.LOGS: Logs(traces)}


@dataclass
class Store:
    """Keeps what is committed, once somebody asks; the way there is the real one, but may fail or take its time.

    ``error`` is raised where a request is made durable, ``refusal`` where what it told is committed.
    """

    committed: list[Batch] = field(default_factory=list)
    received: list[Counts] = field(default_factory=list)
    error: Exception | None = None
    refusal: Exception | None = None
    gate: threading.Event | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    noted: dict[str, bytes] = field(default_factory=dict)
    folder: Path = field(default_factory=lambda: Path(mkdtemp(prefix="stratagraph-spool-")))
    readers: dict[Signal, Reader[Any, Any]] = field(default_factory=readers)
    aggregator: Aggregator = field(init=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, rmtree, self.folder, ignore_errors=True)
        self.aggregator = Aggregator(self.readers, self, self.folder, limit=1 << 24, pace=Pace(), watch=self.watch)

    def keep(self, signal: Signal, heard: int, message: Message, judged: Judged[Any]) -> None:
        self.begun.set()
        if self.gate:
            assert self.gate.wait(20)
        if self.error:
            raise self.error
        self.aggregator.keep(signal, heard, message, judged)

    @property
    def batches(self) -> list[Batch]:
        """What was committed, once nothing waits any more."""
        self.aggregator.flush()
        return self.committed

    def commit(self, batch: Batch) -> str:
        if self.refusal:
            raise self.refusal
        self.committed.append(batch)
        self.mark(batch.marks_owner, batch.marks)
        return batch.run

    def mark(self, _: str, marks: Mapping[str, bytes | None]) -> None:
        for name, value in marks.items():
            self.noted.pop(name, None)
            if value is not None:
                self.noted[name] = value

    def marks(self, _: str) -> dict[str, bytes]:
        return dict(self.noted)

    def watch(self, _: Signal, counts: Counts) -> None:
        self.received.append(counts)


def receiver(store: Store, **settings: Any) -> Receiver:
    return Receiver(readers=store.readers, keep=store.keep, watch=store.watch, **settings)


def app(store: Store, **settings: Any) -> FastAPI:
    made = FastAPI()
    folder = Path(mkdtemp(prefix="stratagraph-intake-"))
    weakref.finalize(made, rmtree, folder, ignore_errors=True)
    intake = Intake(folder)
    made.include_router(router(receiver(store, **settings), intake))
    return made


@pytest.fixture(name="store")
def _store() -> Store:
    return Store()


@pytest.fixture(name="client")
def _client(store: Store) -> Iterator[httpx.Client]:
    with serving(app(store, limit=100_000)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


@contextmanager
def serving(made: FastAPI) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 in a thread."""
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def until(done: Callable[[], bool]) -> None:
    for _ in range(2000):
        if done():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def post(
    client: httpx.Client, body: bytes = BODY, media: str = PROTOBUF, path: str = "/v1/traces", **headers: str
) -> httpx.Response:
    return client.post(
        path, content=body, headers={"content-type": media, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def status(answer: httpx.Response) -> Status:
    assert answer.headers["content-type"] == PROTOBUF
    told = Status.FromString(answer.content)
    assert told.message
    return told


def test_a_protobuf_request_is_committed_and_answered_empty(client: httpx.Client, store: Store) -> None:
    answer = post(client)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, PROTOBUF, b"")
    assert relations(store.batches[0], SG.usesModel) == {("shop", "gpt-5-mini")}


def test_a_json_request_gives_the_same_facts_and_a_json_answer(client: httpx.Client, store: Store) -> None:
    post(client)
    assert len(store.batches) == 1
    answer = post(client, otlp_json(request([span(1, chat(), trace=b"another" + TRACE[7:])])), f"{JSON}; charset=utf-8")
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == JSON
    first, second = store.batches
    assert (first.scopes, first.observations) == (second.scopes, second.observations)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstd.compress),
        ("identity", bytes),
        ("GZip, zstd", lambda body: zstd.compress(gzip.compress(body))),
    ],
)
def test_content_encodings(client: httpx.Client, store: Store, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert post(client, encode(BODY), content_encoding=encoding).status_code == 200
    assert len(store.batches) == 1


@pytest.mark.parametrize(("body", "media"), [(b"", PROTOBUF), (b"{}", JSON)])
def test_an_empty_request_succeeds_and_commits_nothing(
    client: httpx.Client, store: Store, body: bytes, media: str
) -> None:
    assert post(client, body, media).status_code == 200
    assert not store.batches


def test_rejected_spans_are_counted_and_the_others_kept(client: httpx.Client, store: Store) -> None:
    sent = request([span(1, chat()), span(2, {"gen_ai.usage.input_tokens": -3}), span(3, {}, trace=b"short")])
    told = ExportTraceServiceResponse.FromString(post(client, sent.SerializeToString()).content).partial_success
    assert told.rejected_spans == 2
    assert "negative (-3)" in told.error_message
    assert "trace_id" in told.error_message
    assert len(store.batches) == 1
    answer = post(client, otlp_json(sent), JSON).json()
    assert answer["partialSuccess"]["rejectedSpans"] == "2"


def test_the_same_body_again_changes_nothing_in_whatever_encoding(client: httpx.Client, store: Store) -> None:
    post(client)
    assert post(client, gzip.compress(BODY), content_encoding="gzip").status_code == 200
    assert post(client, otlp_json(request([span(1, chat())])), JSON).status_code == 200
    assert len(store.batches) == 1


def test_a_body_that_could_not_be_committed_is_when_it_comes_again(client: httpx.Client, store: Store) -> None:
    store.error = Refused(chosen=503)
    assert post(client).status_code == 503
    store.error = None
    assert post(client).status_code == 200
    assert [one.total for one in store.batches[0].observations if one.metric == SG.calls] == [1, 1, 1]
    assert post(client).status_code == 200
    assert len(store.batches) == 1


@pytest.mark.parametrize("chosen", [400, 409, 422])
def test_what_the_gate_refuses_is_dropped_counted_and_does_not_spoil_what_comes_next(
    client: httpx.Client, store: Store, chosen: int, caplog: pytest.LogCaptureFixture
) -> None:
    store.refusal = Refused(chosen=chosen)
    assert post(client, request([span(1, chat("bad"))]).SerializeToString()).status_code == 200
    assert not store.batches
    assert sum(counts.dropped for counts in store.received) == 1
    assert "dropped" in caplog.text
    store.refusal = None
    assert post(client, request([span(2, chat("good"))]).SerializeToString()).status_code == 200
    (batch,) = store.batches
    assert set(names(batch, SG.BaseModel).values()) == {"good"}


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"garbage", "identity", 400),
        (BODY, "gzip", 400),
        (BODY, "zstd", 400),
        (BODY, "br", 415),
        (BODY, "gzip, br", 415),
        (zstd.compress(bytes(100_001)), "zstd", 413),
        (zlib.compress(bytes(100_001)), "deflate", 413),
        (bytes(100_001), "identity", 413),
        (gzip.compress(bytes(100_001)), "gzip", 413),
    ],
)
def test_a_bad_request_is_refused_with_a_status(
    client: httpx.Client, store: Store, body: bytes, encoding: str, code: int
) -> None:
    answer = post(client, body, content_encoding=encoding)
    assert answer.status_code == code
    assert status(answer).code in {3, 8}
    assert not store.batches


def test_a_bad_json_request_is_refused_in_json(client: httpx.Client) -> None:
    answer = post(client, b"{", JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert "OTLP" in answer.json()["message"]


def test_another_media_type_is_refused(client: httpx.Client) -> None:
    answer = post(client, b"x", "text/plain")
    assert answer.status_code == 415
    assert PROTOBUF in answer.json()["message"]


def test_deep_json_does_not_end_the_service(client: httpx.Client) -> None:
    assert post(client, b'{"resourceSpans":' + b"[" * 90_000, JSON).status_code == 400
    assert post(client).status_code == 200


@pytest.mark.parametrize("error", [Refused(chosen=500), Refused(chosen=503), OSError("disk full")])
def test_what_could_not_be_stored_is_to_be_sent_again(client: httpx.Client, store: Store, error: Exception) -> None:
    store.error = error
    answer = post(client)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] in {"1", "2"}, "exporters drop what is to wait for longer"
    assert status(answer).code == 14
    store.error = None
    assert post(client).status_code == 200
    assert len(store.batches) == 1


def test_beyond_capacity_a_request_is_put_off(store: Store) -> None:
    store.gate = threading.Event()
    with serving(app(store, capacity=1)) as url, httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        first: list[httpx.Response] = []
        sending = threading.Thread(target=lambda: first.append(post(client)))
        sending.start()
        late = httpx.Response(200)
        for _ in range(500):
            late = httpx.post(f"{url}/v1/traces", content=b"", headers={"content-type": PROTOBUF}, trust_env=False)
            if late.status_code == 503:
                break
        assert late.headers["retry-after"]
        store.gate.set()
        sending.join(20)
        assert first[0].status_code == 200
        assert post(client).status_code == 200


@pytest.mark.parametrize("lines", [("gzip", "zstd"), ("gzip,zstd",), ("gzip, identity", "zstd")])
def test_encodings_in_several_lines_are_one_list(client: httpx.Client, store: Store, lines: tuple[str, ...]) -> None:
    headers = [("content-type", PROTOBUF), *(("content-encoding", line) for line in lines)]
    assert client.post("/v1/traces", content=zstd.compress(gzip.compress(BODY)), headers=headers).status_code == 200
    assert len(store.batches) == 1


def test_what_is_read_is_told_to_who_sends_another_encoding(client: httpx.Client) -> None:
    assert post(client, content_encoding="br").headers["accept-encoding"] == "gzip, deflate, zstd, identity"


@pytest.mark.parametrize("media", ["Application/X-Protobuf", "application/x-protobuf; charset=utf-8"])
def test_a_content_type_in_any_spelling(client: httpx.Client, media: str) -> None:
    assert post(client, media=media).status_code == 200


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
def test_a_slash_at_the_end_is_no_reason_to_redirect(client: httpx.Client, signal: str) -> None:
    with_slash, without = (post(client, path=f"/v1/{signal}{end}") for end in ("/", ""))
    assert (with_slash.status_code, with_slash.content) == (without.status_code, without.content)


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_a_signal_that_is_switched_off_is_not_found(store: Store, media: str) -> None:
    with serving(app(store, signals=())) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answer = post(client, b"{}" if media == JSON else BODY, media)
    assert (answer.status_code, answer.headers["content-type"]) == (404, media)
    assert b"STRATAGRAPH_TELEMETRY_SIGNALS" in answer.content
    assert not store.batches


@pytest.mark.parametrize("sent", [b"", BODY[:20]])
def test_a_client_that_leaves_in_mid_body_is_no_error(
    client: httpx.Client, store: Store, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    for _ in range(3):
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as line:
            line.sendall(head.encode() + sent)
    assert post(client).status_code == 200, "it was answered after the others had left"
    assert len(store.batches) == 1
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


@pytest.mark.parametrize("signal", ["metrics"])
def test_signals_that_are_not_received_say_so(client: httpx.Client, signal: str) -> None:
    answer = post(client, b"", path=f"/v1/{signal}")
    assert answer.status_code == 404, "501 is repeated by exporters, which holds up the end of their process"
    assert signal in status(answer).message
    assert "nothing" in post(client, b"{}", JSON, f"/v1/{signal}").json()["message"]


@pytest.mark.parametrize("media", [PROTOBUF, JSON])
def test_logs_are_answered_in_their_own_message(client: httpx.Client, media: str) -> None:
    wrong = log(DETAILS, {**chat(), "gen_ai.usage.input_tokens": -1})
    sent = logs([log(DETAILS, chat()), wrong])
    answer = post(client, otlp_json(sent) if media == JSON else sent.SerializeToString(), media, "/v1/logs")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    told = ExportLogsServiceResponse()
    if media == JSON:
        json_format.Parse(answer.content, told)
    else:
        told.ParseFromString(answer.content)
    assert told.partial_success.rejected_log_records == 1
    assert "is negative" in told.partial_success.error_message


def test_an_agent_in_a_later_request_is_given_its_tools(client: httpx.Client, store: Store) -> None:
    post(client, request([span(2, tool("drill"), parent=1)]).SerializeToString())
    assert len(store.batches) == 1
    post(client, request([span(1, agent("boss"))]).SerializeToString())
    used = {fact.subject for fact in store.batches[1].facts() if fact.predicate == SG.usesTool}
    assert used == set(names(store.batches[1], SG.Agent))


def test_results_are_watched(client: httpx.Client, store: Store) -> None:
    post(client, request([span(1, {**chat(), "gen_ai.new": 1}), span(1, chat())]).SerializeToString())
    assert store.batches
    assert sum(counts.accepted for counts in store.received) == 2
    assert sum(counts.duplicates for counts in store.received) == 1
    assert [dict(counts.unmapped) for counts in store.received if counts.unmapped] == [{"gen_ai.new": 1}]


@pytest.mark.parametrize("compression", list(Compression))
def test_a_real_exporter(client: httpx.Client, store: Store, compression: Compression) -> None:
    exporter = OTLPSpanExporter(endpoint=f"{client.base_url}/v1/traces", compression=compression)
    exported: list[SpanExportResult] = []
    send = exporter.export

    def spy(spans: Sequence[ReadableSpan]) -> SpanExportResult:
        exported.append(send(spans))
        return exported[-1]

    exporter.export = spy  # type: ignore[method-assign]  # it only listens
    provider = TracerProvider(resource=Resource({"service.name": "real"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("tests", "1")
    with (
        tracer.start_as_current_span("invoke_agent", attributes=agent("boss")),
        tracer.start_as_current_span("chat", attributes=chat(input=5, output=6)),
    ):
        pass
    provider.shutdown()
    assert exported == [SpanExportResult.SUCCESS] * 2
    assert {name for batch in store.batches for name in names(batch, SG.Agent).values()} == {"boss"}


def ended(ahead: timedelta, number: int = 1) -> Span:
    """A span of a second that ends so long after now."""
    end = int((datetime.now(UTC) + ahead).timestamp() * 10**9)
    return span(number, chat(), start=end - 10**9)


def test_a_clock_that_is_ahead_is_told_and_what_it_measured_is_seen_now(client: httpx.Client, store: Store) -> None:
    sent = request([ended(timedelta(hours=2)), ended(timedelta(days=2), 2)]).SerializeToString()
    told = ExportTraceServiceResponse.FromString(post(client, sent).content).partial_success
    assert told.rejected_spans == 1, "what is too far ahead is refused"
    assert "clock" in told.error_message
    assert re.search(r"1 spans ended up to 7[12]\d\d s after", told.error_message)
    starts = {seen.start for batch in store.batches for seen in batch.observations}
    assert starts
    assert all(start <= datetime.now(UTC) for start in starts)
    assert sum(counts.moved_back for counts in store.received) == 1


def test_clocks_that_differ_as_they_do_are_moved_without_a_word(client: httpx.Client, store: Store) -> None:
    answer = post(client, request([ended(timedelta(seconds=3))]).SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")
    assert sum(counts.moved_back for counts in store.received) == 1
