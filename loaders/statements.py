"""What happened, as facts and observations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import timedelta
from typing import Final, TypeAlias

from stratagraph.loaders.costs import Costs
from stratagraph.loaders.genai.forest import AgentRef
from stratagraph.loaders.genai.measures import WINDOW, Measures, Tally
from stratagraph.loaders.genai.occurrences import Occurrence, What
from stratagraph.loaders.genai.record import CallRecord
from stratagraph.loaders.genai.roster import Roster
from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared
from stratagraph.loaders.genai.story import Told
from stratagraph.loaders.genai.subjects import ANSWERED, REQUESTED, USED, Subjects
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, SG

Likenesses: TypeAlias = dict[Hashable, list[Occurrence]]
"""Occurrences by what decides the facts that they show."""


_CALLS: Final = frozenset({What.MODEL_CALL, What.PASSED_CALL, What.OWN_USAGE})
"""What metrics tell of, too."""


class Statements:
    """Makes facts and observations of occurrences: adds those that happened, takes away those that no longer hold.

    What one occurrence states, all state that are like it: only one is looked at, the others are counted with it.
    """

    def __init__(
        self,
        *,
        model: OntologyModel,
        prices: PriceTable = NO_PRICES,
        base: str = ASSET_BASE,
        declared: Declared = NOTHING_DECLARED,
        roster: Roster | None = None,
        window: timedelta = WINDOW,
    ) -> None:
        """Mint IRIs below ``base``, those that ``roster`` admits; ``declared``: of which services only some arrive."""
        self.subjects = Subjects(model, base, roster)
        self.measures = Measures(model, Costs(prices).of, window)
        self._declared = declared
        self.added: Likenesses = {}
        self.withdrawn: Likenesses = {}
        self._nodes: dict[Fact, Iri] = {}
        self._of: dict[What, Callable[[Occurrence, Tally], None]] = {
            What.MODEL_CALL: self._model_call,
            What.PASSED_CALL: self._passed_call,
            What.RUN: self._run,
            What.OWN_USAGE: self._own_usage,
            What.TOOL_USE: self._tool_use,
            What.SEARCH: self._search,
            What.WORKFLOW: self._workflow,
            What.GUARDRAIL: self._guardrail,
            What.HANDOVER: self._handover,
            What.CONTENT: self._content,
            What.OFFER: self._offer,
        }

    def of(self, told: Told) -> None:
        """State and measure what a settling told.

        Facts of what no longer holds are not withdrawn here, for others may have shown them: ``Support`` tells.
        """
        self.added, self.withdrawn = _alike(told.added), _alike(told.withdrawn)
        for alike in self.added.values():
            self._stated(alike).added = alike
        if self.withdrawn:
            self.subjects.hush()
            for alike in self.withdrawn.values():
                self._stated(alike).taken = alike

    def _stated(self, alike: list[Occurrence]) -> Tally:
        """State what occurrences show that are alike, and return where they are counted."""
        # Of a version it is told when it was last seen.
        latest = max(alike, key=lambda one: one.record.end)
        tally = self.measures.tally(partly=self._declared.partly(latest.record.service))
        self.subjects.according_to(latest.record)
        self._of[latest.what](latest, tally)
        if latest.what in _CALLS and self._declared.measured(latest.record.service):
            tally.leave_to_metrics()
        return tally

    def _model_call(self, one: Occurrence, tally: Tally) -> None:
        """State what a call of a model shows: its caller, its provider, and what it consumed."""
        record = one.record
        system = self._system(record)
        counted = [system, *self._using(one, system)]
        if record.model:
            counted.append(self._model(record))
        self._count(one, tally, counted)

    def _passed_call(self, one: Occurrence, tally: Tally) -> None:
        """State that a service made a call through another one: the model is the same, and its call counted there."""
        system = self._system(one.record)
        if one.owner.name or one.owner.namespace:
            through = self.subjects.system(one.owner)
            if through != system:
                self.subjects.state(system, SG.dependsOn, through)
        self._count(one, tally, [system, *self._using(one, system)])

    def _using(self, one: Occurrence, system: Iri) -> list[Iri]:
        """State who uses the model; return the node of the statement."""
        if not one.record.model:
            return []
        caller = self.subjects.agent(one.agent) if one.agent else system
        model = self.subjects.model(one.record.model, self._met(one.record))
        # On the statement as well: its share of the caller's calls is the observed strength of the relation.
        return [self._node(self.subjects.state(caller, SG.usesModel, model))]

    def _count(self, one: Occurrence, tally: Tally, counted: list[Iri]) -> None:
        """Count a call, what it consumed, and that its agent made it."""
        for subject in counted:
            tally.call(subject)
        # The calls of an agent are its own runs: those of its models add to what it consumed.
        if one.agent:
            agent = self.subjects.agent(one.agent)
            tally.counted[SG.modelCalls].append(agent)
            counted.append(agent)
        tally.answered += counted
        tally.consumed += counted
        tally.carried += counted

    def _met(self, record: CallRecord) -> str:
        """Return how the model of a call was met."""
        if record.answered:
            return ANSWERED
        # Messages of a call whose span did not come do not show that it was answered.
        return REQUESTED if record.failed or (record.event and record.hidden) else USED

    def _model(self, record: CallRecord) -> Iri:
        """Return the model that the call counts for."""
        return self.subjects.model_called(record, self._met(record), record.answered)

    def _run(self, one: Occurrence, tally: Tally) -> None:
        """Tell of an agent at work, and of the agent that called it."""
        self._system(one.record)  # for the version that it states
        agent = self._agent(one.agent)
        tally.call(agent, SG.runs)
        if one.other is not None:
            fact = self.subjects.state(self.subjects.agent(one.other), SG.delegatesTo, agent)
            tally.call(self._node(fact))

    def _own_usage(self, one: Occurrence, tally: Tally) -> None:
        """Tell what an agent says that it consumed: how many calls that took is not known."""
        record = one.record
        system, agent = self._system(record), self._agent(one.agent)
        model = self.subjects.model(record.model, USED if record.usage.known and not record.failed else REQUESTED)
        node = self._node(self.subjects.state(agent, SG.usesModel, model))
        tally.consumed += system, agent, model, node

    def _tool_use(self, one: Occurrence, tally: Tally) -> None:
        """State that a tool was used, and who provides it."""
        record = one.record
        tool = self.subjects.tool(record.tool, one.owner)
        self.subjects.met(tool, REQUESTED if one.failed and record.unproven else USED)
        if one.server or record.serves or one.owner.identity != record.service.identity:
            self.subjects.provided(tool, one.owner, one.server)
        tally.call(tool)
        if not record.serves:
            tally.call(self._node(self._used(one, SG.usesTool, tool)))

    def _search(self, one: Occurrence, tally: Tally) -> None:
        """State that a data source was searched."""
        index = self.subjects.index(one.record.data_source)
        for subject in (index, self._node(self._used(one, SG.retrievesFrom, index))):
            tally.call(subject)

    def _used(self, one: Occurrence, relation: Iri, used: Iri) -> Fact:
        """State that an agent, or the system where none is known, used something."""
        system = self._system(one.record)
        caller = self.subjects.agent(one.agent) if one.agent else system
        return self.subjects.state(caller, relation, used)

    def _workflow(self, one: Occurrence, tally: Tally) -> None:
        """Tell of a named workflow that ran."""
        self._system(one.record)
        tally.call(self.subjects.pipeline(one.record.workflow, one.record.service))

    def _guardrail(self, one: Occurrence, tally: Tally) -> None:
        """Tell of a guardrail at work, and what it decided."""
        self._system(one.record)
        guardrail = self.subjects.guardrail(one.record.guardrail, one.record.service)
        tally.call(guardrail)
        tally.judged.append(guardrail)

    def _handover(self, one: Occurrence, _: Tally) -> None:
        """State that one agent handed over to another."""
        self.subjects.state(self._agent(one.agent), SG.delegatesTo, self._agent(one.other))

    def _content(self, one: Occurrence, tally: Tally) -> None:
        """Count personal data in what was written where no call is told of that carried it."""
        tally.carried.append(self._system(one.record))
        if one.agent:
            tally.carried.append(self.subjects.agent(one.agent))

    def _offer(self, one: Occurrence, _: Tally) -> None:
        """State what was on offer: a tool that may be used is not one in use; a managed prompt."""
        record = one.record
        system = self._system(record)
        caller = self.subjects.agent(one.agent) if one.agent else system
        for name in record.offered:
            self.subjects.state(caller, SG.mayUseTool, self.subjects.tool(name, record.service))
        if record.prompt:
            prompt = self.subjects.prompt(record.prompt, record.service)
            self.subjects.version(prompt, record.prompt_version, record.end)
            self.subjects.state(prompt, SG.partOf, caller)

    def _system(self, record: CallRecord) -> Iri:
        """Return the system that the work was done in."""
        system = self.subjects.system(record.service)
        self.subjects.version(system, record.service.version, record.end)
        return system

    def _agent(self, ref: AgentRef | None) -> Iri:
        """Return the agent of an occurrence that has one."""
        if ref is None:
            raise TypeError(ref)
        return self.subjects.agent(ref)

    def _node(self, fact: Fact) -> Iri:
        """Return the node of a relation's statement."""
        if fact not in self._nodes:
            self._nodes[fact] = statement_iri(fact)
        return self._nodes[fact]


def _alike(occurrences: Iterable[Occurrence]) -> Likenesses:
    """Return the occurrences in groups that state the same, in the order in which the first of each came."""
    found: Likenesses = defaultdict(list)
    for one in occurrences:
        found[one.likeness].append(one)
    return found
