"""Scrapes one after another: what was added between them, on whom, and nothing that was not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.scrape import Taken, transform
from stratagraph.ontology.facts import Batch, Fact, Literal, Method
from stratagraph.ontology.namespaces import ASSET_BASE, SG, local_name
from stratagraph.ontology.observations import quantile
from tests.core import MODEL, gate
from tests.loaders.formats.prometheus.told import BEGIN, URL, facts, last, scraped, shipped_set, totals

MODEL_IRI = f"{ASSET_BASE}BaseModel/llama-3"
SERVER_IRI = f"{ASSET_BASE}Infrastructure/vllm-1%3A8000"
SHRINKING = (("1", 5), ("2", 4), ("+Inf", 5))
LITELLM_URL = "http://gateway:4000/metrics"


def requests(number: int, *, model: str = "llama-3", started: float = 0.0) -> str:
    """Return what vLLM tells after so many requests of half a second."""
    labels = f'engine="0",model_name="{model}"'
    lines = [
        "# TYPE vllm:e2e_request_latency_seconds histogram",
        f'vllm:e2e_request_latency_seconds_bucket{{{labels},le="0.3"}} 0',
        f'vllm:e2e_request_latency_seconds_bucket{{{labels},le="0.8"}} {number}',
        f'vllm:e2e_request_latency_seconds_bucket{{{labels},le="+Inf"}} {number}',
        f"vllm:e2e_request_latency_seconds_count{{{labels}}} {number}",
        f"vllm:e2e_request_latency_seconds_sum{{{labels}}} {number / 2}",
        "# TYPE vllm:num_requests_running gauge",
        f"vllm:num_requests_running{{{labels}}} 3",
    ]
    if started:
        lines.append(f"process_start_time_seconds {started}")
    return "\n".join([*lines, ""])


def calls(told: list[Taken]) -> list[float]:
    """Return the calls of the model after each scrape."""
    return [totals(taken).get(("llama-3", "calls"), 0) for taken in told]


def test_a_scrape_states_the_server_the_model_and_where_it_runs() -> None:
    (taken,) = scraped(requests(5))
    assert Fact(MODEL_IRI, SG.implementedIn, SERVER_IRI) in facts(taken)
    assert {fact.subject for fact in facts(taken)} == {MODEL_IRI, SERVER_IRI}
    assert [scope.complete for scope in taken.scopes] == [False]


def test_one_scrape_tells_gauges_and_no_counts() -> None:
    (taken,) = scraped(requests(5))
    assert {local_name(seen.metric) for seen in taken.observations} == {"runningRequests"}


def test_what_was_added_between_scrapes_counts_once() -> None:
    assert calls(scraped(requests(5), requests(12), requests(12), requests(20))) == [0, 7, 0, 8]


def test_a_reset_begins_anew() -> None:
    assert calls(scraped(requests(50), requests(3), requests(9))) == [0, 3, 6]


def test_a_program_that_just_began_is_counted_from_its_start() -> None:
    start = BEGIN.timestamp() - 120
    assert calls(scraped(requests(5, started=start), requests(7, started=start))) == [5, 2]


def test_what_an_old_program_counted_before_is_not_told() -> None:
    start = BEGIN.timestamp() - 86_400
    assert calls(scraped(requests(5000, started=start), requests(5001, started=start))) == [0, 1]


def test_a_restart_that_overtakes_the_old_total_is_known_by_its_start() -> None:
    start, again = BEGIN.timestamp() - 86_400, BEGIN.timestamp() + 30
    assert calls(scraped(requests(5, started=start), requests(9, started=again))) == [0, 9]


def test_a_start_that_moves_with_the_clock_is_no_restart() -> None:
    start = BEGIN.timestamp() - 600
    told = scraped(requests(5, started=start), requests(6, started=start - 1.5), requests(7, started=start + 2))
    assert calls(told) == [5, 1, 1]


def test_a_series_that_comes_to_be_had_counted_nothing() -> None:
    told = scraped(requests(5, model="other"), requests(5, model="other") + requests(4).split("# TYPE vllm:num")[0])
    assert calls(told) == [0, 4]


def test_more_mappings_do_not_make_old_totals_new() -> None:
    fewer = type(shipped_set())(table for table in shipped_set().tables if table.name != "vllm")
    text = requests(40) + "tgi_queue_size 1\n"
    first = transform([Document(URL, text.encode())], model=MODEL, mappings=fewer, heard=BEGIN)
    marks = {key: value for key, value in first.marks.items() if value}
    second = transform(
        [Document(URL, text.encode())],
        model=MODEL,
        mappings=shipped_set(),
        heard=BEGIN + timedelta(minutes=1),
        marks=marks,
    )
    assert calls([second]) == [0]


def test_a_run_that_failed_leaves_no_trace() -> None:
    with pytest.raises(MalformedDocument):
        scraped(requests(5), [requests(7), requests(9)[:-1]])
    assert calls(scraped(requests(5), requests(9))) == [0, 4]


def test_figures_fit_the_gate() -> None:
    for taken in scraped(requests(5), requests(12)):
        batch = Batch(
            source="prometheus",
            run="1",
            method=Method.OBSERVED,
            scopes=taken.scopes,
            observations=taken.observations,
        )
        assert not gate().check(batch, lambda _: ()).violations


def test_quantiles_come_from_the_buckets() -> None:
    *_, taken = scraped(requests(5), requests(12))
    (seen,) = (seen for seen in taken.observations if seen.subject == MODEL_IRI and seen.metric == SG.callLatency)
    assert (seen.count, seen.total, seen.unit) == (7, 3.5, "s")
    assert 0.3 <= (quantile(seen, 0.95) or 0) <= 0.8


def test_nobody_who_is_none_becomes_an_asset() -> None:
    for name in ("None", "", "none", "unknown"):
        (taken,) = scraped(requests(5, model=name))
        assert {last(fact.subject) for fact in facts(taken)} == {"vllm-1%3A8000"}, name


def test_gateways_labels_about_people_are_not_kept() -> None:
    labels = 'api_key_alias="ana-key",end_user="ana",hashed_api_key="88dc",model="openai/gpt-4o",user_email="ana@a.org"'
    text = f"# TYPE litellm_spend_metric_total counter\nlitellm_spend_metric_total{{{labels}}} "
    first, second = scraped(f"{text}1.5\n", f"{text}1.75\n", name=LITELLM_URL)
    told = repr((first, second))
    assert "ana" not in told
    assert "88dc" not in told
    assert totals(second)["gpt-4o", "callCost"] == pytest.approx(0.25)
    assert Fact(f"{ASSET_BASE}BaseModel/gpt-4o", SG.requestRoute, _text("openai/")) in facts(second)
    assert {seen.unit for seen in second.observations} == {"USD"}


def _text(value: str) -> Literal:
    return Literal(value)


def test_units_are_those_of_the_metrics() -> None:
    labels = 'gpu="0",UUID="GPU-1",modelName="NVIDIA L4",Hostname="node-1"'
    (taken,) = scraped(
        f"# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{{{labels}}} 40\n"
        f"DCGM_FI_DEV_FB_USED{{{labels}}} 2\nDCGM_FI_DEV_POWER_USAGE{{{labels}}} 71.5\n",
        name="http://node-1:9400/metrics",
    )
    assert totals(taken) == {
        ("GPU-1", "acceleratorUse"): pytest.approx(0.4),
        ("GPU-1", "acceleratorMemoryUsed"): 2 * 1024**2,
        ("GPU-1", "powerDraw"): 71.5,
    }


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "9223372036854775794", "2147483632", "101"])
def test_a_gauge_without_a_value_tells_none(value: str) -> None:
    (taken,) = scraped(f'# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{{UUID="GPU-1"}} {value}\n')
    assert not taken.observations
    assert facts(taken)


def test_the_better_of_two_families_counts() -> None:
    labels = 'UUID="GPU-1"'
    both = f"DCGM_FI_DEV_GPU_UTIL{{{labels}}} 90\nDCGM_FI_PROF_GR_ENGINE_ACTIVE{{{labels}}} 0.3\n"
    assert totals(scraped(both)[0]) == {("GPU-1", "acceleratorUse"): 0.3}
    renamed = 'vllm:gpu_cache_usage_perc{model_name="m"} 0.5\nvllm:kv_cache_usage_perc{model_name="m"} 0.5\n'
    (seen,) = scraped(renamed)[0].observations
    assert seen.count == 1


def test_times_that_are_sums_become_means() -> None:
    def triton(requests: int, microseconds: int, failed: int = 0) -> str:
        labels = 'model="resnet",version="1"'
        return (
            f"# TYPE nv_inference_request_success counter\nnv_inference_request_success{{{labels}}} {requests}\n"
            f"nv_inference_request_failure{{{labels}}} {failed}\n"
            f"nv_inference_request_duration_us{{{labels}}} {microseconds}\n"
        )

    *_, taken = scraped(triton(10, 1_000_000), triton(14, 1_600_000, 2), name="http://t:8002/metrics")
    told = totals(taken)
    assert told["resnet", "calls"] == 6
    assert told["resnet", "errors"] == 2
    assert told["resnet", "callLatency"] == pytest.approx(0.6)
    (seen,) = (one for one in taken.observations if last(one.subject) == "resnet" and one.metric == SG.callLatency)
    assert seen.count == 4


def test_how_answers_ended_is_told_where_it_is_known() -> None:
    def ended(**numbers: int) -> str:
        lines = (
            f'vllm:request_success_total{{model_name="m",finished_reason="{reason}"}} {number}\n'
            for reason, number in numbers.items()
        )
        return "# TYPE vllm:request_success_total counter\n" + "".join(lines)

    *_, taken = scraped(ended(stop=1, length=1, abort=0), ended(stop=4, length=2, abort=9))
    (seen,) = (one for one in taken.observations if last(one.subject) == "m")
    assert (local_name(seen.metric), seen.count, seen.total) == ("truncatedCalls", 4, 1)


def test_the_conventions_as_prometheus_writes_them() -> None:
    def told(number: int, name: str, labels: str) -> str:
        return (
            f"# TYPE {name} histogram\n"
            f'{name}_bucket{{{labels},le="100"}} {number}\n{name}_bucket{{{labels},le="+Inf"}} {number}\n'
            f"{name}_sum{{{labels}}} {number * 10}\n{name}_count{{{labels}}} {number}\n"
            'target_info{deployment_environment_name="staging",service_name="desk"} 1\n'
        )

    labels = 'gen_ai_request_model="gpt-5",gen_ai_provider_name="openai",gen_ai_token_type="input"'
    name = "gen_ai_client_token_usage"
    *_, taken = scraped(told(1, name, labels), told(3, name, labels), name="http://desk:9464/metrics")
    assert totals(taken)["gpt-5", "inputTokens"] == 20
    system = f"{ASSET_BASE}LLMSystem/desk//staging"
    assert Fact(system, SG.usesModel, f"{ASSET_BASE}BaseModel/gpt-5") in facts(taken)
    assert Fact(f"{ASSET_BASE}BaseModel/gpt-5", SG.providedBy, f"{ASSET_BASE}EcosystemActor/openai") in facts(taken)


def test_names_with_dots_are_those_with_underscores() -> None:
    def told(number: int) -> str:
        labels = '"gen_ai.request.model"="gpt-5","service.name"="desk"'
        return "".join(
            f'{{"gen_ai.client.operation.duration_{part}",{labels}{limit}}} {value}\n'
            for part, limit, value in (
                ("bucket", ',le="+Inf"', number),
                ("count", "", number),
                ("sum", "", number / 4),
            )
        )

    *_, taken = scraped(told(2), told(6))
    assert totals(taken)["gpt-5", "calls"] == 4
    assert totals(taken)["gpt-5", "callLatency"] == 1


def test_what_no_mapping_knows_is_counted_and_what_is_left_aside_is_not() -> None:
    (taken,) = scraped('# TYPE shop_orders counter\nshop_orders_total{a="b"} 1\nshop_orders_total 2\npython_info 1\n')
    assert taken.unread == {"shop_orders_total": 2}
    assert not facts(taken)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('vllm:time_to_first_token_seconds_bucket{le="1"} 5\n', "cut"),
        ('vllm:time_to_first_token_seconds_bucket{le="1"} 5\nvllm:time_to_first_token_seconds_count 4\n', "+Inf"),
        ("".join(f'vllm:time_to_first_token_seconds_bucket{{le="{end}"}} {n}\n' for end, n in SHRINKING), "grow"),
        ("vllm:prefix_cache_hits_total -4\n", "below"),
    ],
)
def test_a_series_that_cannot_be_right_is_told_and_tells_nothing(text: str, reason: str) -> None:
    first, second = scraped(text, text)
    assert not first.observations
    assert not second.observations
    (broken,) = second.broken
    assert broken.line == 1
    assert reason in broken.reason


def test_a_sample_from_the_future_is_refused() -> None:
    ahead = round((BEGIN + timedelta(hours=2)).timestamp() * 1000)
    with pytest.raises(MalformedDocument, match="clock"):
        scraped(f"vllm:num_requests_running 1 {ahead}\n")


def test_two_targets_add_up_on_the_model_they_serve() -> None:
    def answer(first: int, second: int) -> list[Document]:
        return [
            Document("http://vllm-1:8000/metrics", requests(first).encode()),
            Document("http://vllm-2:8000/metrics", requests(second).encode()),
        ]

    begin = datetime(2026, 11, 30, 12, tzinfo=UTC)
    one = transform(answer(5, 100), model=MODEL, mappings=shipped_set(), heard=begin)
    marks = {key: value for key, value in one.marks.items() if value}
    two = transform(
        answer(6, 102), model=MODEL, mappings=shipped_set(), heard=begin + timedelta(minutes=1), marks=marks
    )
    assert totals(two)["llama-3", "calls"] == 3
    assert totals(two)["vllm-1%3A8000", "calls"] == 1
    assert totals(two)["vllm-2%3A8000", "calls"] == 2
