from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.calls import Calls, distinct_calls
from stratagraph.loaders.genai.contexts import SpanContextCache
from stratagraph.loaders.genai.normalise import normalise
from tests.loaders.spans import agent, chat, request, span, tool


def calls(spans: Iterable[Span], *more: ExportTraceServiceRequest) -> Calls:
    sent = [request(spans), *more]
    return distinct_calls([record for part in sent for record in normalise(part).records], SpanContextCache())


def test_a_span_sent_twice_is_one_and_the_fuller_account_wins() -> None:
    for order in ([0, 1], [1, 0]):
        told = [span(1, chat()), span(1, chat(input=4))]
        found = calls([told[index] for index in order])
        assert found.duplicates == 1
        assert [leaf.usage.input for leaf in found.leaves] == [4]


def test_a_call_seen_by_two_instrumentations_one_inside_the_other_is_one() -> None:
    found = calls([span(1, chat(input=9)), span(2, {}, parent=1), span(3, chat(output=2), parent=2)])
    assert [leaf.span for leaf in found.leaves] == [(3).to_bytes(8)]
    assert (found.leaves[0].usage.input, found.leaves[0].usage.output) == (9, 2)


def test_a_call_seen_by_two_instrumentations_side_by_side_is_one() -> None:
    sent = {**chat(input=9), "gen_ai.response.id": "r1"}
    found = calls([span(1, sent)], request([span(2, sent)], scope="another"))
    assert len(found.leaves) == 1
    assert len(calls([span(1, sent), span(2, sent)]).leaves) == 2


def test_a_call_made_by_a_tool_of_a_call_is_another() -> None:
    found = calls([span(1, chat(input=1)), span(2, tool("t"), parent=1), span(3, chat(input=2), parent=2)])
    assert len(found.leaves) == 2


def test_usage_repeated_on_an_agent_is_not_counted() -> None:
    found = calls([span(1, {**agent("a"), "gen_ai.usage.input_tokens": 50}), span(2, chat(input=50), parent=1)])
    assert sum(leaf.usage.input or 0 for leaf in found.leaves) == 50


def test_spans_that_are_each_others_parents_end_the_walk() -> None:
    found = calls([span(1, chat(), parent=2), span(2, {}, parent=1)])
    assert found.forest.agent_of(found.records[0]).agent is None


def test_an_agent_is_found_however_deep_its_call_is() -> None:
    chain = [span(1, agent("deep")), *(span(number, {}, parent=number - 1) for number in range(2, 3000))]
    found = calls([*chain, span(3000, chat(), parent=2999)])
    owner = found.forest.agent_of(found.leaves[0]).agent
    assert owner is not None
    assert owner.name == "deep"
