"""One test for each of the faults E1 to E9 that emitters in Java, Go and Node led to."""

from __future__ import annotations

from typing import Any

import pytest

from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.seen import event, figure, met, names, seen, with_events, workflow
from tests.loaders.spans import BEGIN, SECOND, agent, chat, span, tool


def test_e1_an_answer_that_ended_in_an_error_is_none() -> None:
    estate = seen(span(1, {**chat("m"), "gen_ai.response.finish_reasons": '["error"]'}))
    assert figure(estate, SG.LLMSystem, "shop", "errors") == 1
    assert met(estate, SG.BaseModel, "m") == {"requested"}
    assert names(estate, SG.Provider) == set()


def test_e2_a_run_that_began_after_the_run_above_had_ended_was_not_called_by_it() -> None:
    late = [span(1, agent("a")), span(2, agent("b"), parent=1, start=BEGIN + 2 * SECOND)]
    assert seen(*late).related(SG.delegatesTo) == {}
    within = [span(1, agent("a"), seconds=3), span(2, agent("b"), parent=1, start=BEGIN + 2 * SECOND)]
    assert seen(*within).related(SG.delegatesTo) == {"a": {"b"}}


@pytest.mark.parametrize(("parent", "beside"), [(1, 1), (1, 2)])
def test_e3_a_call_takes_the_time_that_no_tool_covers(parent: int, beside: int) -> None:
    spans = [
        span(1, agent("a"), seconds=7),
        span(2, chat(), parent=parent, seconds=6.6),
        span(3, tool("t"), parent=beside, start=BEGIN + SECOND // 20, seconds=6.5),
    ]
    estate = seen(*spans)
    assert figure(estate, SG.LLMSystem, "shop", "callLatency") == pytest.approx(0.1)
    covered = seen(span(2, chat()), span(3, tool("t"), parent=2))
    assert figure(covered, SG.LLMSystem, "shop", "callLatency") is None


def test_e4_a_bare_call_that_failed_is_a_failed_call_of_an_unknown_model() -> None:
    estate = seen(span(1, agent("a")), span(2, {}, parent=1, name="call_llm", failed=True))
    assert (figure(estate, SG.Agent, "a", "modelCalls"), figure(estate, SG.LLMSystem, "shop", "errors")) == (1, 1)
    assert names(estate, SG.BaseModel) == set()


def test_e5_names_and_operations_in_the_name_of_the_span() -> None:
    spans = [
        span(1, workflow(), name="invoke_workflow order_flow"),
        span(2, {"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent clerk"),
        span(3, {}, name="execute_tool order_status"),
    ]
    estate = seen(*spans)
    assert names(estate, SG.Pipeline) == {"order_flow"}
    assert names(estate, SG.Agent) == {"clerk"}
    assert names(estate, SG.Tool) == {"order_status"}


def test_e6_a_version_that_is_the_emitters_own_is_none_of_the_service() -> None:
    own = {"service.name": "bot", "service.version": "1.71.0", "telemetry.sdk.name": "@mastra/otel-exporter"}
    estate = seen(span(1, chat()), resource=own)
    assert estate.literals.get((estate.one(SG.LLMSystem, "bot"), SG.version)) is None


@pytest.mark.parametrize("sent", ['["order_status"]', ["order_status"], '[{"name": "order_status"}]'])
def test_e7_tools_on_offer_as_plain_names(sent: Any) -> None:
    estate = seen(span(1, {**agent("a"), "gen_ai.tool.definitions": sent}))
    assert estate.related(SG.mayUseTool) == {"a": {"order_status"}}


def test_e8_of_one_name_for_two_things_the_span_tells_which_it_is() -> None:
    kind = {"openinference.span.kind": "LLM"}
    scope = "@arizeai/openinference-instrumentation-openai-agents"
    spans = [
        span(1, {**kind, "llm.model_name": "m"}, name="generation"),
        span(2, {**kind, "llm.model_name": "m-2026-01-15"}, name="response"),
    ]
    estate = seen(*spans, scope=scope)
    assert met(estate, SG.BaseModel, "m") == {"used"}
    assert met(estate, SG.BaseModel, "m-2026-01-15") == {"answered"}


def test_e9_what_repairs_must_not_bring() -> None:
    vertex = seen(span(1, {**chat("gemini-x"), "gen_ai.provider.name": "gcp.vertex.agent"}), scope="gcp.vertex.agent")
    assert names(vertex, SG.Provider) == {"gcp.gemini"}
    nameless = seen(
        span(1, {"openinference.span.kind": "AGENT"}, name="Agent workflow"),
        scope="@arizeai/openinference-instrumentation-openai-agents",
    )
    assert names(nameless, SG.Agent) == set()
    limited = with_events(
        span(1, chat(answered=""), failed=True),
        event("exception", exception__type="com.openai.errors.RateLimitException"),
    )
    assert figure(seen(limited), SG.LLMSystem, "shop", "rateLimitErrors") == 1
