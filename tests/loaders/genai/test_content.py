"""Content is looked through for personal data in passing, and no part of it is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.content import MOST_TEXTS
from stratagraph.loaders.genai.emitters import load_emitters
from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.record import Verdict
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.seen import event, figure, seen, with_events
from tests.loaders.spans import agent, chat, fixture, pairs, request, span, tool
from tests.loaders.transformed import SYSTEM, told
from tests.loaders.transformed import of as transformed

CANARY = "Maria Quintanilha, maria.quintanilha@example.com, CPF 529.982.247-25"
ASKED = f'[{{"role":"user","parts":[{{"type":"text","content":"{CANARY}"}}]}}]'


def keys() -> Iterator[tuple[str, str]]:
    """Yield (scope, attribute) of every name of content that is known."""
    table = load_aliases()
    for key in sorted(table.content.exact):
        yield "test.scope", key
    for start in table.content.prefixes:
        yield "test.scope", f"{start}0.x"
    for end in table.content.endings:
        yield "test.scope", f"vendor{end}"
    for scope, emitter in load_emitters().by_scope:
        for key in sorted(emitter.content):
            yield scope.removeprefix("="), key


def test_no_content_is_told_whatever_its_name() -> None:
    for scope, key in keys():
        _tells_nothing(scope, key)


def _tells_nothing(scope: str, key: str) -> None:
    one = with_events(
        span(2, {**chat(input=5), key: ASKED}), event("x", 0.5, **{key: ASKED}), event("gen_ai.choice", m=ASKED)
    )
    result = transformed(
        request([one, span(1, {**agent("a"), key: ASKED}), span(3, {**tool("t"), key: ASKED})], scope=scope)
    )
    assert result.accepted == 3
    assert "uintanilha" not in repr(result), (scope, key)
    assert "529.982" not in repr(result), (scope, key)


def test_a_rejected_span_tells_nothing_of_its_content() -> None:
    one = span(2, {**chat(), "gen_ai.usage.input_tokens": -1, "gen_ai.input.messages": ASKED, "error.type": CANARY})
    result = told(one)
    assert result.rejected == 1
    assert "uintanilha" not in repr(result)


@pytest.mark.parametrize(
    "content",
    [
        ASKED,
        [ASKED],
        AnyValue(
            array_value=ArrayValue(
                values=[AnyValue(kvlist_value=KeyValueList(values=pairs({"role": "user", "content": CANARY})))]
            )
        ),
    ],
)
def test_personal_data_counts_for_system_model_and_agent(content: Any) -> None:
    estate = seen(span(1, agent("a")), span(2, {**chat(input=5), "gen_ai.input.messages": content}, parent=1))
    for cls, name in ((SG.LLMSystem, "shop"), (SG.BaseModel, "gpt-5-mini"), (SG.Agent, "a")):
        told_of = [figure(estate, cls, name, f"{kind}Findings") for kind in ("personalData", "email", "cpf", "card")]
        assert told_of == [2, 1, 1, None]


def test_content_without_personal_data_is_a_zero_and_no_content_is_unknown() -> None:
    without = seen(span(1, {**chat(), "gen_ai.input.messages": "Where is my order 4711?"}))
    assert figure(without, SG.LLMSystem, "shop", "personalDataFindings") == 0
    assert figure(without, SG.LLMSystem, "shop", "emailFindings") is None
    assert figure(seen(span(1, chat())), SG.LLMSystem, "shop", "personalDataFindings") is None


def test_content_that_spans_repeat_counts_where_it_is_innermost() -> None:
    outer = {"input.value": ASKED, "output.value": "ok, done"}
    estate = seen(
        span(1, {"openinference.span.kind": "CHAIN", **outer}),
        span(2, {**agent("a"), **outer}, parent=1),
        span(3, {**chat(), **outer}, parent=2),
    )
    assert figure(estate, SG.LLMSystem, "shop", "personalDataFindings") == 2
    assert figure(estate, SG.Agent, "a", "personalDataFindings") == 2


@pytest.mark.parametrize("one", [span(3, {"input.value": ASKED}), span(3, {**tool("t"), "input.value": ASKED})])
def test_content_without_a_model_call_counts_for_system_and_agent(one: Span) -> None:
    one.parent_span_id = (1).to_bytes(8)
    estate = seen(span(1, {**agent("a"), "input.value": ASKED}), one)
    assert figure(estate, SG.LLMSystem, "shop", "personalDataFindings") == 2
    assert figure(estate, SG.Agent, "a", "personalDataFindings") == 2
    assert figure(seen(span(1, {"haystack.pipeline.input_data": ASKED})), SG.LLMSystem, "shop", "emailFindings") == 1


def test_one_call_that_two_spans_tell_of_brings_its_content_once() -> None:
    asked = {"gen_ai.input.messages": ASKED, "gen_ai.response.id": "r1"}
    estate = seen(span(1, {**chat(), **asked}), span(2, {**chat(), **asked}, parent=1))
    assert figure(estate, SG.LLMSystem, "shop", "personalDataFindings") == 2


def test_messages_told_as_events_of_a_span_are_content() -> None:
    one = with_events(
        span(1, chat()), event("gen_ai.user.message", content=CANARY), event("gen_ai.choice", message="ok then")
    )
    assert figure(seen(one), SG.LLMSystem, "shop", "personalDataFindings") == 2


def test_what_describes_a_tool_or_a_failure_is_not_looked_through() -> None:
    one = with_events(span(1, {**chat(), "tool.description": CANARY}), event("exception", exception__message=CANARY))
    assert figure(seen(one), SG.LLMSystem, "shop", "personalDataFindings") is None


def test_calls_that_are_alike_but_for_their_content_are_told_apart() -> None:
    estate = seen(*(span(number, {**chat(), "gen_ai.input.messages": f"{CANARY} {number}"}) for number in range(1, 4)))
    assert figure(estate, SG.LLMSystem, "shop", "personalDataFindings") == 6


def test_a_sampled_call_stands_for_as_many_as_it_is_one_of() -> None:
    result = told(span(1, {**chat(), "gen_ai.input.messages": ASKED, "sampler.ratio": 0.5}))
    (found,) = [
        one for one in result.batch.observations if (one.subject, one.metric) == (SYSTEM, SG.personalDataFindings)
    ]
    assert (found.total, found.estimated) == (4, True)


def test_vectors_and_endless_lists_cost_little() -> None:
    vectors = {"ai.values": [[0.5] * 2000], "gen_ai.input.messages": ["a@b.org"] * (2 * MOST_TEXTS)}
    estate = seen(span(1, {**chat(), **vectors}))
    assert figure(estate, SG.LLMSystem, "shop", "emailFindings") == MOST_TEXTS


def test_what_is_taken_out_leaves_no_text_and_tells_the_same_when_it_is_read_again() -> None:
    asked = {"gen_ai.input.messages": ASKED, "output.value": CANARY, "tool.description": CANARY, "gen_ai.prompt": ""}
    one = with_events(
        span(1, {**chat(input=3), **asked}),
        event("gen_ai.choice", message=CANARY),
        event("exception", exception__type="X", exception__stacktrace=CANARY),
    )
    sent = request([one, span(2, {**chat(), "gen_ai.input.messages": "no finds"}), span(3, chat())])
    first = normalise(sent)
    assert [one.personal and one.personal.total for one in first.records] == [6, 0, None]
    left = sent.SerializeToString()
    assert CANARY.encode() not in left
    assert normalise(ExportTraceServiceRequest.FromString(left)) == first


def test_what_else_is_read_from_content_stays_until_it_is_told() -> None:
    guard = {"openinference.span.kind": "GUARDRAIL", "output.value": '{"outcome": "fail"}', "guardrail.name": "g"}
    sent = request([span(1, guard)])
    first = normalise(sent)
    assert first.records[0].verdict is Verdict.BLOCKED
    assert normalise(ExportTraceServiceRequest.FromString(sent.SerializeToString())) == first


@pytest.mark.shared
def test_recorded_spans_tell_the_same_without_their_content(shared: Path) -> None:
    for folder in sorted((shared / "telemetry").iterdir()):
        for sent in fixture(folder) if any(folder.glob("*-traces.pb*")) else ():
            before = len(sent.SerializeToString())
            first = normalise(sent)
            left = sent.SerializeToString()
            assert len(left) <= before + 60 * len(first.records), folder.name
            assert normalise(ExportTraceServiceRequest.FromString(left)) == first, folder.name
