"""Model calls: each counted once, however many spans and instrumentations tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Final

from stratagraph.loaders.genai.forest import Forest
from stratagraph.loaders.genai.personal_data import PersonalData
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, ErrorClass, RecordKind, SpanKey

SLACK: Final = 5_000_000_000
"""Nanoseconds by which the clocks of two services may differ."""
_COVERING: Final = frozenset({RecordKind.AGENT, RecordKind.TOOL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One call: what is known of it, and the spans that tell of it, the one that decides first.

    ``seconds`` is None where tools that ran meanwhile cover all of it.
    """

    record: CallRecord
    tellers: tuple[CallRecord, ...]
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The model calls of a group of traces, and how many spans only repeat them."""

    calls: tuple[ModelCall, ...]
    repeated: int


def model_calls(forest: Forest) -> Calls:
    """Return the calls that the spans tell of."""
    told = {record.key: record for record in forest.records if record.kind in MODEL_CALLS}
    if not told:
        return Calls(calls=(), repeated=0)
    real = {key: record for key, record in told.items() if not _phantom(record, forest)}
    # A call with calls below it repeats them: frameworks report the usage of their models once more.
    outer = _above_any(real.values(), forest)
    inner = [record for key, record in real.items() if key not in outer]
    sole = _sole_calls(inner, forest)
    groups = [(record, *_tellers(record, sole, real, forest)) for record in inner]
    calls = tuple(_call(group, forest) for group in _joined(groups))
    return Calls(calls=calls, repeated=len(told) - len(calls))


def _above_same(record: CallRecord, forest: Forest) -> Iterable[CallRecord]:
    """Yield what stands above a call and may be the same call once more: embedding is another work than writing."""
    for current in forest.above_call(record):
        if current.kind in MODEL_CALLS and current.kind is not record.kind:
            return
        yield current


def _above_any(calls: Iterable[CallRecord], forest: Forest) -> set[SpanKey]:
    """Return the spans above some call, each walked through once for each kind."""
    passed: dict[RecordKind, set[SpanKey]] = defaultdict(set)
    for record in calls:
        for current in _above_same(record, forest):
            if current.key in passed[record.kind]:
                break
            passed[record.kind].add(current.key)
    return set().union(*passed.values())


def _sole_calls(inner: Iterable[CallRecord], forest: Forest) -> dict[SpanKey, SpanKey | None]:
    """Return, for each span with innermost calls below it, the only one, or None where there are several."""
    below: dict[SpanKey, SpanKey | None] = {}
    for record in inner:
        for current in _above_same(record, forest):
            if current.key not in below:
                below[current.key] = record.key
            elif below[current.key] is None:
                # Two walks came through here and went on: everything above has several calls below it already. So
                # each span is passed three times at most, however the sender's spans hang together.
                break
            else:
                below[current.key] = None
    return below


def _tellers(
    record: CallRecord,
    sole: Mapping[SpanKey, SpanKey | None],
    calls: Mapping[SpanKey, CallRecord],
    forest: Forest,
) -> Iterable[CallRecord]:
    """Yield the calls above one that tell of it alone, the nearest first."""
    for current in _above_same(record, forest):
        if sole.get(current.key) != record.key:
            return
        if current.key in calls:
            yield current


def _phantom(record: CallRecord, forest: Forest) -> bool:
    """Tell whether a span is a call by its kind alone: nothing came of it, and a real one of its kind is beside it."""
    if record.kind is not RecordKind.LLM or _came_of(record) or record.failed or record.stream:
        return False
    return any(
        other.key != record.key
        and other.kind is record.kind
        and other.provenance.scope == record.provenance.scope
        and other.start >= record.end
        and _came_of(other)
        for other in forest.siblings(record)
    )


def _came_of(record: CallRecord) -> bool:
    """Tell whether a call shows that something came of it."""
    return bool(record.usage.known or record.wrote or record.response or record.finish or record.answered)


def _joined(groups: Sequence[tuple[CallRecord, ...]]) -> list[tuple[CallRecord, ...]]:
    """Return the groups of tellers with those in one that tell of one response, of one failure, or of one stream."""
    if len(groups) <= 1:
        return list(groups)
    joined = _merged(groups, _by_response(groups), _same_response)
    joined = _merged(joined, _by_failure(joined), _same_failure)
    return _with_ends(joined)


def _by_response(groups: Sequence[tuple[CallRecord, ...]]) -> Iterable[list[int]]:
    """Return the places of the groups that name one response."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        # Failed calls have no response, by which two accounts of one would be known.
        for response in {record.response for record in group if record.response}:
            places[response].append(place)
    return places.values()


