"""What the values mean that emitters send, read from data: kinds, providers, models, errors, names that are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import yaml

from stratagraph.loaders.genai.record import ErrorClass, Finish, RecordKind

_LONGEST_MESSAGE: Final = 2_000
"""Characters of a failure's message that are looked at: what went wrong stands at its beginning."""
_ARN: Final = re.compile(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)", re.DOTALL)
_CLASS: Final = re.compile(r"<class '(.+)'>")


class ModelName(NamedTuple):
    """A model's name without the way to it, the way as it was sent, and the provider that it names."""

    name: str
    route: str = ""
    provider: str = ""


@dataclass(frozen=True, kw_only=True)
class ErrorPatterns:
    """How one class of errors is known: ends of types, status codes, texts."""

    kind: ErrorClass
    types: tuple[str, ...]
    codes: frozenset[str]
    texts: re.Pattern[str]


class Meanings:
    """Every value that has a meaning, by what it is a value of."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Read the parsed YAML."""
        self.version: str = data["version"]
        self.kinds = {value: RecordKind(kind) for kind, values in data["kinds"].items() for value in values}
        self.kind_endings = {end: RecordKind(kind) for kind, ends in data["kind_endings"].items() for end in ends}
        self.operations = {name: RecordKind(kind) for name, kind in data["operations"].items()}
        self.bare_calls = frozenset(data["bare_calls"])
        self.empty = frozenset(data["empty"])
        self.frameworks = frozenset(data["frameworks"])
        self.providers: Mapping[str, str] = data["providers"]
        engines: Mapping[str, list[str]] = data["engines"]
        self.engines = {_flat(name): engine for engine, names in engines.items() for name in names}
        self.errors = tuple(_patterns(kind, told) for kind, told in data["errors"].items())
        self.placeholders = frozenset(data["placeholders"])
        self.graph_roots = frozenset(data["graph_roots"])
        self._data = data
        self._finish = {_flat(word): Finish(kind) for kind, words in data["finish"].items() for word in words}
        self._made_up = re.compile("|".join(f"(?:{pattern})" for pattern in data["made_up"]), re.DOTALL)
        self._status = re.compile(data["status_in_text"], re.IGNORECASE)
        self._unknown_tool = _any_of(data["unknown_tools"])

    def nothing(self, word: str) -> bool:
        """Tell whether a text stands for nothing."""
        return word.casefold() in self.empty

    def made_up(self, name: str) -> bool:
        """Tell whether a program made the name up for one run or object: it identifies nothing."""
        return self._made_up.fullmatch(name) is not None

    def provider(self, sent: str) -> str:
        """Return a provider's current name, "" where a framework names itself."""
        name = sent.strip().casefold()
        if name in self.frameworks:
            return ""
        if name in self.providers:
            return str(self.providers[name])
        first, _, interface = name.rpartition(".")
        # Libraries tell which interface of the provider they call: openai.chat is openai.
        if first and interface in self._interfaces:
            return self.provider(first)
        return name

    def engine(self, value: str) -> str:
        """Return the name of the serving engine that a provider's name stands for, "" where it is none."""
        return self.engines.get(_flat(value), "")

    @lru_cache(maxsize=10_000)  # noqa: B019  # there is one table, and it lives as long as the process
    def model(self, sent: str) -> ModelName:
        """Return a model's name without the way to it: gateways, regions, accounts."""
        name, route, provider = self._unrouted(sent)
        region, _, rest = name.partition(".")
        if region in self._regions and rest.partition(".")[0] in self._vendors:
            route, name = route + region + ".", rest
        # What an account made for itself is known there only, by a name that nobody gave.
        if self.made_up(name):
            return ModelName("", route, provider)
        return ModelName(name, route, provider)

    def _unrouted(self, sent: str) -> ModelName:
        """Return the name without account and path."""
        arn = _ARN.fullmatch(sent)
        parts = (arn.group(1) if arn else sent).split("/")
        folders = [place for place, part in enumerate(parts[:-1]) if part in self._folders]
        if arn and (parts[0] in self._unnamed or not folders):
            return ModelName("")
        if folders:
            place = folders[-1] + 1
            # An ARN holds the number of an account: it is no way that may be shown.
            return ModelName("/".join(parts[place:]), "" if arn else "/".join(parts[:place]) + "/")
        return self._without_prefixes(parts)

    def _without_prefixes(self, parts: Sequence[str]) -> ModelName:
        """Return the name without the ways before it; the first that names somebody names the provider."""
        routes: Mapping[str, str] = self._data["routes"]
        passed, provider = 0, ""
        while passed < len(parts) - 1 and parts[passed].casefold() in routes:
            provider = provider or routes[parts[passed].casefold()]
            passed += 1
        route = "".join(f"{part}/" for part in parts[:passed])
        return ModelName("/".join(parts[passed:]), route, provider)

    def ways_to(self, provider: str) -> tuple[str, ...]:
        """Return what gateways put before the names of a provider's models."""
        return tuple(
            f"{prefix}/" for prefix, leads_to in self._data["routes"].items() if provider and leads_to == provider
        )

    @cached_property
    def _interfaces(self) -> frozenset[str]:
        return frozenset(self._data["interfaces"])

    @cached_property
    def _regions(self) -> frozenset[str]:
        return frozenset(self._data["model_regions"])

    @cached_property
    def _vendors(self) -> frozenset[str]:
        return frozenset(self._data["model_vendors"])

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(self._data["model_folders"])

    @cached_property
    def _unnamed(self) -> frozenset[str]:
        return frozenset(self._data["unnamed_models"])

    def error_class(self, *, types: Iterable[str], codes: Iterable[str], texts: Iterable[str]) -> ErrorClass | None:
        """Return the class of a failure: by its type, a status code or its messages; None where nothing is told."""
        told = [kind for kind in map(self.error_of_type, types) if kind is not None]
        for kind in told:
            if kind is not ErrorClass.OTHER:
                return kind
        told += [kind for kind in map(self._of_code, codes) if kind is not None]
        if any(kind is not ErrorClass.OTHER for kind in told):
            return next(kind for kind in told if kind is not ErrorClass.OTHER)
        for text in texts:
            if found := self._of_text(text[:_LONGEST_MESSAGE]):
                return found
            told.append(ErrorClass.OTHER)
        vague = next((vague for name in types if (vague := self._vague(name)) is not None), None)
        return vague or (ErrorClass.OTHER if told else None)

    def error_of_type(self, name: str) -> ErrorClass | None:
        """Return the class by the end of a type's name, OTHER for one that is not known, None for no name."""
        if not name or self.nothing(name):
            return None
        if name.strip().isdigit():
            return self._of_code(name.strip()) or ErrorClass.OTHER
        # Frameworks put words in front, status codes of RPC behind: ModelRateLimitError, RESOURCE_EXHAUSTED: 429 ...
        last = _flat(_typed(name))
        return next((known.kind for known in self.errors if last.endswith(known.types)), ErrorClass.OTHER)

    def _vague(self, name: str) -> ErrorClass | None:
        last = _flat(_typed(name))
        for kind, types in self._data["vague_errors"].items():
            if last.endswith(tuple(types)):
                return ErrorClass(kind)
        return None

    def _of_code(self, code: str) -> ErrorClass | None:
        for known in self.errors:
            if code in known.codes:
                return known.kind
        if len(code) == 3 and code.isdigit():  # noqa: PLR2004  # a status code of HTTP
            return {"4": ErrorClass.CLIENT, "5": ErrorClass.SERVER}.get(code[0])
        return None

    def _of_text(self, text: str) -> ErrorClass | None:
        found = self._status.search(text)
        if found and (kind := self._of_code(found.group(1))):
            return kind
        return next((known.kind for known in self.errors if known.texts.search(text)), None)

    def blocks(self, types: Iterable[str]) -> bool:
        """Tell whether a failure is how a guardrail stops something."""
        return any(_flat(_typed(name)).endswith(tuple(self._data["blocking_errors"])) for name in types)

    def unproven_tool(self, types: Sequence[str], texts: Sequence[str]) -> bool:
        """Tell whether a tool's failure leaves open whether there is such a tool."""
        if any(self._unknown_tool.search(text[:_LONGEST_MESSAGE]) for text in (*types, *texts)):
            return True
        return bool(types) and not texts and all(name in self._data["vague_tools"] for name in types)

    def finish(self, reasons: Iterable[str]) -> Finish | None:
        """Return how an answer ended, the worst of several; None where nothing is said."""
        found = [self._finish.get(_flat(_last_part(word)), Finish.COMPLETE) for word in reasons if word]
        return min(found, key=_BY_WEIGHT.index, default=None)

    def delegate(self, tool: str, kind: str, prefixes: Sequence[str]) -> str | None:
        """Return the agent that a tool hands over to, "" where not told, None for a tool that is one."""
        handing = self._data["delegations"]
        if tool in handing["names"]:
            return ""
        before = next((start for start in (*handing["prefixes"], *prefixes) if tool.startswith(start)), "")
        if before:
            return tool[len(before) :]
        return tool if kind.casefold() in handing["types"] else None


_BY_WEIGHT: Final = (Finish.FAILED, Finish.FILTERED, Finish.TRUNCATED, Finish.COMPLETE)


@lru_cache(maxsize=1)
def load_meanings() -> Meanings:
    """Return the table that ships with the package."""
    text = (files("stratagraph.loaders.genai") / "meanings.yaml").read_text(encoding="utf-8")
    return Meanings(yaml.safe_load(text))


def _patterns(kind: str, told: Mapping[str, Any]) -> ErrorPatterns:
    return ErrorPatterns(
        kind=ErrorClass(kind),
        types=tuple(told["types"]),
        codes=frozenset(map(str, told["codes"])),
        texts=_any_of(told["texts"]),
    )


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


def _typed(name: str) -> str:
    """Return the last part of a type's name."""
    inner = _CLASS.fullmatch(name.strip())
    return (inner.group(1) if inner else name).rpartition(".")[2]


def _last_part(word: str) -> str:
    """Return a member of an enumeration without its class: FinishReason.STOP is STOP."""
    return word.rpartition(".")[2]


def _flat(name: str) -> str:
    """Return a name without what emitters write in different ways: case, blanks, punctuation."""
    return "".join(filter(str.isalnum, name.casefold()))
