"""What a story tells in the end depends on the set of the spans, not on how they are cut, ordered or repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.occurrences import Occurrence, What
from stratagraph.loaders.genai.record import CallRecord, Provenance, RecordKind, Service, SpanKey, Usage
from stratagraph.loaders.genai.story import Story, Told
from stratagraph.loaders.genai.telling import tell, tell_together
from tests.loaders.genai.captures import ground_truth
from tests.loaders.spans import agent, chat, fixture, request, span, tool

TRACES = [bytes(15) + bytes([number]) for number in (1, 2)]
SEEDS = range(200)


def any_records(chance: Random) -> list[CallRecord]:
    """Return records of spans that hang together in any way, circles among them."""
    counts = (None, 0, 1, 2, 3)
    pick = chance.choice
    return [
        CallRecord(
            trace=pick(TRACES),
            span=number.to_bytes(8),
            parent=pick([b"", chance.randint(1, 9).to_bytes(8)]),
            kind=pick([RecordKind.LLM, RecordKind.LLM, *RecordKind]),
            agent=pick(["", "", "a", "b"]),
            tool=pick(["", "t"]),
            requested=pick(["m", "n"]),
            response=pick(["", "", "r", "s"]),
            failed=pick([True, False]),
            twin=pick(["", "w"]),
            later=pick([True, False, False]),
            awaited=pick([True, False]),
            guardrail=pick(["", "g"]),
            workflow=pick(["", "a"]),
            service=pick([Service(name="one"), Service(name="two")]),
            start=chance.randint(0, 3),
            end=chance.randint(3, 5),
            usage=Usage(input=pick(counts), output=pick(counts), cached=pick(counts)),
            weight=pick([1.0, 1.0, 4.0]),
            provenance=pick([Provenance(scope="one"), Provenance(scope="two")]),
        )
        for number in chance.sample(range(1, 10), chance.randint(0, 9))
    ]


class Listener:
    """Adds up what a story tells."""

    def __init__(self) -> None:
        self.told: Counter[Occurrence] = Counter()

    def hear(self, told: Told) -> None:
        self.told.update(told.added)
        self.told.subtract(told.withdrawn)

    @property
    def whole(self) -> set[Occurrence]:
        assert set(self.told.values()) <= {0, 1}, "told twice, or taken back what was never told"
        return {one for one, times in self.told.items() if times}


def retold(records: list[CallRecord], chance: Random) -> set[Occurrence]:
    """Return what is told of the records when they are shuffled, cut, repeated and told at random moments."""
    sent = [*records, *chance.choices(records, k=len(records) // 3)] if records else []
    chance.shuffle(sent)
    story, listener = Story(), Listener()
    heard = 0
    while sent:
        heard += 1
        cut = chance.randint(1, len(sent))
        story.take(sent[:cut], heard)
        del sent[:cut]
        if chance.random() < 0.7:
            told = story.settle(heard - chance.randint(0, 3))
            # A commit may fail: then the same is told again.
            if chance.random() < 0.8:
                listener.hear(told)
                story.confirm(told)
    last = story.settle()
    listener.hear(last)
    story.confirm(last)
    assert story.settle() == Told()
    return listener.whole


@pytest.mark.shared
@pytest.mark.parametrize("capture", tuple(ground_truth()))
def test_a_capture_is_told_the_same_however_it_is_cut(shared: Path, capture: str) -> None:
    requests = fixture(shared / "telemetry" / capture)
    records = [record for sent in requests for record in normalise(sent).records]
    whole = set(tell({record.key: record for record in records}.values()).occurrences)
    assert whole
    for seed in range(3):
        assert retold(records, Random(seed)) == whole  # no secret


def test_spans_of_any_shape_are_told_the_same_however_they_are_cut() -> None:
    for seed in SEEDS:
        records = any_records(Random(seed))  # no secret
        story, listener = Story(), Listener()
        story.take(records)
        listener.hear(story.settle())
        for again in range(3):
            assert retold(records, Random(again)) == listener.whole, seed  # no secret


def test_a_span_by_itself_is_told_as_in_company() -> None:
    for seed in SEEDS:
        for record in any_records(Random(seed)):  # no secret
            alone = record._replace(parent=b"")
            assert tell([alone]) == tell_together([alone])


def test_a_parent_that_comes_late_corrects_what_was_told_without_it() -> None:
    story = Story()
    story.take(normalise(request([span(2, chat(input=10), parent=1)])).records)
    first = story.settle()
    story.confirm(first)
    assert [(one.what, one.agent) for one in first.added] == [(What.MODEL_CALL, None)]
    story.take(normalise(request([span(1, agent("boss"))])).records)
    second = story.settle()
    assert second.withdrawn == first.added
    assert {(one.what, one.agent.name if one.agent else "") for one in second.added} == {
        (What.MODEL_CALL, "boss"),
        (What.RUN, "boss"),
    }


def spans(*sent: Span) -> list[CallRecord]:
    return normalise(request(sent)).records


def test_what_misses_a_parent_waits_for_it_until_its_time_and_what_is_whole_does_not() -> None:
    story = Story()
    story.take(spans(span(2, chat(), parent=1)), heard=10)
    story.take(spans(span(3, chat(), trace=TRACES[0])), heard=11)
    told = story.settle(9)
    assert [one.record.span[-1] for one in told.added] == [3]
    story.confirm(told)
    assert (story.settle(9), story.waiting, story.since) == (Told(), 1, 10)
    late = story.settle(10)
    assert [one.record.span[-1] for one in late.added] == [2]
    story.confirm(late)
    assert (story.waiting, story.since) == (0, None)


def test_a_parent_that_comes_in_time_is_told_with_its_child_at_once() -> None:
    story = Story()
    story.take(spans(span(2, chat(), parent=1)), heard=10)
    story.take(spans(span(1, agent("boss"))), heard=12)
    told = story.settle(0)
    assert {one.agent.name for one in told.added if one.agent} == {"boss"}
    assert told.withdrawn == ()


def test_a_parent_that_was_given_up_is_not_waited_for_again_but_corrects() -> None:
    story = Story()
    story.take(spans(span(2, chat(), parent=1)), heard=10)
    first = story.settle(10)
    story.confirm(first)
    story.take(spans(span(3, tool("t"), parent=2)), heard=11)
    told = story.settle(0)
    assert What.TOOL_USE in {one.what for one in told.added}
    story.confirm(told)
    story.take(spans(span(1, agent("boss"))), heard=99)
    corrected = story.settle(0)
    assert {one.agent for one in corrected.withdrawn} == {None}
    assert {one.agent.name for one in corrected.added if one.agent} == {"boss"}


def test_more_than_may_wait_is_told_without_its_parents_the_oldest_first() -> None:
    story = Story(limit=10)
    for number in range(1, 31):
        story.take(spans(span(number, chat(), parent=99, trace=number.to_bytes(16))), heard=number)
    told = story.settle(0)
    assert [one.record.trace[-1] for one in told.added] == list(range(1, 21))
    story.confirm(told)
    assert (story.waiting, story.size) == (10, 20)


def test_what_was_forgotten_is_known_by_its_key_and_not_waited_for() -> None:
    memory: set[SpanKey] = set()

    class Remembering:
        def among(self, keys: Iterable[SpanKey]) -> set[SpanKey]:
            return memory.intersection(keys)

        def add(self, keys: Iterable[SpanKey]) -> None:
            memory.update(keys)

        def save(self, position: int) -> None:
            raise AssertionError(position)

    story = Story(memory=Remembering())
    story.take(spans(span(1, agent("boss"))), heard=10, place=7)
    story.confirm(story.settle(0))
    story.forget(9)
    assert (story.size, story.place) == (1, 7)
    story.forget(10)
    assert (story.size, story.place, len(memory)) == (0, None, 1)
    assert story.take(spans(span(1, agent("boss"))), heard=20, place=8) == 1
    assert story.settle(0) == Told()
    story.take(spans(span(2, chat(), parent=1)), heard=20, place=9)
    assert len(story.settle(0).added) == 1


def test_the_lowest_place_is_that_of_the_oldest_span_that_is_held() -> None:
    story = Story()
    story.take(spans(span(2, chat(), parent=1)), heard=1, place=10)
    story.take(spans(span(3, chat(), trace=TRACES[0])), heard=2, place=20)
    story.take(spans(span(4, tool("t"), parent=2)), heard=3, place=30)
    story.confirm(story.settle(0))
    story.forget(2)
    assert (story.place, story.size) == (10, 2)
    story.confirm(story.settle(3))
    story.forget(3)
    assert story.place is None


def test_what_was_not_confirmed_is_told_again_with_what_came_since() -> None:
    story = Story()
    story.take(normalise(request([span(1, chat())])).records)
    assert len(story.settle().added) == 1
    story.take(normalise(request([span(2, tool("t"))])).records)
    told = story.settle()
    assert {one.what for one in told.added} == {What.MODEL_CALL, What.TOOL_USE}
    story.confirm(told)
    assert story.settle() == Told()


def test_of_two_accounts_of_one_span_the_fuller_counts() -> None:
    for order in ([0, 1], [1, 0]):
        sent = [span(1, chat()), span(1, chat(input=4))]
        story = Story()
        known = story.take(normalise(request([sent[index] for index in order])).records)
        assert known == 1
        assert [one.record.usage.input for one in story.settle().added] == [4]


def test_a_story_forgets_what_was_told_and_has_been_quiet_the_longest() -> None:
    story = Story(limit=10)
    for number in range(50):
        trace = number.to_bytes(16) if number else b"x" * 16
        story.take(normalise(request([span(1, chat(), trace=trace), span(2, chat(), trace=trace)])).records)
        story.confirm(story.settle())
        assert story.size <= 12
    assert story.size == 10


def test_servers_that_give_every_response_one_name_do_not_tie_everything_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stratagraph.loaders.genai.story.MOST_LINKED", 50)
    story = Story()
    sent = {**chat(input=1), "gen_ai.response.id": "chatcmpl-0"}
    for number in range(1, 201):
        (record,) = normalise(request([span(1, sent, trace=number.to_bytes(16), seconds=0)])).records
        story.take([record._replace(start=number * 10**9, end=number * 10**9)])
    told = story.settle()
    assert len(told.added) == 200
    assert max(size for _, _, size in told.groups) == 51
