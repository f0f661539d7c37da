"""Reading a span by what was worked out for one like it gives what reading it in full gives."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai import normalise as reading
from stratagraph.loaders.genai import plans
from stratagraph.loaders.genai.emitters import load_emitters
from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.record import CallRecord
from tests.loaders.genai.captures import ground_truth
from tests.loaders.genai.seen import event, with_events
from tests.loaders.spans import agent, chat, fixture, request, span, tool

VALUES: dict[str, tuple[Any, ...]] = {
    "gen_ai.operation.name": ("chat", "embeddings", "invoke_agent", "odd", None),
    "gen_ai.request.model": ("m", "openai/m", None),
    "gen_ai.response.model": ("m", "n", "", None),
    "gen_ai.usage.input_tokens": (0, 5, "7", None),
    "gen_ai.usage.output_tokens": (0, 5, None),
    "gen_ai.response.finish_reasons": (["stop"], ["error"], '["length"]', None),
    "gen_ai.response.id": ("r", "s", None),
    "gen_ai.request.stream": (True, False, None),
    "gen_ai.server.time_to_first_token": (0.25, 250, None),
    "metadata": ('{"lc_agent_name": "a"}', '{"lc_agent_name": "b", "run": 1}', "{", None),
    "error.type": ("429", None),
    "SampleRate": (3, None, None, None),
    "logfire.span_type": ("log", "span", None),
    "duration": (0.5, None),
    "validation_passed": (True, False, None, None),
    "validator.on_fail": ("noop", None),
    "llm.input_messages.0.message.content": ("Where is it?", None),
}
SCOPES = ("test.scope", "guardrails-ai", "logfire")
EVENTS = (
    (),
    (),
    (event("exception", exception__type="RateLimitError", exception__message="Error code: 429"),),
    (event("exception", exception__type="TimeoutError"),),
    (event("First Token Stream Event", 0.25), event("gen_ai.choice", content="no")),
)


def odd_spans(count: int) -> list[Span]:
    """Return spans with random values of the same few attributes."""
    chance = Random(7)  # no secret
    chosen = [{key: chance.choice(values) for key, values in VALUES.items()} for _ in range(count)]
    return [odd_span(number, told, chance) for number, told in enumerate(chosen, start=1)]


def odd_span(number: int, told: dict[str, Any], chance: Random) -> Span:
    """Return a span with attributes, and with what decides about it beside them."""
    made = span(
        number,
        {key: value for key, value in told.items() if value is not None},
        name=chance.choice(["a", "work", "guard"]),
        failed=chance.random() < 0.2,
    )
    made.trace_state = chance.choice(["", "", "", "ot=th:8"])
    return with_events(made, *chance.choice(EVENTS), message=chance.choice(["", "", "status 503"]))


def in_full(spans: list[Span], scope: str, monkeypatch: pytest.MonkeyPatch) -> list[CallRecord]:
    """Return the records of spans that are each read as if there had been none before."""
    monkeypatch.setattr(reading.SpanReader, "_lasting", lambda *_: None)
    return normalise(request(spans, scope=scope)).records


@pytest.mark.parametrize("scope", SCOPES)
def test_a_span_is_read_as_if_there_had_been_none_like_it(scope: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = odd_spans(600)
    short = normalise(request(spans, scope=scope)).records
    assert short == normalise(request(spans, scope=scope)).records
    assert short == in_full(spans, scope, monkeypatch)


def test_a_longer_conversation_is_read_as_a_shorter_one_was() -> None:
    reading._plans_of.cache_clear()
    turns = [{f"llm.input_messages.{turn}.message.role": "user" for turn in range(length)} for length in range(20)]
    spans = [span(number, {**chat(input=3), **turn}) for number, turn in enumerate(turns, start=1)]
    assert {record.model for record in normalise(request(spans)).records} == {"gpt-5-mini"}
    remembered = reading._plans_of(load_emitters().of_scope("test.scope"))
    assert len(remembered._known) == len(spans)
    assert sum(map(len, remembered._templates.values())) == 1


@pytest.mark.shared
@pytest.mark.parametrize("capture", tuple(ground_truth()))
def test_a_capture_is_read_the_same_the_second_time(
    shared: Path, capture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = fixture(shared / "telemetry" / capture)
    twice = [[record for one in sent for record in normalise(one).records] for _ in range(2)]
    assert twice[0] == twice[1]
    monkeypatch.setattr(reading.SpanReader, "_lasting", lambda *_: None)
    assert [record for one in sent for record in normalise(one).records] == twice[0]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    reading._plans_of.cache_clear()
    monkeypatch.setattr(plans, "MOST_PLANS", 10)
    monkeypatch.setattr(plans, "MOST_KEPT", 20_000)
    names = [f"n{number}" for number in range(50)]
    spans = [span(1, {**chat(name), f"llm.tools.{name}": "x"}) for name in names]
    spans += [span(1, made) for name in names for made in (agent(name), tool(name))]
    normalise(request(spans))
    emitter = load_emitters().of_scope("test.scope")
    remembered = reading._plans_of(emitter)
    assert len(remembered._known) <= 10
    assert 0 < sum(map(len, remembered._templates.values())) <= 20
    reading._plans_of.cache_clear()


def test_attributes_by_other_ways_to_the_same_place() -> None:
    # The order of attributes is another plan, and no other meaning.
    told = list(chat(input=3).items())
    orders = [dict(told), dict(reversed(told))]
    first, second = (normalise(request([span(1, order)])).records[0] for order in orders)
    assert first == second
    assert first.model == "gpt-5-mini"
