"""What the instruments of metrics mean, read from data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from stratagraph.loaders.genai.aliases import load_aliases

MOST_KNOWN: Final = 5_000
"""Names of instruments and labels that are remembered; names are the sender's."""
_SEPARATORS: Final = re.compile(r"[^0-9a-z]+")
_CURRENCY: Final = re.compile(r"\{?([A-Z]{3})\}?")
FRAMEWORK: Final = 1_000
SERVER: Final = 10_000
"""What is added to the rank of who stands between the application and the call, and of who serves it."""


class Tells(StrEnum):
    """What the values of an instrument are about."""

    CALLS = "calls"
    COUNTED = "counted"
    FAILED = "failed"
    LATENCY = "latency"
    FIRST_PIECE = "first_token"
    TOKENS = "tokens"
    COST = "cost"
    FINISH = "finish"


TIMES: Final = frozenset({Tells.CALLS, Tells.LATENCY, Tells.FIRST_PIECE})
"""Whose values are lengths of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What one instrument tells. Its fields are those of instruments.yaml; ``rank`` is its place there, from 1."""

    rank: int
    tells: Tells
    of: str
    token: str
    unit: str
    server: bool
    within: bool
    scopes: tuple[str, ...]
    but: tuple[str, ...]
    says: tuple[tuple[str, str], ...]

    def read_of(self, scope: str) -> bool:
        """Tell whether it means that where the instrumentation of this name sends it."""
        return not scope.startswith(self.but or ("\0",)) and (not self.scopes or scope.startswith(self.scopes))


@dataclass(frozen=True, slots=True)
class Meant:
    """An instrument as one instrumentation sends it: who tells it, and what its values are to be multiplied by."""

    instrument: Instrument
    rank: int
    factor: float = 1.0
    currency: str = ""
    blind: bool = False
    """Which calls failed does not show."""
    name: str = ""
    """As it is sent."""


@dataclass(frozen=True, kw_only=True)
class Instruments:
    """Every instrument that is known, by its name without punctuation."""

    version: str
    by_name: Mapping[str, tuple[Instrument, ...]]
    endings: Mapping[str, str]
    seconds: Mapping[str, float]
    frameworks: tuple[str, ...]
    blind: tuple[str, ...]
    attributes: frozenset[str]
    labels: Mapping[str, str]
    token_labels: tuple[str, ...]
    finish_labels: tuple[str, ...]
    tokens: Mapping[str, str]
    _known: dict[tuple[str, str, str], Meant | None] = field(default_factory=dict)

    def meant(self, scope: str, name: str, unit: str) -> Meant | None:
        """Return what an instrument means where an instrumentation sends it in a unit, None where nothing is known."""
        key = scope, name, unit
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._found(scope, name, unit)
        return self._known[key]

    def _found(self, scope: str, name: str, unit: str) -> Meant | None:
        plain, implied = self._plain(name)
        instrument = next((one for one in self.by_name.get(plain, ()) if one.read_of(scope)), None)
        if instrument is None:
            return None
        rank = instrument.rank + SERVER * instrument.server + FRAMEWORK * scope.startswith(self.frameworks)
        sent = unit.strip().strip("{}")
        if sent in {"", "1"}:
            sent = implied or instrument.unit
        if instrument.tells in TIMES:
            factor = self.seconds.get(sent.casefold())
            blind = scope.startswith(self.blind)
            return Meant(instrument, rank, factor, blind=blind, name=name) if factor is not None else None
        if instrument.tells is Tells.COST:
            currency = _CURRENCY.fullmatch(sent)
            return Meant(instrument, rank, currency=currency[1], name=name) if currency else None
        return Meant(instrument, rank, name=name)

    def _plain(self, name: str) -> tuple[str, str]:
        """Return a name without punctuation and without the endings of Prometheus, and the unit that those say."""
        plain, implied = flat(name), ""
        while plain not in self.by_name:
            ending = next((end for end in self.endings if plain.endswith(end)), None)
            if ending is None:
                break
            plain, implied = plain.removesuffix(ending), implied or self.endings[ending]
        return plain, implied

    def label(self, name: str) -> str:
        """Return the attribute that a label is called by on spans."""
        return self.labels.get(name) or self.labels.get(flat(name), name)


def flat(name: str) -> str:
    """Return a name as Prometheus writes it, which knows no dots."""
    return _SEPARATORS.sub("_", name.casefold())


@lru_cache(maxsize=1)
def load_instruments() -> Instruments:
    """Return the table that ships with the package."""
    text = (files("stratagraph.loaders.genai") / "instruments.yaml").read_text(encoding="utf-8")
    return read_instruments(yaml.safe_load(text))


def read_instruments(data: Mapping[str, Any]) -> Instruments:
    """Return the table that the parsed YAML holds."""
    by_name: dict[str, list[Instrument]] = {}
    endings = {str(ending): str(unit) for ending, unit in data["endings"].items()}
    for rank, told in enumerate(data["instruments"], start=1):
        instrument = _instrument(rank, told)
        for name in told["names"]:
            by_name.setdefault(flat(name), []).append(instrument)
    return Instruments(
        version=data["version"],
        by_name={name: tuple(told) for name, told in by_name.items()},
        endings=endings,
        seconds={name: float(seconds) for name, seconds in data["seconds"].items()},
        frameworks=tuple(data["frameworks"]),
        blind=tuple(data["blind"]),
        attributes=frozenset(_attributes()),
        labels={**_flat_names(_attributes()), **data["labels"], **_flat_keys(data["labels"])},
        token_labels=tuple(map(flat, data["token_labels"])),
        finish_labels=tuple(map(flat, data["finish_labels"])),
        tokens={word: kind for kind, words in data["tokens"].items() for word in words},
    )


def _instrument(rank: int, told: Mapping[str, Any]) -> Instrument:
    return Instrument(
        rank=rank,
        tells=Tells(told["tells"]),
        of=told.get("of", ""),
        token=told.get("token", ""),
        unit=told.get("unit", ""),
        server=told.get("side") == "server",
        within=told.get("within", False),
        scopes=tuple(told.get("scopes", ())),
        but=tuple(told.get("but", ())),
        says=tuple(told.get("says", {}).items()),
    )


def _attributes() -> Iterable[str]:
    """Return the attributes of spans that have a meaning."""
    return [alias.key for told in load_aliases().attributes.values() for alias in told]


def _flat_names(names: Iterable[str]) -> dict[str, str]:
    """Return names by how Prometheus writes them: a label has no dots there."""
    return {flat(name): name for name in names if "." in name}


def _flat_keys(labels: Mapping[str, str]) -> dict[str, str]:
    return {flat(name): attribute for name, attribute in labels.items()}
