"""A shortest proof, found backwards from what is to be proven: only what may have to do with it is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple, TypeAlias

from stratagraph.ontology.facts import Fact

Goal: TypeAlias = Hashable
"""A conclusion that may be proven."""


class Step(NamedTuple):
    """One way to a conclusion: from other conclusions, by axioms, and from what is stated."""

    premises: tuple[Goal, ...] = ()
    axioms: tuple[Fact, ...] = ()
    facts: tuple[Fact, ...] = ()


class Proof(NamedTuple):
    """The facts and axioms that a conclusion rests on, each once, in the order of the argument."""

    facts: tuple[Fact, ...]
    axioms: tuple[Fact, ...]


_Way: TypeAlias = tuple[Goal, Step]


class Prover:
    """Looks for proofs among so many conclusions at most; what it has learnt for one serves the next."""

    def __init__(self, steps: Callable[[Goal], Iterable[Step]], *, most: int) -> None:
        """``steps`` gives the ways to a conclusion, that it is stated among them."""
        self._steps_to = steps
        self._steps: dict[Goal, tuple[Step, ...]] = {}
        self._most = most

    def prove(self, goal: Goal) -> Proof | None:
        """Return a proof of the least depth, of these one with the fewest steps; None where none was found."""
        seen = {goal: None}
        layer = [goal]
        while layer and len(seen) <= self._most:
            for each in layer:
                if each not in self._steps:
                    self._steps[each] = tuple(dict.fromkeys(self._steps_to(each)))
            chosen = _cheapest({each: self._steps[each] for each in seen})
            if goal in chosen:
                return _collected(goal, chosen)
            premises = dict.fromkeys(each for known in layer for step in self._steps[known] for each in step.premises)
            layer = [each for each in premises if each not in seen]
            seen.update(dict.fromkeys(layer))
        return None


def _cheapest(steps: Mapping[Goal, Iterable[Step]]) -> dict[Goal, Step]:
    """Return the best step to each goal that can be proven: Dijkstra's way, for steps that need several goals."""
    costs: dict[Goal, int] = {}
    chosen: dict[Goal, Step] = {}
    awaited: dict[Goal, list[_Way]] = defaultdict(list)
    missing: dict[_Way, int] = {}
    queue: list[tuple[int, int, Goal, Step]] = []
    # Numbered, so that of equal costs the first is taken and goals are never compared.
    number = count()

    def offer(goal: Goal, step: Step) -> None:
        cost = 1 + len(step.facts) + sum(costs[premise] for premise in step.premises)
        heappush(queue, (cost, next(number), goal, step))

    for goal, ways in steps.items():
        for step in ways:
            premises = set(step.premises)
            missing[goal, step] = len(premises)
            for premise in premises:
                awaited[premise].append((goal, step))
            if not premises:
                offer(goal, step)
    while queue:
        cost, _, goal, step = heappop(queue)
        if goal in costs:
            continue
        costs[goal], chosen[goal] = cost, step
        for way in awaited[goal]:
            missing[way] -= 1
            if not missing[way]:
                offer(*way)
    return chosen


def _collected(goal: Goal, chosen: Mapping[Goal, Step]) -> Proof:
    steps = list(_walked(goal, chosen))
    facts = dict.fromkeys(fact for step in steps for fact in step.facts)
    axioms = dict.fromkeys(axiom for step in steps for axiom in step.axioms)
    return Proof(tuple(facts), tuple(axioms))


def _walked(goal: Goal, chosen: Mapping[Goal, Step]) -> Iterator[Step]:
    seen = {goal}
    agenda = [goal]
    while agenda:
        step = chosen[agenda.pop()]
        yield step
        fresh = [premise for premise in dict.fromkeys(step.premises) if premise not in seen]
        seen.update(fresh)
        agenda.extend(reversed(fresh))
