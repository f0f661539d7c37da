from __future__ import annotations

from stratagraph.loaders.genai.contexts import Lesson, SpanContext, SpanContextCache
from stratagraph.loaders.genai.record import RecordKind


def context(parent: int = 0) -> SpanContext:
    return SpanContext(parent.to_bytes(8), RecordKind.OTHER, None)


def test_the_least_recently_used_span_is_forgotten_first() -> None:
    cache = SpanContextCache(limit=2)
    keys = [(b"t", bytes([number])) for number in range(3)]
    cache.learn(Lesson(contexts=dict.fromkeys(keys[:2], context())))
    assert cache.context(keys[0])
    cache.learn(Lesson(contexts={keys[2]: context()}))
    assert cache.size == 2
    assert cache.context(keys[1]) is None
    assert cache.context(keys[0])


def test_waiting_relations_gather_until_their_span_arrives() -> None:
    cache = SpanContextCache()
    key = (b"t", b"s")
    cache.learn(Lesson(waiting={key: frozenset({("r", "a")})}))
    cache.learn(Lesson(waiting={key: frozenset({("r", "b")})}))
    assert cache.waiting(key) == {("r", "a"), ("r", "b")}
    cache.learn(Lesson(contexts={key: context()}))
    assert not cache.waiting(key)
