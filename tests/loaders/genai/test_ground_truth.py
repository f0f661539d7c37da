"""Every capture of a real emitter tells what its workload did: calls, failures, tokens, agents, tools, who is who."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.otlp_traces import transform
from tests.loaders.genai.captures import ground_truth
from tests.loaders.genai.estates import estate_of, faults
from tests.loaders.spans import fixture
from tests.loaders.transformed import MODEL

CAPTURES = tuple(ground_truth())


@pytest.mark.shared
@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_tells_what_was_done(shared: Path, capture: str) -> None:
    whole = ExportTraceServiceRequest()
    for sent in fixture(shared / "telemetry" / capture):
        whole.MergeFrom(sent)
    batch = transform(whole, model=MODEL, run="r").batch
    assert not faults(estate_of([batch]), ground_truth()[capture])


@pytest.mark.shared
def test_every_capture_with_traces_has_its_ground_truth(shared: Path) -> None:
    recorded = {folder.name for folder in (shared / "telemetry").iterdir() if list(folder.glob("*-traces.pb*"))}
    assert recorded == set(CAPTURES)
