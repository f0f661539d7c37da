"""How many spans a sampled one stands for: what it says itself, else what the owner of its source declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.attribute_values import plain
from stratagraph.loaders.genai.record import Service

_DIGITS: Final = 14
_RANGE: Final = 16**_DIGITS
"""Thresholds are fractions of this: 56 bits in hexadecimal."""
_THRESHOLD: Final = re.compile(r"[0-9a-f]{1,14}")
_POWER: Final = re.compile(r"[0-9]{1,2}")
MOST: Final = 1e6
"""A span stands for no more than this: a threshold next to the end would make one span a crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What is declared of services of which not everything arrives: only their owner knows.

    ``ratios`` are the shares that arrive, chosen by chance. Of those in ``by_outcome`` there arrives what ended in a
    certain way, so that neither numbers nor rates are known. A service is named by its name, by all of its identity, or
    with all others by an asterisk.
    """

    ratios: Mapping[str, float] = field(default_factory=dict)
    by_outcome: frozenset[str] = frozenset()
    by_metrics: frozenset[str] = frozenset()
    """Services whose metrics count model calls, not their spans."""

    @classmethod
    def of(cls, told: Mapping[str, float | str], by_metrics: Iterable[str] = ()) -> Declared:
        """Return what a mapping of names says, a share or a word for the outcome, and whose metrics count."""
        ratios = {name: share for name, share in told.items() if isinstance(share, float | int)}
        by_outcome = frozenset(told.keys() - ratios.keys())
        return cls(ratios=ratios, by_outcome=by_outcome, by_metrics=frozenset(by_metrics))

    def measured(self, service: Service) -> bool:
        """Tell whether metrics count the model calls of a service."""
        return not self.by_metrics.isdisjoint(_names(service))

    def weight(self, service: Service) -> float:
        """Return the number of spans that one of a service stands for."""
        if not self.ratios:
            return 1.0
        return next((min(1 / self.ratios[name], MOST) for name in _names(service) if name in self.ratios), 1.0)

    def partly(self, service: Service) -> bool:
        """Tell whether of a service only some spans arrive, by how they ended."""
        named = (name for name in _names(service) if name in self.ratios or name in self.by_outcome)
        return next(named, "") in self.by_outcome


NOTHING_DECLARED: Final = Declared()


def _names(service: Service) -> tuple[str, ...]:
    """Return what a service may be called, the most exact name first."""
    return service.label, service.name, "*"


def weight_of(state: str, told: Mapping[str, Any]) -> float:
    """Return the number of spans that one stands for, by its trace state and attributes; 1 where nothing is sampled."""
    weights = [_of_state(state), *_of_attributes(told)]
    return min(max(weights), MOST)


def _of_state(state: str) -> float:
    """Return what the vendor's part of OpenTelemetry in a trace state says."""
    for member in state.split(","):
        vendor, _, value = member.strip().partition("=")
        if vendor != "ot":
            continue
        for part in value.split(";"):
            key, _, number = part.partition(":")
            # The threshold is the share of traces that is dropped; before it there was a power of two.
            if key == "th" and _THRESHOLD.fullmatch(number):
                return _RANGE / (_RANGE - int(number.ljust(_DIGITS, "0"), 16))
            if key == "p" and _POWER.fullmatch(number):
                return float(2 ** int(number))
    return 1.0


def _of_attributes(told: Mapping[str, Any]) -> list[float]:
    """Return what the attributes say that tell a share, or a number of spans."""
    names = {alias.key: concept for concept in ("ratio", "weight") for alias in load_aliases().attributes[concept]}
    weights = [1.0]
    for key in told.keys() & names.keys():
        value = told[key]
        sent = plain(value) if isinstance(value, AnyValue) else value
        try:
            number = float(sent)
        except (TypeError, ValueError):
            continue
        if names[key] == "weight" and number >= 1:
            weights.append(number)
        elif names[key] == "ratio" and 0 < number <= 1:
            weights.append(1 / number)
    return weights
