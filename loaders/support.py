"""Which facts are still shown by anything that was told, when something that was told no longer holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.roster import Roster
from stratagraph.loaders.genai.story import Told
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Fact, Iri, Literal, Observation, Scope
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, RDF

MOST_LIKENESSES: Final = 50_000
"""Sorts of occurrences that are counted: as many as places in programs, agents and models make together."""
Facts: TypeAlias = Mapping[str, frozenset[Fact]]
"""Facts by scope."""
Counted: TypeAlias = Callable[[Collection[Iri]], Mapping[tuple[Iri, Iri], int]]
"""Gives how many values of each metric were committed of each of these subjects and are left."""


class Support:
    """Counts what holds, by what decides the facts that it shows. Counting is cheap; facts are made when one falls.

    ``whole``: everything that this source ever told is counted here. Where it is not, as after a restart, what nothing
    here shows is asked of ``counted``: a relation goes when no call is left on it, an asset when none is left of it.
    """

    def __init__(
        self,
        model: OntologyModel,
        base: str = ASSET_BASE,
        *,
        counted: Counted | None = None,
        whole: bool = True,
        roster: Roster | None = None,
    ) -> None:
        """Have been told nothing; ``roster`` has admitted what was stated."""
        self._model = model
        self._base = base
        self._roster = roster
        self._counted = counted
        self._whole = whole
        self._held: Counter[Hashable] = Counter()
        self._samples: dict[Hashable, Occurrence] = {}
        self._shown: dict[Hashable, Facts] = {}
        self._confirmed: Statements | None = None

    def scopes(self, statements: Statements, observations: Iterable[Observation]) -> tuple[Scope, ...]:
        """Return what is stated by scope, and what of what was stated before is to be taken back there."""
        stated = statements.subjects.scopes()
        doubted = self.doubted(statements)
        if doubted and not self._whole:
            doubted = self._unless_counted(doubted, observations)
        if not doubted:
            return stated
        named = {scope.name: scope for scope in stated}
        for name, facts in doubted.items():
            scope = named.get(name) or Scope(name=name, complete=False)
            named[name] = replace(scope, withdrawn=tuple(sorted(facts)))
        return tuple(scope for _, scope in sorted(named.items()))

    def _unless_counted(self, doubted: Facts, observations: Iterable[Observation]) -> Facts:
        """Return the facts of which the ledger says that nothing is left, once these observations are in it."""
        if self._counted is None:
            return {}
        about = {fact: _subjects(fact) for facts in doubted.values() for fact in facts}
        asked = {subject for statement, ends in about.values() for subject in (*statement, *ends)}
        left = Counter(dict(self._counted(sorted(asked))))
        for seen in observations:
            if seen.subject in asked:
                left[seen.subject, seen.metric] += seen.count
        numbers: dict[Iri, int] = {}
        for (subject, _), number in left.items():
            numbers[subject] = max(number, numbers.get(subject, number))

        def gone(fact: Fact) -> bool:
            statement, ends = about[fact]
            known = [node for node in statement if node in numbers] or ends
            return any(numbers.get(node, 1) <= 0 for node in known)

        found = {scope: frozenset(filter(gone, facts)) for scope, facts in doubted.items()}
        return {scope: facts for scope, facts in found.items() if facts}

    def doubted(self, statements: Statements) -> Facts:
        """Return the facts that only what no longer holds has shown, as far as is known here."""
        if not statements.withdrawn:
            return {}
        held = self._held.copy()
        _count(held, statements)
        left: dict[str, set[Fact]] = {}
        for likeness, alike in statements.withdrawn.items():
            if held[likeness] <= 0:
                for scope, facts in self._facts(likeness, alike[0]).items():
                    left.setdefault(scope, set()).update(facts)
        samples = {**self._samples, **{likeness: alike[0] for likeness, alike in statements.added.items()}}
        for likeness, number in held.items():
            if not any(left.values()):
                break
            if number > 0:
                for scope, facts in self._facts(likeness, samples[likeness]).items():
                    left.get(scope, set()).difference_update(facts)
        return {scope: frozenset(facts) for scope, facts in left.items() if facts}

    def confirm(self, statements: Statements) -> None:
        """Take it that what was stated is known now; once, however often that is said."""
        if statements is self._confirmed:
            return
        self._confirmed = statements
        for likeness, alike in statements.added.items():
            self._samples.setdefault(likeness, alike[0])
        _count(self._held, statements)
        for likeness in statements.withdrawn:
            if self._held[likeness] <= 0:
                self._drop(likeness)
        while len(self._held) > MOST_LIKENESSES:
            # The oldest: what it shows is taken to hold, for it can't be told any more that nothing shows it.
            self._drop(next(iter(self._held)))
            self._whole = False

    def _drop(self, likeness: Hashable) -> None:
        del self._held[likeness]
        self._samples.pop(likeness, None)
        self._shown.pop(likeness, None)

    def _facts(self, likeness: Hashable, one: Occurrence) -> Facts:
        """Return what an occurrence shows, and all that are like it."""
        if likeness not in self._shown:
            statements = Statements(model=self._model, base=self._base, roster=self._roster)
            statements.of(Told(added=(one,)))
            self._shown[likeness] = {scope.name: frozenset(scope.stated) for scope in statements.subjects.scopes()}
        return self._shown[likeness]


def _subjects(fact: Fact) -> tuple[tuple[Iri, ...], tuple[Iri, ...]]:
    """Return the statement that calls are counted on, where it is one of a relation, and the assets at its ends."""
    if isinstance(fact.object, Literal) or fact.predicate == RDF.type:
        return (), (fact.subject,)
    return (statement_iri(fact),), (fact.subject, fact.object)


def _count(held: Counter[Hashable], statements: Statements) -> None:
    for likeness, alike in statements.added.items():
        held[likeness] += len(alike)
    for likeness, alike in statements.withdrawn.items():
        held[likeness] -= len(alike)
