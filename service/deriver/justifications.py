"""Why something holds: the ways to a conclusion, read backwards off the tables by which it was derived."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, cast

from stratagraph.ontology.class_axioms import NOMINAL, ClassRule
from stratagraph.ontology.class_axioms import Only as OnlyAxiom
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.reasoning.axiom_reasons import AxiomReasons, Below
from stratagraph.ontology.reasoning.shortest import Goal, Proof, Prover, Step
from stratagraph.service.deriver.class_tables import All, Only, Some, SomeLiteral, Telling
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Triple, is_iri

MOST_GOALS: Final = 20_000
"""Conclusions among which a proof is sought; one that needs more is none that anybody reads."""


class Justifications:
    """Proofs of what a closure holds, for as long as it does not change.

    A conclusion is a triple in numbers, one with a class for a membership, expressions included; or that one class
    lies ``Below`` another. ``bare`` proofs do without domains and ranges: what a relation says of its own ends.
    """

    def __init__(
        self,
        closure: Closure,
        axioms: AxiomReasons,
        merged: Callable[[int], tuple[Fact, ...]],
        *,
        bare: bool = False,
        most: int = MOST_GOALS,
    ) -> None:
        """``merged`` tells by which statements another node stands for a thing."""
        self._closure = closure
        self._tables = closure.tables
        self._rules = closure.tables.rules
        self._members = closure.members
        self._numbers = closure.tables.numbers
        self._axioms = axioms
        self._merged = merged
        self._bare = bare
        # Most chains of one relation need no bracketing but from the left; what does is looked for after these.
        self._provers = [Prover(partial(self._steps, along), most=most) for along in (True, False)]

    def of(self, fact: Fact) -> Proof | None:
        """Return the facts and axioms by which a fact holds; None where it does not, or where too much is involved."""
        triple = self._numbers.triple(fact)
        if not self._closure.holds(triple):
            return None
        return next(filter(None, (prover.prove(triple) for prover in self._provers)), None)

    def _steps(self, along: bool, goal: Goal) -> Iterator[Step]:  # noqa: FBT001  bound at once
        if isinstance(goal, Below):
            yield from self._axioms.steps(goal)
            return
        triple = subject, prop, obj = cast("Triple", goal)
        if triple in self._closure.asserted:
            # Nothing is shorter than what is stated.
            yield Step(facts=(self._numbers.fact(triple),))
        elif prop == self._tables.type and (bit := self._tables.any_bit(obj)):
            yield from self._to_class(subject, obj, bit)
        else:
            yield from self._to_triple(triple, along=along)

    # Triples -----------------------------------------------------------------------------------------------------

    def _to_triple(self, triple: Triple, *, along: bool) -> Iterator[Step]:
        closure = self._closure
        subject, prop, obj = triple
        for other, turned in self._tables.supports(prop):
            support = (obj, other, subject) if turned else (subject, other, obj)
            if support != triple and (support in closure.asserted or support in closure.derived):
                axioms = self._axioms.implies(self._iri(other), self._iri(prop), turned=turned)
                yield Step((support,), axioms or ())
        for first, second in self._tables.heads.get(prop, ()):
            axioms = self._axioms.chain(*map(self._iri, (first, second, prop)))
            for middle in dict.fromkeys(closure.objects(subject, first)):
                link, rest = (subject, first, middle), (middle, second, obj)
                if along and first == second == prop and not closure.asserted_by(link):
                    continue
                if is_iri(middle) and closure.holds(rest):
                    yield Step((link, rest), axioms)
        for rule in self._rules.has:
            if rule.prop == prop and self._members.home(rule.value) == obj and self._has(subject, rule.holder):
                premises = self._in_all(subject, rule.holder)
                yield Step(premises, self._axioms.rule(self._rules.origins[rule]), self._merged(rule.value))

    # Classes -----------------------------------------------------------------------------------------------------

    def _to_class(self, node: int, cls: int, bit: int) -> Iterator[Step]:
        tables = self._tables
        for stated in self._closure.asserted.objects(node, tables.type):
            if tables.class_masks.get(stated, 0) & bit:
                fact = self._numbers.fact((node, tables.type, stated))
                yield Step(self._axioms.below(self._iri(stated), self._iri(cls)), (), (fact,))
        for thing, mask in self._rules.nominals.items():
            if mask & bit and self._members.home(thing) == node:
                own = NOMINAL + self._iri(thing)
                yield Step(self._axioms.below(own, self._iri(cls)), (), self._merged(thing))
        if not self._bare:
            yield from self._by_ends(node, cls, bit)
        for rule in self._rules.telling:
            if rule.told & bit:
                origin = self._rules.origins[rule]
                below = self._axioms.below(_told(origin), self._iri(cls))
                axioms = self._axioms.rule(origin)
                for premises in self._by_rule(rule, node):
                    yield Step((*premises, *below), axioms)

    def _by_ends(self, node: int, cls: int, bit: int) -> Iterator[Step]:
        """Yield how domains and ranges tell a class: of each relation one triple is enough."""
        for index in (self._closure.asserted, self._closure.derived):
            leaving = ((prop, False, index.objects(node, prop)) for prop in index.predicates_out(node))
            arriving = ((prop, True, index.subjects(prop, node)) for prop in index.predicates_in(node))
            for prop, far, others in (*leaving, *arriving):
                masks = self._tables.object_masks if far else self._tables.subject_masks
                if masks.get(prop, 0) & bit:
                    triples = [(other, prop, node) if far else (node, prop, other) for other in others]
                    for end in self._axioms.ends(self._iri(prop), far=far):
                        below = self._axioms.below(end.cls, self._iri(cls))
                        # A derived one may rest on what is to be proven here.
                        for triple in triples[:1] if index is self._closure.asserted else triples:
                            yield Step((triple, *below), end.axioms)

    def _by_rule(self, rule: Telling, node: int) -> Iterator[tuple[Goal, ...]]:
        """Yield what a rule may have told a class of a node from."""
        if isinstance(rule, All):
            if self._members.of(node) & rule.need == rule.need:
                yield self._in_all(node, rule.need)
        elif isinstance(rule, Only):
            subjects = dict.fromkeys(self._closure.subjects(rule.prop, node))
            yield from self._few([((each, rule.prop, node), each) for each in subjects], rule.holder)
        elif isinstance(rule, SomeLiteral):
            values = [obj for obj in self._closure.objects(node, rule.prop) if self._members.fits(rule, obj)]
            yield from self._few([((node, rule.prop, obj), obj) for obj in dict.fromkeys(values)], 0)
        elif isinstance(rule, Some):
            objects = dict.fromkeys(self._closure.objects(node, rule.prop))
            yield from self._few([((node, rule.prop, obj), obj) for obj in objects], rule.filler)

    def _few(self, links: Iterable[tuple[Triple, int]], mask: int) -> list[tuple[Goal, ...]]:
        """Return the links to nodes that have a class, 0 for any; where all of one is stated, that one is enough."""
        asserted = self._closure.asserted
        found: list[tuple[Goal, ...]] = []
        for link, node in links:
            if mask and not (is_iri(node) and self._has(node, mask)):
                continue
            premises = (link, *self._in_all(node, mask))
            if all(premise in asserted for premise in premises):
                return [premises]
            found.append(premises)
        return found

    def _has(self, node: int, mask: int) -> bool:
        return bool(self._members.of(node) & mask)

    def _in_all(self, node: int, mask: int) -> tuple[Triple, ...]:
        return tuple((node, self._tables.type, cls) for cls in self._tables.all_members(mask))

    def _iri(self, number: int) -> Iri:
        return self._numbers.iri(number)


def _told(rule: ClassRule) -> Iri:
    """Return the class that a rule tells."""
    return rule.filler if isinstance(rule, OnlyAxiom) else rule.cls
