"""What Prometheus answers to queries: ranges and single times, classic and native histograms, errors told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.query_answers import is_answer, read_answer
from stratagraph.loaders.formats.prometheus.scrape import Taken
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.observations import quantile
from tests.loaders.formats.prometheus.told import BEGIN, facts, last, scraped, shipped_set, totals

START = BEGIN.timestamp() - 600
LABELS = {"job": "vllm", "instance": "10.0.0.7:8000", "model_name": "llama-3", "engine": "0"}
URL = "https://prometheus.example/api/v1/query_range?query=x"


def series(name: str, values: list[float | None], **labels: str) -> dict[str, Any]:
    """Return a series of a matrix, a value a minute."""
    points = [[START + 60 * place, str(value)] for place, value in enumerate(values) if value is not None]
    return {"metric": {"__name__": name, **LABELS, **labels}, "values": points}


def answer(*result: dict[str, Any], kind: str = "matrix", **more: Any) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": list(result)}, **more})


def taken(*texts: str) -> list[Taken]:
    return scraped(*texts, name=URL)


def read(text: str) -> Any:
    return read_answer(Document("a.json", text.encode()), shipped_set())


def test_a_range_of_a_counter_tells_what_was_added_within_it() -> None:
    told = answer(
        series("vllm:request_success_total", [10, 12, 15, 2, 4], finished_reason="length"),
        series("vllm:request_success_total", [None, None, 5, 6, 6], finished_reason="stop"),
    )
    (found,) = taken(told)
    assert totals(found)["llama-3", "truncatedCalls"] == 2 + 3 + 2 + 2
    seen = [one for one in found.observations if last(one.subject) == "llama-3"]
    assert sum(one.count for one in seen) == 9 + 5 + 1
    assert len({one.start for one in seen}) == 4
    assert {last(fact.subject) for fact in facts(found)} == {"llama-3", "vllm"}


def test_a_range_that_overlaps_the_one_before_counts_only_what_is_new() -> None:
    first = answer(series("vllm:request_success_total", [10, 12, 15], finished_reason="length"))
    second = answer(series("vllm:request_success_total", [10, 12, 15, 18], finished_reason="length"))
    told = taken(first, second, second)
    assert [totals(each).get(("llama-3", "truncatedCalls"), 0) for each in told] == [5, 3, 0]


def test_classic_histograms_are_put_together_from_their_series() -> None:
    name = "vllm:time_to_first_token_seconds"
    (found,) = taken(
        answer(
            series(f"{name}_bucket", [0, 4], le="0.1"),
            series(f"{name}_bucket", [0, 8], le="+Inf"),
            series(f"{name}_count", [0, 8]),
            series(f"{name}_sum", [0, 2]),
        )
    )
    (seen,) = (one for one in found.observations if last(one.subject) == "llama-3")
    assert (seen.count, seen.total) == (8, 2)
    assert (quantile(seen, 0.25) or 0) <= 0.1


def test_native_histograms_are_read() -> None:
    def native(number: int) -> dict[str, Any]:
        buckets = [[0, "0.25", "0.5", str(number // 2)], [0, "0.5", "1", str(number - number // 2)]]
        return {"count": str(number), "sum": str(number / 2), "buckets": buckets}

    told = {
        "metric": {"__name__": "vllm:time_to_first_token_seconds", **LABELS},
        "histograms": [[START, native(4)], [START + 60, native(10)]],
    }
    (found,) = taken(answer(told))
    (seen,) = (one for one in found.observations if last(one.subject) == "llama-3")
    assert (seen.metric, seen.count, seen.total) == (SG.timeToFirstToken, 6, 3)
    assert 0.25 <= (quantile(seen, 0.2) or 0) <= 0.5


def test_one_time_tells_gauges() -> None:
    told = {"metric": {"__name__": "vllm:num_requests_waiting", **LABELS}, "value": [START, "7"]}
    (found,) = taken(answer(told, kind="vector"))
    assert totals(found)["llama-3", "waitingRequests"] == 7


def test_series_without_a_name_are_counted_and_tell_nothing() -> None:
    told = {"metric": {"model_name": "llama-3"}, "value": [START, "7"]}
    (found,) = taken(answer(told, kind="vector", warnings=["partial response"]))
    assert found.nameless == 1
    assert found.warnings == ("partial response",)
    assert not found.scopes


def test_nothing_is_an_answer_too() -> None:
    (found,) = taken(answer())
    assert not found.observations


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"status":"error","errorType":"timeout","error":"query timed out at ana@example.org"}', "timeout"),
        ('{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', "scalar"),
        ('{"status":"success","data":{"resultType":"matrix","result":{}}}', "list of series"),
        ('{"status":"success","data":{"resultType":"matrix","result":[{"values":[]}]}}', "'metric'"),
        (answer({"metric": {"__name__": "vllm:num_requests_waiting"}, "values": [[1]]}), "a time and a value"),
        (answer({"metric": {"__name__": "vllm:num_requests_waiting"}, "values": [["x", "1"]]}), "number of seconds"),
        (answer({"metric": {"__name__": "vllm:num_requests_waiting"}, "values": [[1, "x"]]}), "is a number"),
        (answer({"metric": {"__name__": "vllm:num_requests_waiting"}, "values": 3}), "a time and a value"),
        ('{"status":"ok"}', "no answer"),
        ("[]", "no answer"),
        (answer()[:-4], "cut"),
    ],
)
def test_what_is_no_answer_is_told(text: str, reason: str) -> None:
    with pytest.raises(MalformedDocument) as raised:
        read(text)
    assert reason in str(raised.value)
    assert "ana" not in str(raised.value)


def test_an_answer_is_known_by_its_fields() -> None:
    assert is_answer(json.loads(answer()))
    assert is_answer({"status": "error", "errorType": "bad_data", "error": "x"})
    others: list[Any] = [
        {},
        [],
        {"status": "success"},
        {"status": "success", "data": {"assets": []}},
        {"data": {}},
        3,
        None,
    ]
    for other in others:
        assert not is_answer(other)
