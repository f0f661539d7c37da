"""The inference rules, compiled from the ontology: what a triple implies alone, and what two triples imply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDFS

Implied: TypeAlias = tuple[Iri, bool]
"""A property that a triple implies, and whether subject and object change places."""
Chain: TypeAlias = tuple[Iri, Iri, Iri]
"""first(x, y) and second(y, z) imply implied(x, z)."""


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """The rules in the form in which closing needs them; every table is closed already.

    ``expansions`` maps a property to all that its triples imply by sub-property, inverse and symmetry, itself first;
    a property without an entry implies only itself. ``subject_types`` and ``object_types`` map a property to the
    classes of its ends, from the named domains and ranges of all that it implies. ``superclasses`` is reflexive.
    ``chains`` hold the property chains, and transitivity as the chain of a property with itself.
    """

    expansions: Mapping[Iri, tuple[Implied, ...]]
    subject_types: Mapping[Iri, frozenset[Iri]]
    object_types: Mapping[Iri, frozenset[Iri]]
    superclasses: Mapping[Iri, frozenset[Iri]]
    chains: tuple[Chain, ...]

    def implied_by(self, prop: Iri) -> tuple[Implied, ...]:
        """Return what a triple of the property implies alone, itself first."""
        return self.expansions.get(prop, ((prop, False),))


def compile_rules(model: OntologyModel) -> RuleSet:
    """Return the rules that the ontology declares."""
    steps = _steps(model)
    expansions = {prop: _reachable(prop, steps) for prop in steps}
    superclasses = {iri: info.ancestors for iri, info in model.classes.items()}
    domains = _named((iri, info.domain) for iri, info in model.relations.items())
    domains |= _named((iri, info.domain) for iri, info in model.attributes.items())
    ranges = _named((iri, info.range) for iri, info in model.relations.items())
    for cls in {*domains.values(), *ranges.values()} - superclasses.keys():
        superclasses[cls] = frozenset({cls})  # of another vocabulary, so without super-classes
    properties = expansions.keys() | domains.keys() | ranges.keys()
    ends = {prop: expansions.get(prop, ((prop, False),)) for prop in properties}
    return RuleSet(
        expansions={prop: implied for prop, implied in expansions.items() if len(implied) > 1},
        subject_types=_types(ends, domains, ranges, superclasses),
        object_types=_types(ends, ranges, domains, superclasses),
        superclasses=superclasses,
        chains=_chains(model, expansions),
    )


def _steps(model: OntologyModel) -> dict[Iri, set[Implied]]:
    """Return what each property implies in one step."""
    steps: dict[Iri, set[Implied]] = {prop: set() for prop in (*model.relations, *model.attributes)}
    for prop, info in model.relations.items():
        steps[prop].update((ancestor, False) for ancestor in info.ancestors)
        if info.inverse:
            steps[prop].add((info.inverse, True))
            steps.setdefault(info.inverse, set()).add((prop, True))
        if "symmetric" in info.characteristics:
            steps[prop].add((prop, True))
    for fact in model.triples:
        # Attributes have no table of ancestors; relations meet theirs a second time here.
        if fact.predicate == RDFS.subPropertyOf and fact.subject in steps and isinstance(fact.object, str):
            steps[fact.subject].add((fact.object, False))
    return steps


def _reachable(prop: Iri, steps: Mapping[Iri, set[Implied]]) -> tuple[Implied, ...]:
    found = {(prop, False): None}
    agenda = [(prop, False)]
    while agenda:
        current, turned = agenda.pop()
        # Sorted, so that rules do not depend on the order of a set.
        for implied, turns in sorted(steps.get(current, ())):
            reached = (implied, turned != turns)
            if reached not in found:
                found[reached] = None
                agenda.append(reached)
    return tuple(found)


def _named(members: Iterable[tuple[Iri, frozenset[Iri]]]) -> dict[Iri, Iri]:
    """Keep the domains or ranges that are one class: membership of a union tells no class."""
    return {prop: next(iter(classes)) for prop, classes in members if len(classes) == 1}


def _types(
    ends: Mapping[Iri, tuple[Implied, ...]],
    near: Mapping[Iri, Iri],
    far: Mapping[Iri, Iri],
    superclasses: Mapping[Iri, frozenset[Iri]],
) -> dict[Iri, frozenset[Iri]]:
    """Return the classes of one end: the near ones of what is implied as it stands, the far ones of what is turned."""
    types: dict[Iri, frozenset[Iri]] = {}
    for prop, implied in ends.items():
        told = (far.get(other) if turned else near.get(other) for other, turned in implied)
        classes = frozenset(up for cls in told if cls for up in superclasses[cls])
        if classes:
            types[prop] = classes
    return types


def _chains(model: OntologyModel, expansions: Mapping[Iri, tuple[Implied, ...]]) -> tuple[Chain, ...]:
    """Return chains and transitivity, without those that are another one read backwards."""
    transitive = (p for p, info in model.relations.items() if "transitive" in info.characteristics)
    kept: dict[Chain, None] = {}
    for chain in sorted({*model.chains, *((prop, prop, prop) for prop in transitive)}):
        if not any(mirrored in kept for mirrored in _mirrors(chain, expansions)):
            kept[chain] = None
    return tuple(kept)


def _mirrors(chain: Chain, expansions: Mapping[Iri, tuple[Implied, ...]]) -> Iterator[Chain]:
    first, second, implied = (_inverses(prop, expansions) for prop in chain)
    for left in second:
        for middle in first:
            for whole in implied:
                if (left, middle, whole) != chain:
                    yield left, middle, whole


def _inverses(prop: Iri, expansions: Mapping[Iri, tuple[Implied, ...]]) -> list[Iri]:
    """Return the properties whose triples are exactly those of this one, turned."""
    turned = (other for other, turns in expansions.get(prop, ()) if turns)
    return [other for other in turned if (prop, True) in expansions.get(other, ())]
