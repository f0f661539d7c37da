"""An error written as the protocol of its route does, for whoever refuses a request before the route sees it."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.responses import Response

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http import otlp, problems, sparql

TELEMETRY: Final = "/v1/"


def refusal(error: StratagraphError, request: Request) -> Response:
    """Return the answer to a request that is refused."""
    path = request.url.path
    if path.startswith(TELEMETRY):
        answer = otlp.refusal(error, otlp.answerable(request))
    elif path == "/sparql":
        answer = sparql.refusal(error)
    else:
        answer = problems.from_error(error)
    answer.headers["Cache-Control"] = "no-store"
    return answer
