from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.calls import Calls, model_calls
from stratagraph.loaders.genai.forest import Forest
from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.record import CallRecord, RecordKind
from tests.loaders.spans import BEGIN, SECOND, agent, chat, request, span, tool

TRACE = bytes(15) + b"\x01"


def calls(spans: Iterable[Span], *more: ExportTraceServiceRequest) -> Calls:
    sent = [request(spans), *more]
    return model_calls(Forest(record for part in sent for record in normalise(part).records))


def test_a_call_seen_by_two_instrumentations_one_inside_the_other_is_one() -> None:
    found = calls([span(1, chat(input=9)), span(2, {}, parent=1), span(3, chat(output=2), parent=2)])
    assert [call.record.span for call in found.calls] == [(3).to_bytes(8)]
    assert found.calls[0].record.usage[:2] == (9, 2)
    assert found.repeated == 1


def test_a_chain_of_calls_is_one_that_each_of_them_tells_of() -> None:
    chain = [
        span(1, {**chat(input=9), "gen_ai.response.id": "r"}),
        span(2, chat(), parent=1),
        span(3, chat(output=2), parent=2),
    ]
    (call,) = calls(chain).calls
    assert [teller.span for teller in call.tellers] == [number.to_bytes(8) for number in (3, 2, 1)]
    assert (call.record.usage[:2], call.record.response) == ((9, 2), "r")


def test_a_call_seen_by_two_instrumentations_side_by_side_is_one() -> None:
    sent = {**chat(input=9), "gen_ai.response.id": "r1"}
    assert len(calls([span(1, sent)], request([span(2, sent)], scope="another")).calls) == 1
    assert len(calls([span(1, sent), span(2, sent)]).calls) == 1


def test_a_response_that_is_given_again_is_another_call() -> None:
    sent = {**chat(input=9, output=3), "gen_ai.response.id": "r1"}
    assert len(calls([span(1, sent), span(2, sent, start=BEGIN + 9 * SECOND)]).calls) == 2
    other = {**sent, "gen_ai.usage.output_tokens": 4}
    assert len(calls([span(1, sent), span(2, other)]).calls) == 2


def test_a_call_made_by_a_tool_of_a_call_is_another() -> None:
    found = calls([span(1, chat(input=1)), span(2, tool("t"), parent=1), span(3, chat(input=2), parent=2)])
    assert sorted(call.record.usage.input or 0 for call in found.calls) == [1, 2]


def test_usage_repeated_on_an_agent_is_not_counted() -> None:
    found = calls([span(1, {**agent("a"), "gen_ai.usage.input_tokens": 50}), span(2, chat(input=50), parent=1)])
    assert sum(call.record.usage.input or 0 for call in found.calls) == 50


def test_usage_that_a_parent_tells_of_several_calls_is_counted_for_none_of_them() -> None:
    found = calls([span(1, chat(input=100)), span(2, chat(output=1), parent=1), span(3, chat(output=2), parent=1)])
    assert [call.record.usage[:2] for call in found.calls] == [(None, 1), (None, 2)]


def test_an_embedding_inside_a_call_is_another_sort_of_work() -> None:
    embedding = {**chat("e", input=1), "gen_ai.operation.name": "embeddings"}
    found = calls([span(1, chat(input=5)), span(2, embedding, parent=1)])
    assert sorted(call.record.kind for call in found.calls) == [RecordKind.EMBEDDING, RecordKind.LLM]


def test_spans_that_are_each_others_parents_end_the_walk() -> None:
    records = normalise(request([span(1, chat(), parent=2), span(2, {}, parent=1)])).records
    forest = Forest(records)
    assert [forest.agent_of(record) for record in records] == [None, None]
    assert len(model_calls(forest).calls) == 1


def test_an_agent_is_found_however_deep_its_call_is() -> None:
    chain = [span(1, agent("deep")), *(span(number, {}, parent=number - 1) for number in range(2, 3000))]
    forest = Forest(normalise(request([*chain, span(3000, chat(), parent=2999)])).records)
    owner = forest.agent_of(forest.by_key[chain[0].trace_id, (3000).to_bytes(8)])
    assert owner is not None
    assert owner.name == "deep"


class Counting(Forest):
    """Counts the steps of its walks."""

    steps = 0

    def parent(self, record: CallRecord) -> CallRecord | None:
        self.steps += 1
        return super().parent(record)


def test_a_walk_up_a_long_chain_is_made_once_for_all_its_calls() -> None:
    # Not a matter of time: each step asks for a parent, and the steps are counted.
    above = [
        CallRecord(trace=TRACE, span=number.to_bytes(8), parent=(number - 1).to_bytes(8) if number > 1 else b"")
        for number in range(1, 2001)
    ]
    below = [
        CallRecord(trace=TRACE, span=(1 << 32 | number).to_bytes(8), parent=(2000).to_bytes(8), kind=RecordKind.LLM)
        for number in range(500)
    ]
    forest = Counting([*above, *below])
    assert len(model_calls(forest).calls) == 500
    assert forest.steps < 20 * (len(above) + len(below))
