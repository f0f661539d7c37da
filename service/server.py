"""The HTTP server of one engine: binds first, so that the address is known before anything is announced."""

from __future__ import annotations

import resource
import socket
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import uvicorn

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.lockfile import DataInUse, running_service
from stratagraph.service.engine.opening import OpeningStopped
from stratagraph.service.http.access_tokens import TokenFile
from stratagraph.service.http.app import create_app
from stratagraph.service.http.origin import is_loopback
from stratagraph.service.http.protocol import BoundedProtocol
from stratagraph.service.otlp_kafka import kafka_consumer
from stratagraph.service.reception import Reception
from stratagraph.service.settings import Settings
from stratagraph.service.sources.scheduler import Scheduler
from stratagraph.service.sources.source_readings import SourceReadings

if TYPE_CHECKING:
    from stratagraph.service.telemetry.grpc_server import GrpcServer

BACKLOG = 2048
MOST_FILES = 65_536
SWITCH_SECONDS: Final = 0.001
"""Beside fifty impacts the slowest probes take half as long with it, and commits as long as before (bench/load.py)."""
LAST_SECONDS = 5
"""Seconds that requests get to be done when the service is told to stop."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  names of wildcards, nothing is bound here


class OpenBind(StratagraphError, slug="open-bind", status=403):
    """An address that others could reach, without a way to tell who they are."""

    text = (
        "Listening on {host} would let anybody on the network read and write the graph: there is no access token in "
        "{tokens}. Make one with 'stratagraph token add NAME --role read|ingest|admin', or listen on 127.0.0.1."
    )

    host: str
    tokens: str


class CannotListen(StratagraphError, slug="cannot-listen", status=409):
    """The address is taken or not ours."""

    text = "Can't listen on {host}:{port}: {reason}. Choose another with --port; 0 picks a free one."

    host: str
    port: int
    reason: str


class GrpcPortTaken(CannotListen, slug="grpc-port-taken"):
    """The port that was asked for is taken."""

    text = (
        "Can't receive OTLP/gRPC on {host}:{port}: {reason}. Choose another with --otlp-grpc-port; 0 picks a free one."
    )


def reserve(settings: Settings) -> socket.socket:
    """Take the address to listen on, before a folder is made or emptied for what may not or cannot be served.

    Raises:
        DataInUse: a process holds the data.
        OpenBind, TokensUnusable, CannotListen: as ``bind``.
        GrpcPortTaken: the same of the port for OTLP/gRPC, where one was asked for.
    """
    # First, for who starts the same service twice finds its address taken too.
    if holder := running_service(settings.data):
        raise DataInUse.by(holder, settings.data)
    bound = bind(settings)
    try:
        _try_grpc(settings)
    except CannotListen:
        bound.close()
        raise
    return bound


def _try_grpc(settings: Settings) -> None:
    """Refuse a port that was asked for and is taken; where nobody asked, the service runs without gRPC and says so."""
    if not settings.otlp_grpc or "otlp_grpc_port" not in settings.model_fields_set:
        return
    try:
        _bound(settings.host, settings.otlp_grpc_port).close()
    except CannotListen as error:
        raise GrpcPortTaken(host=error.host, port=error.port, reason=error.reason) from None


def bind(settings: Settings) -> socket.socket:
    """Take the address to listen on.

    Raises:
        OpenBind: the host is not loopback, and there is no access token.
        TokensUnusable: the file of access tokens can't be trusted or read.
        CannotListen: the address can't be bound.
    """
    if not is_loopback(settings.host) and not TokenFile(settings.tokens).tokens():
        raise OpenBind(host=settings.host, tokens=str(settings.tokens))
    return _bound(settings.host, settings.port)


class Server:
    """Serves one engine at an address that ``bind`` took, until it is told to stop.

    ``tell`` is told where telemetry is received over gRPC; without it, it is not.
    """

    def __init__(self, engine: Engine, bound: socket.socket, *, tell: Callable[[str], None] | None = None) -> None:
        self._socket = bound
        self._socket.listen(BACKLOG)
        port = self._socket.getsockname()[1]
        name = _reachable(engine.settings.host)
        self.url = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
        self.app = create_app(engine)
        self.reception: Reception = self.app.state.reception
        self.engine = engine
        self._failure: BaseException | None = None
        self._tell = tell
        self._grpc: GrpcServer | None = None
        runs = self.app.state.source_runs
        self._scheduler = Scheduler(runs, SourceReadings(engine, runs))
        self._kafka = kafka_consumer(engine, self.app.state.reception)
        self._uvicorn = _Uvicorn(
            self._end_receivers,
            uvicorn.Config(
                self.app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=LAST_SECONDS,
                server_header=False,
                http=BoundedProtocol,
                ws="none",
            ),
        )

    def run(self) -> None:
        """Serve until a signal or ``stop``."""
        _allow_many_connections()
        self.engine.lock.announce(self.url)
        taking_in = threading.Thread(target=self._take_in, name="opening")
        if self.engine.opening.is_whole:
            self.engine.start()
        taking_in.start()
        before = sys.getswitchinterval()
        # A thread that computes gives way to the loop, which has others to answer, after this and not after 5 ms.
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            sys.setswitchinterval(before)
            if taking_in.is_alive():
                self.engine.opening.stop()
                taking_in.join()
            for receiver in (self._grpc, self._kafka):
                if receiver is not None:
                    receiver.join()
            self._scheduler.stop()
            # After whatever brings telemetry, and before the engine is closed.
            self.reception.stop()
        if self._failure is not None:
            raise self._failure

    def _take_in(self) -> None:
        """Let the engine take in what it has not yet, and go on from there; where that fails, nothing is served."""
        try:
            if not self.engine.opening.is_whole:
                self.engine.take_in()
                self.engine.start()
            if self._kafka is not None:
                self._kafka.start()
            self.reception.start()
            self._scheduler.start()
            self._begin_grpc()
        except OpeningStopped:
            return
        except BaseException as failure:  # noqa: BLE001  it ends the program, as if nothing had been served before
            self._failure = failure
            self.stop()

    def _begin_grpc(self) -> None:
        """Receive telemetry over gRPC too. Last of all: its library takes a while to load, and nobody waits for it."""
        if self._tell is None or not self.engine.settings.otlp_grpc:
            return
        from stratagraph.service.otlp_grpc import grpc_server

        self._grpc = grpc_server(self.engine.settings, self.reception.receiver, self._tell)
        self._grpc.start()

    def _end_receivers(self) -> None:
        for receiver in (self._grpc, self._kafka):
            if receiver is not None:
                receiver.stop()

    @property
    def started(self) -> bool:
        """Whether requests are answered."""
        return self._uvicorn.started

    def connections(self) -> list[socket.socket]:
        """Return the sockets of the clients that are connected now."""
        open_ones = [connection.transport for connection in self._uvicorn.server_state.connections]
        return [transport.get_extra_info("socket") for transport in open_ones if transport is not None]

    def stop(self) -> None:
        """Ask the server to end; it answers what it has begun."""
        self._uvicorn.should_exit = True


class _Uvicorn(uvicorn.Server):
    """The library's server, which says when it begins to end."""

    def __init__(self, ending: Callable[[], None], config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; whoever ends beside it does at the same time."""
        self._ending()
        await super().shutdown(sockets)


def _reachable(host: str) -> str:
    """Return where this machine itself reaches a server on the host: loopback, when it listens on every address."""
    return EVERYWHERE.get(host, host)


def _allow_many_connections() -> None:
    """Let the process have as many open files as it may: by habit it is 1,024, which one idle client can hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol's number, which accepted sockets inherit: the event loop sets TCP_NODELAY only where it sees it.
    # Without, the body of an answer waits for the client to acknowledge the head, some 40 ms on a kept connection.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise CannotListen(host=host, port=port, reason=error.strerror or str(error)) from None
    return taken
