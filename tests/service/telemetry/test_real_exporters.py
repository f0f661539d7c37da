"""Programs with OpenTelemetry's own SDK as it comes: what they export arrives, and what is not wanted is asked once."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import Request, Response

from stratagraph.ontology.namespaces import SG
from stratagraph.service.telemetry.grpc_server import GrpcServer
from tests.conftest import ROOT
from tests.loaders.spans import relations
from tests.service.http.test_otlp import Store, app, receiver
from tests.service.http.test_otlp import serving as serving_http
from tests.service.telemetry.test_grpc_server import anybody

PROGRAM = """
import sys
from importlib import import_module
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

def exporter(module, name):
    return getattr(import_module(f"opentelemetry.exporter.otlp.proto.{sys.argv[1]}.{module}"), name)()

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(exporter("trace_exporter", "OTLPSpanExporter")))
metrics = MeterProvider([PeriodicExportingMetricReader(exporter("metric_exporter", "OTLPMetricExporter"))])
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(exporter("_log_exporter", "OTLPLogExporter")))

metrics.get_meter("app").create_counter("calls").add(1)
logs.get_logger("app").emit(body="hello")
attributes = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-5-mini"}
with traces.get_tracer("app").start_as_current_span("chat gpt-5-mini", attributes=attributes):
    pass
"""
"""Ends as programs do: what is left is exported when the interpreter exits."""


def environment(endpoint: str) -> dict[str, str]:
    """Nothing set but where to send to, and who sends."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return others | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=vitalis",
        "NO_PROXY": "*",
    }


def run(protocol: str, endpoint: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, protocol],
        env=environment(endpoint),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def test_over_http_every_signal_is_sent_once() -> None:
    store, asked = Store(), Counter[str]()
    made = app(store)

    @made.middleware("http")
    async def count(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        asked[request.url.path] += 1
        return await answer(request)

    with serving_http(made) as url:
        run("http", url)
    assert dict(asked) == {"/v1/traces": 1, "/v1/metrics": 1, "/v1/logs": 1}, "none is sent again"
    assert relations(store.batches[0], SG.usesModel) == {("shop", "gpt-5-mini")}


@contextmanager
def serving_grpc(store: Store, asked: Counter[str]) -> Iterator[str]:
    listening: queue.Queue[str] = queue.Queue()
    made = receiver(store)
    expect = made.expect

    def counted(signal: Any) -> None:
        asked[str(signal)] += 1
        expect(signal)

    made.expect = counted  # type: ignore[method-assign]  # it only counts
    server = GrpcServer(
        made, host="127.0.0.1", port=0, admit=anybody, listening=listening.put, refused=lambda _: listening.put("")
    )
    server.start()
    try:
        yield f"http://{listening.get(timeout=30)}"
    finally:
        server.join()


def test_over_grpc_every_signal_is_sent_once() -> None:
    store, asked = Store(), Counter[str]()
    with serving_grpc(store, asked) as url:
        run("grpc", url)
    assert dict(asked) == {"traces": 1, "metrics": 1, "logs": 1}, "none is sent again"
    assert relations(store.batches[0], SG.usesModel) == {("shop", "gpt-5-mini")}


def run_guide(number: int, protocol: str, url: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the guide with its settings, but for the port."""
    guide = (ROOT / "docs" / "how-to" / "send-telemetry.md").read_text(encoding="utf-8")
    shells = re.findall(r"^```sh\n(.*?)^```$", guide, flags=re.MULTILINE | re.DOTALL)
    program = re.findall(r"^```python\n(.*?)^```$", guide, flags=re.MULTILINE | re.DOTALL)[number]
    place = {"http": "http://127.0.0.1:8000", "grpc": "http://127.0.0.1:4317"}[protocol]
    (settings,) = [shell for shell in shells if f"ENDPOINT={place}" in shell]
    script = f"{settings.replace(place, url)}\n\"$1\" - <<'END'\n{program}END\n"
    return subprocess.run(
        ["bash", "-euc", script, "bash", sys.executable],
        env={name: value for name, value in os.environ.items() if not name.startswith("OTEL_")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_the_block_of_the_guide_works_as_pasted(protocol: str) -> None:
    store = Store()
    serving = serving_http(app(store)) if protocol == "http" else serving_grpc(store, Counter())
    with serving as url:
        done = run_guide(0, protocol, url)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert relations(store.batches[0], SG.usesModel) == {("helpdesk", "gpt-5-mini")}
