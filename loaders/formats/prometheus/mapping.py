"""A mapping: what the names and labels of one exporter mean, as data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.loaders.formats.prometheus.families import PARTS, Part, Role, Shape
from stratagraph.loaders.genai.attribute_values import lenient_name
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.ontology.facts import Iri

_OTHERS: Final = re.compile(r"[^0-9a-zA-Z_]")
TARGET: Final = "@target"
"""In place of a label: host and port of what was scraped."""
Labelled: TypeAlias = Mapping[str, str]


class Of(StrEnum):
    """What of a distribution is counted."""

    VALUES = "values"
    NUMBER = "number"


class As(StrEnum):
    """How a label is to be read."""

    NAME = "name"
    MODEL = "model"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """Where a part of a key comes from: the first label that says something, else ``next``, else a fixed word."""

    labels: tuple[str, ...]
    otherwise: str = ""
    before: str = ""
    after: str = ""
    each: str = ""
    """Between several values of one label, each of which is a thing."""
    reading: As = As.NAME
    next: Value | None = None

    def all_of(self, labels: Labelled) -> tuple[str, ...]:
        """Return the values, several where one label lists them."""
        text = self.of(labels)
        return tuple(part.strip() for part in text.split(self.each) if part.strip()) if self.each else (text,)

    def of(self, labels: Labelled) -> str:
        """Return the value, "" where none of the labels says one."""
        text = self._told(labels)
        value = self._read(text) if text else ""
        if not value and self.next is not None:
            return self.next.of(labels)
        return value or self.otherwise

    def _told(self, labels: Labelled) -> str:
        """Return the first of the labels that says something."""
        texts = (lenient_name(labels.get(name, "")) for name in self.labels)
        return next((text for text in texts if text and not load_meanings().nothing(text)), "")

    def _read(self, text: str) -> str:
        if self.before:
            text = text.rpartition(self.before)[0]
        elif self.after:
            text = text.rpartition(self.after)[2]
        if self.reading is As.MODEL:
            return load_meanings().model(text).name
        return load_meanings().provider(text) if self.reading is As.PROVIDER else text

    def route_of(self, labels: Labelled) -> str:
        """Return what stood before the name of a model."""
        told = self._told(labels) if self.reading is As.MODEL else ""
        return load_meanings().model(told).route if told else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An asset that labels name: its class, the parts of its key, further attributes."""

    cls: Iri
    key: tuple[tuple[Iri, Value], ...]
    attributes: tuple[tuple[Iri, Value], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation between two of the things that the same labels name."""

    subject: str
    predicate: Iri
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tells:
    """What a figure of the ontology a family tells: ``factor`` brings it to ``unit``, that of the metric."""

    metric: Iri
    unit: str
    factor: float = 1.0
    of: Of = Of.VALUES
    value: float = 1.0
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Families that tell the same: of several that are there, the first one counts."""

    names: tuple[str, ...]
    shape: Shape
    on: tuple[str, ...]
    tells: tuple[Tells, ...]
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    unless: tuple[str, ...] = ()
    """Families that tell the same, and better: where one of them is there, this figure is not read."""

    def of(self, labels: Labelled) -> bool:
        """Tell whether it is read of a series with these labels."""
        return all(
            any(fnmatchcase(labels.get(name, ""), pattern) for pattern in patterns) for name, patterns in self.where
        )


@dataclass(frozen=True, kw_only=True)
class MappingTable:
    """What one mapping says. ``shows`` are families that only show what there is, ``ignored`` those left aside."""

    name: str
    prefixes: tuple[str, ...]
    things: Mapping[str, Thing]
    links: Mapping[str, Link]
    figures: tuple[Figure, ...]
    shows: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    _left: tuple[str, ...] = field(init=False, default=())
    _by_family: dict[str, tuple[Figure, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave aside by either way to write a name."""
        plain = ("*".join(map(plainly, pattern.split("*"))) for pattern in self.ignored)
        object.__setattr__(self, "_left", tuple(dict.fromkeys((*self.ignored, *plain))))

    def figures_of(self, family: str) -> tuple[Figure, ...]:
        """Return the figures that a family may tell."""
        if family not in self._by_family:
            self._by_family[family] = tuple(figure for figure in self.figures if family in figure.names)
        return self._by_family[family]

    def leaves_aside(self, name: str) -> bool:
        """Tell whether the family of a sample is known, and is to say nothing."""
        return any(fnmatchcase(each, pattern) for each in (name, plainly(name)) for pattern in self._left)


class MappingSet:
    """Several mappings as one: which sample names are read, and by which mapping."""

    def __init__(self, tables: Iterable[MappingTable]) -> None:
        """Where two speak of the same name, the first counts: one's own comes before those that ship."""
        self.tables = tuple(tables)
        self.roles: dict[str, tuple[Role, ...]] = {}
        self.table_of: dict[str, MappingTable] = {}
        for table in self.tables:
            for name, roles in _roles(table).items():
                if self.table_of.get(roles[0].family, table) is table:
                    self.roles[name] = (*self.roles.get(name, ()), *roles)
                    for role in roles:
                        self.table_of.setdefault(role.family, table)
        # A name with dots or colons also goes with underscores: who asks for OpenMetrics gets it so.
        self._plain = {plainly(name): name for name in reversed(self.roles)}

    def __contains__(self, name: object) -> bool:
        """Tell whether samples of a name are read."""
        return self.role_of(str(name)) is not None

    def role_of(self, name: str) -> str | None:
        """Return the name by which the roles of a sample are known, None where it has none."""
        return name if name in self.roles else self._plain.get(plainly(name))

    def ignores(self, name: str) -> bool:
        """Tell whether a sample is known to say nothing that is kept."""
        return any(table.leaves_aside(name) for table in self.tables)


@lru_cache(maxsize=10_000)
def plainly(name: str) -> str:
    """Return a name with nothing but letters, digits and underscores."""
    return _OTHERS.sub("_", name)


def _roles(table: MappingTable) -> dict[str, tuple[Role, ...]]:
    """Return which part of which family each sample name is."""
    found: dict[str, dict[Role, None]] = {}
    for figure in table.figures:
        for family in figure.names:
            own = dict(figure.parts)
            for part in PARTS[figure.shape]:
                sample = own.get(part.value.removeprefix("_"), family + part.value)
                # A counter may be told with its ending or without, whatever the mapping calls it.
                names = {sample}
                if part is Part.VALUE and figure.shape is Shape.COUNTER:
                    names.add(family.removesuffix(Part.TOTAL.value))
                if part is Part.TOTAL and family.endswith(Part.TOTAL.value):
                    names = {family}
                if part is Part.CREATED:
                    names.add(family.removesuffix(Part.TOTAL.value) + part.value)
                for name in names:
                    found.setdefault(name, {})[Role(family, figure.shape, part)] = None
    for family in table.shows:
        found.setdefault(family, {})[Role(family, Shape.INFO, Part.VALUE)] = None
    return {name: tuple(roles) for name, roles in found.items()}
