"""What single emitters do otherwise than the conventions, read from data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from stratagraph.loaders.genai.aliases import Alias, Mark, aliases, marks
from stratagraph.loaders.genai.record import RecordKind, Usage

MOST_SCOPES: Final = 1_000
"""Scopes, and names of spans, that are remembered: both are the sender's."""
REQUESTED: Final = "requested"
ANSWERED: Final = "answered"
USED: Final = "used"


@dataclass(frozen=True, eq=False, kw_only=True)
class Emitter:
    """One instrumentation's ways. Its fields are those of emitters.yaml, which says what they mean."""

    attributes: Mapping[str, tuple[Alias, ...]]
    ignore: Mapping[str, frozenset[str]]
    spans: tuple[tuple[re.Pattern[str], RecordKind], ...]
    names: Mapping[str, tuple[re.Pattern[str], ...]]
    kinds: Mapping[str, RecordKind]
    tells: Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]
    failed: tuple[Mark, ...]
    providers: Mapping[str, str]
    delegating: tuple[str, ...]
    hides: frozenset[str]
    beside: bool
    speaking: bool
    later: Mark | None
    lasted: str
    twin: str
    silent: str
    engine: str
    content: frozenset[str]
    endings: Mapping[str, str]
    before: str

    def kind_of_name(self, name: str) -> RecordKind | None:
        """Return the kind of work that a span's name tells of by itself."""
        return next((kind for pattern, kind in self.spans if pattern.fullmatch(name)), None)

    def awaits(self, usage: Usage, *, later: bool, failed: bool) -> bool:
        """Tell whether another span may tell the end of what one tells."""
        return self.later is not None and not later and not failed and not usage.known

    def within(self, concept: str, name: str) -> str:
        """Return the name of a thing that stands in a span's name, "" where none does."""
        for pattern in self.names.get(concept, ()):
            if found := pattern.fullmatch(name):
                return found.group(1).strip()
        return ""

    def role(self, concept: str, name: str) -> str:
        """Return what a model's name of that concept is: asked for, answered or only used."""
        told = self.tells.get(concept, ())
        usual = {"answered": ANSWERED, "model": USED}[concept]
        return next((role for pattern, role in told if pattern.fullmatch(name)), usual)


@dataclass(frozen=True, kw_only=True)
class Emitters:
    """Every emitter that is known, by scope, and those that are known by the names of their spans."""

    version: str
    by_scope: tuple[tuple[str, Emitter], ...]
    by_name: tuple[tuple[re.Pattern[str], Emitter], ...]
    _known: dict[tuple[str, str], Emitter] = field(default_factory=dict)
    _named: dict[str, Emitter | None] = field(default_factory=dict)

    def of_scope(self, scope: str, version: str = "") -> Emitter:
        """Return the ways of the instrumentation of that name and version."""
        known = self._known.get((scope, version))
        if known is None:
            if len(self._known) >= MOST_SCOPES:
                self._known.clear()
            known = self._known[scope, version] = self._found(scope, version)
        return known

    def _found(self, scope: str, version: str) -> Emitter:
        return next(
            (
                emitter
                for start, emitter in self.by_scope
                if _fits(start, scope) and (not emitter.before or _older(version, emitter.before))
            ),
            COMMON,
        )

    def of_span(self, name: str) -> Emitter | None:
        """Return the emitter that a span's name gives away, whatever its scope."""
        if name not in self._named:
            if len(self._named) >= MOST_SCOPES:
                self._named.clear()
            self._named[name] = next((emitter for pattern, emitter in self.by_name if pattern.match(name)), None)
        return self._named[name]


@lru_cache(maxsize=1)
def load_emitters() -> Emitters:
    """Return the table that ships with the package."""
    text = (files("stratagraph.loaders.genai") / "emitters.yaml").read_text(encoding="utf-8")
    return read_emitters(yaml.safe_load(text))


def read_emitters(data: Mapping[str, Any]) -> Emitters:
    """Return the table that the parsed YAML holds."""
    by_scope = []
    for entry in data["emitters"]:
        emitter = _emitter(entry)
        starts = [entry["scope"]] if isinstance(entry["scope"], str) else entry["scope"]
        by_scope += [(start, emitter) for start in starts]
    named = tuple((re.compile(entry["span"]), _emitter(entry)) for entry in data["named"])
    return Emitters(version=data["version"], by_scope=tuple(by_scope), by_name=named)


def _older(version: str, than: str) -> bool:
    """Tell whether a version is older than another; one that is no version is not."""
    first, second = (tuple(map(int, re.findall(r"\d+", text)[:3])) for text in (version, than))
    return bool(first) and first < second


def _fits(start: str, scope: str) -> bool:
    return scope == start[1:] if start.startswith("=") else scope.startswith(start)


def _emitter(data: Mapping[str, Any]) -> Emitter:
    later = data.get("later")
    return Emitter(
        attributes={concept: aliases(names) for concept, names in data.get("attributes", {}).items()},
        ignore={concept: frozenset(values) for concept, values in data.get("ignore", {}).items()},
        spans=tuple((re.compile(name), RecordKind(kind)) for name, kind in data.get("spans", {}).items()),
        names={concept: tuple(map(re.compile, told)) for concept, told in data.get("names", {}).items()},
        kinds={value: RecordKind(kind) for kind, values in data.get("kinds", {}).items() for value in values},
        tells={concept: _roles(told) for concept, told in data.get("tells", {}).items()},
        failed=marks(data.get("failed", ())),
        providers=data.get("providers", {}),
        delegating=tuple(data.get("delegating", ())),
        hides=frozenset(data.get("hides", ())),
        beside=data.get("beside", False),
        speaking=data.get("speaking", False),
        later=Mark(key=later["key"], values=frozenset({later["value"]})) if later else None,
        lasted=later["lasted"] if later else "",
        twin=data.get("twin", ""),
        silent=data.get("silent", ""),
        engine=data.get("engine", ""),
        content=frozenset(data.get("content", ())),
        endings=data.get("endings", {}),
        before=data.get("before", ""),
    )


def _roles(told: str | Mapping[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what a model's name is, by the span's name."""
    by_name = {".*": told} if isinstance(told, str) else told
    return tuple((re.compile(name), role) for name, role in by_name.items())


COMMON: Final = _emitter({})
"""The ways of an emitter that keeps to the conventions."""