def _by_failure(groups: Sequence[tuple[CallRecord, ...]]) -> Iterable[list[int]]:
    """Return the places of failed calls that may be one: of one service and model, by different libraries."""
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        first = group[0]
        if first.failed and (first.twin or first.parent):
            beside = first.twin or (first.trace, first.parent)
            places[beside, first.service.identity, first.requested, first.kind].append(place)
    return places.values()


def _same_response(first: CallRecord, second: CallRecord) -> bool:
    """Tell whether two accounts of a response of one name can be of one call."""
    if first.kind is not second.kind:
        return False
    # Names of responses are made anew after a restart, and some servers give the same one time and again.
    if None not in {first.usage.output, second.usage.output} and first.usage.output != second.usage.output:
        return False
    slack = 0 if first.service == second.service else SLACK
    return first.start <= second.end + slack and second.start <= first.end + slack


def _same_failure(first: CallRecord, second: CallRecord) -> bool:
    """Tell whether two failed calls are one: told by two libraries, one within the other."""
    if first.provenance.scope == second.provenance.scope:
        return False
    inner, outer = sorted((first, second), key=lambda record: record.end - record.start)
    return outer.start <= inner.start and inner.end <= outer.end


def _merged(
    groups: Sequence[tuple[CallRecord, ...]],
    candidates: Iterable[list[int]],
    same: Callable[[CallRecord, CallRecord], bool],
) -> list[tuple[CallRecord, ...]]:
    """Return the groups, those that tell of the same call as one: the nearest to the provider and fullest first."""
    crowds = [places for places in candidates if len(places) > 1]
    if not crowds:
        return list(groups)
    root = list(range(len(groups)))

    def top(place: int) -> int:
        while root[place] != place:
            place = root[place]
        return place

    for places in crowds:
        # By time, so that each is compared with its neighbours: there may be as many as the sender likes.
        ordered = sorted(places, key=lambda place: (groups[place][0].start, groups[place][0].key))
        for before, after in pairwise(ordered):
            if same(groups[before][0], groups[after][0]):
                root[top(after)] = top(before)
    members: dict[int, list[tuple[CallRecord, ...]]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[top(place)].append(group)
    found = [sorted(parts, key=lambda group: _testimony(group[0]), reverse=True) for parts in members.values()]
    return [tuple(record for group in parts for record in group) for parts in found]


def _testimony(record: CallRecord) -> tuple[int, int, int, SpanKey]:
    """Rank accounts of one call; the last part only makes the choice independent of the order."""
    told = sum(map(bool, (record.answered, record.provider, record.finish, record.requested, record.agent)))
    return int(bool(record.answered)), record.usage.known, told, record.key


def _with_ends(groups: Sequence[tuple[CallRecord, ...]]) -> list[tuple[CallRecord, ...]]:
    """Return the groups, spans that tell of the end of a stream together with the call that began it."""
    ends = sorted((group for group in groups if group[0].later), key=lambda group: (group[0].start, group[0].key))
    if not ends:
        return list(groups)
    calls = {group[0].key: group for group in groups if not group[0].later}
    waiting = [group[0] for group in calls.values() if group[0].awaited]
    for end in ends:
        begun = [call for call in waiting if _begins(call, end[0])]
        # The nearest one is meant.
        call = min(begun, key=lambda call: (abs(call.end - end[0].start), call.key), default=None)
        if call is None:
            calls[end[0].key] = end
            continue
        waiting.remove(call)
        calls[call.key] = (*calls[call.key], *end)
    return list(calls.values())


def _begins(call: CallRecord, end: CallRecord) -> bool:
    return (
        call.provenance.scope == end.provenance.scope
        and call.service.identity == end.service.identity
        and call.requested == end.requested
        and abs(call.end - end.start) < SLACK
    )


def _call(group: tuple[CallRecord, ...], forest: Forest) -> ModelCall:
    """Return what the tellers of one call say together."""
    first = group[0]
    whole = reduce(_completed, group[1:], first)
    if whole.failed and whole.error in {None, ErrorClass.OTHER}:
        whole = whole._replace(error=_told_above(first, forest) or whole.error)
    ends = [record for record in group[1:] if record.later and not first.later]
    if ends:
        whole = whole._replace(end=max(whole.end, *(record.end for record in ends)), stream=True)
    return ModelCall(record=whole, tellers=group, seconds=seconds_of(whole, forest))


def _told_above(record: CallRecord, forest: Forest) -> ErrorClass | None:
    """Return why a call failed that does not say so: what the span above it says that failed with it."""
    for current in forest.above(record):
        if current.failed and current.error not in {None, ErrorClass.OTHER}:
            return current.error
        if current.kind in _COVERING:
            return None
    return None


def _completed(inner: CallRecord, other: CallRecord) -> CallRecord:
    """Return what the inner account does not know filled in from another: it says what happened, they who asked."""
    ended = other.later and not inner.later
    return inner._replace(
        usage=inner.usage.filled(other.usage),
        requested=inner.requested or other.requested,
        answered=inner.answered if inner.failed else _answer(inner, other, ended=ended),
        used="" if inner.answered else inner.used,
        route=inner.route or other.route,
        response=inner.response or other.response,
        provider=inner.provider or ("" if inner.engine else other.provider),
        engine=inner.engine or ("" if inner.provider else other.engine),
        stream=other.stream if inner.stream is None else inner.stream,
        finish=inner.finish or other.finish,
        first_token=other.first_token if inner.first_token is None else inner.first_token,
        error=inner.error or (other.error if inner.failed else None),
        offered=tuple(sorted({*inner.offered, *other.offered})),
        prompt=inner.prompt or other.prompt,
        prompt_version=inner.prompt_version if inner.prompt else other.prompt_version,
        weight=max(inner.weight, other.weight),
        personal=_content(inner.personal, other.personal),
    )


def _content(inner: PersonalData | None, other: PersonalData | None) -> PersonalData | None:
    """Return what the content of one call holds that two accounts bring, each all of it or a part."""
    return inner.greatest(other) if inner is not None and other is not None else inner or other


def _answer(inner: CallRecord, other: CallRecord, *, ended: bool) -> str:
    """Return the model that answered: what the inner account says, unless it only repeats the request of a stream."""
    if ended and other.answered:
        return other.answered
    if inner.answered or inner.used:
        return inner.answered
    return other.answered


def seconds_of(call: CallRecord, forest: Forest) -> float | None:
    """Return how long a call took without the tools and agents that ran inside it or began within it beside it."""
    if call.event:
        return None
    covered = sorted(_covering(call, forest))
    if not covered:
        return call.seconds
    free, reached = 0, call.start
    for start, end in covered:
        free += max(0, start - reached)
        reached = max(reached, end)
    free += max(0, call.end - reached)
    return free / 1e9 if free > 0 else None


def _covering(call: CallRecord, forest: Forest) -> Iterable[tuple[int, int]]:
    """Yield the times of the tools and agents inside a call, and of those beside it that began within it."""
    for beside in forest.siblings(call):
        if beside.kind in _COVERING and beside.key != call.key and call.start <= beside.start < call.end:
            yield beside.start, min(beside.end, call.end)
    waiting, passed = [call], {call.key}
    while waiting:
        for child in forest.children(waiting.pop()):
            if child.key in passed:
                continue
            passed.add(child.key)
            if child.kind in _COVERING:
                yield max(child.start, call.start), min(child.end, call.end)
            else:
                waiting.append(child)
