"""Emitters of which the notes tell and no capture is kept: small spans as each of them writes them."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.otlp_traces import transform
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import figure, met, names, seen
from tests.loaders.spans import SERVICE, request, span
from tests.loaders.transformed import MODEL

CHAT: dict[str, Any] = {"gen_ai.operation.name": "chat"}
RUN: dict[str, Any] = {"gen_ai.operation.name": "invoke_agent"}
FLOW: dict[str, Any] = {"gen_ai.operation.name": "invoke_workflow"}
USE: dict[str, Any] = {"gen_ai.operation.name": "execute_tool"}


def test_vercel_ai_7_calls_its_agents_by_their_model_where_they_have_no_name() -> None:
    asked = {"gen_ai.request.model": "gpt-5"}
    answered = {**CHAT, **asked, "gen_ai.response.model": "gpt-5-x", "gen_ai.provider.name": "openai.chat"}
    spans = [
        span(1, {**RUN, **asked, "gen_ai.usage.input_tokens": 10}, name="invoke_agent gpt-5"),
        span(2, {"gen_ai.operation.name": "agent_step"}, name="step 1", parent=1),
        span(3, {**answered, "gen_ai.usage.input_tokens": 10}, name="chat gpt-5", parent=2),
        span(4, {**USE, "gen_ai.tool.name": "t"}, name="execute_tool t", parent=2),
        span(5, {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e"}),
        span(
            6,
            {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e", "gen_ai.usage.input_tokens": 3},
            parent=5,
        ),
        span(7, {**CHAT, "gen_ai.request.model": "limited", "http.response.status_code": 429}),
    ]
    estate = seen(*spans, scope="gen_ai")
    assert names(estate, SG.Agent) == set()
    told = [figure(estate, SG.LLMSystem, "shop", m) for m in ("calls", "inputTokens", "errors", "rateLimitErrors")]
    assert told == [3, 13, 1, 1]
    assert names(estate, SG.Provider) == {"openai"}


def test_google_adk_for_python_wraps_agents_in_workflows_of_their_name() -> None:
    tool = {**USE, "gen_ai.agent.name": "root", "gen_ai.tool.name": "helper", "gen_ai.tool.call.id": "<not specified>"}
    spans = [
        span(1, {**FLOW, "gen_ai.workflow.name": "root"}, seconds=9),
        span(2, {**RUN, "gen_ai.agent.name": "root"}, parent=1, seconds=9),
        span(
            3,
            {
                "gen_ai.operation.name": "generate_content",
                "gen_ai.agent.name": "root",
                "gen_ai.request.model": "gemini-x",
            },
            parent=2,
        ),
        span(4, tool, parent=2, seconds=3),
        span(5, {**FLOW, "gen_ai.workflow.name": "helper"}, parent=4),
        span(6, {**RUN, "gen_ai.agent.name": "helper"}, parent=5),
    ]
    estate = seen(*spans, scope="gcp.vertex.agent")
    assert names(estate, SG.Pipeline) == names(estate, SG.Tool) == set()
    assert estate.related(SG.delegatesTo) == {"root": {"helper"}}
    assert names(estate, SG.Provider) == {"gcp.gemini"}


def test_crewai_by_openllmetry_says_invoke_agent_on_three_levels() -> None:
    crew = {**RUN, "gen_ai.provider.name": "crewai"}
    spans = [
        span(1, {**crew, "traceloop.span.kind": "workflow", "traceloop.entity.name": "crewai"}, name="crewai.workflow"),
        span(2, {**crew, "traceloop.span.kind": "task"}, name="Look up.task", parent=1),
        span(
            3,
            {**crew, "traceloop.span.kind": "agent", "gen_ai.agent.name": "Clerk", "gen_ai.request.model": "m"},
            parent=2,
        ),
    ]
    estate = seen(*spans, scope="opentelemetry.instrumentation.crewai")
    assert figure(estate, SG.Agent, "Clerk", "runs") == 1
    assert names(estate, SG.Pipeline) == names(estate, SG.Provider) == set()
    assert estate.related(SG.usesModel) == {"Clerk": {"m"}}
    assert figure(estate, SG.Agent, "Clerk", "modelCalls") is None


def test_smolagents_name_agents_by_their_span() -> None:
    kind = "openinference.span.kind"
    spans = [
        span(1, {kind: "AGENT", "llm.token_count.prompt": 20}, name="clerk.run"),
        span(2, {kind: "CHAIN"}, name="Step 1", parent=1),
        span(3, {kind: "LLM", "llm.model_name": "m", "llm.token_count.prompt": 20}, parent=2),
        span(4, {kind: "TOOL", "tool.name": "find"}, name="SimpleTool", parent=2),
        span(5, {kind: "AGENT"}, name="CodeAgent.run"),
    ]
    estate = seen(*spans, scope="openinference.instrumentation.smolagents")
    assert names(estate, SG.Agent) == {"clerk"}
    assert figure(estate, SG.Agent, "clerk", "inputTokens") == 20
    assert estate.related(SG.usesTool) == {"clerk": {"find"}}


def test_genkit_for_go_keeps_the_answered_model_in_a_place_of_its_own() -> None:
    output = (
        '{"usage": {"inputTokens": 5, "outputTokens": 7, "cachedContentTokens": 2}, "custom": {"model": "gpt-5-x"}}'
    )
    kind, name = "genkit:metadata:subtype", "genkit:name"
    spans = [
        span(1, {kind: "executable-prompt", name: "p1"}, name="p1"),
        span(2, {kind: "model", name: "openai/gpt-5", "genkit:output": output}, name="openai/gpt-5"),
        span(3, {kind: "model", name: "openai/gpt-5", "genkit:output": '{"usage": {}}'}, name="openai/gpt-5"),
        span(4, {kind: "tool.v2", name: "t"}, name="t"),
    ]
    estate = seen(*spans, scope="genkit-tracer")
    assert (names(estate, SG.Prompt), names(estate, SG.Tool)) == ({"p1"}, {"t"})
    assert figure(estate, SG.BaseModel, "gpt-5-x", "cachedInputTokens") == 2
    assert met(estate, SG.BaseModel, "gpt-5") == {"requested", "used"}
    assert estate.related(SG.providedBy) == {"gpt-5": {"openai"}, "gpt-5-x": {"openai"}}


def test_vllm_tells_of_itself_as_a_server() -> None:
    sent = {
        "gen_ai.response.model": "llama",
        "gen_ai.usage.prompt_tokens": 5,
        "gen_ai.latency.time_to_first_token": 0.1,
    }
    estate = seen(span(1, sent, name="llm_request"), scope="vllm.llm_engine")
    assert names(estate, SG.ModelServer) == {"vllm"}
    assert names(estate, SG.Provider) == set()
    assert figure(estate, SG.BaseModel, "llama", "timeToFirstToken") == 0.1


def test_iorails_of_nemo_say_only_when_they_stop() -> None:
    spans = [
        span(1, {"rail.type": "Input", "rail.name": "r", "rail.stop": True}, name="check"),
        span(2, {"rail.type": "Input", "rail.name": "r"}, name="check"),
        span(3, {**CHAT, "gen_ai.request.model": "g", "gen_ai.response.model": "g"}, name="chat g", parent=1),
        span(4, {"rail.type": "generation", "rail.name": "general"}, name="check"),
    ]
    estate = seen(*spans, scope="nemo-guardrails")
    assert names(estate, SG.Guardrail) == {"r"}
    assert [figure(estate, SG.Guardrail, "r", m) for m in ("calls", "guardrailBlocks", "guardrailUndecided")] == [
        2,
        1,
        0,
    ]
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 1


def test_older_pydantic_ai_names_its_spans_in_words() -> None:
    spans = [
        span(1, {"agent_name": "clerk", "model_name": "m"}, name="agent run"),
        span(2, {**CHAT, "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}, parent=1, name="chat m"),
        span(3, {}, parent=1, name="running 1 tool"),
        span(4, {"gen_ai.tool.name": "t"}, parent=3, name="running tool: t"),
    ]
    estate = seen(*spans, scope="pydantic-ai")
    assert figure(estate, SG.Agent, "clerk", "runs") == 1
    assert estate.related(SG.usesTool) == {"clerk": {"t"}}


def test_pydantic_ai_1_names_the_tool_by_an_attribute_only() -> None:
    """Seen with 1.19: the span of a tool is called as no tool is, and the one around it in the plural."""
    spans = [
        span(1, {"agent_name": "clerk", "gen_ai.agent.name": "clerk", "model_name": "m"}, name="agent run"),
        span(2, {"tools": ["t"]}, parent=1, name="running tools"),
        span(3, {"gen_ai.tool.name": "t", "tool_arguments": "{}"}, parent=2, name="running tool", failed=True),
    ]
    estate = seen(*spans, scope="pydantic-ai")
    assert estate.related(SG.usesTool) == {"clerk": {"t"}}
    assert figure(estate, SG.Tool, "t", "calls") == figure(estate, SG.Tool, "t", "errors") == 1


def test_older_google_adk_names_its_agents_in_the_name_of_the_span_alone() -> None:
    """Seen with 1.14: no attribute has the agent, and one used as a tool begins with a span of a whole run."""
    model = {"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-flash"}
    used = {**model, "gen_ai.usage.input_tokens": 8, "gen_ai.usage.output_tokens": 20}
    spans = [
        span(1, {}, name="invocation"),
        span(2, {}, name="agent_run [router]", parent=1),
        span(3, used, name="call_llm", parent=2),
        span(4, {**USE, "gen_ai.tool.name": "billing"}, name="execute_tool billing", parent=3),
        span(5, {}, name="invocation", parent=4),
        span(6, {}, name="agent_run [billing]", parent=5),
        span(7, used, name="call_llm", parent=6),
        span(8, {**USE, "gen_ai.tool.name": "refund"}, name="execute_tool refund", parent=7),
    ]
    estate = seen(*spans, scope="gcp.vertex.agent")
    assert names(estate, SG.Agent) == {"router", "billing"}
    assert names(estate, SG.Tool) == {"refund"}
    assert [figure(estate, SG.Agent, name, "inputTokens") for name in ("router", "billing")] == [8, 8]
    assert estate.related(SG.delegatesTo) == {"router": {"billing"}}
    assert estate.related(SG.usesTool) == {"billing": {"refund"}}


def test_agentops_names_agents_and_tools_by_what_the_program_calls_them() -> None:
    """Seen with agentops 0.4 and openai 3.57: two scopes in a trace; what a model asks for looks like a tool."""
    call = {"gen_ai.request.type": "chat", "gen_ai.system": "OpenAI", "gen_ai.request.model": "m"}
    used = {**call, "gen_ai.response.model": "m-1", "gen_ai.usage.prompt_tokens": 4, "gen_ai.request.streaming": True}
    asked = {"gen_ai.request.functions.0.name": "look_up", "gen_ai.streaming.time_to_first_token": 0.25}
    ours = [
        span(1, {"agentops.span.kind": "session", "operation.name": "default"}, name="default.session"),
        span(2, {"agentops.span.kind": "agent", "operation.name": "clerk"}, parent=1, name="clerk.agent"),
        span(3, {"agentops.span.kind": "task", "operation.name": "go"}, parent=2, name="go.task"),
        span(4, {"agentops.span.kind": "tool", "operation.name": "look_up"}, parent=3, name="look_up.tool"),
    ]
    wish = {"agentops.span.kind": "AgentOpsSpanKindValues.TOOL", "tool.name": "never_run"}
    sent = request(ours, scope="agentops")
    sent.MergeFrom(request([span(5, {**used, **asked}, parent=3, name="openai.chat.completion")], scope="openai"))
    sent.MergeFrom(request([span(6, wish, parent=5, name="tool_call.never_run")], scope="agentops.instrumentation.x"))
    estate = estate_of([transform(sent, model=MODEL, run="r").batch])
    assert names(estate, SG.Agent) == {"clerk"}
    assert estate.related(SG.usesTool) == estate.related(SG.mayUseTool) == {"clerk": {"look_up"}}
    assert figure(estate, SG.Agent, "clerk", "inputTokens") == 4
    assert [figure(estate, SG.BaseModel, "m-1", name) for name in ("streamedCalls", "timeToFirstToken")] == [1, 0.25]


def test_dspy_calls_agents_without_a_name_after_their_class() -> None:
    spans = [span(1, {**RUN, "gen_ai.agent.name": "dspy.ReAct"}), span(2, {**RUN, "gen_ai.agent.name": "Desk"})]
    assert names(seen(*spans, scope="opentelemetry.instrumentation.genai.dspy"), SG.Agent) == {"Desk"}


def test_older_openllmetry_tells_how_an_answer_ended_beside_it() -> None:
    """Seen with 0.40: by choice, among attributes that are content; so it stays when that is taken out."""
    told = {"llm.request.type": "chat", "gen_ai.request.model": "m", "gen_ai.response.model": "m"}
    spans = [
        span(1, {**told, "gen_ai.completion.0.finish_reason": "length", "gen_ai.completion.0.content": "Your"}),
        span(2, {**told, "gen_ai.completion.0.finish_reason": "tool_calls"}, trace=bytes(range(2, 18))),
    ]
    estate = seen(*spans, scope="opentelemetry.instrumentation.openai.v1")
    assert figure(estate, SG.BaseModel, "m", "truncatedCalls") == 1
    sent = request(spans, scope="opentelemetry.instrumentation.openai.v1")
    transform(sent, model=MODEL, run="r")
    assert "finish_reason" in str(sent)
    assert "length" in str(sent)
    assert "Your" not in str(sent)


def test_langchain_by_openllmetry_names_itself_and_a_new_id_for_each_run() -> None:
    spans = [
        span(1, {"traceloop.span.kind": "workflow", "traceloop.entity.name": "LangGraph"}, name="LangGraph.workflow"),
        span(
            2,
            {**RUN, "gen_ai.agent.name": "clerk", "gen_ai.agent.id": "4bf6195a-4e71-4487-8116-0619e3e2251f"},
            parent=1,
        ),
        span(3, {**CHAT, "gen_ai.provider.name": "langchain", "gen_ai.request.model": "m"}, parent=2),
        span(4, {"traceloop.span.kind": "tool", "traceloop.entity.name": "find"}, name="find.tool", parent=2),
    ]
    estate = seen(*spans, scope="opentelemetry.instrumentation.langchain")
    assert names(estate, SG.Pipeline) == names(estate, SG.Provider) == set()
    assert estate.related(SG.usesTool) == {"clerk": {"find"}}
    assert "4bf6195a" not in repr(estate)


def test_an_older_openllmetry_has_no_spans_of_failures() -> None:
    def errors(version: str) -> float | None:
        sent: list[Span] = [span(1, {**CHAT, "gen_ai.request.model": "m", "gen_ai.response.model": "m"})]
        scope = "opentelemetry.instrumentation.openai.v1"
        batch = transform(request(sent, resource=SERVICE, scope=scope, version=version), model=MODEL, run="r").batch
        told = [one.total for one in batch.observations if one.metric == SG.errors]
        return told[0] if told else None

    assert (errors("0.30.0"), errors("0.62.4")) == (None, 0)


def test_nemo_guardrails_in_its_older_format() -> None:
    """The model stands in names: of the span, and of the attributes."""

    def metrics(model: str, sent: int, read: int) -> dict[str, Any]:
        start = f"llm_call_{model.replace('/', '_')}"
        return {f"{start}_total": 1, f"{start}_prompt_tokens_total": sent, f"{start}_completion_tokens_total": read}

    estate = seen(
        span(1, {"interaction_total": 1}, name="interaction"),
        span(2, name="rail: self check input", parent=1),
        span(3, {"action_self_check_input_total": 1}, name="action: self_check_input", parent=2),
        span(4, metrics("guard-mini", 36, 9), name="LLM: guard-mini", parent=3),
        span(5, metrics("openai/gpt-5-mini", 94, 26), name="LLM: openai/gpt-5-mini", parent=1),
        span(6, metrics("unknown", 0, 0), name="LLM: unknown", parent=1),
        scope="nemo_guardrails",
    )
    figures = [figure(estate, SG.LLMSystem, "shop", metric) for metric in ("calls", "inputTokens", "outputTokens")]
    assert figures == [3, 130, 35]
    assert figure(estate, SG.LLMSystem, "shop", "errors") is None
    assert names(estate, SG.BaseModel) == {"guard-mini", "gpt-5-mini"}
    assert names(estate, SG.Guardrail) == set(), "neither what a rail is nor what it decided is told"
