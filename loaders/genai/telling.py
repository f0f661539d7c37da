"""From the spans of a group of traces to what happened in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from stratagraph.loaders.genai.calls import ModelCall, model_calls, seconds_of
from stratagraph.loaders.genai.complements import complemented
from stratagraph.loaders.genai.deeds import Deeds
from stratagraph.loaders.genai.forest import AgentRef, Forest, ref_of
from stratagraph.loaders.genai.occurrences import Occurrence, What
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, RecordKind, Service, SpanKey


@dataclass(frozen=True, slots=True)
class Telling:
    """What a group of spans tells of, in a fixed order, and how many of them only tell of a model call once more."""

    occurrences: Mapping[Occurrence, None] = field(default_factory=dict)
    repeated: int = 0

    def joined(self, other: Telling) -> Telling:
        """Return what two groups were told of that have become one."""
        return Telling({**self.occurrences, **other.occurrences}, self.repeated + other.repeated)


def tell(records: Iterable[CallRecord]) -> Telling:
    """Return what the spans tell of: it depends on nothing but the set of the spans."""
    listed = list(records)
    if len(listed) == 1 and _is_plain(listed[0]):
        return _alone(listed[0])
    return tell_together(complemented(listed))


def _is_plain(record: CallRecord) -> bool:
    """Tell whether a span by itself tells of a call or of nothing: most traces of a lean emitter are one span."""
    if record.offered or record.prompt or record.handoff != ("", "") or record.event:
        return False
    return (record.kind is RecordKind.OTHER and record.personal is None) or record.kind in MODEL_CALLS


def _alone(record: CallRecord) -> Telling:
    """Return what a single span tells of."""
    if record.kind is RecordKind.OTHER:
        return Telling()
    call = Occurrence(
        What.MODEL_CALL,
        record,
        agent=ref_of(record),
        seconds=record.seconds,
        failed=record.failed,
        error=record.error,
        weight=record.weight,
    )
    return Telling({call: None})


def tell_together(records: Iterable[CallRecord]) -> Telling:
    """Return what spans that hang together tell of."""
    forest = Forest(_weighed(records))
    found = model_calls(forest)
    told: dict[Occurrence, None] = {}
    for call in found.calls:
        told.update(dict.fromkeys(_uses(call, forest)))
    told.update(dict.fromkeys(Deeds(forest=forest, calls=found.calls).all()))
    return Telling(told, found.repeated)


def _weighed(records: Iterable[CallRecord]) -> list[CallRecord]:
    """Return the records, each standing for as many as its trace: some samplers say so at the root only."""
    listed = list(records)
    weights: dict[bytes, float] = {}
    for record in listed:
        if record.weight > weights.get(record.trace, 1.0):
            weights[record.trace] = record.weight
    if not weights:
        return listed
    return [record._replace(weight=weights.get(record.trace, 1.0)) for record in listed]


def _uses(call: ModelCall, forest: Forest) -> Iterator[Occurrence]:
    """Yield the call as the service made it that is nearest to the provider, and as those that called through it."""
    services: dict[tuple[str, str, str], list[CallRecord]] = {}
    for teller in call.tellers:
        services.setdefault(teller.service.identity, []).append(teller)
    (_, own), *others = services.items()
    yield Occurrence(
        What.MODEL_CALL,
        call.record,
        agent=_agent(own, forest, alone=not others),
        seconds=call.seconds,
        failed=call.record.failed,
        error=call.record.error,
        weight=call.record.weight,
    )
    # The spans above the innermost account: who is there called through its service.
    above: set[SpanKey] = {record.key for record in forest.above(call.tellers[0])} if others else set()
    for _, tellers in others:
        first = tellers[0]
        whole = call.record
        passed = any(teller.key in above for teller in tellers)
        yield Occurrence(
            What.PASSED_CALL,
            whole._replace(
                trace=first.trace,
                span=first.span,
                service=first.service,
                start=first.start,
                end=first.end,
                provenance=first.provenance,
                usage=first.usage.filled(whole.usage),
                stream=whole.stream if first.stream is None else first.stream,
                first_token=first.first_token,
            ),
            agent=_agent(tellers, forest, alone=False),
            owner=call.tellers[0].service if passed else Service(),
            seconds=seconds_of(first, forest),
            failed=first.failed,
            error=first.error or (call.record.error if first.failed else None),
            weight=max(whole.weight, first.weight),
        )


def _agent(tellers: Iterable[CallRecord], forest: Forest, *, alone: bool) -> AgentRef | None:
    """Return the agent that made the call; of several services each counts for its own agents."""
    for teller in tellers:
        agent = forest.agent_of(teller)
        if agent is not None and (alone or agent.service.identity == teller.service.identity):
            return agent
    return None
