"""The OTLP/gRPC receiver: the answers of the one over HTTP in gRPC's words, from a thread and a loop of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Final

# What its own log says of ports and peers is said by us, in a line that is readable.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # another package's stubs hide it
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from grpc import StatusCode, aio

from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.telemetry.receiver import RETRY_SECONDS, Overloaded, Receiver, told_of
from stratagraph.service.telemetry.signals import Signal

GRACE: Final = 4.0
"""Seconds that requests get to be done when the service is told to stop; the server over HTTP stops beside it."""
PATIENCE: Final = 30.0
"""Seconds that a request may take to come in: it is one message."""
STREAMS: Final = 100
"""Requests at once on one connection."""
SPARE: Final = 4
"""Threads beyond those that work: they tell who comes when all places are taken to come again."""
METHODS: Final = {
    f"/opentelemetry.proto.collector.{part}.v1.{part.capitalize()}Service/Export": signal
    for part, signal in (("trace", Signal.TRACES), ("metrics", Signal.METRICS), ("logs", Signal.LOGS))
}
"""What the protocol's three services are called."""
_CODES: Final = {
    HTTPStatus.UNAUTHORIZED: StatusCode.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: StatusCode.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: StatusCode.UNIMPLEMENTED,
    HTTPStatus.REQUEST_TIMEOUT: StatusCode.DEADLINE_EXCEEDED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: StatusCode.RESOURCE_EXHAUSTED,
    HTTPStatus.SERVICE_UNAVAILABLE: StatusCode.UNAVAILABLE,
}
"""By the status that the same error has over HTTP; any other is a fault of the data."""


class RequestTooSlow(StratagraphError, slug="request-too-slow", status=408):
    """A request that does not come in."""

    text = "The request did not come in within {seconds:.0f} s. Send it again over a faster line, or in parts."

    seconds: float = PATIENCE


class NoRequest(StratagraphError, slug="no-request", status=400):
    """A call that ended before it said anything."""

    text = "The call carried no message. Send one export request."


class GrpcServer:
    """Receives telemetry over gRPC until it is stopped.

    ``admit`` raises for whoever may not send: it is given the ``authorization`` of the call. ``listening`` is told the
    address once there are answers, ``refused`` the reason where it cannot be listened on.
    """

    def __init__(
        self,
        receiver: Receiver,
        *,
        host: str,
        port: int,
        admit: Callable[[str], Awaitable[object]],
        listening: Callable[[str], None],
        refused: Callable[[str], None],
    ) -> None:
        self._receiver = receiver
        self._host = f"[{host}]" if ":" in host else host
        self._port = port
        self._admit = admit
        self._listening = listening
        self._refused = refused
        self._end: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="otlp-grpc", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end: what was begun is answered first."""
        if not self._end.done():
            self._end.set_result(None)

    def join(self) -> None:
        """Wait until it has ended, and nothing of it is on its way to the ledger."""
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        # In order: the loop ends first, then whoever works for it.
        with ThreadPoolExecutor(self._receiver.capacity + SPARE, "otlp-grpc") as threads:
            asyncio.run(self._serve(threads))

    async def _serve(self, threads: ThreadPoolExecutor) -> None:
        server = aio.server(
            handlers=[_Export(self._receiver, self._admit, threads)],
            options=[
                ("grpc.max_receive_message_length", self._receiver.limit),
                ("grpc.max_concurrent_streams", STREAMS),
                ("grpc.so_reuseport", 0),  # else two services would share a port, and each get some of the requests
            ],
        )
        try:
            port = server.add_insecure_port(f"{self._host}:{self._port}")
        except RuntimeError:
            self._refused(f"{self._host}:{self._port}")
            return
        await server.start()
        self._listening(f"{self._host}:{port}")
        await asyncio.wrap_future(self._end)
        await server.stop(GRACE)


class _Export(grpc.GenericRpcHandler):
    """The one method of each of the protocol's services."""

    def __init__(
        self, receiver: Receiver, admit: Callable[[str], Awaitable[object]], threads: ThreadPoolExecutor
    ) -> None:
        self._receiver = receiver
        self._admit = admit
        self._threads = threads

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return what answers a call; None where there is no such method."""
        signal = METHODS.get(handler_call_details.method)
        if signal is None:
            return None

        async def export(messages: AsyncIterator[bytes], context: aio.ServicerContext[bytes, Message]) -> Message:
            try:
                return await self._taken(signal, messages, context)
            except Exception as error:  # noqa: BLE001  told_of logs what it does not know
                told = told_of(error)
            raise await _abort(context, told)

        # As a stream: who may not send is told before the message is waited for, and it comes when we ask for it.
        return grpc.stream_unary_rpc_method_handler(export, None, lambda answer: answer.SerializeToString())

    async def _taken(
        self, signal: Signal, messages: AsyncIterator[bytes], context: aio.ServicerContext[bytes, Message]
    ) -> Message:
        """Take a request to a commit. Raises StratagraphError."""
        sent = {key.lower(): value for key, value in context.invocation_metadata() or ()}
        await self._admit(str(sent.get("authorization", "")))
        self._receiver.expect(signal)
        try:
            async with asyncio.timeout(PATIENCE):
                body = await anext(aiter(messages))
        except TimeoutError:
            raise RequestTooSlow from None
        except StopAsyncIteration:
            raise NoRequest from None
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._receive, signal, body)

    def _receive(self, signal: Signal, body: bytes) -> Message:
        with self._receiver.place():
            return self._receiver.receive(signal, body, MediaType.PROTOBUF)


async def _abort(context: aio.ServicerContext[bytes, Message], error: StratagraphError) -> BaseException:
    """End a call with an error; what is to be sent again says when (OTLP: only then is RESOURCE_EXHAUSTED retried)."""
    code = _CODES.get(HTTPStatus(error.status), StatusCode.INVALID_ARGUMENT)
    if isinstance(error, Overloaded):
        code = StatusCode.RESOURCE_EXHAUSTED
    told = Status(code=code.value[0], message=str(error))
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        again = Packed()
        again.Pack(RetryInfo(retry_delay=Duration(seconds=RETRY_SECONDS)))
        told.details.append(again)
    details = (("grpc-status-details-bin", told.SerializeToString()),)
    await context.abort(code, str(error), details)
    raise AssertionError  # it has raised
