"""The alias table: what the conventions and their predecessors call each concept, read from data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from stratagraph.loaders.genai.record import RecordKind


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a concept: an attribute, or a field inside one; ``on`` are the kinds of work it counts for."""

    key: str
    path: tuple[str, ...] = ()
    on: frozenset[RecordKind] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A value by which an attribute, or a field inside one, says something."""

    key: str
    path: tuple[str, ...] = ()
    values: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictMark:
    """Where the decision of a guardrail stands, and by which values it allows or blocks."""

    key: str
    path: tuple[str, ...]
    allowed: frozenset[str]
    blocked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """How the conventions tell of an evaluation."""

    event: str
    name: str
    label: str
    apart: tuple[str, ...]
    found: frozenset[str]
    passed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSet:
    """Attribute names, some by their beginning or end."""

    exact: frozenset[str]
    prefixes: tuple[str, ...]
    endings: tuple[str, ...]

    def __contains__(self, key: str) -> bool:
        """Tell whether the set names the key."""
        return key in self.exact or key.startswith(self.prefixes) or key.endswith(self.endings)


@dataclass(frozen=True, kw_only=True)
class AliasTable:
    """Every alias, mark and content key that is common to all emitters."""

    version: str
    attributes: Mapping[str, tuple[Alias, ...]]
    numbered: tuple[str, ...]
    written: tuple[str, ...]
    failed: tuple[Mark, ...]
    verdicts: tuple[VerdictMark, ...]
    lenient: tuple[Mark, ...]
    evaluations: Evaluations
    resource: Mapping[str, tuple[str, ...]]
    production: frozenset[str]
    own_version: frozenset[str]
    currency: str
    first_token_events: frozenset[str]
    content: NameSet
    described: NameSet
    traces: frozenset[str]
    content_events: tuple[str, ...]
    answers: tuple[str, ...]
    events: Mapping[str, tuple[str, ...]]
    logged_failures: frozenset[str]
    known: NameSet


@lru_cache(maxsize=1)
def load_aliases() -> AliasTable:
    """Return the table that ships with the package."""
    text = (files("stratagraph.loaders.genai") / "aliases.yaml").read_text(encoding="utf-8")
    return read_aliases(yaml.safe_load(text))


def read_aliases(data: Mapping[str, Any]) -> AliasTable:
    """Return the table that the parsed YAML holds."""
    lenient = data["lenient"]
    return AliasTable(
        version=data["version"],
        attributes={concept: aliases(names) for concept, names in data["attributes"].items()},
        numbered=tuple(data["numbered"]["offered"]),
        written=tuple(data["written"]),
        failed=marks(data["failed"]),
        verdicts=tuple(map(_verdict, data["verdicts"])),
        lenient=tuple(Mark(key=key, values=frozenset(lenient["values"])) for key in lenient["keys"]),
        evaluations=_evaluations(data["evaluations"]),
        resource={concept: tuple(names) for concept, names in data["resource"].items()},
        production=frozenset(data["production"]),
        own_version=frozenset(data["own_version"]),
        currency=data["currency"],
        first_token_events=frozenset(data["first_token_events"]),
        content=_names(data["content"]),
        described=_names(data["described"]),
        traces=frozenset(data["traces"]),
        content_events=tuple(data["content_events"]),
        answers=tuple(data["answers"]),
        events={kind: tuple(starts) for kind, starts in data["events"].items()},
        logged_failures=frozenset(data["logged_failures"]),
        known=_names(data["known"]),
    )


def aliases(names: Iterable[str | Mapping[str, Any]]) -> tuple[Alias, ...]:
    """Return the aliases of one concept from their YAML form."""
    return tuple(map(_alias, names))


def marks(told: Iterable[Mapping[str, Any]]) -> tuple[Mark, ...]:
    """Return marks from their YAML form."""
    return tuple(
        Mark(key=mark["key"], path=tuple(mark.get("path", ())), values=frozenset(mark["values"])) for mark in told
    )


def _alias(name: str | Mapping[str, Any]) -> Alias:
    if isinstance(name, str):
        return Alias(name)
    return Alias(name["key"], tuple(name.get("path", ())), frozenset(map(RecordKind, name.get("for", ()))))


def _verdict(data: Mapping[str, Any]) -> VerdictMark:
    return VerdictMark(
        key=data["key"],
        path=tuple(data.get("path", ())),
        allowed=frozenset(data["allowed"]),
        blocked=frozenset(data["blocked"]),
    )


def _evaluations(data: Mapping[str, Any]) -> Evaluations:
    return Evaluations(
        event=data["event"],
        name=data["name"],
        label=data["label"],
        apart=tuple(data["apart"]),
        found=frozenset(data["found"]),
        passed=frozenset(data["passed"]),
    )


def _names(names: Iterable[str]) -> NameSet:
    """Split names from beginnings, which end in a star, and ends, which begin with one."""
    listed = tuple(names)
    return NameSet(
        exact=frozenset(name for name in listed if "*" not in name),
        prefixes=tuple(name[:-1] for name in listed if name.endswith("*")),
        endings=tuple(name[1:] for name in listed if name.startswith("*")),
    )
