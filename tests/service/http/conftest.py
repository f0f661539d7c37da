"""The real service over the example estate and its telemetry, in a thread: what the tests of HTTP's conventions ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from stratagraph.service.demo import load_estates, replay
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served


@dataclass(frozen=True)
class Site:
    """A service that answers, and what stands behind it."""

    url: str
    engine: Engine
    app: FastAPI
    client: httpx.Client

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request."""
        return self.client.request(method, path, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET request."""
        return self.send("GET", path, **options)

    @property
    def description(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return self.app.openapi()


@pytest.fixture(name="site", scope="package")
def _site(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Site]:
    settings = Settings(data=opened(tmp_path_factory.mktemp("data")), port=0)
    with (
        Engine(settings) as engine,
        served(engine) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        load_estates(engine)
        # Not in a folder that holds it already: a service counts what came in since it started.
        assert replay(engine, server), "the samples came in over OTLP"
        yield Site(server.url, engine, server.app, client)
