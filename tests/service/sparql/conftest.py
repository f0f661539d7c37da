"""A real store on disk, its checkpoints, and a served pool."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request
from pyoxigraph import Literal, NamedNode, Quad, Store

from stratagraph.ontology.namespaces import SG
from stratagraph.service.http import sparql
from stratagraph.service.http.protocol import BoundedProtocol
from stratagraph.service.sparql.pool import QueryPool
from stratagraph.service.views.checkpoints import Checkpoints
from stratagraph.service.workers.limits import QuerySettings

E = "http://example.org/"
GRAPH = NamedNode(E + "graph")


def fill(store: Store, count: int = 300) -> None:
    """Chain ``count`` nodes and give each a name that needs escaping in every format."""
    names = ['plain, "quoted"', "line\nend", "tab\tand <tag> & }},{", "São Paulo \\ 東京"]
    for number in range(count):
        node = NamedNode(f"{E}{number}")
        store.add(Quad(node, NamedNode(E + "next"), NamedNode(f"{E}{(number + 1) % count}")))
        store.add(Quad(node, NamedNode(SG.name), Literal(f"{names[number % 4]} {number}", language="en")))
    store.add(Quad(NamedNode(E + "g"), NamedNode(E + "next"), Literal("in the graph"), GRAPH))
    store.flush()


class Estate:
    """A store that is written to, with the sequence counted by hand."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        self.sequence = 7
        fill(self.store)
        self.checkpoints = Checkpoints(
            folder / "checkpoints", make=self.make, sequence=lambda: self.sequence, interval=0.05
        )

    def make(self, path: Path) -> int:
        """Write a checkpoint and return its sequence."""
        self.store.backup(path)
        return self.sequence


@dataclass
class Served:
    """A running server."""

    url: str
    pool: QueryPool
    estate: Estate


def client_of(request: Request) -> str:
    """Take the name in a header for a proven identity."""
    return request.headers.get("x-client", "somebody")


SETTINGS = QuerySettings(
    workers=3, query_seconds=2.0, memory_bytes=192 << 20, rows=50_000, answer_bytes=4 << 20, at_least_seconds=0.3
)


@pytest.fixture(name="estate", scope="session")
def _estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return Estate(tmp_path_factory.mktemp("estate"))


@pytest.fixture(name="served", scope="session")
def _served(estate: Estate) -> Iterator[Served]:
    app = FastAPI()
    pool = QueryPool(estate.checkpoints, SETTINGS)
    app.include_router(sparql.router(pool, client_of))
    app.router.on_startup.append(pool.start)
    app.router.on_shutdown.append(pool.stop)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", http=BoundedProtocol))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        while not server.started:
            threading.Event().wait(0.01)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/sparql", pool, estate)
        server.should_exit = True
        thread.join()
