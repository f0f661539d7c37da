"""What a change would make of things by the definitions of their classes, looked at before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from stratagraph.ontology.facts import Iri
from stratagraph.service.deriver.closure import Closure


class Clash(NamedTuple):
    """A node that a definition would make a member of a class, and another class of it that excludes that one."""

    node: Iri
    defined: Iri
    other: Iri


class Supposition:
    """The closure as it would be; good for as long as it is supposed."""

    def __init__(self, closure: Closure, retyped: Mapping[int, int]) -> None:
        """``retyped`` maps the nodes whose classes would change to those of before."""
        self._closure = closure
        self._retyped = retyped

    def clashes(self, groups: Iterable[Iterable[Iri]]) -> Iterator[Clash]:
        """Yield which nodes would come to be in two classes of a group of which nothing has two, by a definition.

        What triples tell by themselves, as two stated classes do, is for others to judge.
        """
        numbers, tables = self._closure.tables.numbers, self._closure.tables
        for mask in {sum({tables.bit(numbers.number(cls)) for cls in group}) for group in groups}:
            for node, before in self._retyped.items():
                both = self._closure.types(node) & mask
                if both.bit_count() < 2 or (before & mask).bit_count() > 1:  # noqa: PLR2004  two of which one may be
                    continue
                if by_definition := tables.members(both & ~self._closure.told_by_triples(node)):
                    other = next(cls for cls in tables.members(both) if cls != by_definition[0])
                    yield Clash(numbers.iri(node), numbers.iri(by_definition[0]), numbers.iri(other))
