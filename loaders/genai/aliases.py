"""The alias table: what each emitter calls each concept, read from data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from stratagraph.loaders.genai.record import ErrorClass, RecordKind


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a concept: an attribute, or a field inside an attribute that holds JSON."""

    key: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttributeReading:
    """What an attribute may tell: a concept, how much its name is preferred (0 most), and where in it the value is."""

    concept: str
    rank: int
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """What one instrumentation gets wrong.

    ``ignore`` lists, per concept, values that mean nothing; ``spans`` decides a kind by span name.
    """

    agent_from_span_name: bool = False
    ignore: Mapping[str, frozenset[str]]
    spans: Mapping[str, RecordKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSet:
    """Attribute names, some by prefix."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]

    def __contains__(self, key: str) -> bool:
        """Tell whether the set names the key."""
        return key in self.exact or key.startswith(self.prefixes)


@dataclass(frozen=True, kw_only=True)
class AliasTable:
    """Every alias, renamed value, content key and quirk."""

    version: str
    attributes: Mapping[str, tuple[Alias, ...]]
    readings: Mapping[str, tuple[AttributeReading, ...]]
    """The same the other way round: a span has a handful of attributes, and the table some hundred names."""
    numbered: Mapping[str, tuple[str, ...]]
    resource: Mapping[str, tuple[str, ...]]
    currency: str
    first_token_events: frozenset[str]
    kinds: Mapping[str, RecordKind]
    providers: Mapping[str, str]
    engines: Mapping[str, str]
    empty: frozenset[str]
    errors: tuple[tuple[ErrorClass, tuple[str, ...]], ...]
    content: NameSet
    known: NameSet
    quirks: tuple[tuple[str, Quirk], ...]

    def quirk(self, scope: str) -> Quirk:
        """Return what is known to be wrong with the instrumentation of that name."""
        return next((quirk for prefix, quirk in self.quirks if scope.startswith(prefix)), NO_QUIRK)

    def provider(self, value: str) -> str:
        """Return a provider's current name."""
        name = value.strip().casefold()
        return self.providers.get(name, name)

    def engine(self, value: str) -> str:
        """Return the name of the serving engine that a provider's name stands for, "" where it is none."""
        return self.engines.get(_bare(value), "")

    def error_class(self, name: str) -> ErrorClass:
        """Return the class of an error by the end of its type's name, or by its status code."""
        last = name.rpartition(".")[2].casefold()
        for kind, endings in self.errors:
            # Packages and frameworks put words in front: openai.RateLimitError, ModelRateLimitError.
            if last.endswith(endings):
                return kind
        if len(last) == _STATUS_DIGITS and last.isdigit():
            return {"4": ErrorClass.CLIENT, "5": ErrorClass.SERVER}.get(last[0], ErrorClass.OTHER)
        return ErrorClass.OTHER


NO_QUIRK: Final = Quirk(ignore={}, spans={})
_STATUS_DIGITS: Final = 3


@lru_cache(maxsize=1)
def load_aliases() -> AliasTable:
    """Return the table that ships with the package."""
    text = (files("stratagraph.loaders.genai") / "aliases.yaml").read_text(encoding="utf-8")
    return read_aliases(yaml.safe_load(text))


def read_aliases(data: Mapping[str, Any]) -> AliasTable:
    """Return the table that the parsed YAML holds."""
    attributes = {concept: tuple(map(_alias, names)) for concept, names in data["attributes"].items()}
    return AliasTable(
        version=data["version"],
        attributes=attributes,
        readings=_readings(attributes),
        numbered={concept: tuple(prefixes) for concept, prefixes in data["numbered"].items()},
        resource={concept: tuple(names) for concept, names in data["resource"].items()},
        currency=data["currency"],
        first_token_events=frozenset(data["first_token_events"]),
        kinds={value: RecordKind(kind) for kind, values in data["kinds"].items() for value in values},
        providers=data["providers"],
        engines={_bare(name): engine for engine, names in data["engines"].items() for name in names},
        empty=frozenset(data["empty"]),
        errors=tuple((ErrorClass(kind), tuple(endings)) for kind, endings in data["errors"].items()),
        content=_names(data["content"]),
        known=_names(data["known"]),
        quirks=tuple((quirk["scope"], _quirk(quirk)) for quirk in data["quirks"]),
    )


def _bare(name: str) -> str:
    """Return a name without what emitters write in different ways: case, blanks, punctuation."""
    return "".join(filter(str.isalnum, name.casefold()))


def _alias(name: str | Mapping[str, Any]) -> Alias:
    """Return one alias from its YAML form."""
    return Alias(name) if isinstance(name, str) else Alias(name["key"], tuple(name["path"]))


def _names(names: Iterable[str]) -> NameSet:
    """Split names from prefixes, which end in a star."""
    listed = tuple(names)
    return NameSet(
        exact=frozenset(name for name in listed if not name.endswith("*")),
        prefixes=tuple(name[:-1] for name in listed if name.endswith("*")),
    )


def _quirk(data: Mapping[str, Any]) -> Quirk:
    """Return one quirk from its YAML form."""
    return Quirk(
        agent_from_span_name=data.get("agent_from_span_name", False),
        ignore={concept: frozenset(values) for concept, values in data.get("ignore", {}).items()},
        spans={name: RecordKind(kind) for name, kind in data.get("spans", {}).items()},
    )


def _readings(attributes: Mapping[str, tuple[Alias, ...]]) -> dict[str, tuple[AttributeReading, ...]]:
    found: dict[str, list[AttributeReading]] = defaultdict(list)
    for concept, names in attributes.items():
        for rank, alias in enumerate(names):
            found[alias.key].append(AttributeReading(concept, rank, alias.path))
    return {key: tuple(readings) for key, readings in found.items()}
