"""Why the reasoner objects: the axioms without which it would not.

The reasoner itself says only that something is wrong. So axioms are taken away, half of them at first and one by one
in the end, for as long as it still objects; the axioms that can't be taken away are the explanation. Every question
costs a run of the reasoner, so time is bounded, and an explanation that was cut short says so.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import OWL, RDF, SG
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.axioms import LOGICAL
from stratagraph.ontology.reasoning.proofs import MEMBER
from stratagraph.ontology.reasoning.reasoners import REASONERS

DEADLINE: Final = 60.0
"""Seconds after which an explanation is given as far as it has come."""
_CHARACTERISTIC: Final = "Property"
_DECLARED: Final = frozenset(
    {OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.NamedIndividual, OWL.Ontology}
)

Judge = Callable[[Sequence[Fact]], bool]
"""Says whether facts are consistent."""
_Unit = tuple[Fact, ...]
"""An axiom: a fact, with the facts of the blank nodes that it is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Axioms that can't hold together; ``minimal`` when none of them could be left out."""

    axioms: tuple[Fact, ...]
    minimal: bool


@REASONERS.kept()
def explain(
    facts: Iterable[Fact],
    suspects: Iterable[Fact] = (),
    *,
    empty: Iri | None = None,
    deadline: float = DEADLINE,
    judge: Judge | None = None,
) -> Explanation | None:
    """Return axioms that the reasoner finds contradictory; None where it objects to nothing, or not in time.

    Args:
        facts: everything, axioms and assertions.
        suspects: where to look first, a new module for example.
        empty: a class that the reasoner says can have no member; it is tried with one.
        deadline: seconds.
        judge: what to ask; the DL reasoner unless given.

    Raises:
        JavaMissing: as ``dl.check``.
    """
    facts, suspects = tuple(facts), frozenset(suspects)
    supposed = [Fact(MEMBER_NAME, RDF.type, empty)] if empty else []
    clock = _Clock(time.monotonic() + deadline)
    ask = _Asker([fact for fact in facts if _is_declaration(fact)] + supposed, judge or _reasoner(clock), clock)
    units = _units(facts)
    near = [unit for unit in units if suspects.intersection(unit)] or units
    if empty:
        near = [unit for unit in units if any(empty in {fact.subject, fact.object} for fact in unit)] or near
    found = _grow(near, units, ask)
    if found is None:
        return None
    kept, minimal = _shrink(found, ask)
    return Explanation(axioms=tuple(fact for unit in kept for fact in unit if not _is_structure(fact)), minimal=minimal)


MEMBER_NAME: Final = MEMBER + "x"


@dataclass(frozen=True)
class _Clock:
    end: float

    def left(self) -> float:
        return self.end - time.monotonic()


def _reasoner(clock: _Clock) -> Judge:
    def judge(facts: Sequence[Fact]) -> bool:
        # With less the reasoner would be stopped before it has read the file.
        return dl.check(facts, deadline=max(1.0, clock.left())).consistent

    return judge


@dataclass
class _Asker:
    """Asks the judge about some axioms, among declarations that always stand.

    ``answered`` is False once the judge failed to answer, which counts as no objection: what is known stays known.
    """

    always: list[Fact]
    judge: Judge
    clock: _Clock
    answered: bool = True

    def objects(self, units: Iterable[_Unit]) -> bool:
        try:
            return not self.judge([*self.always, *dict.fromkeys(fact for unit in units for fact in unit)])
        except dl.ReasonerFailed:
            self.answered = False
            return False

    def in_time(self) -> bool:
        return self.clock.left() > 0


def _is_declaration(fact: Fact) -> bool:
    return fact.predicate == RDF.type and fact.object in _DECLARED and not is_blank(fact.subject)


def _is_structure(fact: Fact) -> bool:
    """Say whether a fact only holds an axiom together: lists, and the blank nodes of expressions."""
    if fact.predicate in {RDF.first, RDF.rest}:
        return True
    return is_blank(fact.subject) and fact.predicate not in {OWL.members, OWL.distinctMembers, OWL.targetIndividual}


def _units(facts: Sequence[Fact]) -> list[_Unit]:
    """Cut the facts into axioms and assertions; annotations and declarations are none."""
    relations = {fact.subject for fact in facts if fact.predicate == RDF.type and fact.object in _PROPERTIES}
    inside: dict[Iri, list[Fact]] = defaultdict(list)
    for fact in facts:
        if is_blank(fact.subject):
            inside[fact.subject].append(fact)
    pointed = {fact.object for fact in facts if isinstance(fact.object, str) and is_blank(fact.object)}
    units = []
    for fact in facts:
        if is_blank(fact.subject):
            if fact.subject not in pointed and fact == inside[fact.subject][0]:  # once for all facts of the node
                units.append(_whole(inside[fact.subject], inside))
        elif not _is_declaration(fact) and _is_logical(fact, relations):
            units.append(_whole([fact], inside))
    return units


_PROPERTIES: Final = frozenset({OWL.ObjectProperty, OWL.DatatypeProperty})


def _is_logical(fact: Fact, relations: set[Iri]) -> bool:
    return fact.predicate in LOGICAL or fact.predicate in relations or fact.predicate == RDF.type


def _whole(start: Iterable[Fact], inside: dict[Iri, list[Fact]]) -> _Unit:
    found = dict.fromkeys(start)
    agenda = list(found)
    while agenda:
        target = agenda.pop().object
        for fact in inside.get(target, ()) if isinstance(target, str) else ():
            if fact not in found:
                found[fact] = None
                agenda.append(fact)
    return tuple(found)


def _names(unit: _Unit) -> frozenset[Iri]:
    terms = {term for fact in unit for term in (fact.subject, fact.predicate, fact.object) if isinstance(term, str)}
    return frozenset(term for term in terms if not is_blank(term) and not term.startswith((OWL, RDF)))


def _grow(near: Sequence[_Unit], units: Sequence[_Unit], ask: _Asker) -> list[_Unit] | None:
    """Take in the axioms that speak of the same names, ring by ring, until there is an objection."""
    taken = dict.fromkeys(near)
    names = {name for unit in taken for name in _names(unit)}
    while ask.in_time():
        if ask.objects(taken):
            return list(taken)
        ring = [unit for unit in units if unit not in taken and _names(unit) & names - _COMMON]
        if not ring:
            return None
        taken.update(dict.fromkeys(ring))
        names.update(name for unit in ring for name in _names(unit))
    return None


_COMMON: Final = frozenset({SG.Asset, OWL.Thing})
"""Names that connect everything with everything, and so tell nothing about what is near."""


def _shrink(units: list[_Unit], ask: _Asker) -> tuple[list[_Unit], bool]:
    """Leave out what the objection does not need; also say whether there was time to try everything."""
    # A question without an answer while growing did no harm: the objection was found all the same.
    ask.answered = True
    size = max(1, len(units) // 2)
    while True:
        place = 0
        while place < len(units):
            if not ask.in_time():
                return units, False
            rest = units[:place] + units[place + size :]
            if rest and ask.objects(rest):
                units = rest
            else:
                place += size
        if size == 1:
            return units, ask.answered
        size = max(1, min(size, len(units)) // 2)
