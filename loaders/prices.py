"""Dated prices of models, and what a call is estimated to have cost."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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

    ``output`` is None for a model that writes nothing; ``cached`` None where cached input costs as much as other.
    """

    model: str
    currency: str
    source: str
    valid_from: datetime
    valid_until: datetime | None = None
    input: Decimal
    output: Decimal | None = None
    cached: Decimal | None = None

    def valid_at(self, time: datetime) -> bool:
        """Tell whether the price held at the time."""
        return self.valid_from <= time and (self.valid_until is None or time < self.valid_until)

    def cost(self, usage: Usage) -> Decimal | None:
        """Return the cost of a call, None where a count that costs money is unknown."""
        if usage.input is None or (self.output is not None and usage.output is None):
            return None
        # A sender may count cached tokens beside the input instead of within it: no cost is negative.
        cached = min(usage.cached or 0, usage.input) if self.cached is not None else 0
        total = self.input * (usage.input - cached) + (self.cached or 0) * cached
        return (total + (self.output or 0) * (usage.output or 0)) / MILLION


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
        """Return the prices that the facts state; one without model, amount, currency, date and source is no price."""
        told: dict[Iri, dict[Iri, Term]] = defaultdict(dict)
        priced: set[Iri] = set()
        for fact in filter(concerns_prices, facts):
            if fact.predicate == RDF.type:
                priced.add(fact.subject)
            else:
                told[fact.subject][fact.predicate] = fact.object
        read = (_price(told[subject]) for subject in sorted(priced))
        return cls.of(price for price in read if price is not None)

    def changes(self, model: str, since: datetime, until: datetime) -> bool:
        """Tell whether another price of the model may hold at some time from ``since`` to ``until`` than at first."""
        listed = (price for name in _names(model) for price in self.prices.get(name, ()))
        return any(
            since < bound <= until
            for price in listed
            for bound in (price.valid_from, price.valid_until)
            if bound is not None
        )

    def price(self, model: str, time: datetime) -> Price | None:
        """Return the price of a model at a time: of its exact name, else of the name without its date."""
        for name in _names(model):
            # The newest first: where lists overlap, the later one corrects the earlier.
            found = next((price for price in self.prices.get(name, ()) if price.valid_at(time)), None)
            if found is not None:
                return found
        return None


NO_PRICES: Final = PriceTable()


def _names(model: str) -> Iterable[str]:
    """Return the names under which a model's price may stand, the preferred one first."""
    return dict.fromkeys((model, _DATED.sub("", model)))


_PROPERTIES: Final = frozenset(
    {
        SG.pricedModel,
        SG.inputPrice,
        SG.outputPrice,
        SG.cachedInputPrice,
        SG.currency,
        SG.validFrom,
        SG.validUntil,
        DCT.bibliographicCitation,
        DCT.source,
    }
)


def concerns_prices(fact: Fact) -> bool:
    """Tell whether a table may read otherwise with this fact than without it: every other one is passed over."""
    return fact.predicate in _PROPERTIES or (fact.predicate == RDF.type and fact.object == SG.Price)


def _price(told: Mapping[Iri, Term]) -> Price | None:
    """Return the price that one subject's facts state, None where a part is missing or no number or date."""
    try:
        price = Price(
            model=_text(told, SG.pricedModel),
            currency=_text(told, SG.currency),
            source=_text(told, DCT.bibliographicCitation) or _text(told, DCT.source),
            valid_from=_time(_text(told, SG.validFrom)),
            valid_until=_time(_text(told, SG.validUntil)) if SG.validUntil in told else None,
            input=_amount(_text(told, SG.inputPrice)),
            output=_amount(_text(told, SG.outputPrice)) if SG.outputPrice in told else None,
            cached=_amount(_text(told, SG.cachedInputPrice)) if SG.cachedInputPrice in told else None,
        )
    except (ValueError, InvalidOperation):
        return None
    return price if price.model and price.currency and price.source else None


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
