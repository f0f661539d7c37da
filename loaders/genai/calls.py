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
    below = _sole_calls(calls.values(), forest)
    told_before = _told_before(calls, forest)
    # A call with calls below it repeats them: frameworks report the usage of their models once more.
    outer = {key for key in calls if key in below or earlier.repeated(key)}
    inner = [record for key, record in calls.items() if key not in outer and key not in told_before]
    tellers = _tellers(calls, below)
    leaves = _one_per_response([_completed(record, tellers.get(record.key, ())) for record in inner])
    return Calls(
        records=once,
        leaves=leaves,
        repeated=_above(leaves, forest),
        duplicates=len(sent) - len(once) + len(calls) - len(leaves),
        forest=forest,
    )


def _sole_calls(calls: Iterable[CallRecord], forest: Forest) -> dict[SpanKey, SpanKey | None]:
    """Return, for each span with model calls below it, the only one, or None where there are several."""
    below: dict[SpanKey, SpanKey | None] = {}
    for record in calls:
        for key, _ in forest.above(record):
            if key not in below:
                below[key] = record.key
            elif below[key] is None:
                # Two walks came through here and went on: everything above has several calls below it already. So
                # each span is passed three times at most, however the sender's spans hang together.
                break
            else:
                below[key] = None
    return below


def _told_before(calls: Mapping[SpanKey, CallRecord], forest: Forest) -> set[SpanKey]:
    """Return the calls that stand below a span of an earlier request whose call was counted then."""
    counted: dict[SpanKey, bool] = {}
    told: set[SpanKey] = set()
    for record in calls.values():
        passed: list[SpanKey] = []
        before = False
        for key, context in forest.above(record):
            if key in counted:
                before = counted[key]
                break
            counted[key] = False  # until the walk has ended: a loop of parents comes back here, and finds nothing
            passed.append(key)
            if key not in calls and context is not None and context.counted:
                before = True
                break
        counted.update(dict.fromkeys(passed, before))
        if before:
            told.add(record.key)
    return told


def _tellers(
    calls: Mapping[SpanKey, CallRecord], below: Mapping[SpanKey, SpanKey | None]
) -> Mapping[SpanKey, Sequence[CallRecord]]:
    """Return, for each call, the outer calls that tell of it alone."""
    tellers: dict[SpanKey, list[CallRecord]] = defaultdict(list)
    for key, sole in below.items():
        if sole is not None and key in calls:
            tellers[sole].append(calls[key])
    return tellers


def _above(leaves: Iterable[CallRecord], forest: Forest) -> frozenset[SpanKey]:
    """Return every span above a leaf, each walked through once."""
    passed: set[SpanKey] = set()
    for leaf in leaves:
        for key, _ in forest.above(leaf):
            if key in passed:
                break
            passed.add(key)
    return frozenset(passed)


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


def _completed(leaf: CallRecord, tellers: Iterable[CallRecord]) -> CallRecord:
    """Return the leaf, what it does not know filled in from spans that tell of it alone."""
    usage = leaf.usage
    for outer in tellers:
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
        # Failed calls have no response, by which two accounts of one would be known.
        if leaf.response:
            told[leaf.trace, leaf.response][leaf.provenance.scope].append(leaf)
    kept = {leaf.key for by_scope in told.values() for leaf in max(by_scope.values(), key=_testimony)}
    return tuple(leaf for leaf in leaves if not leaf.response or leaf.key in kept)


def _testimony(leaves: Sequence[CallRecord]) -> tuple[int, tuple[int, int, str]]:
    """Rank what instrumentations say of one response: more calls, then the fuller account."""
    return len(leaves), max(map(_fullness, leaves))
