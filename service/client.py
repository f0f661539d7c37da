"""How commands reach the graph: through the service that runs on the data, else by opening the data themselves."""

from __future__ import annotations

import json
import re
from collections import UserDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol
from urllib.parse import urlencode, urlsplit

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Repetition
from stratagraph.service.engine.lockfile import Holder, running_service
from stratagraph.service.settings import DEMO_FOLDER, BadSetting, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from stratagraph.ontology.model import OntologyModel
    from stratagraph.service.engine.engine import Engine

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 600.0
"""Seconds that a command waits: loading a million facts takes minutes, connecting does not."""
FIRST_ERROR: Final = 400
GRAPH: Final = "/api/graph"
PIECE: Final = 1 << 16
"""Bytes of a large answer that are read at a time."""


class Unreachable(StratagraphError, slug="unreachable", status=503):
    """No service answers at the address given."""

    text = "No service answers at {url} ({reason}). Start one with 'stratagraph serve', or unset STRATAGRAPH_URL."

    url: str
    reason: str


class ServiceGone(Unreachable, slug="service-gone", status=503):
    """The service that was found on the data ended, or began to end, before it answered."""

    text = (
        "The service at {url} stopped before it answered ({reason}). Run the command again: where no service runs, it "
        "opens the data itself."
    )


class Refused(StratagraphError, slug="refused", status=400):
    """The service refused a request; its problem detail says why."""

    text = "{detail}"
    longest = 100_000  # the service has cut what is long already

    detail: str
    code: int
    problem: Mapping[str, Any]


class Headers(UserDict[str, str]):
    """The headers of an answer; their names are written in any case."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name.lower(), value)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """An answer of the service."""

    status: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text; all our texts are UTF-8."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Return the body's value. Raises ValueError."""
        return json.loads(self.content)


Send = Callable[[str, str, bytes | None, Mapping[str, str]], ServiceAnswer]
"""Sends one request: method, path with query, body, headers. Raises Unreachable."""


