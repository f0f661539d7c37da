"""How commands reach the graph: through the service that runs on the data, else by opening the data themselves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import httpx
from fastapi import FastAPI

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch
from stratagraph.service.lockfile import Holder, running_service
from stratagraph.service.settings import DEMO_FOLDER, BadSetting, Settings

TIMEOUT: Final = httpx.Timeout(600.0, connect=5.0)
"""Seconds that a command waits: loading a million facts takes minutes, connecting does not."""


@dataclass(kw_only=True)
class Unreachable(StratagraphError):
    """No service answers at the address given."""

    slug: ClassVar[str] = "unreachable"
    status: ClassVar[int] = 503
    text: ClassVar[str] = (
        "No service answers at {url} ({reason}). Start one with 'stratagraph serve', or unset STRATAGRAPH_URL."
    )
    url: str
    reason: str


@dataclass(kw_only=True)
class Refused(StratagraphError):
    """The service refused a request; its problem detail says why."""

    slug: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{detail}"
    longest: ClassVar[int] = 100_000  # the service has cut what is long already
    detail: str
    code: int
    problem: Mapping[str, Any]


class Client:
    """Sends requests to the graph, wherever it is."""

    def __init__(self, open_session: Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]]) -> None:
        self._open_session = open_session

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request; options are httpx's (params, json, content, headers).

        Raises:
            Unreachable: nothing answers.
            Refused: the answer is an error; carries the problem detail.
        """
        return asyncio.run(self._request(method, path, options))

    def commit(self, batch: Batch) -> dict[str, Any]:
        """Commit a batch and return its receipt.

        Raises:
            Unreachable: nothing answers.
            Refused: nothing of the batch was committed; carries the problem detail.
        """
        # Most commands commit nothing, and the wire's form takes a while to load.
        from stratagraph.service.http.wire import to_wire

        answer: dict[str, Any] = self.request("POST", "/api/batches", json=to_wire(batch)).json()
        return answer

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        params = {name: value for name, value in (options.pop("params", None) or {}).items() if value is not None}
        async with self._open_session() as session:
            try:
                answer = await session.request(method, path, params=params, **options)
            except httpx.TransportError as error:
                raise Unreachable(url=str(session.base_url), reason=str(error) or type(error).__name__) from None
        if answer.is_error:
            raise _refusal(answer)
        return answer


class _Here(Client):
    """A client of an engine here: its batches take no wire, in whose form a million facts need gigabytes."""

    def __init__(
        self,
        open_session: Callable[[], AbstractAsyncContextManager[httpx.AsyncClient]],
        commit: Callable[[Batch], dict[str, Any]],
    ) -> None:
        super().__init__(open_session)
        self._commit = commit

    def commit(self, batch: Batch) -> dict[str, Any]:
        """Commit a batch and return its receipt."""
        try:
            return self._commit(batch)
        except StratagraphError as error:
            raise Refused(detail=str(error), code=error.status, problem=error.details()) from None


def _refusal(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem, detail = {}, answer.text.strip() or f"The service answered {answer.status_code}."
    return Refused(detail=detail, code=answer.status_code, problem=problem)


def remote(url: str, token: str | None = None) -> Client:
    """Return a client of a running service, which may ask for an access token."""
    headers = bearer(token)

    @asynccontextmanager
    async def session() -> AsyncIterator[httpx.AsyncClient]:
        # trust_env: a proxy of the environment must not stand between a command and a loopback service.
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT, trust_env=False) as opened:
            yield opened

    return Client(session)


def bearer(token: str | None) -> dict[str, str]:
    """Return the headers that carry an access token.

    Raises:
        BadSetting: no header can carry it.
    """
    if token and not re.fullmatch(r"[!-~]+", token):
        # Said here and without the token: the HTTP library would quote it in its error.
        raise BadSetting(name="token", reason="an access token is one word of ASCII", origin="STRATAGRAPH_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def local(app: FastAPI, commit: Callable[[Batch], dict[str, Any]] | None = None) -> Client:
    """Return a client of an app in this process: the same routes, no socket; ``commit`` takes batches past them."""

    @asynccontextmanager
    async def session() -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=TIMEOUT) as opened,
        ):
            yield opened

    return _Here(session, commit) if commit else Client(session)


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """Find the running service, else open the data for the length of one command.

    Raises:
        Unreachable: an address is configured and nothing answers there.
        DataInUse: another process holds the data but serves nobody.
    """
    holder = running_service(settings.data) or _running_demo(settings)
    url = settings.url or (holder.url if holder else None)
    if url:
        yield remote(url, settings.token.get_secret_value() if settings.token else None)
        return
    # Opening the data loads every part of the service; a command that only talks to one does without.
    from stratagraph.service.engine import Engine
    from stratagraph.service.http.app import create_app
    from stratagraph.service.http.batches import receipt

    with Engine(settings) as engine:
        # Whoever can open the data needs no token to read them.
        yield local(create_app(engine, guarded=False), commit=lambda batch: receipt(engine.commit(batch)))


def _running_demo(settings: Settings) -> Holder | None:
    """Return the demo that runs, for a newcomer who has named no folder and has no graph of their own yet."""
    if "data" in settings.model_fields_set or settings.has_ledger:
        return None
    return running_service(settings.data / DEMO_FOLDER)
