"""Sorted rows of numbers, one for each node, in a few large arrays instead of many objects."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pickle import PickleBuffer
from typing import Final, NamedTuple, TypeAlias

Row: TypeAlias = "array[int]"
Span: TypeAlias = tuple[Row, int, int]
"""An array, and from where to where in it a row stands."""

FEW: Final = 1_024
"""Rows that may always stand by themselves."""
SHARE: Final = 4
"""Of the nodes, one in so many may have a row by itself: then laying all down again costs little for each change."""


class _Laid(NamedTuple):
    """The rows at one moment: a reader takes all three at once, and the next ones replace all three at once."""

    starts: array[int]
    flat: Row
    fresh: dict[int, Row]


class Rows:
    """A row for each node: those of before in one flat array, those that changed since by themselves.

    A row by itself takes ten times the memory of its numbers. A reader in another thread may read any row while one
    writer writes, as long as that only ever ``put``s rows and never changes one in place.
    """

    def __init__(self, typecode: str = "Q") -> None:
        """Start with empty rows; ``typecode`` is that of the arrays."""
        self._typecode = typecode
        self._laid = _Laid(array("Q", [0]), array(typecode), {})

    def span(self, place: int) -> Span:
        """Return where a node's row stands; not to be written to."""
        starts, flat, fresh = self._laid
        row = fresh.get(place)
        if row is not None:
            return row, 0, len(row)
        if place + 1 < len(starts):
            return flat, starts[place], starts[place + 1]
        return flat, 0, 0

    def row(self, place: int) -> Row:
        """Return a node's row by itself; it may be the one that is kept, and is not to be written to."""
        kept, start, end = self.span(place)
        return kept if end - start == len(kept) else kept[start:end]

    def own(self, place: int) -> Row:
        """Return a node's row to be changed in place."""
        row = self._laid.fresh.get(place)
        if row is None:
            flat, start, end = self.span(place)
            row = self._laid.fresh[place] = flat[start:end]
        return row

    def put(self, place: int, row: Row) -> None:
        """Give a node another row, in one step."""
        self._laid.fresh[place] = row

    def settle(self) -> None:
        """Lay all rows down in one array, if many stand by themselves; no row to be changed may be held meanwhile."""
        starts, _, fresh = self._laid
        if len(fresh) > max(FEW, len(starts) // SHARE):
            self._lay()

    def places(self) -> Iterator[int]:
        """Yield the nodes whose rows have something in them."""
        starts, _, fresh = self._laid
        for place in range(max(len(starts) - 1, max(fresh, default=-1) + 1)):
            _, start, end = self.span(place)
            if end > start:
                yield place

    def _lay(self) -> None:
        starts, flat, fresh = self._laid
        laid, ends = array(self._typecode), array("Q", [0])
        nodes, begin = len(starts) - 1, 0
        # What stands side by side and did not change is copied at once.
        for place in sorted(fresh):
            known = min(place, nodes)
            if known > begin:
                shift = len(laid) - starts[begin]
                laid.extend(flat[starts[begin] : starts[known]])
                ends.extend(end + shift for end in starts[begin + 1 : known + 1])
            ends.extend([len(laid)] * (place + 1 - len(ends)))
            laid.extend(fresh[place])
            ends.append(len(laid))
            begin = place + 1
        if begin < nodes:
            shift = len(laid) - starts[begin]
            laid.extend(flat[starts[begin] :])
            ends.extend(end + shift for end in starts[begin + 1 :])
        self._laid = _Laid(ends, laid, {})

    def __getstate__(self) -> tuple[str, PickleBuffer, PickleBuffer]:
        """Return two flat arrays, which nobody changes any more."""
        if self._laid.fresh:
            self._lay()
        return self._typecode, PickleBuffer(self._laid.starts), PickleBuffer(self._laid.flat)

    def __setstate__(self, state: tuple[str, bytes, bytes]) -> None:
        """Be what was kept."""
        self._typecode, starts, flat = state
        self._laid = _Laid(array("Q"), array(self._typecode), {})
        self._laid.starts.frombytes(starts)
        self._laid.flat.frombytes(flat)
