"""The rules in numbers: lookup tables for closing triples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.rules import RuleSet
from stratagraph.service.deriver.class_tables import ClassTables
from stratagraph.service.deriver.numbers import Numbers

Turned: TypeAlias = tuple[int, bool]
"""A property and whether subject and object change places."""


class Tables:
    """What the rules say about a property or class, by its number.

    ``firsts`` maps a property to (second, implied) of the chains that it begins, ``seconds`` to (first, implied) of
    those that it ends, ``heads`` to the (first, second) that imply it. Classes are bits of a mask, so that all types
    of a node are one small number.
    """

    def __init__(self, rules: RuleSet, numbers: Numbers) -> None:
        """Number every term of the rules."""
        number = numbers.number
        self.type = number(RDF.type)
        self._expansions = {
            number(prop): tuple((number(other), turned) for other, turned in implied)
            for prop, implied in rules.expansions.items()
        }
        self.firsts: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.seconds: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.heads: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for chain in rules.chains:
            first, second, implied = map(number, chain)
            self.firsts[first].append((second, implied))
            self.seconds[second].append((first, implied))
            self.heads[implied].append((first, second))
        self.classes = [number(cls) for cls in rules.superclasses]
        self._bits = {cls: 1 << place for place, cls in enumerate(self.classes)}
        self.told = self._mask((cls for cls in rules.superclasses if not is_blank(cls)), numbers)
        """The classes that have a name: of the others nobody hears."""
        self.class_masks = {number(cls): self._mask(ups, numbers) for cls, ups in rules.superclasses.items()}
        self.rules = ClassTables(rules, numbers, self._bits, self.class_masks)
        self._supports = _inverted(self._expansions)
        produced = {*self.heads, *(rule.prop for rule in self.rules.has)}
        self._derived_supports = {
            prop: kept
            for prop in self._supports.keys() | produced
            if (kept := tuple(way for way in self.supports(prop) if way[0] in produced))
        }
        self.linked = frozenset(
            {self.type, *self._expansions, *self._supports, *self.firsts, *self.seconds, *produced, *self.rules.links}
        )
        """The properties whose triples imply others, or are implied by others."""
        self.chained = frozenset({*self.firsts, *self.seconds})
        """The properties that are links of chains."""
        self.typing = frozenset(prop for prop in self.linked if self._is_typing(prop))
        """The properties whose triples imply, or are implied by, what is said of classes."""
        properties = {prop for chain in rules.chains for prop in chain} | rules.expansions.keys()
        self.nameless = frozenset(number(prop) for prop in properties if is_blank(prop))
        """The properties that no view hears of."""
        self.subject_masks = self._masks(rules.subject_types, numbers)
        self.object_masks = self._masks(rules.object_types, numbers)
        self.numbers = numbers
        if self.rules:
            ends = {
                prop: self.subject_masks.get(prop, 0) | self.object_masks.get(prop, 0)
                for prop in self.subject_masks.keys() | self.object_masks.keys()
            }
            self.rules.find_recursive(self._steps(), ends)

    def _is_typing(self, prop: int) -> bool:
        return any(way == self.type for other, _ in self.expansion(prop) for way, _ in self.supports(other))

    def expansion(self, prop: int) -> tuple[Turned, ...]:
        """Return what a triple of the property implies alone, itself first."""
        return self._expansions.get(prop, ((prop, False),))

    def supports(self, prop: int) -> tuple[Turned, ...]:
        """Return the properties whose triples imply one of this property."""
        return self._supports.get(prop, ((prop, False),))

    def derived_supports(self, prop: int) -> tuple[Turned, ...]:
        """Return those supports that chains imply."""
        return self._derived_supports.get(prop, ())

    def bit(self, cls: int) -> int:
        """Return the bit of a class with a name in the masks, 0 where the rules do not know it."""
        return self._bits.get(cls, 0) & self.told

    def any_bit(self, cls: int) -> int:
        """Return the bit of a class, with a name or without."""
        return self._bits.get(cls, 0)

    def members(self, mask: int) -> list[int]:
        """Return the classes of a mask that have a name."""
        return self.all_members(mask & self.told)

    def all_members(self, mask: int) -> list[int]:
        """Return the classes of a mask, those without a name too."""
        found = []
        while mask:
            low = mask & -mask
            found.append(self.classes[low.bit_length() - 1])
            mask ^= low
        return found

    def _steps(self) -> Iterator[tuple[int, int]]:
        """Yield which property's triples may come of which other's."""
        for prop, implied in self._expansions.items():
            yield from ((prop, other) for other, _ in implied if other != prop)
        for prop, pairs in self.heads.items():
            yield from ((link, prop) for pair in pairs for link in pair)

    def _mask(self, classes: Iterable[Iri], numbers: Numbers) -> int:
        mask = 0
        for cls in classes:
            mask |= self._bits.get(numbers.number(cls), 0)
        return mask

    def _masks(self, types: Mapping[Iri, frozenset[Iri]], numbers: Numbers) -> dict[int, int]:
        return {numbers.number(prop): self._mask(classes, numbers) for prop, classes in types.items()}


def _inverted(expansions: Mapping[int, tuple[Turned, ...]]) -> dict[int, tuple[Turned, ...]]:
    """Return property -> the properties that imply it; a property always implies itself."""
    supports: dict[int, dict[Turned, None]] = defaultdict(dict)
    for prop, implied in expansions.items():
        for other, turned in implied:
            supports[other].setdefault((other, False))
            supports[other].setdefault((prop, turned))
    return {prop: tuple(ways) for prop, ways in supports.items()}
