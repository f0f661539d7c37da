"""``/cypher``: read-only Cypher over the property graph."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http.headers import AT_LEAST, SEQUENCE
from stratagraph.service.http.problems import from_error, problem
from stratagraph.service.http.sparql import address
from stratagraph.service.neo4j.cypher.pool import CypherAnswer, CypherPool, CypherRequest, wait_for
from stratagraph.service.sparql.errors import NotYetThere

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds that a request waits for the sequence it asked for."""
_BEGINNING: Final = 256 << 10
"""Bytes held back before the status is sent: a short answer has an exact status."""


class CypherQuery(BaseModel):
    """A query and the values of its ``$parameters``."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(description="One Cypher statement that reads")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Values of its $parameters")


def router(pool: CypherPool, sequence: Callable[[], int], client: Callable[[Request], str] = address) -> APIRouter:
    """Return the route; ``sequence`` tells how far the view has come."""
    routes = APIRouter(tags=["Cypher"])

    @routes.post("/cypher", summary="Ask a read-only Cypher query", response_class=Response)
    async def cypher(query: CypherQuery, request: Request) -> Response:
        wanted = request.headers.get(AT_LEAST)
        if wanted is not None:
            if not (wanted.isascii() and wanted.isdecimal()):
                return problem(
                    slug="malformed-sequence",
                    title="The sequence asked for is not a number",
                    status=400,
                    detail=f"{AT_LEAST} is '{wanted}'. Send a number that {SEQUENCE} gave.",
                )
            if not await wait_for(sequence, int(wanted), PATIENCE):
                return from_error(NotYetThere(sequence=sequence(), wanted=int(wanted), retry_after=1))
        asked = CypherRequest(text=query.query, parameters=query.parameters, client=client(request))
        answer = await pool.run(asked)
        return await _respond(answer)

    return routes


async def _respond(answer: CypherAnswer) -> Response:
    headers = {SEQUENCE: str(answer.sequence), "Cache-Control": "no-store"}
    pieces = answer.pieces()
    beginning = b""
    try:
        async for piece in pieces:
            beginning += piece
            if len(beginning) >= _BEGINNING:
                return StreamingResponse(
                    _rest(beginning, pieces, answer), headers=headers, media_type="application/json"
                )
    except BaseException:
        answer.close()
        raise
    answer.close()
    return Response(beginning, headers=headers, media_type="application/json")


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
