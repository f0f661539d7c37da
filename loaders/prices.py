"""Dated prices of models, and what a call is estimated to have cost."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from stratagraph.loaders.genai.attribute_values import MOST
from stratagraph.loaders.genai.record import Usage
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import DCT, RDF, SG

MILLION: Final = Decimal(1_000_000)
# Providers put a date behind the names of versions, in two ways.
_DATED: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a million tokens of a model cost from a date on, in ``currency``, according to ``source``.

    ``output`` is None for a model that writes nothing; ``cached`` and ``reasoning`` None where such tokens cost as much
    as others. It holds for calls with more input than ``above`` and at most ``up_to``; ``lengths`` are the prices of
    the same list for other lengths.
    """

    model: str
    currency: str
    source: str
    valid_from: datetime
    valid_until: datetime | None = None
    input: Decimal
    output: Decimal | None = None
    cached: Decimal | None = None
    reasoning: Decimal | None = None
    above: int | None = None
    up_to: int | None = None
    lengths: tuple[Price, ...] = ()

    def valid_at(self, time: datetime) -> bool:
        """Tell whether the price held at the time."""
        return self.valid_from <= time and (self.valid_until is None or time < self.valid_until)

    def cost(self, usage: Usage) -> Decimal | None:
        """Return the cost of a call, None where a count that costs money is unknown."""
        if usage.input is None:
            return None
        fitting = [price for price in (self, *self.lengths) if price.is_for(usage.input)]
        if not fitting:
            return None
        # A whole call is charged by the length that it comes to.
        return max(fitting, key=lambda price: price.above or 0).charged(usage, usage.input)

    @property
    def unbounded(self) -> bool:
        """Whether the price holds for calls of any length that no other price is for."""
        return self.above is None and self.up_to is None

    def is_for(self, length: int) -> bool:
        """Tell whether the price holds for calls with so much input."""
        return (self.above is None or length > self.above) and (self.up_to is None or length <= self.up_to)

    def charged(self, usage: Usage, read: int) -> Decimal | None:
        """Return the cost of a call of which so much was read, by these figures alone."""
        if self.output is not None and usage.output is None:
            return None
        # A sender may count cached tokens beside the input instead of within it: no cost is negative.
        cached = min(usage.cached or 0, read) if self.cached is not None else 0
        written = usage.output or 0
        thought = min(usage.reasoning or 0, written) if self.reasoning is not None else 0
        total = self.input * (read - cached) + (self.cached or 0) * cached
        return (total + (self.output or 0) * (written - thought) + (self.reasoning or 0) * thought) / MILLION


@dataclass(frozen=True, kw_only=True)
class PriceTable:
    """Every known price by model name, the newest first."""

    prices: Mapping[str, Sequence[Price]] = field(default_factory=dict)

    @classmethod
    def of(cls, prices: Iterable[Price]) -> PriceTable:
        """Return the table of some prices."""
        by_model: dict[str, list[Price]] = defaultdict(list)
        for price in prices:
            by_model[price.model].append(price)
        for listed in by_model.values():
            # By source too, so that two prices from the same day on come out in the same order every time.
            listed.sort(key=lambda price: (price.valid_from, price.source), reverse=True)
        return cls(prices=by_model)

    @classmethod
    def from_facts(cls, facts: Iterable[Fact]) -> PriceTable:
        """Return the prices that the facts state; one without model, amount, currency, date and source is no price.

        One that holds under a condition that no call tells, such as a service tier, is left out.
        """
        told: dict[Iri, dict[Iri, Term]] = defaultdict(dict)
        priced: set[Iri] = set()
        for fact in filter(concerns_prices, facts):
            if fact.predicate == RDF.type:
                priced.add(fact.subject)
            else:
                told[fact.subject][fact.predicate] = fact.object
        read = (_price(told[subject]) for subject in sorted(priced))
        return cls.of(price for price in read if price is not None)

    def changes(self, model: str, since: datetime, until: datetime, within: Sequence[str] = ()) -> bool:
        """Tell whether another price of the model may hold at some time from ``since`` to ``until`` than at first."""
        listed = (price for name in _names(model, within) for price in self.prices.get(name, ()))
        return any(
            since < bound <= until
            for price in listed
            for bound in (price.valid_from, price.valid_until)
            if bound is not None
        )

    def price(self, model: str, time: datetime, within: Sequence[str] = ()) -> Price | None:
        """Return the price of a model at a time: of its exact name, else of the name without its date.

        ``within`` are the ways to the provider that was called, as in ``azure/``: its own price counts before that of
        the model's name alone.
        """
        for name in _names(model, within):
            # The newest first: where lists overlap, the later one corrects the earlier.
            valid = [price for price in self.prices.get(name, ()) if price.valid_at(time)]
            if valid:
                return _of_every_length(valid)
        return None


