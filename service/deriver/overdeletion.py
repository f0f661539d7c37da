"""What may no longer follow once asserted triples go: found while all of it still stands."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Protocol

from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.memberships import Memberships
from stratagraph.service.deriver.numbers import Triple
from stratagraph.service.deriver.tables import Tables


class Standing(Protocol):
    """What stands, and what follows from a part of it."""

    tables: Tables
    members: Memberships
    asserted: TripleIndex
    derived: TripleIndex

    def expand(self, triple: Triple) -> Iterator[Triple]:
        """Yield what a stored triple implies alone, itself first."""

    def asserted_by(self, triple: Triple, without: set[Triple]) -> Triple | None:
        """Return an asserted triple that implies this one alone, other than those left out."""

    def consequences(self, triple: Triple) -> Iterator[Triple]:
        """Yield the heads of the chains that a triple is a link of."""

    def told_of_ends(self, triple: Triple) -> Iterator[tuple[int, int]]:
        """Yield the classes that a stored triple tells of its ends by itself."""


class Overdeletion:
    """The triples and classes that may depend on what goes.

    ``gone`` are triples of the closure, ``heads`` the derived ones among those that are stored, ``lost`` the classes by
    node. Too much is in doubt rather than too little, for what depends on itself must not keep itself alive.
    """

    def __init__(self, closure: Standing, doomed: set[Triple], moved: Mapping[int, int]) -> None:
        """Doubt all that may depend on asserted triples, and on where things stand that rules name."""
        self._closure = closure
        self._tables = closure.tables
        self._members = closure.members
        self._rules = closure.tables.rules
        self._doomed = doomed
        self._doomed_out = Counter((subject, prop) for subject, prop, _ in doomed)
        self._doomed_in = Counter((prop, obj) for _, prop, obj in doomed)
        self._pins = self._members.pins_after(moved) if moved else self._members.pins
        self._certain: dict[int, int] = {}
        self.gone: set[Triple] = set()
        self.heads: set[Triple] = set()
        self.lost: dict[int, int] = defaultdict(int)
        self._stored = list(doomed)
        self._stirred: list[tuple[int, int]] = []
        self._unpin(moved)
        while self._stored or self._stirred:
            if self._stored:
                self._doubt(self._stored.pop())
            else:
                self._doubt_with(*self._stirred.pop())

    def _unpin(self, moved: Mapping[int, int]) -> None:
        for thing in moved:
            node = self._members.home(thing)
            self._lose(node, self._members.pins.get(node, 0) & ~self._pins.get(node, 0))
        for rule in self._members.values_of(moved):
            node = self._members.home(rule.value)
            for holder in self._closure.derived.subjects(rule.prop, node):
                self._doubt_head((holder, rule.prop, node))

    def _doubt(self, stored: Triple) -> None:
        """Doubt what a stored triple implies, and what follows from that."""
        closure = self._closure
        if self._rules:
            for node, told in closure.told_of_ends(stored):
                self._lose(node, told)
        for triple in closure.expand(stored):
            # What an asserted triple that stays implies by itself stays too, and so does all that follows from it.
            if triple in self.gone or closure.asserted_by(triple, self._doomed):
                continue
            self.gone.add(triple)
            for head in closure.consequences(triple):
                self._doubt_head(head)
            if self._rules:
                for node, told in self._members.told_by(triple):
                    self._lose(node, told)

    def _doubt_with(self, node: int, classes: int) -> None:
        """Doubt what follows from classes of a node."""
        for other, told in self._members.told_with(node, classes):
            self._lose(other, told)
        for triple in self._members.values_with(node, classes):
            self._doubt_head(triple)

    def _doubt_head(self, head: Triple) -> None:
        if head not in self.heads and head in self._closure.derived:
            self.heads.add(head)
            self._stored.append(head)

    def _lose(self, node: int, classes: int) -> None:
        classes &= self._members.of(node) & ~self.lost.get(node, 0)
        if classes:
            classes &= ~self._kept(node)
        # What can't follow from itself is safe while something else tells it: when that goes, this is asked again.
        if straight := classes & ~self._rules.recursive:
            classes &= ~self._members.supported(node, straight, self.lost, self.gone)
        if classes:
            self.lost[node] |= classes
            if classes & self._rules.watched:
                self._stirred.append((node, classes))

    def _kept(self, node: int) -> int:
        """Return the classes that asserted triples tell of a node by themselves, those that go left out."""
        known = self._certain.get(node)
        if known is None:
            known = self._certain[node] = self._pins.get(node, 0)
            for mask in self._masks_kept(node):
                known |= mask
            self._certain[node] = known
        return known

    def _masks_kept(self, node: int) -> Iterator[int]:
        tables, asserted = self._tables, self._closure.asserted
        for cls in asserted.objects(node, tables.type):
            if (node, tables.type, cls) not in self._doomed:
                yield tables.class_masks.get(cls, 0)
        for prop in asserted.predicates_out(node):
            if prop in tables.subject_masks and asserted.count_out(node, prop) > self._doomed_out[node, prop]:
                yield tables.subject_masks[prop]
        for prop in asserted.predicates_in(node):
            if prop in tables.object_masks and asserted.count_in(prop, node) > self._doomed_in[prop, node]:
                yield tables.object_masks[prop]
