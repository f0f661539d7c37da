from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.normalise import MOST_UNMAPPED, SKEW, normalise
from stratagraph.loaders.genai.record import CallRecord, ErrorClass, Finish, RecordKind, Usage
from tests.loaders.spans import BEGIN, agent, chat, fixture, pairs, request, span, tool


def records(folder: Path) -> list[CallRecord]:
    read = [normalise(sent) for sent in fixture(folder)]
    assert not any(part.rejections for part in read)
    return [record for part in read for record in part.records]


def only(*spans: Span, scope: str = "test.scope") -> CallRecord:
    result = normalise(request(spans, scope=scope))
    assert not result.rejections
    return result.records[0]


OPENAI = {
    # folder: (LLM spans, of them failed); the ground truth counts 14 chat calls, 10 ok and 4 failed, and where it is
    # instrumented one responses call; with `wait` there is one more gpt-5-mini call.
    "openai-v2-2.4b0-default": (15, 4),
    "genai-openai-1.3b0": (15, 4),
    "openinference-openai-0.1.66": (15, 4),
    "traceloop-openai-0.62.4": (16, 4),
}


@pytest.mark.shared
@pytest.mark.parametrize("folder", OPENAI)
def test_every_emitter_tells_the_same_workload(shared: Path, folder: str) -> None:
    calls = records(shared / "telemetry" / folder)
    llm = [call for call in calls if call.kind is RecordKind.LLM]
    assert (len(llm), sum(call.failed for call in llm)) == OPENAI[folder]
    assert sum(call.kind is RecordKind.EMBEDDING for call in calls) == 1
    assert Counter(call.error for call in llm if call.failed) == {
        ErrorClass.RATE_LIMIT: 1,
        ErrorClass.SERVER: 1,
        ErrorClass.CLIENT: 1,
        ErrorClass.CONNECTION: 1,
    }
    assert {call.provider for call in llm} == {"openai"}
    assert {call.finish for call in llm} >= {Finish.TRUNCATED, Finish.FILTERED}


@pytest.mark.shared
@pytest.mark.parametrize("folder", OPENAI)
def test_the_model_that_answered_is_told_from_the_one_asked(shared: Path, folder: str) -> None:
    calls = [call for call in records(shared / "telemetry" / folder) if call.kind is RecordKind.LLM]
    answered = {(call.requested, call.answered) for call in calls if not call.failed}
    assert ("gpt-5", "gpt-5-2026-01-15") in answered
    assert {call.requested for call in calls if call.failed} == {"rate-limited", "boom", "too-long", "gpt-5-mini"}
    assert all(call.answered == "" for call in calls if call.failed)


@pytest.mark.shared
@pytest.mark.parametrize("folder", OPENAI)
def test_usage_that_was_not_sent_is_unknown_and_not_zero(shared: Path, folder: str) -> None:
    calls = records(shared / "telemetry" / folder)
    silent = next(call for call in calls if call.requested == "nousage")
    assert silent.usage.input is None
    assert silent.usage.output is None
    assert sum(call.usage.input or 0 for call in calls) > 0


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["openinference-openai-0.1.66", "genai-openai-1.3b0", "traceloop-openai-0.62.4"])
def test_time_to_first_token_is_found_in_attributes_or_events(shared: Path, folder: str) -> None:
    calls = records(shared / "telemetry" / folder)
    waits = [call.first_token for call in calls if call.first_token is not None]
    assert len(waits) == 3
    assert all(0 < wait < 5 for wait in waits)


@pytest.mark.shared
def test_langgraph_run(shared: Path) -> None:
    calls = records(shared / "telemetry" / "openinference-langchain-0.1.80-langgraph")
    llm = [call for call in calls if call.kind is RecordKind.LLM]
    tools = [call for call in calls if call.kind is RecordKind.TOOL]
    assert (len(llm), sum(call.failed for call in llm)) == (11, 2)
    assert Counter(call.tool for call in tools) == {"order_status": 3, "refund": 1, "ask_billing": 1}
    assert [call.tool for call in tools if call.failed] == ["refund"]
    assert {call.agent for call in calls if call.kind is RecordKind.AGENT} == {
        "support_agent",
        "router_agent",
        "billing_agent",
        "unlucky_agent",
    }
    assert {name for call in llm for name in call.offered} == {"order_status", "refund", "ask_billing"}


@pytest.mark.shared
def test_pydantic_ai_run(shared: Path) -> None:
    calls = records(shared / "telemetry" / "pydantic-ai-2.68.0")
    assert Counter(call.kind for call in calls) == {RecordKind.LLM: 3, RecordKind.TOOL: 1, RecordKind.AGENT: 2}
    assert sum(call.usage.input or 0 for call in calls) == 129
    assert next(call for call in calls if call.kind is RecordKind.LLM and call.failed).error is ErrorClass.RATE_LIMIT


