"""What classes are made of, in numbers: the rules by what sets them off, and by what they tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stratagraph.ontology import class_axioms as axioms
from stratagraph.ontology.class_axioms import THINGS
from stratagraph.ontology.data_ranges import DataRange
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.rules import RuleSet
from stratagraph.service.deriver.numbers import Numbers

# Equal by identity: as tuples, rules of two kinds could have the same numbers, and one of them would be forgotten.


@dataclass(frozen=True, slots=True, eq=False)
class All:
    """A node with all classes of the mask ``need`` has those of ``told`` too."""

    need: int
    told: int


@dataclass(frozen=True, slots=True, eq=False)
class Some:
    """A node with a value that has the class ``filler``, 0 for any value, has those of ``told``."""

    prop: int
    filler: int
    told: int


@dataclass(frozen=True, slots=True, eq=False)
class SomeLiteral:
    """A node with a literal within the range has the classes of ``told``."""

    prop: int
    within: DataRange
    told: int


@dataclass(frozen=True, slots=True, eq=False)
class Only:
    """All values of a node with the class ``holder`` have the classes of ``told``."""

    holder: int
    prop: int
    told: int


@dataclass(frozen=True, slots=True, eq=False)
class Has:
    """A node with the class ``holder`` has the value."""

    holder: int
    prop: int
    value: int


Telling: TypeAlias = All | Some | SomeLiteral | Only
"""A rule that tells classes."""
Linking: TypeAlias = Some | SomeLiteral | Only
"""A rule that reads triples."""


class ClassTables:
    """The rules about classes. Every mask is one of bits; those of what is told hold all classes above, too."""

    def __init__(self, rules: RuleSet, numbers: Numbers, bit: Mapping[int, int], masks: Mapping[int, int]) -> None:
        """Number the rules; ``bit`` holds the bit of each class, ``masks`` those of all classes above with it."""
        self._numbers = numbers
        self._bit = bit
        self._masks = masks
        self.telling: list[Telling] = []
        self.has: list[Has] = []
        self.origins: dict[Telling | Has, axioms.ClassRule] = {}
        """What the ontology says of each rule."""
        for rule in rules.class_rules:
            self._take(rule)
        self.links: dict[int, list[Linking]] = defaultdict(list)
        """The rules that read the triples of a property."""
        self.readers: dict[int, list[Telling | Has]] = defaultdict(list)
        """The rules that read a class, by its bit."""
        for each in (*self.telling, *self.has):
            if isinstance(each, Some | SomeLiteral | Only):
                self.links[each.prop].append(each)
            for low in bits(_read(each)):
                self.readers[low].append(each)
        self.watched = _union(self.readers)
        """The classes that rules read."""
        self.nominals = {self._numbers.number(each.individual): self._mask(each.cls) for each in rules.nominals}
        """The things that rules speak of, each with what is known of it for being itself."""
        self.told = _union((*(rule.told for rule in self.telling), *self.nominals.values()))
        """The classes that rules tell."""
        self.recursive = 0
        """The classes of which a member may be one because it is one."""

    def __bool__(self) -> bool:
        """Tell whether there is anything that triples alone do not tell."""
        return bool(self.telling or self.has or self.nominals)

    def find_recursive(self, property_steps: Iterable[tuple[int, int]], ends: Mapping[int, int]) -> None:
        """Find out which classes can follow from themselves; ``ends`` are classes told by properties.

        Whatever lies between two circles is counted in as well, which costs time and no truth.
        """
        steps = {(-1 - before, -1 - after) for before, after in property_steps}
        steps.update((-1 - prop, low) for prop, mask in ends.items() for low in bits(mask))
        for rule in self.telling:
            before = [*bits(_read(rule)), *(() if isinstance(rule, All) else (-1 - rule.prop,))]
            steps.update((one, low) for one in before for low in bits(rule.told))
        steps.update((each.holder, -1 - each.prop) for each in self.has)
        self.recursive = _union(node for node in _circling(steps) if node > 0)

    def _take(self, rule: axioms.ClassRule) -> None:
        """Take in a rule, unless nothing can follow by it."""
        made = self._made(rule)
        if isinstance(made, Has):
            self.has.append(made)
        elif made is not None:
            self.telling.append(made)
        if made is not None:
            self.origins[made] = rule

    def _made(self, rule: axioms.ClassRule) -> Telling | Has | None:
        number = self._numbers.number
        match rule:
            case axioms.Has(cls, prop, value):
                holder = self._class(cls)
                return Has(holder, number(prop), number(value)) if holder else None
            case axioms.All(parts, cls):
                need = _union(self._class(part) for part in parts if part not in THINGS)
                # What the parts themselves tell is known already, so the whole does not have to tell it.
                told = self._mask(cls) & ~_union(map(self._mask, parts))
                return All(need, told) if need and told else None
            case axioms.Only(cls, prop, filler):
                holder, told = self._class(cls), self._mask(filler)
                return Only(holder, number(prop), told) if holder and told else None
            case axioms.Some(prop, filler, cls):
                told = self._mask(cls)
                return Some(number(prop), self._class(filler), told) if told else None
            case axioms.SomeLiteral(prop, within, cls):
                told = self._mask(cls)
                return SomeLiteral(number(prop), within, told) if told else None

    def _class(self, cls: Iri) -> int:
        """Return the bit of a class; 0 for the empty name, which stands for anything."""
        return self._bit.get(self._numbers.number(cls), 0) if cls else 0

    def _mask(self, cls: Iri) -> int:
        return self._masks.get(self._numbers.number(cls), 0)


def bits(mask: int) -> Iterator[int]:
    """Yield the bits of a mask one by one."""
    while mask:
        low = mask & -mask
        yield low
        mask ^= low


def _read(rule: Telling | Has) -> int:
    """Return the mask of the classes that a rule reads."""
    match rule:
        case All(need):
            return need
        case Some(_, filler):
            return filler
        case Only(holder) | Has(holder):
            return holder
    return 0


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _circling(steps: set[tuple[int, int]]) -> set[int]:
    """Return the ends of steps that lie on a circle, or on a way from one circle to another."""
    while True:
        nodes = {before for before, _ in steps} & {after for _, after in steps}
        kept = {(before, after) for before, after in steps if before in nodes and after in nodes}
        if kept == steps:
            return nodes
        steps = kept
