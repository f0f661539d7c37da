"""The OTLP/HTTP receiver: traces in, acknowledged once the ledger has them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from threading import Lock
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import ClientDisconnect

from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp import LIMIT, BodyTooLarge, MediaType, decode_traces, decompress, media_type
from stratagraph.loaders.otlp_traces import TraceResult, reasons, transform
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.ontology.sentences import say
from stratagraph.service.http.documents import otlp
from stratagraph.service.http.intake import Intake
from stratagraph.service.http.parameters import check
from stratagraph.service.http.tongue import spoken
from stratagraph.service.ledger.storage import unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5
CAPACITY: Final = 8
"""Requests worked on at once; each may hold a body of the full size. One whose body is still to come holds no place."""
RPC_CODES: Final = {400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 415: 3, 422: 3, 431: 8, 501: 12, 503: 14}
"""google.rpc.Code by HTTP status: what the receiver answers when it does not take a request."""
_FIRST_SERVER_ERROR: Final = 500


class Overloaded(StratagraphError, slug="overloaded", status=503):
    """Too many requests at once, or a ledger that cannot take any now."""

    text = "The receiver cannot take the request now. Send it again after the time in Retry-After."


class SignalNotReceived(StratagraphError, slug="signal-not-received", status=501):
    """A signal that is not built yet."""

    text = (
        "{signal} are not received yet, and nothing of this request was kept. Export traces to /v1/traces, and "
        "switch the exporter for {signal} off."
    )

    signal: str


def _ignore(_: TraceResult) -> None:
    """Watch nothing."""


@dataclass(kw_only=True)
class Receiver:
    """Takes trace requests to a commit. ``prices`` is asked per request; ``watch`` sees every committed result."""

    commit: Callable[[Batch], object]
    model: OntologyModel
    intake: Intake
    prices: Callable[[], PriceTable] = lambda: NO_PRICES
    base: str = ASSET_BASE
    limit: int = LIMIT
    capacity: int = CAPACITY
    watch: Callable[[TraceResult], None] = _ignore
    story: Story = field(default_factory=Story)
    _telling: Lock = field(default_factory=Lock)
    _taken: int = 0

    async def take(self, request: Request, media: MediaType) -> ExportTraceServiceResponse:
        """Answer one request. Raises StratagraphError."""
        async with self.intake.body(request, self.limit, partial(BodyTooLarge, limit=self.limit)) as body:
            if self._taken >= self.capacity:
                raise Overloaded
            self._taken += 1
            try:
                sent, encoding = await body.read(), request.headers.get("content-encoding", "")
                return await to_thread.run_sync(self.traces, sent, encoding, media)
            finally:
                self._taken -= 1

    def traces(self, body: bytes, encoding: str, media: MediaType) -> ExportTraceServiceResponse:
        """Commit what a body holds and say what was left out. Raises StratagraphError."""
        plain = decompress(body, encoding, limit=self.limit)
        request = decode_traces(plain, media)
        # One after the other: what a request tells depends on what was told before, and a commit is made alone anyway.
        with self._telling:
            result = transform(
                request,
                model=self.model,
                run=hashlib.sha256(plain).hexdigest(),
                prices=self.prices(),
                base=self.base,
                story=self.story,
                until=datetime.now(UTC) + MOST_AHEAD - WINDOW,
            )
            if not result.empty:
                self._committed(result)
            self.story.confirm(result.told)
        self.watch(result)
        return _response(result)

    def _committed(self, result: TraceResult) -> None:
        """Commit the batch; a conflict means that this very body was committed before, which is what was asked for."""
        try:
            self.commit(result.batch)
        except StratagraphError as error:
            if error.status < _FIRST_SERVER_ERROR:
                # What is refused for good is not to be told again with the next request.
                self.story.confirm(result.told)
            if error.status != HTTPStatus.CONFLICT:
                raise


def router(
    commit: Callable[[Batch], object],
    *,
    model: OntologyModel,
    intake: Intake,
    prices: Callable[[], PriceTable] = lambda: NO_PRICES,
    base: str = ASSET_BASE,
    limit: int = LIMIT,
    capacity: int = CAPACITY,
    watch: Callable[[TraceResult], None] = _ignore,
) -> APIRouter:
    """Return the receiver's routes. ``commit`` returns once the batch is durable; it is called in worker threads."""
    receiver = Receiver(
        commit=commit,
        model=model,
        intake=intake,
        prices=prices,
        base=base,
        limit=limit,
        capacity=capacity,
        watch=watch,
    )
    routes = APIRouter(tags=["telemetry"])

    @routes.post(
        "/v1/traces",
        name="receive_traces",
        summary="Receive traces: OTLP/HTTP, protobuf or JSON",
        response_class=Response,
        responses={200: otlp.TAKEN, **otlp.REFUSED},
        openapi_extra=otlp.REQUEST,
    )
    async def traces(request: Request) -> Response:
        return await _taken(receiver, request)

    for signal in ("metrics", "logs"):
        _refuse(routes, signal)
    return routes


