"""Traces to a batch: assets and relations that calls show, and how the calls went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.calls import Calls, distinct_calls
from stratagraph.loaders.genai.contexts import (
    AgentRef,
    Contexts,
    Found,
    Lesson,
    SpanContextCache,
    Waiting,
    context_of,
)
from stratagraph.loaders.genai.measures import Cost, Measures
from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.record import MODEL_CALLS, CallRecord, RecordKind, SpanKey
from stratagraph.loaders.genai.subjects import ANSWERED, REQUESTED, Subjects
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.ontology.facts import Batch, Fact, Iri, Method
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, SG

SOURCE: Final = "otlp"
SILENCE: Final = timedelta(days=30)
"""Longer than a monthly job pauses: what was not called for that long is taken to be gone."""
NO_CONTEXTS: Final = SpanContextCache(limit=0)
"""Knows nothing of other requests, and learns nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceResult:
    """What became of a request.

    ``rejections`` gives a reason per rejected span. ``duplicates`` are accepted spans that tell of a call once more.
    ``overflow`` counts names beyond what one request may add. ``unmapped`` counts attribute names that the alias
    table lacks. ``lesson`` is for a SpanContextCache, once the batch is committed.
    """

    batch: Batch
    accepted: int
    rejected: int
    rejections: tuple[str, ...]
    duplicates: int
    overflow: int
    unmapped: Mapping[str, int]
    lesson: Lesson

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.batch.observations and not any(self.batch.facts())


def transform(
    request: ExportTraceServiceRequest,
    *,
    model: OntologyModel,
    run: str,
    prices: PriceTable = NO_PRICES,
    base: str = ASSET_BASE,
    contexts: Contexts = NO_CONTEXTS,
    until: datetime | None = None,
) -> TraceResult:
    """Return the batch that a trace request amounts to.

    ``run`` identifies the request: the hash of its body, so that the same body again changes nothing. ``contexts``
    is what earlier requests left behind; with none, only relations inside the request are found. A span that ends
    after ``until`` is rejected.
    """
    normalised = normalise(request, until=until)
    calls = distinct_calls(normalised.records, contexts)
    facts = _CallFacts(model=model, prices=prices, base=base, calls=calls, earlier=contexts)
    facts.state_all()
    batch = Batch(
        source=SOURCE,
        run=run,
        method=Method.OBSERVED,
        scopes=facts.subjects.scopes(),
        observations=facts.measures.observations(),
        silence=SILENCE,
    )
    return TraceResult(
        batch=batch,
        accepted=len(normalised.records),
        rejected=len(normalised.rejections),
        rejections=tuple(normalised.rejections),
        duplicates=calls.duplicates,
        overflow=facts.subjects.overflow,
        unmapped=dict(sorted(normalised.unmapped.items())),
        lesson=facts.lesson(),
    )


