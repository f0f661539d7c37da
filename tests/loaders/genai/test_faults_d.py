"""One test for each of the faults D1 to D28 that real emitters led to, by its number in the notes on telemetry."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.story import Story
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import event, figure, mcp, met, names, seen, with_events, workflow
from tests.loaders.spans import BEGIN, SECOND, agent, chat, request, span, tool
from tests.loaders.transformed import of, told


def test_d2_one_run_told_by_two_spans_is_one() -> None:
    estate = seen(span(1, agent("a"), failed=True), span(2, agent("a"), parent=1), span(3, agent("a"), parent=2))
    assert figure(estate, SG.Agent, "a", "runs") == 1
    assert figure(estate, SG.Agent, "a", "errors") == 1
    assert estate.related(SG.delegatesTo) == {}


def test_d2_an_agent_that_calls_itself_by_a_tool_runs_twice() -> None:
    estate = seen(span(1, agent("a")), span(2, tool("again"), parent=1), span(3, agent("a"), parent=2))
    assert figure(estate, SG.Agent, "a", "runs") == 2
    assert estate.related(SG.delegatesTo) == {}


def test_d2_one_execution_told_by_three_spans_is_one_with_the_time_of_the_outermost() -> None:
    spans = [
        span(1, agent("helper"), seconds=5),
        span(2, tool("find"), parent=1, seconds=2),
        mcp("find", Span.SPAN_KIND_CLIENT, 3, 2),
        mcp("find", Span.SPAN_KIND_SERVER, 4, 3, **tool("find")),
    ]
    spans[3].status.code = 2  # type: ignore[assignment]  # an enumeration
    estate = seen(*spans)
    found = {m: figure(estate, SG.Tool, "find", m) for m in ("calls", "errors", "callLatency")}
    assert found == {"calls": 1, "errors": 1, "callLatency": 2}


def test_d2_a_call_by_its_kind_alone_beside_a_real_one_is_none() -> None:
    kind = {"openinference.span.kind": "LLM", "llm.model_name": "m"}
    prepared = span(2, kind, parent=1, seconds=0.1)
    real = span(3, {**kind, "llm.token_count.prompt": 5}, parent=1, start=BEGIN + SECOND)
    estate = seen(span(1, {}), prepared, real, scope="openinference.instrumentation.x")
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 1
    assert figure(seen(prepared), SG.LLMSystem, "shop", "calls") == 1


def test_d4_a_span_that_comes_again_counts_once() -> None:
    story = Story()
    first = told(span(1, chat(input=10)), story=story).batch
    again = told(span(1, chat(input=10)), span(2, chat(input=10)), story=story).batch
    estate = estate_of([first, again])
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 2
    assert figure(estate, SG.LLMSystem, "shop", "inputTokens") == 20


@pytest.mark.parametrize(
    "handing",
    [
        {"openinference.span.kind": "TOOL", "tool.name": "transfer_to_b"},
        {"openinference.span.kind": "TOOL", "tool.name": "handoff_to_b"},
        {**tool("transfer_to_b")},
        {"gen_ai.operation.name": "agent_handoff", "gen_ai.handoff.from_agent": "a", "gen_ai.handoff.to_agent": "b"},
        {**tool("b"), "gen_ai.tool.type": "AgentTool"},
    ],
)
def test_d6_a_hand_over_is_one_and_no_tool(handing: dict[str, Any]) -> None:
    estate = seen(span(1, agent("a")), span(2, handing, parent=1))
    assert estate.related(SG.delegatesTo) == {"a": {"b"}}
    assert names(estate, SG.Tool) == set()


def test_d6_a_place_in_a_graph_of_agents_tells_who_handed_over() -> None:
    first = {"openinference.span.kind": "AGENT", "agent.name": "a", "graph.node.id": "n1"}
    second = {
        "openinference.span.kind": "AGENT",
        "agent.name": "b",
        "graph.node.id": "n2",
        "graph.node.parent_id": "n1",
    }
    assert seen(span(1, first), span(2, second)).related(SG.delegatesTo) == {"a": {"b"}}
    named = {"openinference.span.kind": "AGENT", "agent.name": "b", "graph.node.parent_id": "a"}
    assert seen(span(2, named)).related(SG.delegatesTo) == {"a": {"b"}}


def test_d6_a_tool_of_the_name_of_the_agent_it_calls_is_the_agent() -> None:
    for name in ("b", "agent-b", "b-b"):
        estate = seen(span(1, agent("a")), span(2, tool(name), parent=1), span(3, agent("b"), parent=2))
        assert estate.related(SG.delegatesTo) == {"a": {"b"}}
        assert names(estate, SG.Tool) == set()


@pytest.mark.parametrize(
    ("sent", "message", "metric"),
    [
        ({}, "Error code: 429 - slow down", "rateLimitErrors"),
        ({"http.response.status_code": 429}, "", "rateLimitErrors"),
        ({"error.type": "rate_limit_error"}, "", "rateLimitErrors"),
        ({"error.type": "rate_limit_exceeded"}, "", "rateLimitErrors"),
        ({"error.type": "insufficient_quota"}, "", "rateLimitErrors"),
        ({"error.type": "ThrottlingException"}, "", "rateLimitErrors"),
        ({"error.type": "_ResourceExhaustedError"}, "", "rateLimitErrors"),
        ({"error.type": "ModelThrottledException"}, "", "rateLimitErrors"),
        ({"error.type": "AI_APICallError"}, "Rate limit reached for requests", "rateLimitErrors"),
        ({"error.type": "overloaded_error"}, "", "serverErrors"),
        ({"error.type": "invalid_request_error"}, "", "clientErrors"),
        ({"error.type": "context_length_exceeded"}, "", "clientErrors"),
        ({"error.type": "APIError"}, "", "serverErrors"),
        ({"error.type": "APIError"}, "Error code: 429", "rateLimitErrors"),
        ({"error.type": "ETIMEDOUT"}, "request timed out", "timeoutErrors"),
    ],
)
def test_d7_the_class_of_an_error(sent: dict[str, Any], message: str, metric: str) -> None:
    one = with_events(span(1, {**chat(answered=""), **sent}, failed=True), message=message)
    assert figure(seen(one), SG.LLMSystem, "shop", metric) == 1


def test_d7_what_says_nothing_has_no_class() -> None:
    estate = seen(span(1, {**chat(answered=""), "error.type": "ChatClientException"}, failed=True))
    told_of = {metric for (_, metric), value in estate.figures.items() if metric.endswith("Errors") and value}
    assert told_of == set()
    assert figure(estate, SG.LLMSystem, "shop", "errors") == 1


def test_d8_what_repeats_the_request_of_a_failed_call_is_no_answer() -> None:
    failed = seen(span(1, chat("gpt-6"), failed=True))
    assert met(failed, SG.BaseModel, "gpt-6") == {"requested"}
    assert names(failed, SG.Provider) == set()
    silent = seen(span(1, chat("gpt-6", answered="")))
    assert met(silent, SG.BaseModel, "gpt-6") == {"used"}
    assert silent.related(SG.providedBy) == {"gpt-6": {"openai"}}


@pytest.mark.parametrize(
    ("sent", "name", "route"),
    [
        ("openai/gpt-4o", "gpt-4o", "openai/"),
        ("openrouter/anthropic/claude-x", "claude-x", "openrouter/anthropic/"),
        ("models/gemini-x", "gemini-x", "models/"),
        ("projects/p1/locations/l/publishers/google/models/gemini-x", "gemini-x", None),
        ("us.anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0", "us."),
        ("arn:aws:bedrock:eu-1:123456789012:inference-profile/eu.amazon.nova-v1:0", "amazon.nova-v1:0", "eu."),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-v1:0", "amazon.nova-v1:0", None),
        ("meta-llama/Llama-3.3-70B", "meta-llama/Llama-3.3-70B", None),
        ("mistralai/Mistral-7B", "mistralai/Mistral-7B", None),
        ("gpt-4o", "gpt-4o", None),
    ],
)
def test_d9_one_model_has_one_name(sent: str, name: str, route: str | None) -> None:
    estate = seen(span(1, chat(sent)))
    assert names(estate, SG.BaseModel) == {name}
    routes = estate.literals.get((estate.one(SG.BaseModel, name), SG.term("requestRoute")), set())
    assert route is None or routes == {route}
    assert "123456789012" not in repr(estate)


@pytest.mark.parametrize("sent", ["none", "NONE", "None", "null", "unknown", "N/A", ""])
def test_d9_a_word_for_nothing_is_no_name(sent: str) -> None:
    estate = seen(span(1, {**chat("m", answered=""), "gen_ai.response.model": sent, "gen_ai.provider.name": sent}))
    assert names(estate, SG.BaseModel) == {"m"}
    assert names(estate, SG.Provider) == set()


@pytest.mark.parametrize(
    ("sent", "provider"),
    [
        ("openai.chat", "openai"),
        ("openai.responses", "openai"),
        ("anthropic.messages", "anthropic"),
        ("OpenAI", "openai"),
        ("azure.ai.openai", "azure.ai.openai"),
        ("aws.bedrock", "aws.bedrock"),
        ("amazon-bedrock", "aws.bedrock"),
        ("vllm", ""),
    ],
)
def test_d9_an_interface_is_no_part_of_a_provider_and_an_engine_is_none(sent: str, provider: str) -> None:
    estate = seen(span(1, {**chat(), "gen_ai.provider.name": sent}))
    assert names(estate, SG.Provider) == ({provider} if provider else set())


def test_d10_ends_and_streams_are_counted_where_they_are_told() -> None:
    spans = [
        span(1, {**chat(), "gen_ai.response.finish_reasons": ["length"], "gen_ai.request.stream": True}),
        span(2, {**chat(), "gen_ai.response.finish_reasons": '["CONTENT_FILTER"]', "gen_ai.request.stream": False}),
        span(3, {**chat(), "gen_ai.response.finish_reasons": ["stop"]}),
        span(4, chat()),
    ]
    batch = told(*spans).batch
    estate = estate_of([batch])
    assert [figure(estate, SG.LLMSystem, "shop", m) for m in ("truncatedCalls", "filteredCalls", "streamedCalls")] == [
        1,
        1,
        1,
    ]
    system = estate.one(SG.LLMSystem, "shop")
    counts = {one.metric: one.count for one in batch.observations if one.subject == system}
    assert (counts[SG.truncatedCalls], counts[SG.streamedCalls], counts[SG.calls]) == (3, 2, 4)


@pytest.mark.parametrize(
    ("sent", "events"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, ()),
        ({"gen_ai.client.operation.time_to_first_chunk": 0.25}, ()),
        ({"gen_ai.server.time_to_first_token": 250}, ()),
        ({"gen_ai.server.time_to_first_token": 0.25}, ()),
        ({}, (event("llm.content.completion.chunk", 0.25),)),
        ({}, (event("First Token Stream Event", 0.25), event("First Token Stream Event", 0.75))),
    ],
)
def test_d11_the_first_token_under_all_its_names(sent: dict[str, Any], events: tuple[Span.Event, ...]) -> None:
    estate = seen(with_events(span(1, {**chat(), **sent}), *events))
    assert figure(estate, SG.LLMSystem, "shop", "timeToFirstToken") == 0.25


def test_d14_an_instrumentation_that_cannot_be_read_is_told() -> None:
    result = of(request([span(1, {"a": "b"}), span(2, {"c": 1})], scope="llamaindex.opentelemetry.tracer"))
    assert result.unread == {"llamaindex.opentelemetry.tracer": 2}
    assert told(span(1, chat())).unread == {}


def test_d12_staging_and_production_share_no_agent_and_no_tool() -> None:
    sent = [span(1, agent("a")), span(2, tool("t"), parent=1)]

    def assets(environment: str) -> set[str]:
        named = {"deployment.environment.name": environment} if environment else {}
        estate = seen(*sent, resource={"service.name": "bot", **named})
        return estate.kinds[SG.Agent] | estate.kinds[SG.Tool]

    assert assets("staging").isdisjoint(assets("production"))
    # An inventory that names no environment means production.
    assert assets("production") == assets("Prod") == assets("")


@pytest.mark.parametrize(
    ("error", "message", "proven"),
    [
        ("tool_error", "Unknown tool: nope", False),
        ("tool_error", "", False),
        ("ToolNotFoundError", "", False),
        ("RuntimeError", "refund service is down", True),
        ("tool_error", "refund service is down", True),
    ],
)
def test_d15_a_tool_that_only_failed_as_unknown_is_unverified(error: str, message: str, proven: bool) -> None:
    failed = with_events(span(1, {**tool("t"), "error.type": error}, failed=True), message=message)
    assert met(seen(failed), SG.Tool, "t") == ({"used"} if proven else {"requested"})
    assert met(seen(failed, span(2, tool("t"))), SG.Tool, "t") >= {"used"}


def test_d20_no_error_is_no_figure_of_an_emitter_that_shows_none() -> None:
    silent = seen(span(1, chat()), scope="@traceloop/instrumentation-openai")
    assert figure(silent, SG.LLMSystem, "shop", "errors") is None
    assert figure(seen(span(1, chat())), SG.LLMSystem, "shop", "errors") == 0


@pytest.mark.parametrize(
    "side",
    [
        {"error.type": 429},
        {"gen_ai.prompt.name": "greeting", "gen_ai.prompt.version": 3},
        {"gen_ai.usage.cost": "0.5"},
        {"gen_ai.usage.cost": "free"},
        {"gen_ai.agent.name": 7},
        {"gen_ai.agent.name": ["a"]},
        {"gen_ai.response.id": True},
        {"gen_ai.tool.definitions": 3.5},
        {"metadata": AnyValue(bytes_value=b"x")},
    ],
)
def test_d22_a_side_attribute_of_another_type_costs_no_span(side: dict[str, Any]) -> None:
    result = told(span(1, {**chat(input=10), **side}))
    assert not result.rejections
    assert figure(estate_of([result.batch]), SG.LLMSystem, "shop", "inputTokens") == 10


def test_d22_a_number_is_a_status_and_a_version() -> None:
    estate = seen(
        span(1, {**chat(), "error.type": 429}),
        span(2, {**chat(), "gen_ai.prompt.name": "p", "gen_ai.prompt.version": 3}),
    )
    assert figure(estate, SG.LLMSystem, "shop", "rateLimitErrors") == 1
    assert estate.literals[estate.one(SG.Prompt, "p"), SG.version] == {"3"}


@pytest.mark.parametrize("operation", ["chat.completions", "self_check_input", "something new"])
def test_d23_an_operation_of_its_own_with_a_model_and_tokens_is_a_call(operation: str) -> None:
    estate = seen(span(1, {**chat(input=10), "gen_ai.operation.name": operation}))
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 1
    planning = seen(span(1, {**chat(input=10), "gen_ai.operation.name": "create_agent"}))
    assert SG.LLMSystem not in planning.kinds or figure(planning, SG.LLMSystem, "shop", "calls") is None


def test_d24_tools_on_offer_as_structures() -> None:
    definition = AnyValue(
        kvlist_value=KeyValueList(
            values=[
                KeyValue(key="type", value=AnyValue(string_value="function")),
                KeyValue(key="name", value=AnyValue(string_value="look_up")),
            ]
        )
    )
    estate = seen(span(1, {**chat(), "gen_ai.tool.definitions": [definition]}))
    assert estate.related(SG.mayUseTool) == {"shop": {"look_up"}}


def test_d25_an_application_and_its_gateway_both_are_and_the_call_is_one() -> None:
    app, gateway = {"service.name": "app"}, {"service.name": "gw"}
    sent = request([span(1, chat(input=10), seconds=2)], resource=app, scope="lib.client")
    sent.MergeFrom(request([span(2, chat(input=10), parent=1)], resource=gateway, scope="lib.proxy"))
    estate = estate_of([of(sent).batch])
    assert estate.related(SG.usesModel) == {"app": {"gpt-5-mini"}, "gw": {"gpt-5-mini"}}
    assert estate.related(SG.dependsOn) == {"app": {"gw"}}
    for cls, name in ((SG.LLMSystem, "app"), (SG.LLMSystem, "gw"), (SG.BaseModel, "gpt-5-mini")):
        assert (figure(estate, cls, name, "calls"), figure(estate, cls, name, "inputTokens")) == (1, 10)


def test_d26_cached_tokens_beside_the_input_are_added_to_it() -> None:
    beside = {**chat(input=17), "gen_ai.usage.cache_read.input_tokens": 100}
    assert figure(seen(span(1, beside)), SG.LLMSystem, "shop", "inputTokens") == 117
    within = {**chat(input=150), "gen_ai.usage.cache_read.input_tokens": 100}
    assert figure(seen(span(1, within)), SG.LLMSystem, "shop", "inputTokens") == 150
    known = seen(span(1, within), scope="opentelemetry.instrumentation.botocore.bedrock-runtime")
    assert figure(known, SG.LLMSystem, "shop", "inputTokens") == 250


@pytest.mark.parametrize(
    ("scope", "name", "sent", "cls", "called"),
    [
        ("openinference.instrumentation.agno", "clerk.run", {"openinference.span.kind": "AGENT"}, SG.Agent, "clerk"),
        (
            "openinference.instrumentation.crewai",
            "Clerk._execute_core",
            {"openinference.span.kind": "AGENT"},
            SG.Agent,
            "Clerk",
        ),
        (
            "ai",
            "ai.generateText",
            {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "clerk"},
            SG.Agent,
            "clerk",
        ),
        ("langfuse-sdk", "clerk", {"langfuse.observation.type": "agent"}, SG.Agent, "clerk"),
        (
            "org.springframework.boot",
            "t",
            {"gen_ai.operation.name": "execute_tool", "spring.ai.tool.definition.name": "find"},
            SG.Tool,
            "find",
        ),
        ("ai", "ai.toolCall", {"ai.operationId": "ai.toolCall", "ai.toolCall.name": "find"}, SG.Tool, "find"),
        ("mcp-python-sdk", "MCP send tools/call find", {"mcp.method.name": "tools/call"}, SG.Tool, "find"),
        ("mlflow.tracing.provider", "clerk", {"mlflow.spanType": '"AGENT"'}, SG.Agent, "clerk"),
    ],
)
def test_d27_names_that_stand_elsewhere(scope: str, name: str, sent: dict[str, Any], cls: str, called: str) -> None:
    assert names(seen(span(1, sent, name=name), scope=scope), cls) == {called}


def test_d27_an_agents_own_usage_counts_where_its_calls_are_not_told() -> None:
    own = {**agent("a"), "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}
    alone = seen(span(1, own))
    assert alone.related(SG.usesModel) == {"a": {"m"}}
    assert figure(alone, SG.LLMSystem, "shop", "inputTokens") == figure(alone, SG.Agent, "a", "inputTokens") == 5
    assert figure(alone, SG.Agent, "a", "modelCalls") is None
    assert figure(seen(span(1, own), span(2, chat("m", input=5), parent=1)), SG.Agent, "a", "inputTokens") == 5


def test_d28_a_workflow_that_is_an_agent_is_no_pipeline_and_a_placeholder_no_agent() -> None:
    estate = seen(span(1, workflow("root")), span(2, agent("root"), parent=1))
    assert (names(estate, SG.Pipeline), names(estate, SG.Agent)) == (set(), {"root"})
    assert names(seen(span(1, workflow("night")), span(2, agent("root"), parent=1)), SG.Pipeline) == {"night"}
    for name in ("OpenAI Agent", "Strands Agents", "Agent workflow", "Agent"):
        assert names(seen(span(1, agent(name))), SG.Agent) == set()
