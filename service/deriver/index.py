"""Triples in sorted rows, eight bytes each way: by subject and predicate, and where asked for by object too."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from operator import itemgetter
from typing import Final

from stratagraph.ontology.number_rows import Rows, Span
from stratagraph.service.deriver.numbers import Triple

# Predicate and node in one key of 64 bits: sorted, all keys of one predicate stand side by side.
_SHIFT: Final = 32
_LOW: Final = (1 << _SHIFT) - 1
_NOWHERE: Final[Span] = (array("Q"), 0, 0)


class TripleIndex:
    """A set of triples of numbers, each with a tag above 0.

    Rows in flat arrays keep a hundred thousand assets in tens of megabytes where sets of tuples need gigabytes.
    Triples with an IRI as object are found by it too, but for those of the predicates ``outward``.
    """

    def __init__(self, outward: Collection[int]) -> None:
        """Start empty; triples of the predicates ``outward`` will not be found by their object."""
        self._outward = outward
        self._out = Rows()
        # Tags number claim sets, of which there are few: four bytes each.
        self._tags = Rows("I")
        self._in = Rows()
        self._size = 0
        self.uses: Counter[int] = Counter()
        """How many triples each predicate has: most look-ups are for one that has none."""

    def __len__(self) -> int:
        """Return the number of triples."""
        return self._size

    def put(self, triple: Triple, tag: int) -> None:
        """Add the triple, or give it another tag."""
        subject, predicate, obj = triple
        place, key = subject >> 1, predicate << _SHIFT | obj
        kept, start, end = self._out.span(place)
        at = bisect_left(kept, key, start, end) - start
        tags = self._tags.own(place)
        if start + at < end and kept[start + at] == key:
            tags[at] = tag
        else:
            self._out.own(place).insert(at, key)
            tags.insert(at, tag)
            self._size += 1
            self.uses[predicate] += 1
            if not obj & 1 and predicate not in self._outward:
                insort_left(self._in.own(obj >> 1), predicate << _SHIFT | subject)
                self._in.settle()
            self._out.settle()
        self._tags.settle()

    def add(self, triples: Mapping[Triple, int]) -> None:
        """Add triples that are not there yet, each with its tag: for many, cheaper than one by one."""
        leaving: dict[int, list[tuple[int, int]]] = {}
        arriving: dict[int, list[int]] = {}
        outward = self._outward
        for (subject, predicate, obj), tag in triples.items():
            leaving.setdefault(subject >> 1, []).append((predicate << _SHIFT | obj, tag))
            if not obj & 1 and predicate not in outward:
                arriving.setdefault(obj >> 1, []).append(predicate << _SHIFT | subject)
        for place, said in leaving.items():
            self._add_to(place, sorted(said))
        for place, news in arriving.items():
            row = self._in.own(place)
            for key in news:
                insort_left(row, key)
        for rows in (self._out, self._tags, self._in):
            rows.settle()
        self._size += len(triples)
        self.uses.update(map(itemgetter(1), triples))

    def _add_to(self, place: int, said: list[tuple[int, int]]) -> None:
        """Add keys, in order, with their tags to what leaves a node."""
        keys, tags = self._out.own(place), self._tags.own(place)
        if not keys:
            keys.extend([key for key, _ in said])
            tags.extend([tag for _, tag in said])
            return
        at = 0
        for key, tag in said:
            at = bisect_left(keys, key, at)
            keys.insert(at, key)
            tags.insert(at, tag)

    def drop(self, triple: Triple) -> None:
        """Remove the triple where it is there."""
        subject, predicate, obj = triple
        place = subject >> 1
        span = self._out.span(place)
        at = _find(span, predicate << _SHIFT | obj) - span[1]
        if at < 0:
            return
        del self._out.own(place)[at], self._tags.own(place)[at]
        self._size -= 1
        self.uses[predicate] -= 1
        if not obj & 1 and predicate not in self._outward:
            sources = self._in.own(obj >> 1)
            del sources[bisect_left(sources, predicate << _SHIFT | subject)]

    def has(self, node: int) -> bool:
        """Tell whether a node has any triple, those left aside that are not found by their object."""
        return any(start < end for _, start, end in (self._leaving(node), self._arriving(node)))

    def tag(self, triple: Triple) -> int:
        """Return the triple's tag, 0 where it is not there."""
        subject, predicate, obj = triple
        span = _NOWHERE if subject & 1 else self._out.span(subject >> 1)
        at = _find(span, predicate << _SHIFT | obj)
        if at < 0:
            return 0
        tags, start, _ = self._tags.span(subject >> 1)
        return tags[start + at - span[1]]

    def __contains__(self, triple: Triple) -> bool:
        """Tell whether the triple is there."""
        subject, predicate, obj = triple
        return not subject & 1 and _find(self._out.span(subject >> 1), predicate << _SHIFT | obj) >= 0

    def objects(self, subject: int, predicate: int) -> list[int]:
        """Return the objects of a subject's triples with one predicate."""
        return _range(self._leaving(subject), predicate)

    def subjects(self, predicate: int, obj: int) -> list[int]:
        """Return the subjects of an object's triples with one predicate."""
        return _range(self._arriving(obj), predicate)

    def count_out(self, subject: int, predicate: int) -> int:
        """Return how many triples of a subject have the predicate."""
        return _count(self._leaving(subject), predicate)

    def count_in(self, predicate: int, obj: int) -> int:
        """Return how many triples of an object have the predicate."""
        return _count(self._arriving(obj), predicate)

    def leaving(self, node: int) -> Iterator[tuple[int, int, int]]:
        """Yield (predicate, object, tag) of the triples with this subject."""
        if not node & 1:
            for key, tag in zip(self._out.row(node >> 1), self._tags.row(node >> 1), strict=True):
                yield key >> _SHIFT, key & _LOW, tag

    def arriving(self, node: int) -> Iterator[tuple[int, int]]:
        """Yield (predicate, subject) of the triples with this object."""
        if not node & 1:
            for key in self._in.row(node >> 1):
                yield key >> _SHIFT, key & _LOW

    def predicates_out(self, node: int) -> Iterator[int]:
        """Yield each predicate of the triples with this subject once, jumping over the rest."""
        return _heads(self._leaving(node))

    def predicates_in(self, node: int) -> Iterator[int]:
        """Yield each predicate of the triples with this object once."""
        return _heads(self._arriving(node))

    def between(self, subject: int, obj: int, predicates: Collection[int]) -> list[int]:
        """Return those of the predicates that lead from subject to object."""
        keys, start, end = span = self._leaving(subject)
        # A node with few triples is looked through; one with many is searched predicate by predicate.
        if end - start > len(predicates):
            return [p for p in predicates if _find(span, p << _SHIFT | obj) >= 0]
        return [key >> _SHIFT for key in keys[start:end] if key & _LOW == obj and key >> _SHIFT in predicates]

    def _leaving(self, node: int) -> Span:
        return _NOWHERE if node & 1 else self._out.span(node >> 1)

    def _arriving(self, node: int) -> Span:
        return _NOWHERE if node & 1 else self._in.span(node >> 1)


def _find(span: Span, key: int) -> int:
    """Return where the key stands, or -1."""
    keys, start, end = span
    at = bisect_left(keys, key, start, end)
    return at if at < end and keys[at] == key else -1


def _range(span: Span, predicate: int) -> list[int]:
    low, high = _bounds(span, predicate)
    return [key & _LOW for key in span[0][low:high]]


def _count(span: Span, predicate: int) -> int:
    low, high = _bounds(span, predicate)
    return high - low


def _bounds(span: Span, predicate: int) -> tuple[int, int]:
    keys, start, end = span
    low = bisect_left(keys, predicate << _SHIFT, start, end)
    return low, bisect_left(keys, predicate + 1 << _SHIFT, low, end)


def _heads(span: Span) -> Iterator[int]:
    keys, at, end = span
    while at < end:
        predicate = keys[at] >> _SHIFT
        yield predicate
        at = bisect_left(keys, predicate + 1 << _SHIFT, at, end)
