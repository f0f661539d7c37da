"""Logical calls: each counted once, however many spans tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from stratagraph.loaders.genai.contexts import Contexts, Forest
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, SpanKey, Usage


@dataclass(frozen=True, kw_only=True)
class Calls:
    """A request's records without repetitions.

    ``records`` holds each span once, in a fixed order. ``leaves`` are the model calls that carry usage. ``repeated``
    are the spans above a leaf, whose own model call would be the same call again; ``duplicates`` counts what was
    left out.
    """

    records: tuple[CallRecord, ...]
    leaves: tuple[CallRecord, ...]
    repeated: frozenset[SpanKey]
    duplicates: int
    forest: Forest


def distinct_calls(records: Iterable[CallRecord], earlier: Contexts) -> Calls:
    """Return the calls that the records tell of, in an order that does not depend on theirs."""
    sent = list(records)
    once = _once(sent)
    forest = Forest(once, earlier)
    calls = {record.key: record for record in once if record.kind in MODEL_CALLS}
    below: dict[SpanKey, list[CallRecord]] = defaultdict(list)
    told_before: set[SpanKey] = set()
    for record in calls.values():
        for key, context in forest.above(record):
            below[key].append(record)
            if key not in calls and context is not None and context.counted:
                told_before.add(record.key)
    outer = {key for key in calls if below.get(key) or earlier.repeated(key)}
    inner = [record for key, record in calls.items() if key not in outer and key not in told_before]
    leaves = _one_per_response([_completed(record, calls, below) for record in inner])
    return Calls(
        records=once,
        leaves=leaves,
        repeated=frozenset(key for leaf in leaves for key, _ in forest.above(leaf)),
        duplicates=len(sent) - len(once) + len(calls) - len(leaves),
        forest=forest,
    )


def _once(records: Sequence[CallRecord]) -> tuple[CallRecord, ...]:
    """Return each span once, the fullest account of it, by time and id."""
    best: dict[SpanKey, CallRecord] = {}
    for record in records:
        other = best.get(record.key)
        if other is None or _fullness(record) > _fullness(other):
            best[record.key] = record
    return tuple(sorted(best.values(), key=lambda record: (record.start, record.trace, record.span)))


def _fullness(record: CallRecord) -> tuple[int, int, str]:
    """Rank accounts of one span; the last part only makes the choice independent of the order."""
    told = sum(bool(getattr(record, field.name)) for field in fields(record))
    return record.usage.known, told, repr(record)


def _completed(
    leaf: CallRecord, calls: Mapping[SpanKey, CallRecord], below: Mapping[SpanKey, Sequence[CallRecord]]
) -> CallRecord:
    """Return the leaf, what it does not know filled in from spans that tell of it alone."""
    usage = leaf.usage
    for key, told in below.items():
        outer = calls.get(key)
        if outer is not None and len(told) == 1 and told[0].key == leaf.key:
            usage = _filled(usage, outer.usage)
    return leaf if usage == leaf.usage else replace(leaf, usage=usage)


def _filled(usage: Usage, other: Usage) -> Usage:
    """Return the usage with its unknowns taken from the other."""
    return Usage(
        input=other.input if usage.input is None else usage.input,
        output=other.output if usage.output is None else usage.output,
        cached=other.cached if usage.cached is None else usage.cached,
        reasoning=other.reasoning if usage.reasoning is None else usage.reasoning,
        cost=other.cost if usage.cost is None else usage.cost,
        currency=usage.currency or other.currency,
    )


def _one_per_response(leaves: Sequence[CallRecord]) -> tuple[CallRecord, ...]:
    """Return the leaves without what a second instrumentation, side by side with the first, says of one response."""
    told: dict[tuple[bytes, str], dict[str, list[CallRecord]]] = defaultdict(lambda: defaultdict(list))
    for leaf in leaves:
        if leaf.response:
            told[leaf.trace, leaf.response][leaf.provenance.scope].append(leaf)
    kept = {leaf.key for by_scope in told.values() for leaf in max(by_scope.values(), key=_testimony)}
    return tuple(leaf for leaf in leaves if not leaf.response or leaf.key in kept)


def _testimony(leaves: Sequence[CallRecord]) -> tuple[int, tuple[int, int, str]]:
    """Rank what instrumentations say of one response: more calls, then the fuller account."""
    return len(leaves), max(map(_fullness, leaves))
