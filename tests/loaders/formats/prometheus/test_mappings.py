"""The mappings that ship: exporters as they write, of several versions, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stratagraph.loaders.formats.prometheus.families import Shape
from stratagraph.loaders.formats.prometheus.shipped import shipped
from stratagraph.ontology.facts import Batch, Fact, Method
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from tests.core import MODEL, gate
from tests.loaders.formats.prometheus.told import facts, last, scraped, totals

VLLM = 'engine="0",model_name="meta-llama/Llama-3.1-8B-Instruct"'
OLD_VLLM = 'model_name="meta-llama/Llama-3.1-8B-Instruct"'
SGLANG = 'model_name="Qwen/Qwen3-8B",tp_rank="0",dp_rank="0",engine_type="unified"'
LITELLM = 'api_provider="openai",end_user="None",litellm_model_name="gpt-4o",model="gpt-4o",model_group="smart"'
DCGM = 'gpu="0",UUID="GPU-c2f7",pci_bus_id="00000000:31:00.0",device="nvidia0",modelName="NVIDIA L4",Hostname="node-7"'
KUBE = 'node="node-7",label_topology_kubernetes_io_region="sa-east-1",label_nvidia_com_gpu_product="NVIDIA-L4"'
OTEL = 'gen_ai_operation_name="chat",gen_ai_request_model="gpt-5",gen_ai_system="openai",job="shop/desk",instance="i"'
ROUTED = "meta-llama%2FLlama-3.1-8B-Instruct"
NAMES: Mapping[str, tuple[str, str, Mapping[tuple[str, str], float]]] = {
    "vllm:e2e_request_latency_seconds": ("histogram", VLLM, {(ROUTED, "calls"): 4, (ROUTED, "callLatency"): 8}),
    "vllm:time_to_first_token_seconds": ("histogram", OLD_VLLM, {(ROUTED, "timeToFirstToken"): 8}),
    "vllm:time_per_output_token_seconds": ("histogram", OLD_VLLM, {(ROUTED, "interTokenTime"): 8}),
    "vllm:inter_token_latency_seconds": ("histogram", VLLM, {(ROUTED, "interTokenTime"): 8}),
    "vllm:request_queue_time_seconds": ("histogram", VLLM, {(ROUTED, "queueTime"): 8}),
    "vllm:request_prompt_tokens": ("histogram", VLLM, {(ROUTED, "inputTokens"): 8}),
    "vllm:request_generation_tokens": ("histogram", VLLM, {(ROUTED, "outputTokens"): 8}),
    "vllm:prefix_cache_queries_total": ("counter", VLLM, {(ROUTED, "prefixCacheLookups"): 4}),
    "vllm:gpu_prefix_cache_hits_total": ("counter", VLLM, {(ROUTED, "prefixCacheHits"): 4}),
    "vllm:num_requests_waiting": ("gauge", VLLM, {(ROUTED, "waitingRequests"): 5}),
    "vllm:gpu_cache_usage_perc": ("ratio", OLD_VLLM, {("host%3A1", "keyValueCacheUse"): 0.25}),
    "sglang:e2e_request_latency_seconds": ("histogram", SGLANG, {("Qwen%2FQwen3-8B", "calls"): 4}),
    "sglang:prompt_tokens_total": ("counter", SGLANG, {("Qwen%2FQwen3-8B", "inputTokens"): 4}),
    "sglang:cached_tokens_total": ("counter", SGLANG, {("Qwen%2FQwen3-8B", "cachedInputTokens"): 4}),
    "sglang:num_queue_reqs": ("gauge", SGLANG, {("Qwen%2FQwen3-8B", "waitingRequests"): 5}),
    "sglang:token_usage": ("ratio", SGLANG, {("host%3A1", "keyValueCacheUse"): 0.25}),
    "tgi_request_duration": ("histogram", "", {("host%3A1", "calls"): 4, ("host%3A1", "callLatency"): 8}),
    "tgi_request_generated_tokens": ("histogram", "", {("host%3A1", "outputTokens"): 8}),
    "tgi_queue_size": ("gauge", "", {("host%3A1", "waitingRequests"): 5}),
    "nv_inference_request_success": (
        "counter",
        'model="bert",version="1"',
        {("bert", "calls"): 4, ("bert", "errors"): 0},
    ),
    "nv_inference_request_failure": (
        "counter",
        'model="bert",version="1",reason="OTHER"',
        {("bert", "calls"): 4, ("bert", "errors"): 4},
    ),
    "nv_inference_first_response_histogram_ms": (
        "histogram",
        'model="bert",version="1"',
        {("bert", "timeToFirstToken"): 0.008},
    ),
    "nv_gpu_utilization": ("ratio", 'gpu_uuid="GPU-1"', {("GPU-1", "acceleratorUse"): 0.25}),
    "nv_energy_consumption": ("counter", 'gpu_uuid="GPU-1"', {("GPU-1", "energyUsed"): 4}),
    "llamacpp:prompt_tokens_total": ("counter", "", {("host%3A1", "inputTokens"): 4}),
    "llamacpp:tokens_predicted_total": ("counter", 'model="qwen"', {("qwen", "outputTokens"): 4}),
    "llamacpp:requests_deferred": ("gauge", "", {("host%3A1", "waitingRequests"): 5}),
    "DCGM_FI_DEV_GPU_UTIL": ("gauge", DCGM, {("GPU-c2f7", "acceleratorUse"): 0.05}),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": ("ratio", DCGM, {("GPU-c2f7", "acceleratorUse"): 0.25}),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("counter", DCGM, {("GPU-c2f7", "energyUsed"): 0.004}),
    "litellm_request_total_latency_metric": ("histogram", LITELLM, {("gpt-4o", "callLatency"): 8}),
    "litellm_proxy_total_requests_metric_total": (
        "counter",
        'requested_model="smart",status_code="429"',
        {("litellm", "calls"): 4, ("litellm", "errors"): 4, ("litellm", "rateLimitErrors"): 4},
    ),
    "litellm_deployment_failure_responses_total": (
        "counter",
        f'{LITELLM},exception_class="Timeout",exception_status="408"',
        {("gpt-4o", "errors"): 4, ("gpt-4o", "timeoutErrors"): 4},
    ),
    "litellm_spend_metric_total": ("counter", LITELLM, {("gpt-4o", "callCost"): 4}),
    "kube_node_labels": ("gauge", KUBE, {}),
    "gen_ai_client_operation_duration_seconds": (
        "histogram",
        OTEL,
        {("gpt-5", "calls"): 4, ("gpt-5", "errors"): 0, ("shop", "callLatency"): 8, ("gpt-5", "callLatency"): 8},
    ),
    "gen_ai_client_operation_duration": (
        "histogram",
        f'{OTEL},error_type="timeout"',
        {("gpt-5", "calls"): 4, ("gpt-5", "errors"): 4},
    ),
    "gen_ai_client_token_usage": (
        "histogram",
        f'{OTEL},gen_ai_token_type="output"',
        {("gpt-5", "outputTokens"): 8},
    ),
    "gen_ai_server_time_to_first_token_seconds": ("histogram", OTEL, {("gpt-5", "timeToFirstToken"): 8}),
}
"""What an exporter writes: the name of a family, how it is told, its labels, and figures that it leads to."""


def exposition(name: str, shape: str, labels: str, number: int) -> str:
    """Return a family as an exporter writes it: histograms of values of 2, gauges of 5, ratios of a quarter."""
    if shape == "histogram":
        comma = "," if labels else ""
        return (
            f"# TYPE {name} histogram\n"
            f'{name}_bucket{{{labels}{comma}le="1.0"}} 0\n{name}_bucket{{{labels}{comma}le="+Inf"}} {number}\n'
            f"{name}_sum{{{labels}}} {number * 2}\n{name}_count{{{labels}}} {number}\n"
        )
    value = {"counter": number, "gauge": 5, "ratio": 0.25}[shape]
    return f"# TYPE {name} {shape.replace('ratio', 'gauge')}\n{name}{{{labels}}} {value}\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_family_tells_what_it_should(name: str) -> None:
    shape, labels, wanted = NAMES[name]
    texts = [exposition(name, shape, labels, number) for number in (3, 7)]
    _, taken = scraped(*texts, name="http://host:1/metrics")
    told = totals(taken)
    assert {key: told.get(key) for key in wanted} == {key: pytest.approx(value) for key, value in wanted.items()}
    assert facts(taken)
    batch = Batch(source="p", run="1", method=Method.OBSERVED, scopes=taken.scopes, observations=taken.observations)
    assert not gate().check(batch, lambda _: ()).violations
    assert not taken.unread
    assert not taken.broken


def test_every_mapping_that_ships_is_tried() -> None:
    tried = {table.name for table in shipped(MODEL) for name in NAMES if name.startswith(table.prefixes)}
    assert tried == {table.name for table in shipped(MODEL) if table.figures or table.shows}


def test_no_family_is_told_twice_for_one_metric_by_two_mappings() -> None:
    known: dict[str, str] = {}
    for table in shipped(MODEL):
        for figure in table.figures:
            assert figure.shape in Shape
            for name in figure.names:
                assert known.setdefault(name, table.name) == table.name


def test_machines_and_their_places_are_stated() -> None:
    (taken,) = scraped(exposition("kube_node_labels", "gauge", KUBE, 1))
    machine = f"{ASSET_BASE}Infrastructure/node-7"
    assert Fact(machine, SG.partOf, f"{ASSET_BASE}Infrastructure/sa-east-1") in facts(taken)
    (taken,) = scraped(exposition("DCGM_FI_DEV_GPU_UTIL", "gauge", DCGM, 1))
    assert Fact(f"{ASSET_BASE}Infrastructure/GPU-c2f7", SG.partOf, machine) in facts(taken)
    assert {last(fact.subject) for fact in facts(taken)} == {"GPU-c2f7", "node-7"}


def test_a_service_is_known_by_its_job() -> None:
    (taken,) = scraped(exposition("gen_ai_client_token_usage", "histogram", OTEL, 1))
    assert any(fact.subject.startswith(f"{ASSET_BASE}LLMSystem/desk") for fact in facts(taken))


def test_adapters_are_models_of_their_own() -> None:
    labels = 'max_lora="4",running_lora_adapters="claims-pt, claims-en",waiting_lora_adapters=""'
    (taken,) = scraped(f"# TYPE vllm:lora_requests_info gauge\nvllm:lora_requests_info{{{labels}}} 1.7e9\n")
    server = f"{ASSET_BASE}Infrastructure/vllm-1%3A8000"
    for name in ("claims-pt", "claims-en"):
        adapter = f"{ASSET_BASE}BaseModel/{name}"
        assert Fact(adapter, RDF.type, SG.FineTunedModel) in facts(taken)
        assert Fact(adapter, SG.implementedIn, server) in facts(taken)


def test_a_secret_where_a_name_belongs_becomes_no_asset() -> None:
    key = "sk-proj-Zx81kQv0Lm27Rt5Yb93Nc64Wd"
    (taken,) = scraped(f'# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{model_name="{key}"}} 1\n')
    assert key not in repr(taken)
    assert {last(fact.subject) for fact in facts(taken)} == {"vllm-1%3A8000"}
    uuid = "GPU-c2f76b33-7953-256e-8f33-1343419b1a1c"
    (taken,) = scraped(f'# TYPE DCGM_FI_DEV_GPU_UTIL gauge\nDCGM_FI_DEV_GPU_UTIL{{UUID="{uuid}"}} 1\n')
    assert totals(taken) == {(uuid, "acceleratorUse"): 0.01}