class _CallFacts:
    """Makes facts and observations of the calls of one request."""

    def __init__(self, *, model: OntologyModel, prices: PriceTable, base: str, calls: Calls, earlier: Contexts) -> None:
        self.subjects = Subjects(model, base)
        self.measures = Measures(model)
        self._prices = prices
        self._calls = calls
        self._earlier = earlier
        self._leaves = {leaf.key: leaf for leaf in calls.leaves}
        self._waiting: dict[SpanKey, set[tuple[Iri, Iri]]] = defaultdict(set)
        self._statements: dict[Fact, Iri] = {}

    def state_all(self) -> None:
        """State and measure everything, in the fixed order of the calls."""
        by_kind = {
            RecordKind.TOOL: self._tool,
            RecordKind.AGENT: self._agent,
            RecordKind.RETRIEVAL: self._retrieval,
            RecordKind.WORKFLOW: self._workflow,
        }
        for record in self._calls.records:
            self.subjects.according_to(record)
            if record.kind in MODEL_CALLS:
                if record.key in self._leaves:
                    self._model_call(self._leaves[record.key])
            elif record.kind in by_kind:
                by_kind[record.kind](record)
            self._handoff(record)
            self._late(record)

    def lesson(self) -> Lesson:
        """Return what later requests may want to know."""
        return Lesson(
            contexts={
                record.key: context_of(record, counted=record.key in self._leaves) for record in self._calls.records
            },
            waiting={key: frozenset(found) for key, found in self._waiting.items()},
            repeated=self._calls.repeated,
        )

    def _model_call(self, record: CallRecord) -> None:
        """State what a call of a model shows: its caller, its provider, and what it consumed."""
        system = self._system(record)
        caller, agent = self._caller(record)
        counted = [system]
        if record.model:
            model = self._model(record)
            uses = self.subjects.state(caller, SG.usesModel, model)
            # On the statement as well: its share of the caller's calls is the observed strength of the relation.
            counted += [model, self._statement(uses)]
            self._wait(record, SG.usesModel, model)
        self._context_of_call(record, caller)
        cost = self._cost(record)
        for subject in counted:
            self.measures.call(subject, record)
            self.measures.usage(subject, record, cost)
        # The calls of an agent are its own runs: those of its models only add to what it consumed.
        if agent:
            self.measures.usage(agent, record, cost)

    def _model(self, record: CallRecord) -> Iri:
        """Return the model that the call counts for; only an answer says where it is from and what an alias means."""
        model = self.subjects.model(record.model, ANSWERED if record.answered else REQUESTED)
        # A misspelt name is asked for just as well, and nobody answers to it.
        if record.answered and record.provider:
            self.subjects.state(model, SG.providedBy, self.subjects.provider(record.provider))
        if record.answered and record.engine:
            self.subjects.state(model, SG.implementedIn, self.subjects.server(record.engine))
        if record.answered and record.requested not in {"", record.answered}:
            alias = self.subjects.model(record.requested, REQUESTED)
            self.subjects.state(alias, SG.aliasOf, model)
        return model

    def _context_of_call(self, record: CallRecord, caller: Iri) -> None:
        """State what the call was given: tools on offer, a managed prompt."""
        # A tool on offer is not a tool in use: these are two relations.
        for name in record.offered:
            tool = self.subjects.tool(name, record.service)
            self.subjects.state(caller, SG.mayUseTool, tool)
            self._wait(record, SG.mayUseTool, tool)
        if record.prompt:
            prompt = self.subjects.prompt(record.prompt, record.service)
            self.subjects.version(prompt, record.prompt_version, record.end)
            self.subjects.state(prompt, SG.partOf, caller)

    def _tool(self, record: CallRecord) -> None:
        """State that a tool was used."""
        if record.tool:
            self._used(record, SG.usesTool, self.subjects.tool(record.tool, record.service))

    def _retrieval(self, record: CallRecord) -> None:
        """State that a data source was searched."""
        if record.data_source:
            self._used(record, SG.retrievesFrom, self.subjects.index(record.data_source))

    def _used(self, record: CallRecord, relation: Iri, used: Iri) -> None:
        """State that a call's agent, or its system, used something, and count the call on it."""
        caller, _ = self._caller(record)
        fact = self.subjects.state(caller, relation, used)
        self._wait(record, relation, used)
        for subject in (used, self._statement(fact)):
            self.measures.call(subject, record)

    def _agent(self, record: CallRecord) -> None:
        """Tell of an agent at work, and of the agent that called it."""
        if not record.agent:
            return
        self._system(record)  # for the version that it states
        agent = self.subjects.agent(AgentRef(record.agent, record.service))
        self.measures.call(agent, record)
        found = self._calls.forest.caller_of(record)
        if found.agent is not None:
            fact = self.subjects.state(self.subjects.agent(found.agent), SG.delegatesTo, agent)
            self.measures.call(self._statement(fact), record)
        self._wait_at(found, SG.delegatesTo, agent)

    def _workflow(self, record: CallRecord) -> None:
        """Tell of a named workflow that ran."""
        if record.workflow:
            self._system(record)
            self.measures.call(self.subjects.pipeline(record.workflow, record.service), record)

    def _handoff(self, record: CallRecord) -> None:
        """State that one agent handed over to another."""
        giver, taker = record.handoff
        if giver and taker and giver != taker:
            first, second = (self.subjects.agent(AgentRef(name, record.service)) for name in (giver, taker))
            self.subjects.state(first, SG.delegatesTo, second)

    def _late(self, record: CallRecord) -> None:
        """State relations of earlier requests that waited for this span."""
        waiting: Waiting = self._earlier.waiting(record.key)
        if not waiting:
            return
        found = self._calls.forest.agent_of(record)
        # A set has no order, and the facts of a batch have one.
        for relation, used in sorted(waiting):
            if found.agent is not None:
                # An agent that arrives late may be the one called: nobody delegates to itself.
                agent = self.subjects.agent(found.agent)
                if agent != used:
                    self.subjects.state(agent, relation, used)
            self._wait_at(found, relation, used)

    def _system(self, record: CallRecord) -> Iri:
        """Return the system that the call ran in."""
        system = self.subjects.system(record.service)
        self.subjects.version(system, record.service.version, record.end)
        return system

    def _caller(self, record: CallRecord) -> tuple[Iri, Iri]:
        """Return (who called, the agent where one is known): an agent, else the system itself."""
        system = self._system(record)
        found = self._calls.forest.agent_of(record)
        if found.agent is None:
            return system, ""
        agent = self.subjects.agent(found.agent)
        return agent, agent

    def _wait(self, record: CallRecord, relation: Iri, used: Iri) -> None:
        """Remember a relation whose agent may still arrive."""
        self._wait_at(self._calls.forest.agent_of(record), relation, used)

    def _wait_at(self, found: Found, relation: Iri, used: Iri) -> None:
        """Remember a relation for the span that a walk missed."""
        if found.missing is not None:
            self._waiting[found.missing].add((relation, used))

    def _statement(self, fact: Fact) -> Iri:
        """Return the node of a relation's statement."""
        if fact not in self._statements:
            self._statements[fact] = statement_iri(fact)
        return self._statements[fact]

    def _cost(self, record: CallRecord) -> Cost | None:
        """Return the cost that the emitter reports, else the estimate by a price of that day, else nothing."""
        if record.usage.cost is not None:
            return Cost(record.usage.cost, record.usage.currency, estimated=False)
        # What a failed call cost nobody knows; a call without a model has no price.
        if record.failed or not record.model:
            return None
        price = self._prices.price(record.model, datetime.fromtimestamp(record.end / 1e9, UTC))
        amount = price.cost(record.usage) if price else None
        return Cost(amount, price.currency, estimated=True) if price and amount is not None else None


def reasons(rejections: Iterable[str], most: int = 5) -> str:
    """Return the first reasons in one text for the sender."""
    listed = list(rejections)
    shown = " ".join(listed[:most])
    return f"{shown} ... and {len(listed) - most} more." if len(listed) > most else shown
