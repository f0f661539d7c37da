"""The way calls were told apart at first, kept as an oracle: it looks at everything above each call, time and again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from stratagraph.loaders.genai.calls import Calls, _filled, _once, _one_per_response
from stratagraph.loaders.genai.contexts import AgentRef, Contexts, Forest, Found, SpanContext, context_of
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, RecordKind, SpanKey

DEEPEST = 256
"""Spans that a walk passes at most: parents may go round in circles."""


def slow_distinct_calls(records: Iterable[CallRecord], earlier: Contexts) -> Calls:
    """Return the calls that the records tell of."""
    sent = list(records)
    once = _once(sent)
    forest = Forest(once, earlier)
    calls = {record.key: record for record in once if record.kind in MODEL_CALLS}
    below: dict[SpanKey, list[CallRecord]] = defaultdict(list)
    told_before: set[SpanKey] = set()
    for record in calls.values():
        for key, context in above(forest, record):
            below[key].append(record)
            if key not in calls and context is not None and context.counted:
                told_before.add(record.key)
    outer = {key for key in calls if below.get(key) or earlier.repeated(key)}
    inner = [record for key, record in calls.items() if key not in outer and key not in told_before]
    leaves = _one_per_response([completed(record, calls, below) for record in inner])
    return Calls(
        records=once,
        leaves=leaves,
        repeated=frozenset(key for leaf in leaves for key, _ in above(forest, leaf)),
        duplicates=len(sent) - len(once) + len(calls) - len(leaves),
        forest=forest,
    )


def completed(
    leaf: CallRecord, calls: Mapping[SpanKey, CallRecord], below: Mapping[SpanKey, Sequence[CallRecord]]
) -> CallRecord:
    """Return the leaf, what it does not know filled in from spans that tell of it alone."""
    usage = leaf.usage
    for key, told in below.items():
        outer = calls.get(key)
        if outer is not None and len(told) == 1 and told[0].key == leaf.key:
            usage = _filled(usage, outer.usage)
    return leaf if usage == leaf.usage else replace(leaf, usage=usage)


def above(forest: Forest, record: CallRecord) -> Iterator[tuple[SpanKey, SpanContext | None]]:
    """Yield the spans above a model call up to the next agent, tool or root; the last may be missing."""
    key = (record.trace, record.parent)
    for _ in range(DEEPEST):
        context = forest.context(key) if key[1] else None
        if not key[1] or (context is not None and context.kind in {RecordKind.AGENT, RecordKind.TOOL}):
            return
        yield key, context
        if context is None:
            return
        key = (key[0], context.parent)


def agent_above(forest: Forest, key: SpanKey) -> Found:
    """Return the first agent at or above a span."""
    for _ in range(DEEPEST):
        context = forest.context(key)
        if context is None or context.agent is not None or not context.parent:
            return Found(missing=key) if context is None else Found(agent=context.agent)
        key = (key[0], context.parent)
    return Found()


def caller_of(forest: Forest, record: CallRecord) -> Found:
    """Return the agent above an agent's span that is another one."""
    own: AgentRef | None = context_of(record).agent
    key = (record.trace, record.parent)
    for _ in range(DEEPEST):
        found = agent_above(forest, key) if key[1] else Found()
        if found.agent is None or found.agent != own:
            return found
        context = forest.context(key)
        if context is None:
            return Found()
        key = (key[0], context.parent)
    return Found()
