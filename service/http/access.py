"""Who may do what: bearer tokens, checked before any route sees the request."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.http import sparql
from stratagraph.service.http.access_tokens import AccessToken, Role, TokenFile, TokensUnusable
from stratagraph.service.http.headers import values
from stratagraph.service.http.refusals import TELEMETRY, refusal

log = logging.getLogger(__name__)

DELAY: Final = 0.25
"""Seconds before a wrong token is answered."""
OPEN: Final = frozenset({"/", "/docs", "/favicon.ico", "/health/live"})
"""What needs no token beside the page's files: they hold no data, and a browser can't send one before it has them."""
PAGES: Final = "/pages/"
QUERIES: Final = frozenset({"/sparql", "/cypher"})
"""What is posted to, and still only reads."""
BATCHES: Final = "/api/batches"

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HOLDER: Final = "token"


class TokenNeeded(StratagraphError, slug="token-needed", status=401):
    """The request carries no access token."""

    text = (
        "This service asks for an access token. Send it as 'Authorization: Bearer TOKEN'; commands take it from "
        "STRATAGRAPH_TOKEN. Whoever runs the service makes one with 'stratagraph token add NAME --role {role}'."
    )
    challenge = ""

    role: str


class TokenUnknown(StratagraphError, slug="token-unknown", status=401):
    """The access token is wrong or was revoked."""

    text = (
        "The access token is wrong or was revoked. Whoever runs the service makes a new one with "
        "'stratagraph token add NAME --role {role}'."
    )
    challenge = ', error="invalid_token"'

    role: str


class RoleTooLow(StratagraphError, slug="role-too-low", status=403):
    """The access token does not allow this."""

    text = "The access token {name} has the role {has}; this needs the role {role}. Use another token."
    challenge = ', error="insufficient_scope"'

    name: str
    has: str
    role: str


def needed(method: str, path: str) -> Role | None:
    """Return the role that a request needs, or None where nothing is needed. What is not known needs the highest."""
    if method in _SAFE:
        return None if path in OPEN or path.startswith(PAGES) else Role.READ
    if method == "POST" and path in QUERIES:
        return Role.READ
    if method == "POST" and (path == BATCHES or path.startswith(TELEMETRY)):
        return Role.INGEST
    return Role.ADMIN


def asker(request: Request) -> str:
    """Return who sent a request: the proven name of a token, else the address."""
    holder: AccessToken | None = getattr(request.state, _HOLDER, None)
    return f"token {holder.name}" if holder else f"address {sparql.address(request)}"


async def proven(tokens: TokenFile, authorization: str, role: Role, place: str) -> AccessToken:
    """Return the token that an Authorization header carries, if it allows what needs the role.

    Raises:
        TokenNeeded, RoleTooLow, TokensUnusable: what is wrong with it.
        TokenUnknown: nobody holds it; told late, so that guessing takes long.
    """
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise TokenNeeded(role=role.value)
    holder = tokens.holder(secret.strip())
    if holder is None:
        log.warning("a request to %r carried a wrong or revoked token", place)
        await asyncio.sleep(DELAY)
        raise TokenUnknown(role=role.value)
    if not holder.role.includes(role):
        raise RoleTooLow(name=holder.name, has=holder.role.value, role=role.value)
    return holder


class AccessGuard:
    """ASGI middleware: every request needs a token of a sufficient role once there is a file of tokens.

    ``always``: also while there is none, for a service that others can reach.
    """

    def __init__(self, app: ASGIApp, tokens: TokenFile, *, always: bool) -> None:
        self.app = app
        self.tokens = tokens
        self.always = always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with the name of its token, or answer 401, 403 or, without usable tokens, 503."""
        role = needed(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if role is None or not (self.always or self.tokens.exists()):
            await self.app(scope, receive, send)
            return
        try:
            sent = next(iter(values(scope, b"authorization")), "")
            scope.setdefault("state", {})[_HOLDER] = await proven(self.tokens, sent, role, scope["path"])
        except StratagraphError as error:
            await _refusal(error, Request(scope))(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _refusal(error: StratagraphError, request: Request) -> Response:
    """Write an error as the protocol of its route does, with what the client must bring."""
    if isinstance(error, TokensUnusable):
        log.error("%s", error)
    answer = refusal(error, request)
    challenge = getattr(error, "challenge", None)
    if challenge is not None:
        answer.headers["WWW-Authenticate"] = f'Bearer realm="stratagraph"{challenge}'
    return answer
