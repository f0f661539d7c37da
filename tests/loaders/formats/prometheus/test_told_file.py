"""A file of an exposition or an answer: what there is, and no figure."""

from __future__ import annotations

import json

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import described

VLLM = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="openai/desk-llm"} 2.0
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
vllm:request_success_total{engine="0",finished_reason="stop",model_name="openai/desk-llm"} 41.0
# TYPE shop_orders_total counter
shop_orders_total{user_email="ana@example.org"} 3
"""
ANSWER = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [
            {
                "metric": {"__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": "GPU-1", "Hostname": "node-7", "job": "dcgm"},
                "values": [[1796040000, "12"], [1796040060, "NaN"]],
            }
        ],
    },
}


def test_an_exposition_states_what_it_names() -> None:
    told = described(VLLM, "metrics.prom")
    assert told.kind is Kind.PROMETHEUS
    assert told.assets == {("BaseModel/desk-llm", "BaseModel"), ("Infrastructure/vllm", "ModelServer")}
    assert told.relations == {("BaseModel/desk-llm", "implementedIn", "Infrastructure/vllm")}
    assert told.of("BaseModel/desk-llm", "requestRoute") == ["openai/"]
    assert told.unread == {"shop_orders_total": 1}
    assert not told.loaded.batch.observations
    assert "ana" not in repr(told)


def test_an_answer_states_what_it_names() -> None:
    told = described(json.dumps(ANSWER), "gpus.json")
    assert told.kind is Kind.PROMETHEUS
    assert told.relations == {("Infrastructure/GPU-1", "partOf", "Infrastructure/node-7")}
    assert not told.loaded.batch.observations


@pytest.mark.parametrize("name", ["metrics", "metrics.txt", "metrics.prom"])
def test_it_is_known_by_its_content(name: str) -> None:
    assert described(VLLM, name).kind is Kind.PROMETHEUS


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (VLLM[:-1], 8, "cut"),
        (VLLM.replace("41.0", "-1"), 6, "below nothing"),
        (VLLM.replace("2.0", "two"), 3, "no number"),
        ("<html>\n", 1, "HTML"),
    ],
)
def test_one_that_is_wrong_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(MalformedDocument) as raised:
        described(text, "metrics.prom", kind=Kind.PROMETHEUS)
    assert raised.value.line == line
    assert reason in str(raised.value)
