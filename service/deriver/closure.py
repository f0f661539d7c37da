"""The closure of the asserted triples under the rules, kept up to date at a cost that goes with the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.memberships import Memberships
from stratagraph.service.deriver.newcomers import Newcomers
from stratagraph.service.deriver.numbers import Triple, is_iri
from stratagraph.service.deriver.overdeletion import Overdeletion
from stratagraph.service.deriver.tables import Tables

_Stored: TypeAlias = tuple[Triple, int, TripleIndex]
"""A triple, its tag, and the index that it belongs into."""
_NOWHERE: Final[Mapping[int, int]] = {}


@dataclass(slots=True)
class Delta:
    """What an update did to the closure: triples that came to hold and ceased to, and nodes whose types changed.

    ``retyped`` maps a node to the mask of its types before; ``newcomers`` had no triple at all.
    """

    added: list[Triple] = field(default_factory=list)
    removed: list[Triple] = field(default_factory=list)
    retyped: dict[int, int] = field(default_factory=dict)
    newcomers: Newcomers = field(default_factory=lambda: Newcomers(()))


class Closure:
    """Asserted triples, triples derived by chains and classes, and the classes of nodes; all else is looked up.

    What a triple implies alone (super-properties, inverses) is never stored: whether such a triple holds is read off
    the triples that would imply it. Only heads of chains and values that a class has are stored as derived, and only
    while nothing else implies them. They are retracted by deleting all that may depend on what went, then deriving
    again what still follows (DRed), which is exact through cycles. Classes are retracted in the same way where the
    ontology says what classes are made of; else no rule reads one, and they are recomputed per node.
    """

    def __init__(self, tables: Tables) -> None:
        """Start empty. All but types are found by their object too, for any node may be merged into another."""
        self.tables = tables
        # A class may have every node as a member, and no rule asks the index for members.
        self.asserted = TripleIndex({tables.type})
        self.derived = TripleIndex({tables.type})
        self.members = Memberships(tables, self)

    def update(
        self, added: Mapping[Triple, int], removed: Iterable[Triple], moved: Mapping[int, int] = _NOWHERE
    ) -> Delta:
        """Assert new triples, each with its tag, and retract others. The two must not overlap.

        ``moved`` tells of things that rules name which node stands for them from now on.
        """
        delta = Delta()
        members = self.members
        members.retyped = delta.retyped
        doomed = set(removed)
        gone: set[Triple] = set()
        if doomed or moved:
            doubts = Overdeletion(self, doomed, moved)
            gone = doubts.gone
            self._remove(doomed, doubts)
            if moved:
                members.move(moved)
            self._derive_again(doubts, delta)
        delta.newcomers = Newcomers(added, self.asserted, self.derived)
        self._insert_plain({each: tag for each, tag in added.items() if self._is_plain(each)}, delta)
        for triple, tag in added.items():
            if not self._is_plain(triple):
                self._insert([(triple, tag, self.asserted)], delta)
        if moved or not members.pins:
            members.move(moved)
            self._insert(self._named(moved), delta)
        if gone:
            # What was deleted on suspicion and came back is no news, and what went may not have come back.
            delta.added = [triple for triple in delta.added if triple not in gone]
            delta.removed = [triple for triple in gone if not self.holds(triple)]
        self._report(delta)
        members.retyped = {}
        return delta

    def holds(self, triple: Triple) -> bool:
        """Tell whether a triple is in the closure."""
        subject, prop, obj = triple
        # A class that the rules do not know has no bit: its members stand as plain triples.
        if prop == self.tables.type and (bit := self.tables.bit(obj)):
            return bool(self.types(subject) & bit)
        return self.asserted_by(triple) is not None or self._is_derived(triple)

    def may_hold(self, prop: int) -> bool:
        """Tell whether any triple of the property can hold, by what is asserted and derived at all."""
        return prop == self.tables.type or any(
            index.uses.get(other) for index in (self.asserted, self.derived) for other, _ in self.tables.supports(prop)
        )

    def types(self, node: int) -> int:
        """Return the mask of a node's classes."""
        return self.members.of(node)

    def about(self, node: int) -> set[Triple]:
        """Return the triples of the closure with this subject."""
        kind = self.tables.type
        found = {(node, kind, cls) for cls in self.tables.members(self.types(node))}
        for index in (self.asserted, self.derived):
            for prop, obj, _ in index.leaving(node):
                if prop == kind:
                    found.add((node, prop, obj))
                    continue
                found.update((node, other, obj) for other, turned in self.tables.expansion(prop) if not turned)
            for prop, source in index.arriving(node):
                found.update((node, other, source) for other, turned in self.tables.expansion(prop) if turned)
        return self._told(found) if self.tables.nameless else found

    # Looking up ------------------------------------------------------------------------------------------------

    def asserted_by(self, triple: Triple, without: frozenset[Triple] | set[Triple] = frozenset()) -> Triple | None:
        """Return an asserted triple that implies this one alone, other than those left out."""
        subject, prop, obj = triple
        asserted, uses = self.asserted, self.asserted.uses
        for other, turned in self.tables.supports(prop):
            if uses.get(other):
                support = (obj, other, subject) if turned else (subject, other, obj)
                if support in asserted and support not in without:
                    return support
        return None

    def _is_derived(self, triple: Triple) -> bool:
        subject, prop, obj = triple
        derived, uses = self.derived, self.derived.uses
        for other, turned in self.tables.derived_supports(prop):
            if uses.get(other) and ((obj, other, subject) if turned else (subject, other, obj)) in derived:
                return True
        return False

    def objects(self, subject: int, prop: int) -> Iterator[int]:
        """Yield the objects of a subject's triples in the closure; some may come twice."""
        for other, turned in self.tables.supports(prop):
            for index in (self.asserted, self.derived):
                if index.uses.get(other):
                    yield from index.subjects(other, subject) if turned else index.objects(subject, other)

    def subjects(self, prop: int, obj: int) -> Iterator[int]:
        """Yield the subjects of an object's triples in the closure; some may come twice."""
        for other, turned in self.tables.supports(prop):
            for index in (self.asserted, self.derived):
                if index.uses.get(other):
                    yield from index.objects(obj, other) if turned else index.subjects(other, obj)

    def expand(self, triple: Triple) -> Iterator[Triple]:
        """Yield what a triple implies alone, itself first; types are kept elsewhere."""
        subject, prop, obj = triple
        if prop == self.tables.type and self.tables.bit(obj):
            return
        for other, turned in self.tables.expansion(prop):
            if not turned:
                yield subject, other, obj
            # A literal can't be a subject: no inverse follows.
            elif is_iri(obj):
                yield obj, other, subject

    def consequences(self, triple: Triple) -> Iterator[Triple]:
        """Yield the heads of the chains that this triple is a link of."""
        subject, prop, obj = triple
        for second, implied in self.tables.firsts.get(prop, ()) if is_iri(obj) else ():
            for end in self.objects(obj, second):
                yield subject, implied, end
        for first, implied in self.tables.seconds.get(prop, ()):
            for start in self.subjects(first, subject):
                yield start, implied, obj

    def _follows(self, triple: Triple) -> bool:
        """Tell whether some chain, or a class of its subject, implies the triple now."""
        subject, prop, obj = triple
        return self.members.entail(triple) or any(
            self.holds((middle, second, obj))
            for first, second in self.tables.heads.get(prop, ())
            for middle in self.objects(subject, first)
            if is_iri(middle)
        )

    def told_of_ends(self, triple: Triple) -> Iterator[tuple[int, int]]:
        """Yield the classes that a stored triple tells of its ends by itself."""
        subject, prop, obj = triple
        if prop == self.tables.type:
            yield subject, self.tables.class_masks.get(obj, 0)
            return
        if told := self.tables.subject_masks.get(prop):
            yield subject, told
        if is_iri(obj) and (told := self.tables.object_masks.get(prop)):
            yield obj, told

    # Changing --------------------------------------------------------------------------------------------------

    def _remove(self, doomed: set[Triple], doubts: Overdeletion) -> None:
        for triple in doomed:
            self.asserted.drop(triple)
        for triple in doubts.heads:
            self.derived.drop(triple)
        if self.tables.rules:
            for node, lost in doubts.lost.items():
                self.members.set(node, self.members.of(node) & ~lost)
            return
        # Behind all that went: what types a node has now follows from all that it has left.
        nodes = {node for triple in (*doomed, *doubts.heads) for node in (triple[0], triple[2]) if is_iri(node)}
        for node in nodes:
            self.members.set(node, self._recount(node))

    def _derive_again(self, doubts: Overdeletion, delta: Delta) -> None:
        """Take in again what follows all the same."""
        for node, lost in doubts.lost.items():
            self.members.add(node, lost & (self._recount(node) | self.members.supported(node, lost)))
        self._insert([], delta)
        for triple in doubts.gone:
            if not self.holds(triple) and self._follows(triple):
                # A derived triple has some tag, because 0 means that it is not there; nobody reads it.
                self._insert([(triple, 1, self.derived)], delta)

    def _named(self, moved: Mapping[int, int]) -> list[_Stored]:
        """Pin what rules name; return the triples with what has moved that members of classes have."""
        for node, mask in self.members.pins.items():
            self.members.add(node, mask)
        return [
            ((holder, rule.prop, self.members.home(rule.value)), 1, self.derived)
            for rule in self.members.values_of(moved)
            for holder in self.members.holders(rule.holder)
        ]

    def _insert(self, agenda: list[_Stored], delta: Delta) -> None:
        """Add triples and all that follows from them, and from classes that were added."""
        members, linked = self.members, self.tables.linked
        while agenda or members.stirred:
            if not agenda:
                node, classes = members.stirred.pop()
                for other, told in members.told_with(node, classes):
                    members.add(other, told)
                agenda.extend((value, 1, self.derived) for value in members.values_with(node, classes))
                continue
            triple, tag, index = agenda.pop()
            if triple[1] in linked:
                agenda += self._insert_linked(triple, tag, index, delta)
                continue
            # Nothing but itself implies it, and it implies nothing but itself: most attributes.
            index.put(triple, tag)
            self._type_ends(triple)
            delta.added.append(triple)

    def _is_plain(self, triple: Triple) -> bool:
        """Tell whether nothing but a triple itself implies it, and it implies nothing but classes: most attributes."""
        tables = self.tables
        return triple[1] not in tables.linked or (triple[1] == tables.type and bool(tables.bit(triple[2])))

    def _insert_plain(self, added: Mapping[Triple, int], delta: Delta) -> None:
        """Assert plain triples, all at once."""
        tables = self.tables
        self.asserted.add(added)
        told: dict[int, int] = {}
        for triple in added:
            subject, prop, obj = triple
            if prop == tables.type:  # that is told of with what has changed
                told[subject] = told.get(subject, 0) | tables.class_masks.get(obj, 0)
                continue
            delta.added.append(triple)
            if prop in tables.subject_masks:
                told[subject] = told.get(subject, 0) | tables.subject_masks[prop]
            if not obj & 1 and prop in tables.object_masks:
                told[obj] = told.get(obj, 0) | tables.object_masks[prop]
        for node, classes in told.items():
            self.members.add(node, classes)
        self._insert([], delta)

    def _insert_linked(self, triple: Triple, tag: int, index: TripleIndex, delta: Delta) -> list[_Stored]:
        """Add a triple that implies others, with these; return what follows from chains."""
        subject, prop, obj = triple
        tables = self.tables
        apart = prop not in tables.typing and delta.newcomers.are_apart(subject, obj)
        if index is self.derived and not apart and self.holds(triple):
            return []  # another path got there first
        # Before the triple is put: afterwards all that it implies would hold already.
        fresh = list(self.expand(triple))
        if not apart:
            fresh = [implied for implied in dict.fromkeys(fresh) if not self.holds(implied)]
        index.put(triple, tag)
        delta.newcomers.join(subject, obj)
        self._type_ends(triple)
        delta.added += fresh
        agenda: list[_Stored] = []
        for implied in fresh:
            if implied[1] in tables.chained:
                agenda += [(head, 1, self.derived) for head in self.consequences(implied)]
            if implied[1] in tables.rules.links:
                for node, told in self.members.told_by(implied):
                    self.members.add(node, told)
        return agenda

    # Types -----------------------------------------------------------------------------------------------------

    def _type_ends(self, triple: Triple) -> None:
        members = self.members
        for node, told in self.told_of_ends(triple):
            if told & ~members.of(node):
                members.add(node, told)

    def _recount(self, node: int) -> int:
        """Return the types of a node that it has now by its triples, and by being what it is."""
        return self.members.pins.get(node, 0) | self.told_by_triples(node)

    def told_by_triples(self, node: int) -> int:
        """Return the types that a node's own triples tell of it alone, whatever its classes are made of."""
        tables = self.tables
        mask = 0
        for cls in self.asserted.objects(node, tables.type):
            mask |= tables.class_masks.get(cls, 0)
        for index in (self.asserted, self.derived):
            for prop in index.predicates_out(node):
                mask |= tables.subject_masks.get(prop, 0)
            for prop in index.predicates_in(node):
                mask |= tables.object_masks.get(prop, 0)
        return mask

    # Reporting -------------------------------------------------------------------------------------------------

    def _report(self, delta: Delta) -> None:
        """Tell of types what came and went, and nothing of what has no name."""
        if self.tables.nameless:
            delta.added, delta.removed = list(self._told(delta.added)), list(self._told(delta.removed))
        kind = self.tables.type
        for node, before in delta.retyped.items():
            now = self.types(node)
            delta.added.extend((node, kind, cls) for cls in self.tables.members(now & ~before))
            delta.removed.extend((node, kind, cls) for cls in self.tables.members(before & ~now))

    def _told(self, triples: Iterable[Triple]) -> set[Triple]:
        return {triple for triple in triples if triple[1] not in self.tables.nameless}
