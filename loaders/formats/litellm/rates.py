"""What tokens cost by the names that LiteLLM gives to prices: figures for a million tokens, by their condition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from stratagraph.loaders.formats.fields import number
from stratagraph.loaders.prices import length_condition
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

MILLION: Final = Decimal(1_000_000)
THOUSAND: Final = 1_000
_NAME: Final = re.compile(
    r"(?P<figure>input_cost_per_token_cache_hit|(?:explicit_)?cache_read_input_(?:(?P<read>audio|image)_)?token_cost"
    r"|cache_creation_input_(?:(?P<written>audio|image)_)?token_cost|output_cost_per_reasoning_token"
    r"|(?P<side>input|output)_cost_per_(?:(?P<medium>audio|image|video)_)?token)"
    r"(?:_above_(?P<kept>\d+)hr)?(?:_above_(?P<thousands>\d+)k_tokens)?(?:_(?P<tier>[a-z]+))?"
)
TIERED: Final = "tiered_pricing"
OFF_PEAK: Final = "off_peak_pricing"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Under what condition alone a price holds; ``text`` tells all of it, "" where there is none."""

    tier: str = ""
    above: int | None = None
    up_to: int | None = None
    medium: str = ""
    kept_hours: int | None = None
    hours: str = ""

    @property
    def text(self) -> str:
        """The condition in words."""
        told = (
            length_condition(self.above, self.up_to),
            self.tier,
            self.medium,
            f"cached>{self.kept_hours}h" if self.kept_hours else "",
            self.hours,
        )
        return ", ".join(filter(None, told))


ALWAYS: Final = Condition()


@dataclass(slots=True)
class Rates:
    """The prices of one model: by condition, the figures that are known; ``understood`` are the names read."""

    by_condition: dict[Condition, dict[Iri, Decimal]] = field(default_factory=dict)
    understood: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Rates:
        """Read the prices among the fields of a model; what is no number of 0 or more is none."""
        rates = cls()
        for name, value in values.items():
            if name == TIERED and isinstance(value, list):
                rates._tiered(value)
            elif name == OFF_PEAK and isinstance(value, Mapping):
                rates._off_peak(value)
            else:
                rates._figure(name, value)
        return rates

    def _figure(self, name: str, value: Any, within: Condition = ALWAYS) -> None:
        meaning = _meaning(name)
        if meaning is None or (amount := number(value)) is None or amount < 0:
            return
        figure, condition = meaning
        if within is not ALWAYS:
            condition = replace(
                condition, above=condition.above or within.above, up_to=within.up_to, hours=within.hours
            )
        self.understood.add(name)
        # Of two names for one figure the first counts.
        self.by_condition.setdefault(condition, {}).setdefault(figure, amount * MILLION)

    def _tiered(self, tiers: Iterable[Any]) -> None:
        """Read prices by the length of the input: a list of figures, each with the range that they are for."""
        for tier in tiers:
            span = tier.get("range") if isinstance(tier, Mapping) else None
            if not isinstance(span, list) or not span:
                continue
            least, most = number(span[0]), number(span[1]) if len(span) > 1 else None
            if least is None:
                continue
            condition = Condition(above=int(least) or None, up_to=int(most) if most is not None else None)
            self.understood.add(TIERED)
            for name, value in tier.items():
                self._figure(name, value, condition)

    def _off_peak(self, told: Mapping[str, Any]) -> None:
        """Read prices that hold at some hours only."""
        hours = _hours(told.get("windows"))
        if hours:
            self.understood.add(OFF_PEAK)
            for name, value in told.items():
                self._figure(name, value, Condition(hours=hours))


@lru_cache(maxsize=10_000)
def _meaning(name: str) -> tuple[Iri, Condition] | None:
    """Return the property and the condition that a name stands for, None where it is none of a price of tokens."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    thousands, kept = found["thousands"], found["kept"]
    condition = Condition(
        tier=found["tier"] or "",
        above=int(thousands) * THOUSAND if thousands else None,
        medium=found["medium"] or found["read"] or found["written"] or "",
        kept_hours=int(kept) if kept else None,
    )
    return _property(found), condition if condition != ALWAYS else ALWAYS


def _property(found: re.Match[str]) -> Iri:
    figure = found["figure"]
    if figure == "output_cost_per_reasoning_token":
        return SG.reasoningPrice
    if found["side"] and not figure.endswith("_cache_hit"):
        return SG.inputPrice if found["side"] == "input" else SG.outputPrice
    return SG.cacheWritePrice if figure.startswith("cache_creation") else SG.cachedInputPrice


def _hours(windows: Any) -> str:
    """Return in words when windows of time are open, "" where that is not told."""
    told: list[str] = []
    for window in windows if isinstance(windows, list) else []:
        if not isinstance(window, Mapping):
            continue
        hours = window.get("hours_utc")
        spans = [hours] if isinstance(hours, str) else [one for one in hours or [] if isinstance(one, str)]
        days = [
            _DAYS[day - 1] for day in window.get("weekdays") or [] if isinstance(day, int) and 0 < day <= len(_DAYS)
        ]
        if spans:
            told.append(" ".join(filter(None, (",".join(days), " ".join(spans), "UTC"))))
    return "; ".join(told)
