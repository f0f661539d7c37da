"""What pairs of nodes have, where many have the same: eight bytes a pair, in sorted rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from typing import Final, Generic, TypeAlias, TypeVar

from stratagraph.ontology.number_rows import Rows

Pair: TypeAlias = tuple[int, int]
"""Two nodes, by their even numbers."""
Value = TypeVar("Value", bound=Hashable)

_SHIFT: Final = 32
_LOW: Final = (1 << _SHIFT) - 1


class PairTable(Generic[Value]):
    """A mapping from pairs to values. Each distinct value is kept once, for as long as a pair has it."""

    def __init__(self) -> None:
        """Start empty."""
        # By the first node: the second, and the number of the value, in one key of 64 bits.
        self._rows = Rows()
        self._values: list[Value | None] = []
        self._uses: list[int] = []
        self._numbers: dict[Value, int] = {}
        self._free: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self._size

    def __iter__(self) -> Iterator[Pair]:
        """Yield every pair, by its first node."""
        return self.of(place << 1 for place in self._rows.places())

    def of(self, nodes: Iterable[int]) -> Iterator[Pair]:
        """Yield the pairs whose first node is one of these."""
        for node in nodes:
            row, start, end = self._rows.span(node >> 1)
            yield from ((node, key >> _SHIFT) for key in row[start:end])

    def get(self, pair: Pair) -> Value | None:
        """Return what a pair has; the same object for all that have the same."""
        low = pair[1] << _SHIFT
        row, start, end = self._rows.span(pair[0] >> 1)
        at = bisect_left(row, low, start, end)
        return self._values[row[at] & _LOW] if at < end and row[at] >> _SHIFT == pair[1] else None

    def put(self, pair: Pair, value: Value) -> None:
        """Give a pair a value, in place of one that it may have."""
        # Held before the old one is let go of: a value that stays must not lose its number in between.
        key = pair[1] << _SHIFT | self._held(value)
        row = self._rows.own(pair[0] >> 1)
        at = bisect_left(row, pair[1] << _SHIFT)
        if at < len(row) and row[at] >> _SHIFT == pair[1]:
            self._release(row[at] & _LOW)
            row[at] = key
        else:
            row.insert(at, key)
            self._size += 1

    def drop(self, pair: Pair) -> None:
        """Take its value from a pair that has one."""
        row = self._rows.own(pair[0] >> 1)
        at = bisect_left(row, pair[1] << _SHIFT)
        self._release(row[at] & _LOW)
        del row[at]
        self._size -= 1

    def settle(self) -> None:
        """Lay the rows that changed down with the others, once they are many."""
        self._rows.settle()

    def _held(self, value: Value) -> int:
        """Return the number of a value, counting one more pair that has it."""
        number = self._numbers.get(value)
        if number is None:
            if self._free:
                number = self._free.pop()
                self._values[number] = value
            else:
                number = len(self._values)
                self._values.append(value)
                self._uses.append(0)
            self._numbers[value] = number
        self._uses[number] += 1
        return number

    def _release(self, number: int) -> None:
        self._uses[number] -= 1
        if not self._uses[number]:
            value = self._values[number]
            assert value is not None  # a pair had it
            del self._numbers[value]
            self._values[number] = None
            self._free.append(number)
