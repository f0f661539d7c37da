"""The OTLP/HTTP receiver: telemetry in, acknowledged once the ledger has it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own
from starlette.requests import ClientDisconnect

from stratagraph.loaders.content_encodings import KNOWN, BodyTooLarge, UnsupportedEncoding, decompress, encodings
from stratagraph.loaders.otlp import MediaType, media_type
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.documents import otlp
from stratagraph.service.http.intake import Intake, TooManyBodies
from stratagraph.service.http.parameters import check
from stratagraph.service.http.tongue import spoken
from stratagraph.service.telemetry.receiver import RETRY_SECONDS, Overloaded, Receiver, told_of
from stratagraph.service.telemetry.signals import Signal

RPC_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 12, 413: 8, 415: 3, 422: 3, 431: 8, 503: 14}
"""google.rpc.Code by HTTP status: what the receiver answers when it does not take a request."""
_FIRST_SERVER_ERROR: Final = 500


def router(receiver: Receiver, intake: Intake) -> APIRouter:
    """Return the receiver's routes: one for every signal, also those that are switched off, which say so."""
    routes = APIRouter(tags=["telemetry"])
    _add_route(routes, Signal.TRACES, receiver, intake, summary="Receive traces: OTLP/HTTP, protobuf or JSON")
    _add_route(routes, Signal.METRICS, receiver, intake, summary="Receive metrics: OTLP/HTTP, protobuf or JSON")
    _add_route(routes, Signal.LOGS, receiver, intake, summary="Receive logs: OTLP/HTTP, protobuf or JSON")
    return routes


def _add_route(routes: APIRouter, signal: Signal, receiver: Receiver, intake: Intake, *, summary: str) -> None:
    built = signal in receiver.readers

    async def receive(request: Request) -> Response:
        return await _answered(receiver, intake, signal, request)

    path = f"/v1/{signal}"
    responses = {200: otlp.TAKEN, **otlp.REFUSED} if built else otlp.NOT_RECEIVED
    routes.add_api_route(
        path,
        receive,
        methods=["POST"],
        name=f"receive_{signal}",
        summary=summary,
        status_code=200 if built else 404,
        response_class=Response,
        responses=responses,
        openapi_extra=otlp.REQUEST,
    )
    # Answered as it is, where others would redirect: most exporters drop what a redirect answers.
    routes.add_api_route(f"{path}/", receive, methods=["POST"], response_class=Response, include_in_schema=False)


async def _answered(receiver: Receiver, intake: Intake, signal: Signal, request: Request) -> Response:
    """Answer a request with telemetry, whatever becomes of it."""
    media = answerable(request)
    try:
        _check(request)
        receiver.expect(signal)
    except StratagraphError as error:
        return refusal(error, media)
    try:
        return _answer(await _taken(receiver, intake, signal, request), media)
    except ClientDisconnect:
        # Nobody is there to be told, and nothing is wrong here.
        return Response(status_code=HTTPStatus.BAD_REQUEST)
    except TooManyBodies:
        return refusal(told_of(Overloaded()), media)  # which is to be sent again sooner than other uploads
    except Exception as error:  # noqa: BLE001  told_of logs what it does not know
        return refusal(told_of(error), media, of_data=True)


async def _taken(receiver: Receiver, intake: Intake, signal: Signal, request: Request) -> Message:
    """Take a body in and make it durable. Raises StratagraphError."""
    media = media_type(request.headers.get("content-type", ""))
    # A header may come in several lines, which are one list (RFC 9110, section 5.3).
    encoding = ", ".join(request.headers.getlist("content-encoding"))
    encodings(encoding)  # refused before the body is waited for
    language = spoken()

    def receive(sent: bytes) -> Message:
        return receiver.receive(signal, decompress(sent, encoding, limit=receiver.limit), media, language)

    async with intake.body(request, receiver.limit, partial(BodyTooLarge, limit=receiver.limit)) as body:
        with receiver.place():
            return await to_thread.run_sync(receive, await body.read())


def _check(request: Request) -> None:
    """Refuse parameters in the query: the protocol has none."""
    check(request.query_params.multi_items(), {})


def answerable(request: Request) -> MediaType:
    """Return the media type to answer in: the request's own, JSON where that is none of ours."""
    try:
        return media_type(request.headers.get("content-type", ""))
    except StratagraphError:
        return MediaType.JSON


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
    if status == HTTPStatus.REQUEST_TIMEOUT:
        # A line that was slow may be faster the next time, and exporters drop what gets 408.
        status = HTTPStatus.SERVICE_UNAVAILABLE
    if status not in RPC_CODES or (of_data and status == HTTPStatus.UNPROCESSABLE_ENTITY):
        status = 400 if status < _FIRST_SERVER_ERROR else 503
    headers = {}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, UnsupportedEncoding) and error.header == "Content-Encoding":
        headers["Accept-Encoding"] = ", ".join(KNOWN)  # RFC 9110, section 15.5.16
    return _answer(Status(code=RPC_CODES[status], message=error.said(spoken())), media, status, headers)