NO_PRICES: Final = PriceTable()


def _names(model: str, within: Sequence[str]) -> Iterable[str]:
    """Return the names under which a model's price may stand, the preferred one first."""
    undated = _DATED.sub("", model)
    return dict.fromkeys(f"{way}{name}" for way in (*within, "") for name in (model, undated))


def _of_every_length(valid: Sequence[Price]) -> Price:
    """Return the first of some prices, together with those that the same list has for other lengths of input."""
    first = valid[0]
    if all(price.unbounded for price in valid):
        return first
    listed = [price for price in valid if (price.source, price.currency) == (first.source, first.currency)]
    head = next((price for price in listed if price.unbounded), first)
    lengths: dict[tuple[int | None, int | None], Price] = {}
    for price in listed:
        lengths.setdefault((price.above, price.up_to), price)
    return replace(head, lengths=tuple(price for price in lengths.values() if price is not head))


_PROPERTIES: Final = frozenset(
    {
        SG.pricedModel,
        SG.inputPrice,
        SG.outputPrice,
        SG.cachedInputPrice,
        SG.reasoningPrice,
        SG.priceCondition,
        SG.serviceTier,
        SG.aboveInputTokens,
        SG.upToInputTokens,
        SG.currency,
        SG.validFrom,
        SG.validUntil,
        DCT.bibliographicCitation,
        DCT.source,
    }
)


def length_condition(above: object, up_to: object) -> str:
    """Return for which lengths of input a price holds, as it says in its condition."""
    told = (f"input>{above}" if above else "", f"input<={up_to}" if up_to else "")
    return ", ".join(filter(None, told))


def concerns_prices(fact: Fact) -> bool:
    """Tell whether a table may read otherwise with this fact than without it: every other one is passed over."""
    return fact.predicate in _PROPERTIES or (fact.predicate == RDF.type and fact.object == SG.Price)


def _price(told: Mapping[Iri, Term]) -> Price | None:
    """Return the price that one subject's facts state, None where a part is missing or no number or date."""
    above, up_to = (_text(told, name) for name in (SG.aboveInputTokens, SG.upToInputTokens))
    # The length of a call is known; its service tier and the like are not.
    if SG.serviceTier in told or (
        SG.priceCondition in told and _text(told, SG.priceCondition) != length_condition(above, up_to)
    ):
        return None
    try:
        price = Price(
            model=_text(told, SG.pricedModel),
            currency=_text(told, SG.currency),
            source=_text(told, DCT.bibliographicCitation) or _text(told, DCT.source),
            valid_from=_time(_text(told, SG.validFrom)),
            valid_until=_time(_text(told, SG.validUntil)) if SG.validUntil in told else None,
            input=_amount(_text(told, SG.inputPrice)),
            output=_optional(told, SG.outputPrice),
            cached=_optional(told, SG.cachedInputPrice),
            reasoning=_optional(told, SG.reasoningPrice),
            above=int(above) if above else None,
            up_to=int(up_to) if up_to else None,
        )
    except (ValueError, InvalidOperation):
        return None
    return price if price.model and price.currency and price.source else None


def _optional(told: Mapping[Iri, Term], predicate: Iri) -> Decimal | None:
    return _amount(_text(told, predicate)) if predicate in told else None


def _text(told: Mapping[Iri, Term], predicate: Iri) -> str:
    """Return the lexical form of a property, "" where it is missing."""
    value = told.get(predicate, "")
    return value.value if isinstance(value, Literal) else value


def _amount(text: str) -> Decimal:
    """Return an amount of 0 or more that a call may cost. Raises ValueError, InvalidOperation."""
    amount = Decimal(text)
    # Decimal reads 'NaN' and 'Infinity' too; beyond the other bound a cost is no figure that can be kept.
    if not amount.is_finite() or not 0 <= amount <= MOST:
        raise ValueError(text)
    return amount


def _time(text: str) -> datetime:
    """Return an aware time; a date means its first moment in UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
