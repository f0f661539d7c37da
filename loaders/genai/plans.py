"""Where in a span's attributes each concept stands: worked out once for each set of names that an emitter sends."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.genai.aliases import Alias, AliasTable, Mark, VerdictMark
from stratagraph.loaders.genai.emitters import Emitter
from stratagraph.loaders.genai.record import CallRecord, RecordKind

MOST_PLANS: Final = 2_000
"""Sets of names that are remembered of one emitter. Beyond, all are forgotten: numbered names go on for ever."""


USAGE: Final = frozenset({"input", "output", "cached", "reasoning", "cost"})
VOLATILE: Final = USAGE | {"cache_write", "response", "first_token", "first_token_ms"}
"""Concepts that differ from one call to the next; the rest is the same for most calls of one place in a program."""
MOST_TEMPLATES: Final = 2_000
"""Records that are remembered of one plan, for spans that differ in what is volatile only."""


Lasting: TypeAlias = tuple[tuple[int, tuple[str, ...]], ...]
"""Attributes by their place, and the path to what counts inside them."""


class Place(NamedTuple):
    """Where a concept may be told: the attribute by its place, the field inside it, the kinds of work it counts for."""

    at: int
    key: str
    path: tuple[str, ...]
    on: frozenset[RecordKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one set of attribute names tells: per concept its places, the preferred one first.

    ``lasting`` are the attributes that decide everything which is not volatile; None where sampling takes
    part, or where another span tells of the same call. ``templates`` are records by the values of those.
    ``content`` are the attributes that are only looked through for personal data.
    """

    places: Mapping[str, tuple[Place, ...]]
    offered: tuple[int, ...]
    written: bool
    failed: tuple[tuple[int, Mark], ...]
    verdicts: tuple[tuple[int, VerdictMark], ...]
    lenient: tuple[tuple[int, Mark], ...]
    later: int | None
    lasted: int | None
    content: tuple[int, ...]
    unmapped: tuple[str, ...]
    lasting: Lasting | None
    templates: dict[Hashable, CallRecord]

    @property
    def volatile(self) -> bool:
        """Whether any name tells of what differs from one call to the next."""
        return not VOLATILE.isdisjoint(self.places)

    @property
    def counts(self) -> bool:
        """Whether any name tells of tokens or cost."""
        return not USAGE.isdisjoint(self.places)

    @property
    def tells(self) -> bool:
        """Whether any name tells something."""
        return bool(self.places or self.failed or self.verdicts or self.offered)


@dataclass(kw_only=True)
class Plans:
    """The plans of one emitter."""

    table: AliasTable
    emitter: Emitter
    _known: dict[tuple[str, ...], Plan] = field(default_factory=dict)
    _wanted: dict[str, list[tuple[str, int, Alias]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Turn the table round: a span has a handful of attributes, and the table some hundred names."""
        own, common = self.emitter.attributes, self.table.attributes
        for concept in {**common, **own}:
            for rank, alias in enumerate((*own.get(concept, ()), *common.get(concept, ()))):
                self._wanted.setdefault(alias.key, []).append((concept, rank, alias))

    def of(self, keys: tuple[str, ...]) -> Plan:
        """Return the plan for a span with these attributes."""
        plan = self._known.get(keys)
        if plan is None:
            if len(self._known) >= MOST_PLANS:
                self._known.clear()
            plan = self._known[keys] = self._made(keys)
        return plan

    def _made(self, keys: tuple[str, ...]) -> Plan:
        found: dict[str, list[tuple[int, Place]]] = {}
        # Of a name that is sent twice the last one counts.
        at = {key: place for place, key in enumerate(keys)}
        for key, place in at.items():
            for concept, rank, alias in self._wanted.get(key, ()):
                found.setdefault(concept, []).append((rank, Place(place, key, alias.path, alias.on)))
        emitter, table = self.emitter, self.table
        return Plan(
            places={concept: _ranked(told) for concept, told in found.items()},
            offered=tuple(place for key, place in at.items() if key.startswith(table.numbered)),
            written=any(key.startswith(table.written) for key in at),
            failed=tuple((at[mark.key], mark) for mark in (*emitter.failed, *table.failed) if mark.key in at),
            verdicts=tuple((at[mark.key], mark) for mark in table.verdicts if mark.key in at),
            lenient=tuple((at[mark.key], mark) for mark in table.lenient if mark.key in at),
            later=at.get(emitter.later.key) if emitter.later else None,
            lasted=at.get(emitter.lasted),
            content=tuple(place for key, place in at.items() if self._is_content(key)),
            unmapped=tuple(self._unmapped(at)),
            lasting=self._lasting(keys, found),
            templates={},
        )

    def _lasting(
        self, keys: tuple[str, ...], found: Mapping[str, list[tuple[int, Place]]]
    ) -> tuple[tuple[int, tuple[str, ...]], ...] | None:
        """Return the attributes that decide what is not volatile, None where that does not depend on values alone."""
        emitter, table = self.emitter, self.table
        if emitter.later or {"ratio", "weight"} & found.keys() or len(set(keys)) < len(keys):
            return None
        lasting = {
            (place.at, place.path) for concept, told in found.items() if concept not in VOLATILE for _, place in told
        }
        marks = {mark.key for mark in (*emitter.failed, *table.failed, *table.lenient)}
        lasting |= {(place, ()) for place, key in enumerate(keys) if key in marks or key.startswith(table.numbered)}
        return tuple(sorted(lasting))

    def _is_content(self, key: str) -> bool:
        """Tell whether an attribute holds what passed between people, models and tools."""
        table = self.table
        return (key in table.content and key not in table.described) or key in self.emitter.content

    def _unmapped(self, keys: Iterable[str]) -> Iterable[str]:
        """Return the names of the conventions that nobody has mapped yet: they still move, and it must be noticed."""
        table = self.table
        for key in keys:
            if (
                key.startswith("gen_ai.")
                and key not in self._wanted
                and key not in table.known
                and key not in table.content
            ):
                yield key


def _ranked(told: list[tuple[int, Place]]) -> tuple[Place, ...]:
    return tuple(place for _, place in sorted(told, key=lambda ranked: ranked[0]))
