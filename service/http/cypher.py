"""``/cypher``: read-only Cypher over the property graph."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from starlette.responses import Response, StreamingResponse

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.documents.graph import CypherAnswer as CypherRows
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.headers import AT_LEAST, SEQUENCE
from stratagraph.service.http.leaving import unless_gone
from stratagraph.service.http.sequence import PATIENCE, wanted_sequence
from stratagraph.service.http.sparql import address
from stratagraph.service.neo4j.cypher.pool import CypherAnswer, CypherPool, CypherRequest, wait_for
from stratagraph.service.workers.errors import NotYetThere

log = logging.getLogger(__name__)

_BEGINNING: Final = 256 << 10
"""Bytes held back before the status is sent: a short answer has an exact status."""


def _sendable(value: Any) -> Any:
    """Refuse what JSON lets through and no text, or number of Cypher, can be."""
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise PydanticCustomError("unsendable", "this cannot be sent on: {reason}", {"reason": str(error)}) from None
    return value


class CypherQuery(BaseModel):
    """A query and the values of its ``$parameters``."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[str, AfterValidator(_sendable)] = Field(description="One Cypher statement that reads")
    parameters: Annotated[dict[str, Any], AfterValidator(_sendable)] = Field(
        default_factory=dict, description="Values of its $parameters"
    )


def router(pool: CypherPool, sequence: Callable[[], int], client: Callable[[Request], str] = address) -> APIRouter:
    """Return the route; ``sequence`` tells how far the view has come."""
    routes = APIRouter(tags=["Cypher"])

    @routes.post(
        "/cypher",
        summary="Ask a read-only Cypher query",
        response_class=Response,
        responses={200: {"model": CypherRows}, **problems(400, 413, 503, 504, 507)},
    )
    async def cypher(query: CypherQuery, request: Request) -> Response:
        wanted = wanted_sequence(request.headers.getlist(AT_LEAST))
        if wanted is not None and not await wait_for(sequence, wanted, PATIENCE):
            raise NotYetThere(sequence=sequence(), wanted=wanted, retry_after=1)
        asked = CypherRequest(text=query.query, parameters=query.parameters, client=client(request))
        begun = await unless_gone(request, _begun(pool, asked))
        return begun.response()

    return routes


@dataclass(frozen=True, slots=True)
class _Begun:
    """An answer whose beginning has come; ``rest`` is None where that is all of it."""

    answer: CypherAnswer
    beginning: bytes
    rest: AsyncIterator[bytes] | None

    def close(self) -> None:
        """Free the worker."""
        self.answer.close()

    def response(self) -> Response:
        """Return the HTTP answer."""
        headers = {SEQUENCE: str(self.answer.sequence), "Cache-Control": "no-store"}
        if self.rest is None:
            return Response(self.beginning, headers=headers, media_type="application/json")
        pieces = _rest(self.beginning, self.rest, self.answer)
        return StreamingResponse(pieces, headers=headers, media_type="application/json")


async def _begun(pool: CypherPool, asked: CypherRequest) -> _Begun:
    """Ask, and hold back the beginning of the answer."""
    answer = await pool.run(asked)
    pieces = answer.pieces()
    beginning = b""
    try:
        async for piece in pieces:
            beginning += piece
            if len(beginning) >= _BEGINNING:
                return _Begun(answer, beginning, pieces)
    except BaseException:
        answer.close()
        raise
    answer.close()
    return _Begun(answer, beginning, None)


async def _rest(beginning: bytes, pieces: AsyncIterator[bytes], answer: CypherAnswer) -> AsyncIterator[bytes]:
    """Yield the document; one that is cut ends without its last chunk, so that no client takes it for complete."""
    try:
        yield beginning
        async for piece in pieces:
            yield piece
    except StratagraphError as error:
        log.warning("a Cypher answer was cut: %s", error)
        raise
    finally:
        answer.close()
