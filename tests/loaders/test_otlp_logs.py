"""What log records say of calls: more than their spans, no second call, and by themselves what they prove."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.record import CallRecord, ErrorClass, Finish, SpanKey
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.genai.telling import tell
from stratagraph.loaders.otlp import MediaType, decode
from stratagraph.loaders.otlp_logs import LINES, normalise_logs
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.genai.seen import figure, met, names
from tests.loaders.logs import DETAILS, batch, log, logs, recorded_logs, told
from tests.loaders.spans import BEGIN, SECOND, agent, chat, fixture, request, span
from tests.loaders.test_otlp import otlp_json

CHOICE = {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "Hello ana@example.com"}}
WHOLE = {
    **chat(answered="gpt-5-mini-2026-01-15", input=10, output=5),
    "gen_ai.response.id": "r1",
    "gen_ai.response.finish_reasons": ["stop"],
}
CANARY = "Maria Quintanilha"


def estate(told_of: Batch) -> Estate:
    return estate_of([told_of])


def system(told_of: Batch, metric: str) -> float | None:
    return figure(estate(told_of), SG.LLMSystem, "shop", metric)


@pytest.mark.parametrize("by_attribute", [False, True])
@pytest.mark.parametrize("written", [lambda body: body, json.dumps])
def test_an_event_says_how_the_answer_of_its_span_ended(written: Any, *, by_attribute: bool) -> None:
    one = log("gen_ai.choice", body=written(CHOICE), by_attribute=by_attribute)
    found = told(one, spans=[span(1, chat())])
    assert system(found, "calls") == 1
    assert system(found, "truncatedCalls") == 1
    assert system(found, "personalDataFindings") == 1


def test_details_fill_in_what_the_span_leaves_unknown_and_change_nothing_that_it_says() -> None:
    own = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5-mini", "gen_ai.usage.input_tokens": 12}
    found = told(log(DETAILS, WHOLE), spans=[span(1, own)])
    assert [system(found, metric) for metric in ("calls", "inputTokens", "outputTokens", "callLatency")] == [
        1,
        12,
        5,
        1,
    ]
    assert names(estate(found), SG.BaseModel) == {"gpt-5-mini", "gpt-5-mini-2026-01-15"}
    assert names(estate(found), SG.Provider) == {"openai"}


def test_the_same_event_twice_counts_once() -> None:
    one = log("gen_ai.user.message", body={"content": "ana@example.com"})
    found = told(one, one, log("gen_ai.choice", body=CHOICE), spans=[span(1, chat())])
    assert system(found, "personalDataFindings") == 2


def test_content_that_the_span_brings_too_counts_once() -> None:
    asked = {"gen_ai.input.messages": "ana@example.com"}
    found = told(log(DETAILS, {**WHOLE, **asked}), spans=[span(1, {**chat(), **asked})])
    assert system(found, "personalDataFindings") == 1


@pytest.mark.parametrize("of", [0, 9])
def test_details_elsewhere_belong_to_the_call_with_their_response(of: int) -> None:
    """Streams are told after their span: under the one above, or under none."""
    spans = [span(9, {"http.route": "/"}), span(1, {**chat(), "gen_ai.response.id": "r1"}, parent=9)]
    found = told(log(DETAILS, WHOLE, of=of, at=1.2), spans=spans)
    assert [system(found, metric) for metric in ("calls", "inputTokens", "outputTokens")] == [1, 10, 5]


@pytest.mark.parametrize("of", [0, 1])
def test_details_without_a_span_prove_a_call_but_not_how_long_it_took(of: int) -> None:
    found = told(log(DETAILS, WHOLE, of=of))
    assert [system(found, metric) for metric in ("calls", "inputTokens", "outputTokens", "errors")] == [1, 10, 5, 0]
    assert system(found, "callLatency") is None
    assert figure(estate(found), SG.BaseModel, "gpt-5-mini-2026-01-15", "calls") == 1


def test_several_calls_below_a_span_that_is_none_are_told_by_their_details() -> None:
    second = {**WHOLE, "gen_ai.response.id": "r2"}
    found = told(log(DETAILS, WHOLE), log(DETAILS, second), spans=[span(1, agent("a"))])
    assert figure(estate(found), SG.Agent, "a", "modelCalls") == 2
    assert figure(estate(found), SG.Agent, "a", "inputTokens") == 20


def test_messages_without_a_span_prove_one_call_of_a_model_unknown() -> None:
    """As of a stream that its reader left."""
    found = told(log("gen_ai.system.message", at=0.1), log("gen_ai.user.message", at=0.2, body={"content": "a@b.org"}))
    assert [system(found, metric) for metric in ("calls", "personalDataFindings")] == [1, 1]
    assert system(found, "errors") is None, "how it ended is not known"
    assert names(estate(found), SG.BaseModel) == set()


def test_a_model_of_which_no_answer_is_told_was_only_asked_for() -> None:
    found = estate(told(log("gen_ai.user.message", {"gen_ai.request.model": "gpt-5", "gen_ai.system": "openai"})))
    assert met(found, SG.BaseModel, "gpt-5") == {"requested"}
    assert names(found, SG.Provider) == set()


@pytest.mark.parametrize(
    "one",
    [
        log("gen_ai.user.message", sampled=False),
        log(DETAILS, WHOLE, sampled=False),
        log("gen_ai.user.message", of=0),
        log(DETAILS, {"gen_ai.operation.name": "chat"}, of=0),
        log("gen_ai.something.new"),
        log("", {"exception.type": "ValueError"}),
    ],
)
def test_what_proves_no_call_tells_of_none(one: Any) -> None:
    """What is not recorded may be counted by the weight of what is."""
    assert told(one).observations == ()


def test_an_exception_of_a_call_is_its_failure_and_one_in_the_log_says_only_why() -> None:
    failed = {"exception.type": "openai.RateLimitError", "exception.message": f"429 for {CANARY}"}
    named = told(log("gen_ai.client.operation.exception", failed), spans=[span(1, chat(answered=""))])
    assert [system(named, metric) for metric in ("calls", "errors", "rateLimitErrors")] == [1, 1, 1]
    line = log("", failed, body="it failed")
    coped = told(line, spans=[span(1, chat())])
    assert [system(coped, metric) for metric in ("calls", "errors", "rateLimitErrors")] == [1, 0, None]
    why = told(line, spans=[span(1, chat(answered=""), failed=True)])
    assert [system(why, metric) for metric in ("calls", "errors", "rateLimitErrors")] == [1, 1, 1]


def test_an_exception_without_a_span_is_a_failed_call() -> None:
    found = told(log("gen_ai.client.operation.exception", {"exception.type": "openai.RateLimitError"}))
    assert [system(found, metric) for metric in ("calls", "errors", "rateLimitErrors")] == [1, 1, 1]


@pytest.mark.parametrize("of", [0, 1])
def test_an_evaluation_is_a_guardrail_at_work(of: int) -> None:
    told_of = {"gen_ai.evaluation.name": "toxicity", "gen_ai.evaluation.score.label": "fail"}
    found = told(log("gen_ai.evaluation.result", told_of, of=of), spans=[span(1, chat())])
    assert figure(estate(found), SG.Guardrail, "toxicity", "guardrailFindings") == 1
    assert system(found, "calls") == 1


def test_an_evaluation_that_span_and_log_tell_of_is_one() -> None:
    told_of = {"gen_ai.evaluation.name": "toxicity", "gen_ai.evaluation.score.value": 0.7}
    one = span(1, chat())
    one.events.add(name="gen_ai.evaluation.result", attributes=log("", told_of).attributes)
    found = told(log("gen_ai.evaluation.result", told_of, at=3), spans=[one])
    assert figure(estate(found), SG.Guardrail, "toxicity", "calls") == 1


def test_a_guardrail_tells_its_verdict_in_an_event() -> None:
    told_of = {"gen_ai.guardrail.name": "no-secrets", "gen_ai.guardrail.action": "blocked"}
    found = told(log("gen_ai.guardrail.result", told_of), spans=[span(1, chat())])
    assert figure(estate(found), SG.Guardrail, "no-secrets", "guardrailBlocks") == 1


def test_tools_that_a_model_asks_for_were_on_offer() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "order_status", "arguments": "{}"}}
    choice = {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}
    messages = json.dumps([{"role": "assistant", "parts": [{"type": "tool_call", "name": "refund", "id": "c2"}]}])
    for one, name in (
        (log("gen_ai.choice", body=choice), "order_status"),
        (log(DETAILS, {"gen_ai.output.messages": messages}), "refund"),
    ):
        found = estate(told(one, spans=[span(1, chat())]))
        assert {found.names[taken] for _, taken in found.pairs[SG.mayUseTool]} == {name}
        assert not found.pairs[SG.usesTool]


def test_lines_of_a_log_are_counted_and_not_kept() -> None:
    sent = logs(
        [log("", body=f"{CANARY} logged in"), log("", {"code.line": 3}, of=0), log("gen_ai.choice", body=CHOICE)]
    )
    found = normalise_logs(sent)
    assert found.unmapped == {LINES: 2}
    (left,) = sent.resource_logs[0].scope_logs[0].log_records
    assert left.event_name == "gen_ai.choice"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trace_id": b"short"}, "trace_id"),
        ({"span_id": b"short"}, "span_id"),
        ({"time_unix_nano": 1_790_000_040}, "time_unix_nano"),
    ],
)
def test_a_record_that_cannot_be_right_is_refused_by_name(change: dict[str, Any], reason: str) -> None:
    wrong, right = log("gen_ai.choice", body=CHOICE), log("gen_ai.choice", body=CHOICE)
    for name, value in change.items():
        setattr(wrong, name, value)
    found = normalise_logs(logs([wrong, right]))
    assert len(found.records) == 1
    assert reason in "".join(found.rejections)


def test_negative_tokens_are_refused_without_their_content() -> None:
    found = normalise_logs(
        logs([log(DETAILS, {**WHOLE, "gen_ai.usage.input_tokens": -1, "gen_ai.input.messages": CANARY})])
    )
    assert len(found.rejections) == 1
    assert CANARY not in repr(found)


def test_a_time_that_is_missing_is_that_of_observing_or_of_hearing() -> None:
    one = log(DETAILS, WHOLE)
    one.time_unix_nano = 0
    heard = BEGIN + 90 * SECOND
    assert normalise_logs(logs([one]), heard=heard).records[0].start == heard
    one.observed_time_unix_nano = BEGIN
    assert normalise_logs(logs([one]), heard=heard).records[0].start == BEGIN
    one.time_unix_nano = heard + SECOND
    assert normalise_logs(logs([one]), heard=heard).records[0].start == heard, "no later than it was heard"


def test_no_content_is_left_in_a_request_and_it_tells_the_same_when_it_is_read_again() -> None:
    asked = {"gen_ai.input.messages": f"{CANARY} ana@example.com", "gen_ai.system_instructions": CANARY}
    sent = logs(
        [
            log("gen_ai.user.message", body={"content": f"{CANARY} ana@example.com"}),
            log("gen_ai.user.message", {"content": CANARY}, of=2),
            log("gen_ai.choice", body=json.dumps({**CHOICE, "message": {"content": CANARY}}), of=2),
            log(DETAILS, {**WHOLE, **asked}, body={"gen_ai.output.messages": CANARY}, of=3),
            log("", {"exception.type": "X", "exception.message": "no", "mastra.log.tracing": CANARY}, body=CANARY),
            log("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "n", "gen_ai.evaluation.explanation": CANARY}),
        ]
    )
    first = normalise_logs(sent)
    assert CANARY not in repr(first)
    assert CANARY.encode() not in sent.SerializeToString()
    again = ExportLogsServiceRequest.FromString(sent.SerializeToString())
    assert normalise_logs(again).records == first.records
    assert sum(one.personal.total for one in first.records if one.personal) == 2


def test_json_says_the_same_as_protobuf() -> None:
    sent = logs([log(DETAILS, WHOLE), log("gen_ai.choice", body=CHOICE)])
    read = decode(otlp_json(sent), MediaType.JSON, ExportLogsServiceRequest)
    assert read == sent


def records_of(folder: Path) -> list[CallRecord]:
    spans = [record for sent in fixture(folder) for record in normalise(sent).records]
    return spans + [record for sent in recorded_logs(folder) for record in normalise_logs(sent).records]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "calls", "offered"),
    [
        ("otel-js-openai-0.22.0", 8, {"order_status"}),
        ("otel-javaagent-langchain4j-2.31.1", 6, {"order_status"}),
        ("openai-v2-2.4b0-default", 16, {"lookup_order"}),
        ("otel-botocore-0.66b2", 4, {"order_status"}),
        ("openlit-1.45.0-agno", 8, {"order_status"}),
        ("litellm-proxy-1.108.7", 4, set()),
        ("mastra-1.71.0", 9, {"order_status", "refund"}),
    ],
)
def test_recorded_logs_add_no_call_but_one_that_has_no_span(
    shared: Path, folder: str, calls: int, offered: set[str]
) -> None:
    found = estate(batch(records_of(shared / "telemetry" / folder)))
    counted = [figure(found, SG.LLMSystem, found.names[iri], "calls") for iri in found.kinds[SG.LLMSystem]]
    assert max(filter(None, counted)) == calls
    assert {found.names[tool] for _, tool in found.pairs[SG.mayUseTool]} == offered


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["otel-js-openai-0.22.0", "openlit-1.45.0-agno"])
def test_what_is_told_does_not_depend_on_order_cuts_or_repetitions(shared: Path, folder: str) -> None:
    records = records_of(shared / "telemetry" / folder)
    story = Story()
    story.take(records)
    whole = set(story.settle().added)

    @settings(max_examples=15, deadline=None)
    @given(st.randoms(use_true_random=False))
    def in_any_order(random: Any) -> None:
        mixed = [*records, *random.sample(records, len(records) // 3)]
        random.shuffle(mixed)
        cut = Story()
        standing: set[Occurrence] = set()
        while mixed:
            taken = random.randint(1, 12)
            cut.take(mixed[:taken])
            del mixed[:taken]
            settled = cut.settle()
            cut.confirm(settled)
            standing = (standing | set(settled.added)) - set(settled.withdrawn)
        assert standing == whole

    in_any_order()


def test_an_event_that_comes_before_its_span_counts_no_second_call() -> None:
    story = Story()
    story.take(normalise_logs(logs([log(DETAILS, WHOLE)])).records)
    first = story.settle()
    story.confirm(first)
    story.take(normalise(request([span(1, chat())])).records)
    second = story.settle()
    assert len(first.added) == len(second.added) == len(second.withdrawn) == 1
    assert second.added[0].seconds == 1
    assert second.added[0].record.usage.input == 10


def test_an_event_fills_in_how_a_failure_came() -> None:
    spans = normalise(request([span(1, chat(answered=""), failed=True)])).records
    events = normalise_logs(
        logs([log(DETAILS, {"error.type": "TimeoutError", "gen_ai.response.finish_reasons": ["stop"]})])
    ).records
    (call,) = tell([*spans, *events]).occurrences
    assert (call.failed, call.error, call.record.finish) == (True, ErrorClass.TIMEOUT, Finish.COMPLETE)


class Remembering:
    """A memory of spans that is there as long as the process."""

    def __init__(self) -> None:
        self.spans: set[SpanKey] = set()

    def among(self, keys: Iterable[SpanKey]) -> Collection[SpanKey]:
        return self.spans.intersection(keys)

    def add(self, keys: Iterable[SpanKey]) -> None:
        self.spans.update(keys)

    def save(self, position: int) -> None:
        """Keep nothing: the set is all there is."""


def test_a_call_that_was_told_and_forgotten_is_not_told_again_by_the_other_of_span_and_log() -> None:
    spans, events = normalise(request([span(1, chat())])).records, normalise_logs(logs([log(DETAILS, WHOLE)])).records
    for first, second in ((spans, events), (events, spans)):
        story = Story(memory=Remembering())
        story.take(first, heard=1)
        told_of = story.settle()
        assert len(told_of.added) == 1
        story.confirm(told_of)
        story.forget(quiet=2)
        assert story.size == 0
        assert story.take(second, heard=3) == 1
        assert story.settle().added == ()
