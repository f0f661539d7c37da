"""An engine with its routes in this process: inventories and traces go in, answers come out."""

from __future__ import annotations

import time
from typing import Any

import anyio
import httpx
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.ontology.facts import Iri
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from tests.loaders.spans import SECOND, agent, chat, request, span

NOW = (time.time_ns() // SECOND - 120) * SECOND
"""Two minutes ago: within every window that is asked for."""
SERVICE = {"service.name": "atendimento", "service.namespace": "vitalis"}


class Estate:
    """An estate told by files and by telemetry."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._app = create_app(engine)

    def load(self, inventory: str, *, source: str = "team", scope: str = "estate.yaml") -> dict[str, Any]:
        """Commit an inventory as the whole of its scope."""
        return self._load(inventory, "application/yaml", source, scope)

    def rehearse(self, inventory: str) -> dict[str, Any]:
        """Ask what committing an inventory would answer."""
        return self._load(inventory, "application/yaml", "team", "estate.yaml", dryRun="true")

    def load_turtle(self, text: str) -> dict[str, Any]:
        """Commit a document."""
        return self._load(text, "text/turtle", "registry", "registry.ttl")

    def commit_turtle(self, text: str, *, scope: str, **more: str) -> dict[str, Any]:
        """Commit a document as the whole of a scope, and say what became of it."""
        return self._load(text, "text/turtle", "registry", scope, **more)

    def _load(self, text: str, media_type: str, source: str, scope: str, **more: str) -> dict[str, Any]:
        answer = self._send(
            "POST",
            "/api/batches",
            content=text.encode(),
            headers={"Content-Type": media_type},
            params={"source": source, "scope": scope, "complete": "true", **more},
        )
        return {"status": answer.status_code, **answer.json()}

    def trace(self, *spans: Span, resource: dict[str, str] = SERVICE, scope: str = "test.scope") -> None:
        """Send spans of a service, as an instrumentation tells them."""
        body = request(spans, resource=resource, scope=scope).SerializeToString()
        answer = self._send("POST", "/v1/traces", content=body, headers={"Content-Type": "application/x-protobuf"})
        assert answer.status_code == 200, answer.text
        self._app.state.reception.flush()

    def call(self, name: str, *, number: int = 1, **resource: str) -> None:
        """Let an agent of a service call a model once."""
        trace = number.to_bytes(16)
        self.trace(
            span(2 * number, agent(name), trace=trace, start=NOW),
            span(2 * number + 1, chat("gpt-5-mini", input=10, output=5), parent=2 * number, trace=trace, start=NOW),
            resource=SERVICE | {key.replace("_", "."): value for key, value in resource.items()},
        )

    def get(self, path: str, *, status: int = 200, **params: str) -> dict[str, Any]:
        """Ask a route."""
        answer = self._send("GET", path, params=params)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def found(self, text: str) -> list[Iri]:
        """The assets that a search finds."""
        return [row["iri"] for row in self.get("/api/search", q=text)["results"]]

    def calls(self, asset: str) -> float:
        """The calls of the last day."""
        figures = self.get("/api/metrics", asset=asset)["figures"]
        return sum(float(figure["total"]) for figure in figures if figure["notation"] == "calls")

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **options)

        return anyio.run(send)
