"""The closure of the asserted triples under the rules, kept up to date at a cost that goes with the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from stratagraph.service.deriver.index import TripleIndex
from stratagraph.service.deriver.numbers import Triple, is_iri
from stratagraph.service.deriver.tables import Tables


@dataclass(slots=True)
class Delta:
    """What an update did to the closure: triples that came to hold and ceased to, and nodes whose types changed.

    ``retyped`` maps a node to the mask of its types before.
    """

    added: list[Triple] = field(default_factory=list)
    removed: list[Triple] = field(default_factory=list)
    retyped: dict[int, int] = field(default_factory=dict)


class Closure:
    """Asserted triples, triples derived by chains, and the types of nodes; all else is looked up when asked for.

    What a triple implies alone (super-properties, inverses) is never stored: whether such a triple holds is read off
    the triples that would imply it. Only heads of chains are stored as derived, and only while nothing else implies
    them. They are retracted by deleting all that may depend on what went, then deriving again what still follows
    (DRed), which is exact through cycles. No rule reads a type, so types are recomputed per node.
    """

    def __init__(self, tables: Tables) -> None:
        """Start empty. All but types are found by their object too, for any node may be merged into another."""
        self.tables = tables
        # A class may have every node as a member, and no rule asks for members.
        self.asserted = TripleIndex({tables.type})
        self._derived = TripleIndex({tables.type})
        self._masks: list[int] = []

    def update(self, added: Mapping[Triple, int], removed: Iterable[Triple]) -> Delta:
        """Assert new triples, each with its tag, and retract others. The two must not overlap."""
        delta = Delta()
        doomed = set(removed)
        gone: set[Triple] = set()
        if doomed:
            gone, heads = self._overdelete(doomed)
            self._remove(doomed, heads, delta)
            for triple in gone:
                if not self.holds(triple) and self._follows(triple):
                    # A derived triple has some tag, because 0 means that it is not there; nobody reads it.
                    self._insert(triple, 1, self._derived, delta)
        for triple, tag in added.items():
            self._insert(triple, tag, self.asserted, delta)
        if gone:
            # What was deleted on suspicion and came back is no news, and what went may not have come back.
            delta.added = [triple for triple in delta.added if triple not in gone]
            delta.removed = [triple for triple in gone if not self.holds(triple)]
        self._report_types(delta)
        return delta

    def holds(self, triple: Triple) -> bool:
        """Tell whether a triple is in the closure."""
        subject, prop, obj = triple
        # A class that the rules do not know has no bit: its members stand as plain triples.
        if prop == self.tables.type and (bit := self.tables.bit(obj)):
            return bool(self.types(subject) & bit)
        return self._asserted_by(triple) is not None or self._is_derived(triple)

    def may_hold(self, prop: int) -> bool:
        """Tell whether any triple of the property can hold, by what is asserted and derived at all."""
        return prop == self.tables.type or any(
            index.uses.get(other) for index in (self.asserted, self._derived) for other, _ in self.tables.supports(prop)
        )

    def types(self, node: int) -> int:
        """Return the mask of a node's classes."""
        # IRIs have the even numbers, and only they have types.
        place = node >> 1
        return self._masks[place] if place < len(self._masks) else 0

    def about(self, node: int) -> set[Triple]:
        """Return the triples of the closure with this subject."""
        kind = self.tables.type
        found = {(node, kind, cls) for cls in self.tables.members(self.types(node))}
        for index in (self.asserted, self._derived):
            for prop, obj, _ in index.leaving(node):
                if prop == kind:
                    found.add((node, prop, obj))
                    continue
                found.update((node, other, obj) for other, turned in self.tables.expansion(prop) if not turned)
            for prop, source in index.arriving(node):
                found.update((node, other, source) for other, turned in self.tables.expansion(prop) if turned)
        return found

    # Looking up ------------------------------------------------------------------------------------------------

    def _asserted_by(self, triple: Triple, without: frozenset[Triple] | set[Triple] = frozenset()) -> Triple | None:
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
        derived, uses = self._derived, self._derived.uses
        for other, turned in self.tables.derived_supports(prop):
            if uses.get(other) and ((obj, other, subject) if turned else (subject, other, obj)) in derived:
                return True
        return False

    def _objects(self, subject: int, prop: int) -> Iterator[int]:
        """Yield the objects of a subject's triples in the closure; some may come twice."""
        for other, turned in self.tables.supports(prop):
            for index in (self.asserted, self._derived):
                if index.uses.get(other):
                    yield from index.subjects(other, subject) if turned else index.objects(subject, other)

    def _subjects(self, prop: int, obj: int) -> Iterator[int]:
        """Yield the subjects of an object's triples in the closure; some may come twice."""
        for other, turned in self.tables.supports(prop):
            for index in (self.asserted, self._derived):
                if index.uses.get(other):
                    yield from index.objects(obj, other) if turned else index.subjects(other, obj)

    def _expand(self, triple: Triple) -> Iterator[Triple]:
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

    def _consequences(self, triple: Triple) -> Iterator[Triple]:
        """Yield the heads of the chains that this triple is a link of."""
        subject, prop, obj = triple
        for second, implied in self.tables.firsts.get(prop, ()) if is_iri(obj) else ():
            for end in self._objects(obj, second):
                yield subject, implied, end
        for first, implied in self.tables.seconds.get(prop, ()):
            for start in self._subjects(first, subject):
                yield start, implied, obj

    def _follows(self, triple: Triple) -> bool:
        """Tell whether some chain implies the triple now."""
        subject, prop, obj = triple
        return any(
            self.holds((middle, second, obj))
            for first, second in self.tables.heads.get(prop, ())
            for middle in self._objects(subject, first)
            if is_iri(middle)
        )

    # Changing --------------------------------------------------------------------------------------------------

    def _overdelete(self, doomed: set[Triple]) -> tuple[set[Triple], set[Triple]]:
        """Return the closure triples and derived heads that may depend on the doomed, while all still stand."""
        gone: set[Triple] = set()
        heads: set[Triple] = set()
        agenda = list(doomed)
        while agenda:
            for triple in self._expand(agenda.pop()):
                # What an asserted triple that stays implies by itself stays too, and so does all that follows from it.
                if triple in gone or self._asserted_by(triple, doomed):
                    continue
                gone.add(triple)
                for head in self._consequences(triple):
                    if head not in heads and head in self._derived:
                        heads.add(head)
                        agenda.append(head)
        return gone, heads

    def _remove(self, doomed: set[Triple], heads: set[Triple], delta: Delta) -> None:
        for triple in doomed:
            self.asserted.drop(triple)
        for triple in heads:
            self._derived.drop(triple)
        # Behind all that went: what types a node has now follows from all that it has left.
        nodes = {node for triple in (*doomed, *heads) for node in (triple[0], triple[2]) if is_iri(node)}
        for node in nodes:
            self._retype(node, self._recount(node), delta)

    def _insert(self, triple: Triple, tag: int, index: TripleIndex, delta: Delta) -> None:
        """Add a triple and all that follows from it."""
        agenda = [(triple, tag, index)]
        while agenda:
            triple, tag, index = agenda.pop()
            if index is self._derived and self.holds(triple):
                continue  # another path got there first
            if triple[1] not in self.tables.linked:
                # Nothing but itself implies it, and it implies nothing but itself: most attributes.
                index.put(triple, tag)
                self._type_ends(triple, delta)
                delta.added.append(triple)
                continue
            # Before the triple is put: afterwards all that it implies would hold already.
            fresh = dict.fromkeys(implied for implied in self._expand(triple) if not self.holds(implied))
            index.put(triple, tag)
            self._type_ends(triple, delta)
            delta.added.extend(fresh)
            for implied in fresh:
                agenda.extend((head, 1, self._derived) for head in self._consequences(implied))

    # Types -----------------------------------------------------------------------------------------------------

    def _type_ends(self, triple: Triple, delta: Delta) -> None:
        subject, prop, obj = triple
        if prop == self.tables.type:
            self._retype(subject, self.types(subject) | self.tables.class_masks.get(obj, 0), delta)
            return
        if told := self.tables.subject_masks.get(prop):
            self._retype(subject, self.types(subject) | told, delta)
        if is_iri(obj) and (told := self.tables.object_masks.get(prop)):
            self._retype(obj, self.types(obj) | told, delta)

    def _recount(self, node: int) -> int:
        """Return the types of a node from the triples that it has now."""
        tables = self.tables
        mask = 0
        for cls in self.asserted.objects(node, tables.type):
            mask |= tables.class_masks.get(cls, 0)
        for index in (self.asserted, self._derived):
            for prop in index.predicates_out(node):
                mask |= tables.subject_masks.get(prop, 0)
            for prop in index.predicates_in(node):
                mask |= tables.object_masks.get(prop, 0)
        return mask

    def _retype(self, node: int, mask: int, delta: Delta) -> None:
        before = self.types(node)
        if mask == before:
            return
        place = node >> 1
        if place >= len(self._masks):
            self._masks.extend([0] * (place + 1 - len(self._masks)))
        self._masks[place] = mask
        # The first one counts: the mask before the whole update.
        delta.retyped.setdefault(node, before)

    def _report_types(self, delta: Delta) -> None:
        kind = self.tables.type
        for node, before in delta.retyped.items():
            now = self.types(node)
            delta.added.extend((node, kind, cls) for cls in self.tables.members(now & ~before))
            delta.removed.extend((node, kind, cls) for cls in self.tables.members(before & ~now))
