"""The classes of every node, as masks, and what the rules about classes make of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Protocol

from stratagraph.ontology.facts import Literal
from stratagraph.service.deriver.class_tables import All, Has, Linking, Only, Some, SomeLiteral, Telling, bits
from stratagraph.service.deriver.numbers import Triple, is_iri
from stratagraph.service.deriver.tables import Tables

_NONE: Final[Mapping[int, int]] = {}


class Links(Protocol):
    """The triples of the closure, looked up by one end."""

    def objects(self, subject: int, prop: int) -> Iterator[int]:
        """Yield the objects of a subject's triples; some may come twice."""

    def subjects(self, prop: int, obj: int) -> Iterator[int]:
        """Yield the subjects of an object's triples; some may come twice."""


class Memberships:
    """The mask of each node's classes, always with all classes above.

    ``retyped`` holds the masks from before an update, ``stirred`` the new classes that rules have yet to read.
    """

    def __init__(self, tables: Tables, links: Links) -> None:
        """Know of no member; those that rules name come with the first ``pin``."""
        self._rules = tables.rules
        self._numbers = tables.numbers
        self._links = links
        self._masks: list[int] = []
        self._homes = {node: node for node in self._rules.nominals}
        self.pins: dict[int, int] = {}
        """The classes that a node has because a rule names it."""
        self.retyped: dict[int, int] = {}
        self.stirred: list[tuple[int, int]] = []

    def of(self, node: int) -> int:
        """Return the mask of a node's classes."""
        # IRIs have the even numbers, and only they have types.
        place = node >> 1
        return self._masks[place] if place < len(self._masks) else 0

    def set(self, node: int, mask: int) -> None:
        """Give a node these classes."""
        before = self.of(node)
        if mask == before:
            return
        place = node >> 1
        if place >= len(self._masks):
            self._masks.extend([0] * (place + 1 - len(self._masks)))
        self._masks[place] = mask
        # The first one counts: the mask before the whole update.
        self.retyped.setdefault(node, before)
        if news := mask & ~before & self._rules.watched:
            self.stirred.append((node, news))

    def add(self, node: int, mask: int) -> None:
        """Give a node these classes besides those that it has."""
        self.set(node, self.of(node) | mask)

    def holders(self, cls: int) -> list[int]:
        """Return the nodes that have a class: all nodes are looked through."""
        return [place << 1 for place, mask in enumerate(self._masks) if mask & cls]

    # What rules name ---------------------------------------------------------------------------------------------

    @property
    def named(self) -> Collection[int]:
        """The things that rules name."""
        return self._homes.keys()

    def home(self, thing: int) -> int:
        """Return the node that stands for a thing that rules name; all else stands for itself."""
        return self._homes.get(thing, thing)

    def pins_after(self, moved: Mapping[int, int]) -> dict[int, int]:
        """Return the pins once some of the things that rules name stand elsewhere."""
        pins: dict[int, int] = {}
        for thing, mask in self._rules.nominals.items():
            node = moved.get(thing, self._homes[thing])
            pins[node] = pins.get(node, 0) | mask
        return pins

    def move(self, moved: Mapping[int, int]) -> None:
        """Let things that rules name stand elsewhere."""
        self._homes.update(moved)
        self.pins = self.pins_after({})

    # What rules tell ---------------------------------------------------------------------------------------------

    def told_by(self, triple: Triple) -> Iterator[tuple[int, int]]:
        """Yield the classes that a triple tells of its ends, by the classes that these have."""
        subject, prop, obj = triple
        for rule in self._rules.links.get(prop, ()):
            yield from self._told(rule, subject, obj)

    def told_with(self, node: int, classes: int) -> Iterator[tuple[int, int]]:
        """Yield the classes that follow, for this node and others, from classes of a node."""
        for rule in self._reading(classes):
            if isinstance(rule, All):
                if self.of(node) & rule.need == rule.need:
                    yield node, rule.told
            elif isinstance(rule, Some):
                yield from ((other, rule.told) for other in self._links.subjects(rule.prop, node) if is_iri(other))
            elif isinstance(rule, Only):
                yield from ((other, rule.told) for other in self._links.objects(node, rule.prop) if is_iri(other))

    def values_with(self, node: int, classes: int) -> Iterator[Triple]:
        """Yield the triples that follow from classes of a node."""
        for rule in self._reading(classes):
            if isinstance(rule, Has):
                yield node, rule.prop, self.home(rule.value)

    def values_of(self, moved: Collection[int]) -> Iterator[Has]:
        """Yield the rules that tell some of the values."""
        return (rule for rule in self._rules.has if rule.value in moved)

    def entail(self, triple: Triple) -> bool:
        """Tell whether a class of its subject tells a triple."""
        subject, prop, obj = triple
        return any(
            rule.prop == prop and self.of(subject) & rule.holder and self.home(rule.value) == obj
            for rule in self._rules.has
        )

    def supported(
        self, node: int, wanted: int, lost: Mapping[int, int] = _NONE, gone: Collection[Triple] = frozenset()
    ) -> int:
        """Return those of the wanted classes that some rule tells, without the classes lost and the triples gone."""
        found = 0
        for rule in self._rules.telling:
            if rule.told & wanted & ~found and self._tells(rule, node, lost, gone):
                found |= rule.told & wanted
        return found

    def _reading(self, classes: int) -> Iterable[Telling | Has]:
        found: dict[Telling | Has, None] = {}
        for low in bits(classes & self._rules.watched):
            found.update(dict.fromkeys(self._rules.readers[low]))
        return found

    def _told(self, rule: Linking, subject: int, obj: int) -> Iterator[tuple[int, int]]:
        if isinstance(rule, Some):
            if not rule.filler or (is_iri(obj) and self.of(obj) & rule.filler):
                yield subject, rule.told
        elif isinstance(rule, Only):
            if is_iri(obj) and self.of(subject) & rule.holder:
                yield obj, rule.told
        elif self.fits(rule, obj):
            yield subject, rule.told

    def _tells(self, rule: Telling, node: int, lost: Mapping[int, int], gone: Collection[Triple]) -> bool:
        if isinstance(rule, All):
            return self.of(node) & ~lost.get(node, 0) & rule.need == rule.need
        if isinstance(rule, Only):
            return any(
                self.of(other) & ~lost.get(other, 0) & rule.holder and (other, rule.prop, node) not in gone
                for other in self._links.subjects(rule.prop, node)
            )
        values = (obj for obj in self._links.objects(node, rule.prop) if (node, rule.prop, obj) not in gone)
        if isinstance(rule, SomeLiteral):
            return any(self.fits(rule, obj) for obj in values)
        return any(
            not rule.filler or (is_iri(obj) and self.of(obj) & ~lost.get(obj, 0) & rule.filler) for obj in values
        )

    def fits(self, rule: SomeLiteral, obj: int) -> bool:
        """Tell whether a value is within the range that a rule speaks of."""
        term = self._numbers.term(obj)
        return isinstance(term, Literal) and term in rule.within
