"""OTLP over gRPC, by the protocol's own client: what each answer is, and that it is the one that HTTP gives."""

from __future__ import annotations

import errno
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # another package's stubs hide it
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from stratagraph.loaders.otlp import MediaType
from stratagraph.service.http.access import TokenNeeded
from stratagraph.service.telemetry.grpc_server import METHODS, GrpcServer
from stratagraph.service.telemetry.receiver import Receiver
from stratagraph.service.telemetry.signals import Signal
from tests.loaders.spans import chat, request, span
from tests.service.http.test_otlp import BODY, Refused, Store, receiver

TRACES: Final = next(iter(METHODS))
SENT: Final = request([span(1, chat())])


async def anybody(_: str) -> None:
    """Let everybody in."""


@contextmanager
def serving(made: Receiver, admit: Callable[[str], Any] = anybody) -> Iterator[tuple[GrpcServer, Any]]:
    listening: queue.Queue[str] = queue.Queue()
    server = GrpcServer(
        made, host="127.0.0.1", port=0, admit=admit, listening=listening.put, refused=lambda _: listening.put("")
    )
    server.start()
    try:
        with grpc.insecure_channel(listening.get(timeout=30)) as channel:
            yield server, channel
    finally:
        server.join()


def export(channel: grpc.Channel, sent: ExportTraceServiceRequest = SENT, **options: Any) -> Any:
    return TraceServiceStub(channel).Export(sent, timeout=30, **options)  # type: ignore[no-untyped-call]


def refused(send: Callable[[], Any]) -> tuple[grpc.StatusCode, str, int | None]:
    """What a call ended with: the code, the text, and the seconds to wait where it may be sent again."""
    with pytest.raises(grpc.RpcError) as caught:
        send()
    error: Any = caught.value
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    again = None
    if details is not None:
        told = Status.FromString(details)
        assert (told.code, told.message) == (error.code().value[0], error.details())
        for packed in told.details:
            info = RetryInfo()
            assert packed.Unpack(info)
            again = info.retry_delay.seconds
    return error.code(), error.details(), again


def test_a_request_is_committed_as_it_is_over_http() -> None:
    over_grpc, direct = Store(), Store()
    with serving(receiver(over_grpc)) as (_, channel):
        assert export(channel).ByteSize() == 0
        assert export(channel, ExportTraceServiceRequest()).ByteSize() == 0, "an empty request succeeds"
        assert export(channel, compression=grpc.Compression.Gzip).ByteSize() == 0, "the same again changes nothing"
    receiver(direct).receive(Signal.TRACES, BODY, MediaType.PROTOBUF)
    (first,), (second,) = over_grpc.batches, direct.batches
    assert (first.scopes, first.observations) == (second.scopes, second.observations)


def test_spans_that_are_rejected_are_counted_in_the_answer() -> None:
    store = Store()
    with serving(receiver(store)) as (_, channel):
        sent = request([span(1, chat()), span(2, {}, trace=b"short")])
        told = export(channel, sent, compression=grpc.Compression.Deflate).partial_success
    assert told.rejected_spans == 1
    assert "trace_id" in told.error_message
    assert len(store.batches) == 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_what_is_too_large_is_not_to_be_sent_again(compression: grpc.Compression) -> None:
    store = Store()
    large = request([span(1, {"padding": "x" * 200_000})])
    with serving(receiver(store, limit=100_000)) as (_, channel):
        code, _, again = refused(lambda: export(channel, large, compression=compression))
        assert export(channel).ByteSize() == 0
    assert (code, again) == (grpc.StatusCode.RESOURCE_EXHAUSTED, None)
    assert len(store.batches) == 1