@pytest.mark.shared
def test_model_context_protocol_client(shared: Path) -> None:
    calls = [call for call in records(shared / "telemetry" / "traceloop-mcp-0.62.4") if call.kind is RecordKind.TOOL]
    assert {(call.tool, call.failed) for call in calls} == {("order_status", False), ("refund", True), ("nope", True)}


@pytest.mark.shared
def test_no_content_of_the_fixtures_leaves_the_decoder(shared: Path) -> None:
    told = repr([records(folder) for folder in (shared / "telemetry").iterdir() if list(folder.glob("*-traces.pb"))])
    for content in ("jane.doe", "Where is", "shipped", "Be short", "support assistant", "sess-42", "u-7"):
        assert content not in told


@pytest.mark.shared
def test_every_gen_ai_name_of_the_fixtures_is_known(shared: Path) -> None:
    folders = [folder for folder in (shared / "telemetry").iterdir() if list(folder.glob("*-traces.pb"))]
    counted = {
        folder.name: sum((normalise(sent).unmapped for sent in fixture(folder)), Counter()) for folder in folders
    }
    assert {name: names for name, names in counted.items() if names} == {}


def test_unmapped_names_are_counted_within_bounds() -> None:
    many = {f"gen_ai.future.n{number}": 1 for number in range(MOST_UNMAPPED + 5)}
    result = normalise(request([span(1, {"gen_ai.new": "x"}), span(2, {"gen_ai.new": "y"}), span(3, many)]))
    assert result.unmapped["gen_ai.new"] == 2
    assert result.unmapped["(other)"] == 6
    assert len(result.unmapped) == MOST_UNMAPPED + 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"trace_id": b""}, "trace_id"),
        ({"trace_id": bytes(16)}, "trace_id"),
        ({"span_id": b"123"}, "span_id"),
        ({"span_id": bytes(8)}, "span_id"),
        ({"parent_span_id": b"1"}, "parent_span_id"),
        ({"start_time_unix_nano": 0}, "missing"),
        ({"start_time_unix_nano": 2**63}, "2100"),
        ({"start_time_unix_nano": BEGIN // 10**3, "end_time_unix_nano": BEGIN // 10**3}, "nanoseconds"),
        ({"start_time_unix_nano": BEGIN // 10**6, "end_time_unix_nano": BEGIN // 10**6}, "nanoseconds"),
        ({"start_time_unix_nano": BEGIN // 10**9, "end_time_unix_nano": BEGIN // 10**9}, "nanoseconds"),
        ({"end_time_unix_nano": BEGIN - SKEW - 1}, "before the start"),
        ({"attributes": pairs({"gen_ai.usage.input_tokens": -1})}, "negative"),
        ({"attributes": pairs({"gen_ai.usage.output_tokens": "many"})}, "whole number"),
        ({"attributes": pairs({"gen_ai.usage.output_tokens": True})}, "whole number"),
        ({"attributes": pairs({"gen_ai.usage.input_tokens": 1.5})}, "whole number"),
        ({"attributes": pairs({"gen_ai.request.model": 7})}, "not text"),
        ({"attributes": pairs({"gen_ai.request.model": "x" * 300})}, "longer"),
        ({"attributes": pairs({"gen_ai.cost.total_cost": float("nan")})}, "finite"),
        ({"attributes": pairs({"gen_ai.cost.total_cost": 1e308})}, "beyond"),
        ({"span_id": b"x" * 100_000}, "8 bytes"),
    ],
)
def test_a_span_that_cannot_be_right_is_rejected_alone(fault: dict[str, object], reason: str) -> None:
    wrong = span(1)
    for field, value in fault.items():
        if isinstance(value, list):
            wrong.attributes.extend(value)
        else:
            setattr(wrong, field, value)
    result = normalise(request([wrong, span(2, chat())]))
    assert [record.requested for record in result.records] == ["gpt-5-mini"]
    assert len(result.rejections) == 1
    assert reason in result.rejections[0]
    assert len(result.rejections[0]) < 500


def test_an_end_just_before_the_start_is_clock_skew() -> None:
    skewed = span(1, chat())
    skewed.end_time_unix_nano = BEGIN - SKEW
    assert only(skewed).seconds == 0


@pytest.mark.parametrize("empty", ["", "None", "unknown", AnyValue()])
def test_values_that_say_nothing_are_unknown(empty: object) -> None:
    record = only(span(1, {**chat(), "gen_ai.usage.input_tokens": empty, "gen_ai.agent.name": empty}))
    assert record.usage.input is None
    assert record.agent == ""


def test_usage_under_old_and_new_names() -> None:
    new = only(span(1, chat(input=7, output=3)))
    old = only(span(1, {"gen_ai.usage.prompt_tokens": "7", "gen_ai.usage.completion_tokens": 3.0, **chat()}))
    assert new.usage == old.usage == Usage(input=7, output=3)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("OpenAI", "openai"),
        ("az.ai.openai", "azure.ai.openai"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("mistral", "mistral_ai"),
    ],
)
def test_providers_have_one_name(sent: str, name: str) -> None:
    assert only(span(1, {"gen_ai.system": sent, "gen_ai.request.model": "m"})).provider == name


@pytest.mark.parametrize(
    ("sent", "engine"),
    [
        ("vllm", "vllm"),
        ("vLLM", "vllm"),
        ("hosted_vllm", "vllm"),
        ("sglang", "sglang"),
        ("SGLang", "sglang"),
        ("tgi", "tgi"),
        ("text-generation-inference", "tgi"),
        ("Text Generation Inference", "tgi"),
        ("ollama", "ollama"),
        ("ollama_chat", "ollama"),
        ("triton", "triton"),
        ("NVIDIA Triton", "triton"),
        ("triton_inference_server", "triton"),
        ("llama.cpp", "llama.cpp"),
        ("llama_cpp", "llama.cpp"),
        ("llamacpp", "llama.cpp"),
        ("LM Studio", "lm-studio"),
        ("lm_studio", "lm-studio"),
        ("TensorRT-LLM", "tensorrt-llm"),
        ("lmdeploy", "lmdeploy"),
        ("text_embeddings_inference", "tei"),
    ],
)
@pytest.mark.parametrize("attribute", ["gen_ai.provider.name", "gen_ai.system", "llm.provider"])
def test_a_serving_engine_is_no_provider(attribute: str, sent: str, engine: str) -> None:
    call = only(span(1, {attribute: sent, "gen_ai.request.model": "m"}))
    assert (call.provider, call.engine) == ("", engine)


@pytest.mark.parametrize("sent", ["openai", "huggingface", "nvidia", "together_ai", "meta-llama", "tritonaut", "x"])
def test_a_company_is_no_serving_engine(sent: str) -> None:
    call = only(span(1, {"gen_ai.provider.name": sent, "gen_ai.request.model": "m"}))
    assert (call.provider, call.engine) == (sent, "")


def test_an_engine_has_one_name_and_a_provider_is_none() -> None:
    table = load_meanings()
    assert all(table.engine(engine) == engine for engine in table.engines.values())
    assert [name for name in (*table.providers, *table.providers.values()) if table.engine(name)] == []


@pytest.mark.parametrize(
    "name", ["langgraph", "strands-agents", "spring_ai", "crewai", "LangChain", "gcp.vertex.agent"]
)
def test_a_framework_is_no_provider(name: str) -> None:
    assert only(span(1, {**chat(), "gen_ai.provider.name": name})).provider == ""


def test_a_placeholder_is_no_agent() -> None:
    sent = {**tool("t"), "gen_ai.agent.name": "OpenAI Agent"}
    assert only(span(1, sent), scope="opentelemetry.instrumentation.openai_agents").agent == ""


def test_the_raw_request_of_a_gateway_is_no_call_of_its_own() -> None:
    assert only(span(1, chat(), name="raw_gen_ai_request"), scope="litellm").kind is RecordKind.OTHER


@pytest.mark.parametrize(
    ("sent", "finish"),
    [
        ('["stop", "length"]', Finish.TRUNCATED),
        (["stop"], Finish.COMPLETE),
        ("FinishReason.STOP", Finish.COMPLETE),
        ('["MAX_TOKENS"]', Finish.TRUNCATED),
        ('["content-filter"]', Finish.FILTERED),
        (["SAFETY", "stop"], Finish.FILTERED),
        ("[]", None),
        ('["stop', None),
    ],
)
@pytest.mark.parametrize(
    "key", ["gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.finish_reason"]
)
def test_finish_reasons_in_every_form(key: str, sent: object, finish: Finish | None) -> None:
    assert only(span(1, {**chat(), key: sent})).finish is finish


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"error.type": "openai.RateLimitError"}, ErrorClass.RATE_LIMIT),
        ({"error.type": "OpenAIRateLimitError"}, ErrorClass.RATE_LIMIT),
        ({"error.type": "APITimeoutError"}, ErrorClass.TIMEOUT),
        ({"error.type": "503"}, ErrorClass.SERVER),
        ({"error.type": "429"}, ErrorClass.RATE_LIMIT),
        ({"error.type": "tool_error"}, ErrorClass.OTHER),
        ({"error.type": "ModelHTTPError", "http.response.status_code": 404}, ErrorClass.CLIENT),
    ],
)
def test_errors_are_classed_by_suffix_or_status(sent: dict[str, object], expected: ErrorClass) -> None:
    record = only(span(1, {**chat(), **sent}))
    assert record.failed
    assert record.error is expected


def test_a_cut_off_json_string_does_not_lose_the_usage() -> None:
    record = only(span(1, {**chat(input=5), "gen_ai.tool.definitions": '[{"name": "a"}, {"na', "metadata": "{"}))
    assert record.usage.input == 5
    assert record.offered == ()


def test_an_agent_span_names_its_agent() -> None:
    assert only(span(1, agent("helper"))).agent == "helper"
