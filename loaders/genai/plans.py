"""Where in a span's attributes each concept stands: worked out once for each set of names that an emitter sends."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from stratagraph.loaders.genai.aliases import Alias, AliasTable, Mark, VerdictMark
from stratagraph.loaders.genai.emitters import Emitter
from stratagraph.loaders.genai.record import CallRecord, RecordKind

MOST_PLANS: Final = 2_000
"""Sets of names that are remembered of one emitter. Beyond, all are forgotten: numbered names go on for ever."""


USAGE: Final = frozenset({"input", "output", "cached", "reasoning", "cost"})
WEIGHTS: Final = frozenset({"ratio", "weight"})
VOLATILE: Final = USAGE | {"cache_write", "response", "first_token", "first_token_ms"}
"""Concepts that differ from one call to the next; the rest is the same for most calls of one place in a program."""
_LAST: Final = 1_000
"""Behind every name of the tables."""
MOST_KEPT: Final = 4_000_000
"""Bytes, about, of the records and their values that are remembered of one emitter, for spans that differ in what is
volatile only."""
_RECORD_BYTES: Final = 1_000


class Template(NamedTuple):
    """The record of a span, and the part of it that is the same for others like it, a verdict excepted if it moves."""

    record: CallRecord
    lasting: tuple[object, ...]
    moves: bool


class Document(NamedTuple):
    """An attribute by its place, and the paths to what counts inside it."""

    at: int
    paths: tuple[tuple[str, ...], ...]


class Place(NamedTuple):
    """Where a concept may be told: the attribute by its place, the field inside it, the kinds of work it counts for."""

    at: int
    key: str
    path: tuple[str, ...]
    on: frozenset[RecordKind]
    plain: bool
    """The whole attribute tells it, whatever the kind of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one set of attribute names tells: per concept its places, the preferred one first.

    ``lasting`` and ``documents`` are the attributes that decide everything which is not volatile; None where a name is
    sent twice. ``templates`` are records by the values of those, the same for all plans of the same ``lasting`` names.
    ``volatile``: some name tells of what differs from one call to the next; ``counts``: of tokens or cost; ``weighs``:
    of how many spans one stands for; ``tells``: of anything at all.
    ``content`` are the attributes that are looked through for personal data, and taken out as those are that are
    ``described``, unless they are ``needed`` for something else; those ``judged`` tell what a guardrail decided.
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
    described: tuple[int, ...]
    has_content: bool
    needed: frozenset[int]
    judged: frozenset[int]
    unmapped: tuple[str, ...]
    lasting: tuple[int, ...] | None
    documents: tuple[Document, ...]
    templates: dict[Hashable, Template]
    volatile: bool
    counts: bool
    weighs: bool
    tells: bool


@dataclass(kw_only=True)
class Plans:
    """The plans of one emitter."""

    table: AliasTable
    emitter: Emitter
    _known: dict[tuple[str, ...], Plan] = field(default_factory=dict)
    _templates: dict[Hashable, dict[Hashable, Template]] = field(default_factory=dict)
    _kept: int = 0
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
                self._templates.clear()
            plan = self._known[keys] = self._made(keys)
        return plan

    def remember(self, plan: Plan, values: tuple[Any, ...], template: Template) -> None:
        """Keep the record of a span by the values that decide it."""
        self._kept += _RECORD_BYTES + sum(len(value) for value in values if isinstance(value, str | bytes))
        if self._kept > MOST_KEPT:
            for kept in self._templates.values():
                kept.clear()
            self._kept = 0
        plan.templates[values] = template

    def _made(self, keys: tuple[str, ...]) -> Plan:
        found: dict[str, list[tuple[int, Place]]] = {}
        # Of a name that is sent twice the last one counts.
        at = {key: place for place, key in enumerate(keys)}
        for key, place in at.items():
            for concept, rank, alias in self._wanted.get(key, ()):
                found.setdefault(concept, []).append(
                    (rank, Place(place, key, alias.path, alias.on, not alias.path and not alias.on))
                )
            for concept, ending in self.emitter.endings.items():
                if key.endswith(ending):
                    found.setdefault(concept, []).append((_LAST, Place(place, key, (), frozenset(), plain=True)))
        emitter, table = self.emitter, self.table
        offered = tuple(place for key, place in at.items() if key.startswith(table.numbered))
        failed = tuple((at[mark.key], mark) for mark in (*emitter.failed, *table.failed) if mark.key in at)
        verdicts = tuple((at[mark.key], mark) for mark in table.verdicts if mark.key in at)
        written = any(key.startswith(table.written) for key in at)
        lasting = self._lasting(at, found)
        marks = {mark.key for mark in (*emitter.failed, *table.failed, *table.lenient)}
        needed = {one.at for told in found.values() for _, one in told} | {at[key] for key in marks & at.keys()}
        content = tuple(place for place, key in enumerate(keys) if self._is_content(key))
        described = tuple(place for place, key in enumerate(keys) if key in table.described)
        # What names a span has beside those that mean something differs from one conversation to the next.
        meant = sorted(key for key in at if key in self._wanted or key == emitter.lasted)
        shape = tuple(keys[place] for place, _ in lasting), tuple(meant), written, bool(verdicts)
        return Plan(
            places={concept: _ranked(told) for concept, told in found.items()},
            offered=offered,
            written=written,
            failed=failed,
            verdicts=verdicts,
            lenient=tuple((at[mark.key], mark) for mark in table.lenient if mark.key in at),
            later=at.get(emitter.later.key) if emitter.later else None,
            lasted=at.get(emitter.lasted),
            content=content,
            described=described,
            has_content=bool(content or described),
            needed=frozenset(needed),
            judged=frozenset(at[mark.key] for mark in table.verdicts if mark.key in at),
            unmapped=tuple(self._unmapped(at)),
            lasting=tuple(place for place, path in lasting if not path) if len(at) == len(keys) else None,
            documents=_documents(lasting),
            templates=self._templates.setdefault(shape, {}),
            volatile=not VOLATILE.isdisjoint(found) or emitter.lasted in at,
            counts=not USAGE.isdisjoint(found),
            weighs=not WEIGHTS.isdisjoint(found),
            tells=bool(found or failed or verdicts or offered),
        )

    def _lasting(
        self, at: Mapping[str, int], found: Mapping[str, list[tuple[int, Place]]]
    ) -> list[tuple[int, tuple[str, ...]]]:
        """Return the places of what decides all that is not volatile, with paths, in an order that goes by names."""
        emitter, table = self.emitter, self.table
        lasting = {
            (place.key, place.path)
            for concept, told in found.items()
            if concept not in VOLATILE and concept not in WEIGHTS
            for _, place in told
        }
        marks = [*emitter.failed, *table.failed, *table.lenient, *([emitter.later] if emitter.later else [])]
        lasting |= {(mark.key, mark.path) for mark in marks if mark.key in at}
        lasting |= {(key, ()) for key in at if key.startswith(table.numbered)}
        return [(at[key], path) for key, path in sorted(lasting)]

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


def _documents(lasting: Iterable[tuple[int, tuple[str, ...]]]) -> tuple[Document, ...]:
    """Return the attributes of which only parts count."""
    paths: dict[int, list[tuple[str, ...]]] = {}
    for place, path in lasting:
        if path:
            paths.setdefault(place, []).append(path)
    return tuple(Document(place, tuple(told)) for place, told in paths.items())


def _ranked(told: list[tuple[int, Place]]) -> tuple[Place, ...]:
    return tuple(place for _, place in sorted(told, key=lambda ranked: ranked[0]))