class Client:
    """Sends requests to the graph, wherever it is."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Any = None,  # named as in every library for HTTP
    ) -> ServiceAnswer:
        """Send one request; parameters that are None are left out.

        Raises:
            Unreachable: nothing answers.
            Refused: the answer is an error; carries the problem detail.
        """
        given = [(name, value) for name, value in (params or {}).items() if value is not None]
        told = {**(headers or {})}
        if json is not None:
            content = encode(json)
            told["Content-Type"] = "application/json"
        answer = self._send(method, f"{path}?{urlencode(given, doseq=True)}" if given else path, content, told)
        if answer.status >= FIRST_ERROR:
            raise _refusal(answer)
        return answer

    def commit(self, batch: Batch, *, dry_run: bool = False) -> dict[str, Any]:
        """Commit a batch and return its receipt; a dry run only tells what would change.

        Raises:
            Unreachable: nothing answers.
            Refused: nothing of the batch was committed; carries the problem detail.
        """
        # Most commands commit nothing, and the wire's form takes a while to load.
        from stratagraph.service.http.wire import to_wire

        params = {"dryRun": "true"} if dry_run else None
        answer: dict[str, Any] = self.request("POST", "/api/batches", params=params, json=to_wire(batch)).json()
        return answer

    def repeat(self, repetition: Repetition) -> dict[str, Any] | None:
        """Commit that a run found the documents of the last one of its scopes; return the receipt.

        None, and nothing is committed, where the batch itself has to be committed.

        Raises:
            Unreachable: nothing answers.
        """
        told = {name: getattr(repetition, name) for name in repetition.__slots__}
        try:
            answer: dict[str, Any] = self.request("POST", "/api/batches/repeat", json=told).json()
        except Refused:
            return None  # whatever is wrong with it, the batch is answered in full; an older service has no such route
        return answer

    def ontology(self) -> OntologyModel:
        """Return the ontology in force where the batches of this client go.

        Raises:
            Unreachable: nothing answers.
            Refused: the answer is an error.
        """
        from stratagraph.service.modules import read_modules

        return read_modules(self.request("GET", "/api/ontology/modules").json())

    def withdraw(self, source: str, scopes: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
        """Close what a source says, wholly or in some of its scopes, and return the receipt.

        Raises:
            Unreachable: nothing answers.
            Refused: there is nothing to close; carries the problem detail.
        """
        params = {"source": source, "scope": list(scopes), "dryRun": "true" if dry_run else None}
        answer: dict[str, Any] = self.request("DELETE", "/api/sources", params=params).json()
        return answer

    def dump(self, media_type: str, file: BinaryIO, *, system: str | None = None, lang: str = "en") -> None:
        """Write the whole graph to a file, or a system of it, which is given by name.

        Raises:
            Unreachable: nothing answers.
            Refused: the answer is an error.
        """
        params = {"system": system, "lang": lang}
        file.write(self.request("GET", GRAPH, params=params, headers={"Accept": media_type}).content)

    def scopes(self, source: str) -> dict[str, int]:
        """Return the scopes of a source with the number of their open claims; none for one that is new."""
        sources = self.request("GET", "/api/sources", params={"source": source}).json()["sources"]
        return {scope["name"]: scope["openClaims"] for found in sources for scope in found["scopes"]}


class Writer(Protocol):
    """Writes past the wire, in whose form a million facts need gigabytes."""

    def commit(self, batch: Batch, *, dry_run: bool = False) -> dict[str, Any]:
        """Commit a batch."""

    def repeat(self, repetition: Repetition) -> dict[str, Any] | None:
        """Commit that a run says what the last one said."""

    def withdraw(self, source: str, scopes: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
        """Close what a source says."""

    def scopes(self, source: str) -> dict[str, int]:
        """Return the scopes of a source."""

    def ontology(self) -> OntologyModel:
        """Return the ontology in force."""

    def dump(self, media_type: str, file: BinaryIO, *, system: str | None = None, lang: str = "en") -> None:
        """Write the whole graph to a file, or a system of it."""


class _Here(Client):
    """A client of an engine here: what it writes takes no wire, and no worker processes are started for it."""

    def __init__(self, send: Send, writer: Writer) -> None:
        super().__init__(send)
        self._writer = writer

    def ontology(self) -> OntologyModel:
        """Return the ontology in force."""
        return self._writer.ontology()

    def dump(self, media_type: str, file: BinaryIO, *, system: str | None = None, lang: str = "en") -> None:
        """Write the whole graph to a file, or a system of it, which is given by name."""
        with _refusing():
            self._writer.dump(media_type, file, system=system, lang=lang)

    def commit(self, batch: Batch, *, dry_run: bool = False) -> dict[str, Any]:
        """Commit a batch and return its receipt; a dry run only tells what would change."""
        with _refusing():
            return self._writer.commit(batch, dry_run=dry_run)

    def repeat(self, repetition: Repetition) -> dict[str, Any] | None:
        """Commit that a run found the documents of the last one of its scopes; None where that can't be known."""
        with _refusing():
            return self._writer.repeat(repetition)

    def withdraw(self, source: str, scopes: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
        """Close what a source says, wholly or in some of its scopes, and return the receipt."""
        with _refusing():
            return self._writer.withdraw(source, scopes, dry_run=dry_run)

    def scopes(self, source: str) -> dict[str, int]:
        """Return the scopes of a source with the number of their open claims; none for one that is new."""
        return self._writer.scopes(source)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except StratagraphError as error:
        raise Refused(detail=str(error), code=error.status, problem=error.details()) from None


def encode(value: Any) -> bytes:
    """Return a value as JSON, in ASCII."""
    return json.dumps(value, separators=(",", ":")).encode()


def _refusal(answer: ServiceAnswer) -> Refused:
    try:
        problem = answer.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        problem, detail = {}, answer.text.strip() or f"The service answered {answer.status}."
    return Refused(detail=detail, code=answer.status, problem=problem)


class _Remote(Client):
    """A client of a running service.

    It talks through the standard library, which loads in a tenth of the time, and past any proxy of the environment:
    none must stand between a command and a loopback service.
    """

    def __init__(self, url: str, identity: Mapping[str, str]) -> None:
        super().__init__(self._exchange)
        self._url = url
        self._identity = identity

    def dump(self, media_type: str, file: BinaryIO, *, system: str | None = None, lang: str = "en") -> None:
        """Write the graph, or a system of it, to a file piece by piece: it may be larger than the memory."""
        params = urlencode({"lang": lang, **({} if system is None else {"system": system})})
        with self._asked("GET", f"{GRAPH}?{params}", None, {"Accept": media_type}) as answer:
            if answer.status >= FIRST_ERROR:
                raise _refusal(ServiceAnswer(answer.status, Headers(answer.getheaders()), answer.read()))
            while piece := _read(answer, self._url):
                file.write(piece)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ServiceAnswer:
        with self._asked(method, path, body, headers) as answer:
            return ServiceAnswer(answer.status, Headers(answer.getheaders()), _read(answer, self._url, None))

    @contextmanager
    def _asked(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Iterator[HTTPResponse]:
        """Send a request and yield the answer, of which the body is not read yet."""
        parts = urlsplit(self._url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=CONNECT_SECONDS)
        try:
            with _reaching(self._url):
                connection.connect()
                connection.sock.settimeout(ANSWER_SECONDS)
                connection.request(method, parts.path.rstrip("/") + path, body, {**self._identity, **headers})
                answer = connection.getresponse()
            yield answer
        finally:
            connection.close()


def _read(answer: HTTPResponse, url: str, size: int | None = PIECE) -> bytes:
    """Return the next bytes of an answer, or all of them."""
    with _reaching(url):
        return answer.read(size)


@contextmanager
def _reaching(url: str) -> Iterator[None]:
    """Say of what the network does that the service can't be reached; what a file does is another matter."""
    try:
        yield
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(url=url, reason=str(error) or type(error).__name__) from None


def remote(url: str, token: str | None = None) -> Client:
    """Return a client of a running service, which may ask for an access token."""
    return _Remote(url, bearer(token))


def bearer(token: str | None) -> dict[str, str]:
    """Return the headers that carry an access token.

    Raises:
        BadSetting: no header can carry it.
    """
    if token and not re.fullmatch(r"[!-~]+", token):
        # Said here and without the token: the HTTP library would quote it in its error.
        raise BadSetting(name="token", reason="an access token is one word of ASCII", origin="STRATAGRAPH_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}


def local(app: FastAPI, writer: Writer | None = None) -> Client:
    """Return a client of an app in this process: the same routes, no socket; ``writer`` takes batches past them."""
    send = _sending(app)
    return _Here(send, writer) if writer else Client(send)


def _sending(app: FastAPI) -> Send:
    import asyncio

    from stratagraph.service.exchange import exchange

    async def ask(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ServiceAnswer:
        async with app.router.lifespan_context(app):
            done = await exchange(app, method, path, body, headers)
        return ServiceAnswer(done.status, Headers(done.headers), bytes(done.content))

    def send(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ServiceAnswer:
        return asyncio.run(ask(method, path, body, headers))

    return send


class Absent(Enum):
    """What to do where there is no ledger yet: refuse it, make one, or use an empty one that is thrown away."""

    REFUSE = auto()
    MAKE = auto()
    PRETEND = auto()


@contextmanager
def connect(settings: Settings, absent: Absent = Absent.REFUSE, *, early: bool = False) -> Iterator[Client]:
    """Find the running service, else open the data for the length of one command.

    ``early``: the command may have nothing to change, so that not everything is taken in before that is known.

    Raises:
        NoLedger: there are no data to open, and the command may not make any.
        Unreachable: an address is configured and nothing answers there.
        DataInUse: another process holds the data but serves nobody.
    """
    holder = running_service(settings.data) or (None if settings.has_ledger else running_demo(settings))
    url = settings.url or (holder.url if holder else None)
    if url:
        client = remote(url, settings.token.get_secret_value() if settings.token else None)
        try:
            yield client
        except Unreachable as error:
            # An address that nobody gave needs no advice about addresses.
            raise error if settings.url else ServiceGone(url=url, reason=error.reason) from None
        return
    if absent is Absent.PRETEND and not settings.has_ledger:
        elsewhere = TemporaryDirectory()
        with elsewhere as folder, connect(settings.model_copy(update={"data": Path(folder)}), Absent.MAKE) as client:
            yield client
        return
    if absent is Absent.REFUSE:
        settings.need_ledger()
    # Opening the data loads every part of the service; a command that only talks to one does without.
    from stratagraph.service.engine.engine import Engine
    from stratagraph.service.engine.taking_back import taking_back
    from stratagraph.service.http.batches import Writer as EngineWriter

    with taking_back(settings), Engine(settings, early=early) as engine:
        yield _Here(_asking(engine), EngineWriter(engine))


def _asking(engine: Engine) -> Send:
    """Return what sends requests to an engine here; the routes are made when the first one comes."""

    @cache
    def routes() -> Send:
        from stratagraph.service.http.app import create_app

        engine.take_in()
        # A process that can open the data needs no token to read them.
        return _sending(create_app(engine, guarded=False, lasting=False))

    def send(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> ServiceAnswer:
        return routes()(method, path, body, headers)

    return send


def running_demo(settings: Settings) -> Holder | None:
    """Return the demo that runs, for a newcomer who has named neither a folder nor a service."""
    if settings.url or "data" in settings.model_fields_set:
        return None
    return running_service(settings.data / DEMO_FOLDER)