def test_bytes_that_are_no_request_are_the_senders_fault() -> None:
    with serving(receiver(Store())) as (_, channel):
        code, text, again = refused(lambda: channel.unary_unary(TRACES)(b"garbage", timeout=30))
        nothing = refused(lambda: channel.stream_unary(TRACES)(iter(()), timeout=30))
    assert (code, again) == (grpc.StatusCode.INVALID_ARGUMENT, None)
    assert "no OTLP trace request" in text
    assert nothing[0] is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("error", "code", "again"),
    [
        (Refused(chosen=400), grpc.StatusCode.INVALID_ARGUMENT, None),
        (Refused(chosen=422), grpc.StatusCode.INVALID_ARGUMENT, None),
        (OSError(errno.ENOSPC, "No space left on device"), grpc.StatusCode.UNAVAILABLE, 1),
        (Refused(chosen=503), grpc.StatusCode.UNAVAILABLE, 1),
        (Refused(chosen=500), grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (ValueError("a fault of ours"), grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
    ],
)
def test_what_is_not_stored_is_to_be_sent_again_if_that_may_help(
    error: Exception, code: grpc.StatusCode, again: int | None
) -> None:
    store = Store(error=error)
    with serving(receiver(store)) as (_, channel):
        answer = refused(lambda: export(channel))
        assert (answer[0], answer[2]) == (code, again)
        store.error = None
        other = request([span(2, chat())])
        assert export(channel, other if again is None else SENT).ByteSize() == 0
    assert len(store.batches) == 1


def test_beyond_capacity_a_request_is_put_off_by_a_second() -> None:
    store = Store(gate=threading.Event())
    assert store.gate is not None
    with serving(receiver(store, capacity=1)) as (_, channel):
        first = TraceServiceStub(channel).Export.future(SENT, timeout=30)  # type: ignore[no-untyped-call]
        assert store.begun.wait(20)
        code, _, again = refused(lambda: export(channel))
        store.gate.set()
        assert first.result().ByteSize() == 0
    assert (code, again) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 1)


def test_signals_that_are_not_received_say_so() -> None:
    with serving(receiver(Store(), signals=())) as (_, channel):
        metrics: Any = MetricsServiceStub(channel)  # type: ignore[no-untyped-call]
        logs: Any = LogsServiceStub(channel)  # type: ignore[no-untyped-call]
        answers = [
            refused(lambda: export(channel)),
            refused(lambda: metrics.Export(ExportMetricsServiceRequest(), timeout=30)),
            refused(lambda: logs.Export(ExportLogsServiceRequest(), timeout=30)),
            refused(lambda: channel.unary_unary("/some.Other/Method")(b"", timeout=30)),
        ]
    assert {code for code, _, _ in answers} == {grpc.StatusCode.UNIMPLEMENTED}
    assert ["nothing of this request was kept" in text for _, text, _ in answers] == [True, True, True, False]


def test_who_may_not_send_is_told_before_the_message_is_waited_for() -> None:
    seen = []

    async def admit(authorization: str) -> None:
        seen.append(authorization)
        if authorization != "Bearer right":
            raise TokenNeeded(role="ingest")

    store, never = Store(), threading.Event()

    def silent() -> Iterator[bytes]:
        never.wait(60)
        yield b""

    with serving(receiver(store), admit) as (_, channel):
        code, text, _ = refused(lambda: channel.stream_unary(TRACES)(silent(), timeout=50))
        never.set()
        assert code is grpc.StatusCode.UNAUTHENTICATED
        assert "stratagraph token add" in text
        assert export(channel, metadata=(("authorization", "Bearer right"),)).ByteSize() == 0
    assert seen == ["", "Bearer right"]
    assert len(store.batches) == 1


def test_what_was_begun_is_answered_when_the_server_stops() -> None:
    store = Store(gate=threading.Event())
    assert store.gate is not None
    with serving(receiver(store)) as (server, channel):
        begun = TraceServiceStub(channel).Export.future(SENT, timeout=30)  # type: ignore[no-untyped-call]
        assert store.begun.wait(20)
        server.stop()
        store.gate.set()
        assert begun.result().ByteSize() == 0
    assert len(store.batches) == 1


def test_a_port_that_is_taken_is_told() -> None:
    with serving(receiver(Store())) as (_, channel):
        export(channel)
        taken: Any = channel
        address = taken._channel.target().decode()
        told: queue.Queue[str] = queue.Queue()
        second = GrpcServer(
            receiver(Store()),
            host="127.0.0.1",
            port=int(address.rpartition(":")[2]),
            admit=anybody,
            listening=lambda _: told.put("listening"),
            refused=told.put,
        )
        second.start()
        assert told.get(timeout=30).startswith("127.0.0.1:")
        second.join()


def test_a_client_that_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    store, never = Store(), threading.Event()

    def silent() -> Iterator[bytes]:
        never.wait(60)
        yield b""

    with serving(receiver(store)) as (_, channel):
        leaving = channel.stream_unary(TRACES).future(silent(), timeout=30)
        leaving.cancel()
        never.set()
        assert export(channel).ByteSize() == 0
    assert [record.getMessage() for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
