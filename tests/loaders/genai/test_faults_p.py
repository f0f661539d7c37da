"""One test for each of the faults P1 to P15 that frameworks, guardrails and gateways led to."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.sampling import Declared
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp_traces import TraceResult
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import event, figure, mcp, met, names, seen, with_events, workflow
from tests.loaders.spans import agent, chat, request, span, tool
from tests.loaders.transformed import of, told


def test_p1_a_cost_of_zero_is_no_measurement_and_the_dated_price_counts() -> None:
    batch = told(span(1, {**chat(input=1_000_000, output=0), "gen_ai.usage.cost": 0})).batch
    costs = {(one.total, one.unit, one.estimated) for one in batch.observations if one.metric == SG.callCost}
    assert costs == {(2.0, "BRL", True)}
    unpriced = told(span(1, {**chat("other", input=5, output=5), "gen_ai.usage.cost": 0.0})).batch
    assert not [one for one in unpriced.observations if one.metric == SG.callCost]


def test_p2_nothing_read_and_nothing_written_is_unknown() -> None:
    estate = seen(span(1, {**chat(input=0, output=0), "gen_ai.usage.cache_read.input_tokens": 0}))
    assert figure(estate, SG.LLMSystem, "shop", "inputTokens") is None
    assert figure(estate, SG.LLMSystem, "shop", "cachedInputTokens") is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_p3_one_response_is_one_call_across_requests_and_services(order: tuple[int, int]) -> None:
    named = {**chat(input=10, output=5), "gen_ai.response.id": "r1"}
    requests = [
        request([span(3, named, parent=2)], resource={"service.name": "gw"}, scope="lib.proxy"),
        request([span(1, named), span(2, {}, parent=1)], resource={"service.name": "app"}, scope="lib.client"),
    ]
    story = Story()
    estate = estate_of([of(requests[place], story=story).batch for place in order])
    assert (
        figure(estate, SG.BaseModel, "gpt-5-mini", "calls"),
        figure(estate, SG.BaseModel, "gpt-5-mini", "inputTokens"),
    ) == (1, 10)
    assert [figure(estate, SG.LLMSystem, name, "calls") for name in ("app", "gw")] == [1, 1]
    assert estate.related(SG.dependsOn) == {"app": {"gw"}}


def test_p3_two_siblings_with_one_response_in_two_requests_are_one() -> None:
    named = {**chat(input=10), "gen_ai.response.id": "r1"}
    story = Story()
    batches = [
        of(request([span(number, named, parent=9)], scope=f"lib.{number}"), story=story).batch for number in (1, 2)
    ]
    assert figure(estate_of(batches), SG.LLMSystem, "shop", "calls") == 1


def test_p4_tools_on_offer_stand_on_the_agent_too() -> None:
    offered = {**agent("a"), "gen_ai.tool.definitions": '[{"type": "function", "name": "t"}]'}
    assert seen(span(1, offered)).related(SG.mayUseTool) == {"a": {"t"}}


@pytest.mark.parametrize(
    ("scope", "name", "sent", "failed", "verdict"),
    [
        (
            "nemo_guardrails",
            "guardrails.rail",
            {"rail.type": "input", "rail.name": "g", "rail.stop": True},
            False,
            "blocked",
        ),
        (
            "nemo_guardrails",
            "guardrails.rail",
            {"rail.type": "Input", "rail.name": "g", "rail.stop": False},
            False,
            "allowed",
        ),
        ("nemo-guardrails", "guardrails.rail", {"rail.type": "input", "rail.name": "g"}, False, "allowed"),
        (
            "guardrails-ai",
            "guard",
            {"type": "guardrails/guard", "guard.name": "g", "validation_passed": False},
            False,
            "blocked",
        ),
        (
            "guardrails-ai",
            "guard",
            {"type": "guardrails/guard", "guard.name": "g", "validation_passed": True},
            False,
            "allowed",
        ),
        ("guardrails-ai", "guard", {"type": "guardrails/guard", "guard.name": "g"}, True, "undecided"),
        (
            "guardrails-ai",
            "v.validate",
            {
                "type": "guardrails/guard/step/validator",
                "validator.name": "g",
                "on_fail_descriptor": "noop",
                "output.value": '{"outcome": "fail"}',
            },
            False,
            "flagged",
        ),
        ("openinference.instrumentation.x", "g", {"openinference.span.kind": "GUARDRAIL"}, False, "undecided"),
        (
            "openinference.instrumentation.x",
            "g",
            {"openinference.span.kind": "GUARDRAIL", "output.value": '{"tripwire_triggered": true}'},
            False,
            "blocked",
        ),
    ],
)
def test_p5_what_a_guardrail_decided(scope: str, name: str, sent: dict[str, Any], failed: bool, verdict: str) -> None:
    estate = seen(span(1, sent, name=name, failed=failed), scope=scope)
    told_of = {
        m: figure(estate, SG.Guardrail, "g", m)
        for m in ("calls", "guardrailBlocks", "guardrailFindings", "guardrailUndecided")
    }
    right = {
        "blocked": (1, 1, 1, 0),
        "flagged": (1, 0, 1, 0),
        "allowed": (1, 0, 0, 0),
        "undecided": (1, None, None, 1),
    }[verdict]
    assert tuple(told_of.values()) == right
    assert estate.related(SG.partOf) == {"g": {"shop"}}
    # A block is no error, and an error is no block.
    assert figure(estate, SG.Guardrail, "g", "errors") in {float(failed), None}


def test_p5_a_rail_that_only_generates_is_no_guardrail() -> None:
    sent = {"rail.type": "generation", "rail.name": "generate user intent"}
    assert SG.Guardrail not in seen(span(1, sent, name="guardrails.rail"), scope="nemo_guardrails").kinds


def test_p5_a_failure_that_blocks_is_told_from_one_that_decides_nothing() -> None:
    sent = {"type": "guardrails/guard", "guard.name": "g"}
    raised = event("exception", exception__type="guardrails.errors.ValidationError")
    estate = seen(with_events(span(1, sent, failed=True), raised), scope="guardrails-ai")
    assert (figure(estate, SG.Guardrail, "g", "guardrailBlocks"), figure(estate, SG.Guardrail, "g", "errors")) == (1, 0)


@pytest.mark.parametrize(("label", "found"), [("pass", 0), ("fail", 1), ("odd", None)])
def test_p5_evaluations_are_guardrails_that_stop_nothing(label: str, found: int | None) -> None:
    told_of = event(
        "gen_ai.evaluation.result", gen_ai__evaluation__name="toxicity", gen_ai__evaluation__score__label=label
    )
    estate = seen(with_events(span(1, chat()), told_of))
    assert figure(estate, SG.Guardrail, "toxicity", "calls") == 1
    assert figure(estate, SG.Guardrail, "toxicity", "guardrailFindings") == found
    assert figure(estate, SG.Guardrail, "toxicity", "guardrailBlocks") in {0, None}
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 1


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        ("<class 'openai.RateLimitError'>", "", ""),
        ("", "Exception", "OpenAIRateLimitError('Error code: 429 - slow')"),
        ("", "", "HTTP 429 from model"),
        (
            "ServiceResponseException",
            "x.ServiceResponseException",
            "(\"<class 'x.y'>\", RateLimitError('Error code: 429'))",
        ),
        ("", "429", ""),
        ("", "", "RESOURCE_EXHAUSTED: 429 Rate limit reached"),
    ],
)
def test_p6_a_rate_limit_behind_another_text(error: str, kind: str, message: str) -> None:
    sent = {**chat(answered=""), **({"error.type": error} if error else {})}
    raised = event("exception", exception__type=kind, exception__message=message)
    estate = seen(with_events(span(1, sent, failed=True), raised))
    assert figure(estate, SG.LLMSystem, "shop", "rateLimitErrors") == 1


@pytest.mark.parametrize("key", ["metadata", "langsmith.metadata.lc_agent_name"])
def test_p7_a_chain_with_the_name_of_its_agent_is_the_agents_run(key: str) -> None:
    claim = {key: '{"lc_agent_name": "a"}' if key == "metadata" else "a"}
    chain, scope = {"openinference.span.kind": "CHAIN"}, "openinference.instrumentation.x"
    if key != "metadata":
        chain, scope = {"langsmith.span.kind": "chain"}, "langsmith"
    spans = [
        span(1, {**chain, **claim}, name="a", failed=True),
        span(2, {**chain, **claim}, name="model", parent=1),
        span(3, {**chat(input=4), **claim}, name="ChatOpenAI", parent=2),
    ]
    estate = seen(*spans, scope=scope)
    told_of = [figure(estate, SG.Agent, "a", m) for m in ("runs", "errors", "modelCalls", "inputTokens")]
    assert told_of == [1, 1, 1, 4]


@pytest.mark.parametrize(
    ("scope", "claim"),
    [("langsmith", {"langsmith.metadata.ls_provider": "openai"}), ("x", {"metadata": '{"ls_provider": "openai"}'})],
)
def test_p8_a_provider_in_what_a_vendor_adds(scope: str, claim: dict[str, str]) -> None:
    sent = {"gen_ai.operation.name": "chat", "gen_ai.system": "langchain", "gen_ai.request.model": "m", **claim}
    assert seen(span(1, sent), scope=scope).related(SG.providedBy) == {"m": {"openai"}}


def test_p9_of_a_source_sampled_by_outcome_no_rate_is_told() -> None:
    sent = request([span(1, chat("m"), failed=True)])
    estate = estate_of([of(sent, declared=Declared.of({"shop": "outcome"})).batch])
    assert figure(estate, SG.LLMSystem, "shop", "errors") == 1
    assert figure(estate, SG.LLMSystem, "shop", "calls") is None
    assert figure(estate, SG.LLMSystem, "shop", "callLatency") is None


def test_p12_a_single_name_proves_use_and_no_answer() -> None:
    sent = {"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.token_count.prompt": 5}
    assert met(seen(span(1, sent), scope="openinference.instrumentation.x"), SG.BaseModel, "m") == {"used"}


def test_p13_guards() -> None:
    hexed = {
        "openinference.span.kind": "AGENT",
        "agent.name": "b",
        "graph.node.id": "470cbdf189122682",
        "graph.node.parent_id": "cbad982fbdf83d87",
    }
    assert seen(span(1, hexed)).related(SG.delegatesTo) == {}
    started = {**hexed, "graph.node.parent_id": "start"}
    assert seen(span(1, started)).related(SG.delegatesTo) == {}
    spoke = {"openinference.span.kind": "AGENT", "graph.node.id": "b", "graph.node.parent_id": "a"}
    speaking = seen(span(1, spoke), scope="openinference.instrumentation.autogen_agentchat")
    assert speaking.related(SG.delegatesTo) == {}
    unstreamed = {**chat(), "gen_ai.request.stream": False, "gen_ai.server.time_to_first_token": 0.5}
    assert figure(seen(span(1, unstreamed)), SG.LLMSystem, "shop", "timeToFirstToken") is None
    asked = seen(span(1, {**chat(), "gen_ai.tool.name": "wished"}))
    assert names(asked, SG.Tool) == set()
    assert names(seen(span(1, {**chat(), "service.name": "another"})), SG.LLMSystem) == {"shop"}
    made = {"gen_ai.operation.name": "create_agent", "gen_ai.agent.name": "a", "gen_ai.response.model": "m"}
    assert seen(span(1, made)).kinds == {}
    answered_tool = seen(span(1, {**tool("t"), "gen_ai.response.model": "m"}))
    assert names(answered_tool, SG.BaseModel) == set()


@pytest.mark.parametrize(
    "name",
    ["WorkflowBuilder-44484b59-8eaa-4cf4-8cc7-89ec71817c79", "470cbdf189122682", "mild-thompson-31bdc715"],
)
def test_p13_a_made_up_name_is_no_identity(name: str) -> None:
    spans = [span(1, agent(name)), span(2, tool(name)), span(3, workflow(name)), span(4, {**chat(), "prompt.id": name})]
    estate = seen(*spans)
    assert name not in estate.names.values()


def test_p14_a_named_workflow_of_the_agent_framework_is_a_pipeline() -> None:
    estate = seen(span(1, {"workflow.name": "press_flow"}, name="workflow.run"), scope="agent_framework")
    assert names(estate, SG.Pipeline) == {"press_flow"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0,)])
def test_p15_who_answers_a_call_provides_the_tool(order: tuple[int, ...]) -> None:
    answering = mcp("find", Span.SPAN_KIND_SERVER, 3, 2, **tool("find"))
    asking = [span(1, agent("bot")), mcp("find", Span.SPAN_KIND_CLIENT, 2, 1)]
    requests = [
        request([answering], resource={"service.name": "tools"}, scope="mcp-python-sdk"),
        request(asking, resource={"service.name": "app"}, scope="mcp-python-sdk"),
    ]
    story = Story()
    for place in order:
        story.take(normalise(requests[place]).records)
    estate = estate_of([told_by(story).batch])
    assert estate.related(SG.partOf)["find"] == {"tools"}
    assert estate.related(SG.usesTool) == ({"bot": {"find"}} if len(order) > 1 else {})
    assert figure(estate, SG.Tool, "find", "calls") == 1


def told_by(story: Story) -> TraceResult:
    return of(request([]), story=story)