async def _taken(receiver: Receiver, request: Request) -> Response:
    """Answer a request with traces, whatever becomes of it."""
    media = answerable(request)
    try:
        _check(request)
    except StratagraphError as error:
        return refusal(error, media)
    try:
        return _answer(await receiver.take(request, media_type(request.headers.get("content-type", ""))), media)
    except StratagraphError as error:
        return refusal(error, media, of_data=True)
    except ClientDisconnect:
        raise  # nobody is there to be told
    except Exception as error:
        # Whatever it was, the data are not durable: a sender may only keep them if it is told to try again.
        if storage := unavailable(error):
            return refusal(storage, media)
        log.exception("a trace request failed")
        return refusal(Overloaded(), media)


def _refuse(routes: APIRouter, signal: str) -> None:
    """Add the route of a signal that is not received yet."""

    @routes.post(
        f"/v1/{signal}",
        name=f"receive_{signal}",
        summary=f"Say that {signal} are not received yet",
        status_code=501,
        response_class=Response,
        responses=otlp.NOT_RECEIVED,
        openapi_extra=otlp.REQUEST,
    )
    async def not_received(request: Request) -> Response:
        try:
            _check(request)
        except StratagraphError as error:
            return refusal(error, answerable(request))
        return refusal(SignalNotReceived(signal=signal), answerable(request))


def _check(request: Request) -> None:
    """Refuse parameters in the query: the protocol has none."""
    check(request.query_params.multi_items(), {})


def answerable(request: Request) -> MediaType:
    """Return the media type to answer in: the request's own, JSON where that is none of ours."""
    try:
        return media_type(request.headers.get("content-type", ""))
    except StratagraphError:
        return MediaType.JSON


def _response(result: TraceResult) -> ExportTraceServiceResponse:
    """Return the protocol's answer: silent where all is well, else what was left out and why."""
    response = ExportTraceServiceResponse()
    if result.rejected:
        response.partial_success.rejected_spans = result.rejected
        response.partial_success.error_message = say(reasons(result.rejections), spoken())
    elif result.overflow:
        told = f"{result.overflow} names beyond the limit of one request were counted under one asset each."
        response.partial_success.error_message = say(told, spoken())
    return response


def _answer(message: Message, media: MediaType, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a message in the request's own encoding."""
    if media is MediaType.JSON:
        content = json_format.MessageToJson(message, indent=None).encode()
    else:
        content = message.SerializeToString()
    return Response(content, status_code=status, headers=headers, media_type=media)


def refusal(error: StratagraphError, media: MediaType, *, of_data: bool = False) -> Response:
    """Return the Status of an error: what is at fault in the data is 400, what is our fault is to be retried.

    422 is for parameters: of data the protocol knows 400 only.
    """
    status: int = error.status
    if status not in RPC_CODES or (of_data and status == HTTPStatus.UNPROCESSABLE_ENTITY):
        status = 400 if status < _FIRST_SERVER_ERROR else 503
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("telemetry not taken: %s", error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return _answer(Status(code=RPC_CODES[status], message=error.said(spoken())), media, status, headers)
