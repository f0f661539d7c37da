"""Triples in sorted arrays, eight bytes each way: by subject and predicate, and where asked for by object too."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from stratagraph.service.deriver.numbers import Triple

# Predicate and node in one key of 64 bits: sorted, all keys of one predicate stand side by side.
_SHIFT: Final = 32
_LOW: Final = (1 << _SHIFT) - 1


class TripleIndex:
    """A set of triples of numbers, each with a tag above 0.

    An array per node keeps a hundred thousand assets in tens of megabytes where sets of tuples need gigabytes.
    Triples with an IRI as object are found by it too, but for those of the predicates ``outward``.
    """

    def __init__(self, outward: Collection[int]) -> None:
        """Start empty; triples of the predicates ``outward`` will not be found by their object."""
        self._outward = outward
        self._out: list[array[int] | None] = []
        self._tags: list[array[int] | None] = []
        self._in: list[array[int] | None] = []
        self._size = 0
        self.uses: Counter[int] = Counter()
        """How many triples each predicate has: most look-ups are for one that has none."""

    def __len__(self) -> int:
        """Return the number of triples."""
        return self._size

    def put(self, triple: Triple, tag: int) -> None:
        """Add the triple, or give it another tag."""
        subject, predicate, obj = triple
        keys = _slot(self._out, subject)
        # Tags number claim sets, of which there are few: four bytes each.
        tags = _slot(self._tags, subject, "I")
        key = predicate << _SHIFT | obj
        at = bisect_left(keys, key)
        if at < len(keys) and keys[at] == key:
            tags[at] = tag
            return
        keys.insert(at, key)
        tags.insert(at, tag)
        self._size += 1
        self.uses[predicate] += 1
        if not obj & 1 and predicate not in self._outward:
            sources = _slot(self._in, obj)
            key = predicate << _SHIFT | subject
            sources.insert(bisect_left(sources, key), key)

    def drop(self, triple: Triple) -> None:
        """Remove the triple where it is there."""
        subject, predicate, obj = triple
        keys, tags = _at(self._out, subject), _at(self._tags, subject)
        at = _find(keys, predicate << _SHIFT | obj)
        if keys is None or tags is None or at < 0:
            return
        del keys[at], tags[at]
        self._size -= 1
        self.uses[predicate] -= 1
        if not obj & 1 and predicate not in self._outward:
            sources = _at(self._in, obj)
            if sources is not None:
                del sources[_find(sources, predicate << _SHIFT | subject)]

    def tag(self, triple: Triple) -> int:
        """Return the triple's tag, 0 where it is not there."""
        subject, predicate, obj = triple
        at = _find(_at(self._out, subject), predicate << _SHIFT | obj)
        tags = _at(self._tags, subject)
        return 0 if at < 0 or tags is None else tags[at]

    def __contains__(self, triple: Triple) -> bool:
        """Tell whether the triple is there."""
        subject, predicate, obj = triple
        return _find(_at(self._out, subject), predicate << _SHIFT | obj) >= 0

    def objects(self, subject: int, predicate: int) -> list[int]:
        """Return the objects of a subject's triples with one predicate."""
        return _range(_at(self._out, subject), predicate)

    def subjects(self, predicate: int, obj: int) -> list[int]:
        """Return the subjects of an object's triples with one predicate."""
        return _range(_at(self._in, obj), predicate)

    def count_out(self, subject: int, predicate: int) -> int:
        """Return how many triples of a subject have the predicate."""
        return _count(_at(self._out, subject), predicate)

    def count_in(self, predicate: int, obj: int) -> int:
        """Return how many triples of an object have the predicate."""
        return _count(_at(self._in, obj), predicate)

    def leaving(self, node: int) -> Iterator[tuple[int, int, int]]:
        """Yield (predicate, object, tag) of the triples with this subject."""
        keys, tags = _at(self._out, node), _at(self._tags, node)
        for key, tag in zip(keys or (), tags or (), strict=True):
            yield key >> _SHIFT, key & _LOW, tag

    def arriving(self, node: int) -> Iterator[tuple[int, int]]:
        """Yield (predicate, subject) of the triples with this object."""
        for key in _at(self._in, node) or ():
            yield key >> _SHIFT, key & _LOW

    def predicates_out(self, node: int) -> Iterator[int]:
        """Yield each predicate of the triples with this subject once, jumping over the rest."""
        return _heads(_at(self._out, node))

    def predicates_in(self, node: int) -> Iterator[int]:
        """Yield each predicate of the triples with this object once."""
        return _heads(_at(self._in, node))

    def between(self, subject: int, obj: int, predicates: Collection[int]) -> list[int]:
        """Return those of the predicates that lead from subject to object."""
        keys = _at(self._out, subject)
        if not keys:
            return []
        # A node with few triples is looked through; one with many is searched predicate by predicate.
        if len(keys) > len(predicates):
            return [p for p in predicates if _find(keys, p << _SHIFT | obj) >= 0]
        return [key >> _SHIFT for key in keys if key & _LOW == obj and key >> _SHIFT in predicates]


def _at(arrays: list[array[int] | None], number: int) -> array[int] | None:
    place = number >> 1
    return arrays[place] if place < len(arrays) and not number & 1 else None


def _slot(arrays: list[array[int] | None], number: int, typecode: str = "Q") -> array[int]:
    place = number >> 1
    if place >= len(arrays):
        arrays.extend([None] * (place + 1 - len(arrays)))
    found = arrays[place]
    if found is None:
        found = arrays[place] = array(typecode)
    return found


def _find(keys: array[int] | None, key: int) -> int:
    """Return where the key stands, or -1."""
    if keys is None:
        return -1
    at = bisect_left(keys, key)
    return at if at < len(keys) and keys[at] == key else -1


def _range(keys: array[int] | None, predicate: int) -> list[int]:
    if not keys:
        return []
    low, high = _bounds(keys, predicate)
    return [key & _LOW for key in keys[low:high]]


def _count(keys: array[int] | None, predicate: int) -> int:
    if not keys:
        return 0
    low, high = _bounds(keys, predicate)
    return high - low


def _bounds(keys: array[int], predicate: int) -> tuple[int, int]:
    low = bisect_left(keys, predicate << _SHIFT)
    return low, bisect_left(keys, predicate + 1 << _SHIFT, low)


def _heads(keys: array[int] | None) -> Iterator[int]:
    at = 0
    while keys and at < len(keys):
        predicate = keys[at] >> _SHIFT
        yield predicate
        at = bisect_left(keys, predicate + 1 << _SHIFT, at)
