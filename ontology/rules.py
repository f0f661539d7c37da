"""The inference rules, compiled from the ontology: what a triple implies alone, and what two triples imply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.class_axioms import INVERSE, THINGS, All, ClassRule, Member, property_name
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDFS, SKOLEM_BASE

Implied: TypeAlias = tuple[Iri, bool]
"""A property that a triple implies, and whether subject and object change places."""
Pair: TypeAlias = tuple[Iri, Iri, Iri]
"""first(x, y) and second(y, z) imply implied(x, z)."""
CHAIN: Final = f"{SKOLEM_BASE}chain/"
"""Base of the properties that stand for all but the first link of a longer chain."""
_PROPERTY_AXIOMS: Final = frozenset({RDFS.subPropertyOf, OWL.equivalentProperty, OWL.inverseOf})


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """The rules in the form in which closing needs them; every table is closed already.

    ``expansions`` maps a property to all that its triples imply by sub-property, inverse and symmetry, itself first;
    a property without an entry implies only itself. ``subject_types`` and ``object_types`` map a property to the
    classes of its ends, from the named domains and ranges of all that it implies. ``superclasses`` is reflexive.
    ``chains`` hold the property chains, and transitivity as the chain of a property with itself; of a longer chain
    each tail is a property without a name. ``class_rules`` say what classes are made of, ``nominals`` are the things
    that they name, each with a class of its own. What has no name (``is_blank``) is never told.
    """

    expansions: Mapping[Iri, tuple[Implied, ...]]
    subject_types: Mapping[Iri, frozenset[Iri]]
    object_types: Mapping[Iri, frozenset[Iri]]
    superclasses: Mapping[Iri, frozenset[Iri]]
    chains: tuple[Pair, ...]
    class_rules: tuple[ClassRule, ...] = ()
    nominals: tuple[Member, ...] = ()

    def implied_by(self, prop: Iri) -> tuple[Implied, ...]:
        """Return what a triple of the property implies alone, itself first."""
        return self.expansions.get(prop, ((prop, False),))


def compile_rules(model: OntologyModel) -> RuleSet:
    """Return the rules that the ontology declares."""
    steps = _steps(model)
    expansions = {prop: _reachable(prop, steps) for prop in steps}
    superclasses = _superclasses(model)
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
        class_rules=model.class_axioms.rules,
        nominals=tuple(model.class_axioms.nominals()),
    )


def _superclasses(model: OntologyModel) -> dict[Iri, frozenset[Iri]]:
    """Return each class with all above it, those without a name only where a rule reads them."""
    axioms = model.class_axioms
    superclasses = {iri: info.ancestors for iri, info in model.classes.items()}
    hidden = axioms.hidden
    if not axioms.rules and not hidden:
        return superclasses
    mentioned = {cls for rule in axioms.rules for cls in rule.classes() if not is_blank(cls)}
    for cls in [*superclasses, *sorted(mentioned - superclasses.keys() - THINGS)]:
        above = axioms.lineage(cls)
        superclasses[cls] = frozenset(each for each in above if each in hidden or not is_blank(each))
    superclasses.update(hidden)
    return superclasses


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
        if fact.predicate in _PROPERTY_AXIOMS and isinstance(fact.object, str):
            lower, upper = (property_name(model.graph, prop) for prop in (fact.subject, fact.object))
            if lower and upper and (lower in steps or upper in steps or is_blank(lower)):
                turned = fact.predicate == OWL.inverseOf
                steps.setdefault(lower, set()).add((upper, turned))
                if fact.predicate != RDFS.subPropertyOf:
                    steps.setdefault(upper, set()).add((lower, turned))
    for links in (chain for chain in model.chains if len(chain) == 2):  # noqa: PLR2004  # one link, and what it implies
        steps.setdefault(links[0], set()).add((links[1], False))
    for inverse in {prop for prop in _mentioned(model, steps) if prop.startswith(INVERSE)}:
        prop = inverse.removeprefix(INVERSE)
        steps.setdefault(prop, set()).add((inverse, True))
        steps.setdefault(inverse, set()).add((prop, True))
    return steps


def _mentioned(model: OntologyModel, steps: Mapping[Iri, set[Implied]]) -> Iterator[Iri]:
    """Yield the properties that rules speak of."""
    yield from (prop for chain in model.chains for prop in chain)
    yield from (rule.prop for rule in model.class_axioms.rules if not isinstance(rule, All))
    for prop, implied in steps.items():
        yield prop
        yield from (other for other, _ in implied)


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


def _chains(model: OntologyModel, expansions: Mapping[Iri, tuple[Implied, ...]]) -> tuple[Pair, ...]:
    """Return chains two by two, and transitivity, without those that are another one read backwards."""
    transitive = (p for p, info in model.relations.items() if "transitive" in info.characteristics)
    stated = {*model.chains, *((prop, prop, prop) for prop in transitive)}
    kept: dict[Pair, None] = {}
    for pair in sorted({pair for chain in stated for pair in pairs(*chain)}):
        if not any(mirrored in kept for mirrored in _mirrors(pair, expansions)):
            kept[pair] = None
    return tuple(kept)


def pairs(first: Iri, *rest: Iri) -> Iterator[Pair]:
    """Yield a chain as pairs from its first link on: what is left of it is a property without a name."""
    *links, implied = rest
    while links:
        tail = links[0] if len(links) == 1 else CHAIN + " ".join(links)
        yield first, tail, implied
        first, implied, *links = links[0], tail, *links[1:]


def _mirrors(chain: Pair, expansions: Mapping[Iri, tuple[Implied, ...]]) -> Iterator[Pair]:
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
