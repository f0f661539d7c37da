"""What agents, tools, searches, workflows and guardrails did: each once, however many spans tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from stratagraph.loaders.genai.calls import ModelCall
from stratagraph.loaders.genai.forest import AgentRef, Forest, ref_of
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.occurrences import Occurrence, What
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, ErrorClass, RecordKind, SpanKey, Verdict


@dataclass(kw_only=True)
class Deeds:
    """Finds what was done in a group of traces, whose model calls are known."""

    forest: Forest
    calls: Sequence[ModelCall]

    def all(self) -> Iterator[Occurrence]:
        """Yield everything, in the order of the spans."""
        by_kind = {
            RecordKind.AGENT: self._runs,
            RecordKind.TOOL: self._tools,
            RecordKind.RETRIEVAL: self._searches,
            RecordKind.WORKFLOW: self._workflows,
            RecordKind.GUARDRAIL: self._guardrails,
        }
        for record in self.forest.records:
            if record.kind in by_kind:
                yield from by_kind[record.kind](record)
            if record.parent_node or record.handoff[0]:
                yield from self._handovers(record)
            if record.offered or record.prompt:
                yield self._offer(record)
            if record.personal is not None and record.kind not in MODEL_CALLS:
                yield from self._content(record)

    @cached_property
    def _busy(self) -> frozenset[SpanKey]:
        """The runs of agents below which a model call is told."""
        runs = (self.forest.run_above(record) for call in self.calls for record in call.tellers)
        return frozenset(run.key for run in runs if run is not None)

    def _runs(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield the run of a named agent, once of all the spans that tell of it."""
        ref = ref_of(record)
        if ref is None or self.forest.same_run(record) is not None:
            return
        spans = [record, *self._within_run(record)]
        caller = self.forest.caller_of(record)
        failed = [span for span in spans if span.failed]
        yield Occurrence(
            What.RUN,
            record,
            agent=ref,
            other=caller,
            seconds=record.seconds,
            failed=bool(failed),
            error=self._why(failed, spans) if failed else None,
            weight=record.weight,
        )
        # Of usage that is told on several levels only the innermost counts: the run's own where its calls are not told.
        if not any(span.key in self._busy for span in spans) and record.model:
            fullest = max(spans, key=lambda span: (span.usage.known, span.key == record.key))
            yield Occurrence(What.OWN_USAGE, fullest, agent=ref, weight=record.weight)

    def _why(self, failed: Sequence[CallRecord], spans: Sequence[CallRecord]) -> ErrorClass | None:
        """Return why a run failed: what its spans say, else what its failed calls have in common."""
        told = next((span.error for span in reversed(failed) if span.error not in {None, ErrorClass.OTHER}), None)
        if told is not None:
            return told
        of_calls = {error for span in spans for error in self._failures.get(span.key, ())}
        return of_calls.pop() if len(of_calls) == 1 else next((span.error for span in failed if span.error), None)

    @cached_property
    def _failures(self) -> Mapping[SpanKey, set[ErrorClass]]:
        """The classes of the failed model calls of each run."""
        found: dict[SpanKey, set[ErrorClass]] = defaultdict(set)
        for call in self.calls:
            run = self.forest.run_above(call.tellers[0]) if call.record.failed else None
            if run is not None and call.record.error is not None:
                found[run.key].add(call.record.error)
        return found

    def _within_run(self, run: CallRecord) -> Iterator[CallRecord]:
        """Yield the other spans that tell of a run."""
        own = ref_of(run)
        for record in self._inside(run):
            if record.kind is RecordKind.AGENT and ref_of(record) == own:
                yield record

    def _inside(self, run: CallRecord) -> Iterator[CallRecord]:
        """Yield the spans of a run: down to tools, and to the runs of others."""
        own = ref_of(run)
        goes_on = {RecordKind.TOOL, RecordKind.AGENT}
        return _below(
            self.forest,
            run,
            lambda one: one.kind not in goes_on or (one.kind is RecordKind.AGENT and ref_of(one) == own),
        )

    def _tools(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield the use of a tool, once of all the spans that tell of it."""
        if self._tool_above(record) is not None:
            return
        spans = list(self._tool_chain(record))
        name = next((span.tool for span in spans if span.tool), "")
        if not name:
            return
        delegate = self._delegate(spans, name)
        caller = self.forest.agent_of(record)
        if delegate is not None:
            if delegate and caller is not None and delegate != caller.name:
                other = AgentRef(delegate, record.service)
                yield Occurrence(What.HANDOVER, record, agent=caller, other=other, weight=record.weight)
            return
        failed = [span for span in spans if span.failed]
        server = next((span for span in reversed(spans) if span.serves), None)
        told = record._replace(tool=name, unproven=bool(failed) and all(span.unproven for span in failed))
        yield Occurrence(
            What.TOOL_USE,
            told,
            # Who answers a call provides the tool; who sends it uses it.
            agent=None if record.serves else caller,
            owner=server.service if server is not None else record.service,
            server=next((span.server for span in reversed(spans) if span.server), ""),
            seconds=record.seconds,
            failed=bool(failed),
            error=next((span.error for span in reversed(failed) if span.error is not None), None),
            weight=record.weight,
        )

    def _tool_above(self, record: CallRecord) -> CallRecord | None:
        """Return the span above that tells of the same use: nothing else is between, and the names do not differ."""
        for current in self.forest.above(record):
            if current.kind is RecordKind.TOOL:
                same = not current.tool or not record.tool or _alike(current.tool, record.tool)
                return current if same else None
            if current.kind is not RecordKind.OTHER:
                return None
        return None

    def _tool_chain(self, record: CallRecord) -> Iterator[CallRecord]:
        """Yield the spans that tell of one use, the outermost first."""
        yield record
        passed = {record.key}
        current: CallRecord | None = record
        while current is not None:
            inside = _below(self.forest, current, _plumbing)
            same = (one for one in inside if one.kind is RecordKind.TOOL and self._tool_above(one) == current)
            current = next((one for one in same if one.key not in passed), None)
            if current is not None:
                passed.add(current.key)
                yield current

    def _delegate(self, spans: Sequence[CallRecord], name: str) -> str | None:
        """Return the agent that a tool stands for, None where it is a tool."""
        told = next((span.delegate for span in spans if span.delegate is not None), None)
        if told is not None:
            return "" if load_meanings().made_up(told) else told
        # A tool of the name of the agent that it calls is the agent.
        last = spans[-1]
        inside = _below(self.forest, last, lambda one: one.kind in {RecordKind.OTHER, RecordKind.WORKFLOW})
        called = (one.agent for one in inside if one.kind is RecordKind.AGENT)
        return next((agent for agent in called if _named_after(name, agent)), None)

    def _searches(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield a search, once of all the spans that tell of it."""
        for current in self.forest.above(record):
            if current.kind is RecordKind.RETRIEVAL:
                return
            if current.kind is not RecordKind.OTHER:
                break
        searching = {RecordKind.OTHER, RecordKind.RETRIEVAL}
        inside = [record, *_below(self.forest, record, lambda one: one.kind in searching)]
        spans = [one for one in inside if one.kind is RecordKind.RETRIEVAL]
        source = next((span.data_source for span in spans if span.data_source), "")
        if source:
            failed = [span for span in spans if span.failed]
            yield Occurrence(
                What.SEARCH,
                record._replace(data_source=source),
                agent=self.forest.agent_of(record),
                seconds=record.seconds,
                failed=bool(failed),
                error=next((span.error for span in failed if span.error is not None), None),
                weight=record.weight,
            )

    def _workflows(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield the run of a named workflow that is not an agent by another name."""
        if not record.workflow or record.workflow == record.agent:
            return
        for current in self.forest.above(record):
            if current.kind is RecordKind.WORKFLOW and current.workflow == record.workflow:
                return
        inside = _below(self.forest, record, _plumbing)
        if any(one.kind is RecordKind.AGENT and one.agent == record.workflow for one in inside):
            return
        yield Occurrence(
            What.WORKFLOW,
            record,
            seconds=record.seconds,
            failed=record.failed,
            error=record.error,
            weight=record.weight,
        )

    def _guardrails(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield a guardrail at work, once of all the spans that tell of it."""
        if not record.guardrail:
            return
        for current in self.forest.above(record):
            if current.kind is RecordKind.GUARDRAIL and current.guardrail == record.guardrail:
                return
        verdict = record.verdict or Verdict.UNDECIDED
        checking = (
            one
            for one in _below(
                self.forest,
                record,
                lambda one: one.kind is not RecordKind.GUARDRAIL or one.guardrail == record.guardrail,
            )
        )
        inside = [one for one in checking if one.kind is RecordKind.GUARDRAIL]
        same = [one.verdict for one in inside if one.guardrail == record.guardrail and one.verdict is not None]
        if verdict is Verdict.UNDECIDED and not record.failed:
            verdict = max(same, key=_BY_WEIGHT.index, default=verdict)
        # What its validators found and let through, the guard let through.
        found = {one.verdict for one in inside if one.verdict in {Verdict.FLAGGED, Verdict.BLOCKED}}
        if verdict is Verdict.BLOCKED and not record.failed and found == {Verdict.FLAGGED}:
            verdict = Verdict.FLAGGED
        failed = record.failed and verdict is Verdict.UNDECIDED
        yield Occurrence(
            What.GUARDRAIL,
            record,
            agent=self.forest.agent_of(record),
            seconds=record.seconds if record.end > record.start else None,
            failed=failed,
            error=record.error if failed else None,
            verdict=verdict,
            weight=record.weight,
        )

    def _handovers(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield hand-overs that attributes tell of: from one to another, or by the place in a graph of agents."""
        giver, taker = record.handoff
        if giver and taker and giver != taker:
            first, second = (AgentRef(name, record.service) for name in (giver, taker))
            yield Occurrence(What.HANDOVER, record, agent=first, other=second, weight=record.weight)
        if record.kind is RecordKind.AGENT and record.parent_node and record.agent:
            before = self._node_agent(record)
            if before and before != record.agent:
                first = AgentRef(before, record.service)
                # Nesting says the same.
                if self.forest.caller_of(record) != first:
                    yield Occurrence(What.HANDOVER, record, agent=first, other=ref_of(record), weight=record.weight)

    def _node_agent(self, record: CallRecord) -> str:
        """Return the agent of the node that handed over, "" for the beginning of the graph."""
        if record.parent_node in load_meanings().graph_roots:
            return ""
        named = self._nodes.get((record.trace, record.parent_node))
        if named is not None:
            return named
        return "" if load_meanings().made_up(record.parent_node) else record.parent_node

    @cached_property
    def _nodes(self) -> Mapping[tuple[bytes, str], str]:
        """The agents by the nodes that they are."""
        return {(one.trace, one.node): one.agent for one in self.forest.records if one.node and one.agent}

    @cached_property
    def _agents(self) -> frozenset[str]:
        """The names of the agents at work."""
        return frozenset(one.agent for one in self.forest.records if one.kind is RecordKind.AGENT and one.agent)

    def _content(self, record: CallRecord) -> Iterator[Occurrence]:
        """Yield content that came with something else than a model call, unless spans below bring it again."""
        if record.key not in self._repeating:
            yield Occurrence(What.CONTENT, record, agent=self.forest.agent_of(record), weight=record.weight)

    @cached_property
    def _repeating(self) -> frozenset[SpanKey]:
        """The spans above some that content came with."""
        passed: set[SpanKey] = set()
        for record in self.forest.records:
            if record.personal is None:
                continue
            for current in self.forest.above(record):
                if current.key in passed:
                    break
                passed.add(current.key)
        return frozenset(passed)

    def _offer(self, record: CallRecord) -> Occurrence:
        """Return what work was given: tools on offer, a managed prompt."""
        agents = self._agents
        tools = tuple(name for name in record.offered if not any(_named_after(name, agent) for agent in agents))
        agent = self.forest.agent_of(record)
        # What a service offers to the agent of another one is its own.
        own = agent is not None and agent.service.identity == record.service.identity
        told = record if tools == record.offered else record._replace(offered=tools)
        return Occurrence(What.OFFER, told, agent=agent if own else None)


_BY_WEIGHT = (Verdict.UNDECIDED, Verdict.ALLOWED, Verdict.FLAGGED, Verdict.BLOCKED)


def _below(forest: Forest, record: CallRecord, through: Callable[[CallRecord], bool]) -> Iterator[CallRecord]:
    """Yield the spans below one, in a fixed order, going on below those that the walk goes through."""
    waiting, passed = [record], {record.key}
    while waiting:
        for child in forest.children(waiting.pop()):
            if child.key not in passed:
                passed.add(child.key)
                yield child
                if through(child):
                    waiting.append(child)


def _plumbing(record: CallRecord) -> bool:
    """Tell whether a span is no work of its own."""
    return record.kind is RecordKind.OTHER


def _alike(first: str, second: str) -> bool:
    """Tell whether two names are of one tool: libraries put what it belongs to before it."""
    return (
        first == second or first.endswith((f".{second}", f"-{second}")) or second.endswith((f".{first}", f"-{first}"))
    )


@lru_cache(maxsize=4_096)
def _named_after(tool: str, agent: str) -> bool:
    """Tell whether a tool has the name of an agent: the same, or behind a word that calls."""
    one, other = _flat(tool), _flat(agent)
    return bool(other) and one in {other, other + other, "agent" + other}


def _flat(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
