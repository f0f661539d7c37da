"""OpenTelemetry's own Collector between an SDK and the receiver: all three signals arrive, cut as it likes."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.observations import METRICS, SPANS
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.signals import Signal
from tests.collector import collector
from tests.core import MODEL
from tests.service.http.test_otlp import Store, app
from tests.service.http.test_otlp import serving as serving_http
from tests.service.telemetry.test_real_exporters import environment, serving_grpc

RUNS: Final = 5
PROGRAM: Final = """
import sys
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
# A service of its own: where spans tell of the same calls, these count.
other = Resource.create({"service.name": "counted"})
metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=other)
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
start = traces.get_tracer("app").start_as_current_span
call = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5-mini"}
for _ in range(int(sys.argv[1])):
    run = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"}
    with start("invoke_agent clerk", attributes=run):
        used = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
        with start("chat gpt-5-mini", attributes={**call, **used, "gen_ai.response.model": "gpt-5-mini"}):
            pass
        use = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "ledger"}
        with start("execute_tool ledger", attributes=use):
            pass
        verdict = {"gen_ai.evaluation.name": "tone", "gen_ai.evaluation.score.label": "pass"}
        logs.get_logger("app").emit(event_name="gen_ai.evaluation.result", attributes=verdict)
meter = metrics.get_meter("app")
meter.create_histogram("gen_ai.client.operation.duration", unit="s").record(
    0.5, {**call, "gen_ai.request.model": "gpt-5-nano", "gen_ai.response.model": "gpt-5-nano"}
)
"""


@contextmanager
def serving(protocol: str, store: Store) -> Iterator[str]:
    """Give the endpoint as an exporter of the Collector is told it."""
    if protocol == "http":
        with serving_http(app(store)) as url:
            yield url
    else:
        with serving_grpc(store, Counter()) as url:
            yield url.removeprefix("http://")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_what_a_collector_passes_on_arrives(tmp_path: Path, protocol: str) -> None:
    readers = Store().readers
    store = Store(readers={**readers, Signal.METRICS: Metrics(model=MODEL)})
    with serving(protocol, store) as endpoint:
        with collector(tmp_path, protocol, endpoint) as own:
            command = [sys.executable, "-c", PROGRAM, str(RUNS)]
            done = subprocess.run(
                command, env=environment(own), capture_output=True, text=True, timeout=120, check=True
            )
            assert done.stderr == ""
        told = store.batches
    assert sum(counts.rejected for counts in store.received) == 0
    spans = [batch for batch in told if batch.source == SPANS]
    assert figures(spans, SG.Agent, SG.runs) == figures(spans, SG.Tool, SG.calls) == RUNS
    assert figures(spans, SG.BaseModel, SG.inputTokens) == 10 * RUNS
    assert figures(spans, SG.Guardrail, SG.calls) == RUNS, "evaluations come as logs"
    assert figures([batch for batch in told if batch.source == METRICS], SG.BaseModel, SG.calls) == 1


def figures(batches: list[Batch], cls: str, metric: str) -> float:
    """What is counted of all assets of a class."""
    facts = [fact for batch in batches for fact in batch.facts()]
    assets = {fact.subject for fact in facts if fact.predicate == RDF.type and fact.object == cls}
    seen = [one for batch in batches for one in batch.observations]
    return sum(one.total for one in seen if one.subject in assets and one.metric == metric)
