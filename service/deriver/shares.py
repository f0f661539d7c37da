"""Observed strengths: what share of a thing's calls passed over each of its relations in the last 24 hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import SG
from stratagraph.service.deriver.numbers import Triple

HOURS: Final = 24
PLACES: Final = 4
"""A share is rounded to this many decimal places, and is never rounded to nothing."""
_NOISE: Final = 1e-9
CALLS: Final = frozenset({SG.calls})
TOKENS: Final = frozenset({SG.inputTokens, SG.outputTokens})

Group: TypeAlias = tuple[int, int]
"""The relations of one subject with one property, which share its calls."""


class Share(NamedTuple):
    """A relation's share of the calls and of the tokens; None where none were seen on it."""

    calls: float | None = None
    tokens: float | None = None

    def of(self, aspect: Iri) -> float | None:
        """Return the observed strength of an aspect: the share of the tokens for cost, of the calls for all else."""
        return self.tokens if aspect == SG.CostAspect else self.calls


class Shares:
    """Calls and tokens per relation and hour. Whole hours keep it small and make it a function of the ledger alone."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._horizon = 0
        self._hours: dict[Iri, dict[int, list[float]]] = {}
        self._relations: dict[Iri, Triple] = {}
        self._nodes: dict[Triple, tuple[Iri, ...]] = {}
        self._groups: dict[Group, set[Triple]] = defaultdict(set)

    def register(self, triple: Triple, nodes: Iterable[Iri]) -> None:
        """Take in an observed relation; ``nodes`` are the statements that observations of it are made on."""
        self._forget_nodes(triple)
        # Sorted, so that the order in which floats are added up is not that of a set.
        self._nodes[triple] = tuple(sorted(nodes))
        self._relations.update(dict.fromkeys(self._nodes[triple], triple))
        self._groups[triple[:2]].add(triple)

    @property
    def relations(self) -> Collection[Triple]:
        """The relations that take part."""
        return self._nodes.keys()

    def unregister(self, triple: Triple) -> bool:
        """Forget a relation, but not its calls, for it may be stated again; tell whether it was known."""
        if triple not in self._nodes:
            return False
        self._forget_nodes(triple)
        self._groups[triple[:2]].discard(triple)
        return True

    def _forget_nodes(self, triple: Triple) -> None:
        for node in self._nodes.pop(triple, ()):
            # A merge may have moved the statement to another relation already.
            if self._relations.get(node) == triple:
                del self._relations[node]

    def advance(self, now: datetime) -> set[Group]:
        """Drop what is more than a day old; return the groups whose shares may have changed."""
        oldest = _hour(horizon(now))
        if oldest <= self._horizon:
            return set()
        self._horizon = oldest
        touched = set()
        for node in [n for n, hours in self._hours.items() if min(hours) < oldest]:
            hours = self._hours[node]
            for hour in [hour for hour in hours if hour < oldest]:
                del hours[hour]
            if not hours:
                del self._hours[node]
            if node in self._relations:
                touched.add(self._relations[node][:2])
        return touched

    def observe(self, observations: Iterable[Observation]) -> set[Group]:
        """Count calls and tokens of relations; return the groups whose shares may have changed."""
        touched = set()
        for seen in observations:
            place = 0 if seen.metric in CALLS else 1 if seen.metric in TOKENS else None
            # A window counts as a whole in the hour in which it starts.
            hour = _hour(seen.start)
            if place is None or hour < self._horizon:
                continue
            self._hours.setdefault(seen.subject, {}).setdefault(hour, [0.0, 0.0])[place] += seen.total
            if seen.subject in self._relations:
                touched.add(self._relations[seen.subject][:2])
        return touched

    def members(self, group: Group) -> set[Triple]:
        """Return the observed relations of a group."""
        return self._groups.get(group, set())

    def share(self, triple: Triple) -> Share:
        """Return the shares of a relation; nothing for one that is not observed."""
        if triple not in self._nodes:
            return Share()
        own = self._totals(triple)
        sums = [self._totals(member) for member in self.members(triple[:2])]
        return Share(*(_part(own[place], sum(each[place] for each in sums)) for place in (0, 1)))

    def _totals(self, triple: Triple) -> tuple[float, float]:
        hours = [each for node in self._nodes[triple] for each in self._hours.get(node, {}).values()]
        return sum(each[0] for each in hours), sum(each[1] for each in hours)


def horizon(now: datetime) -> datetime:
    """Return the start of the oldest hour that counts: this one and the 23 before it do."""
    return datetime.fromtimestamp((_hour(now) - HOURS + 1) * 3600, UTC)


def _part(own: float, whole: float) -> float | None:
    # Where all was taken away again, what rounding leaves is nothing.
    return max(round(own / whole, PLACES), 10.0**-PLACES) if whole > 0 and own > whole * _NOISE else None


def _hour(moment: datetime) -> int:
    return int(moment.timestamp() // 3600)
