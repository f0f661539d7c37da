"""What calls cost: what their emitters report, else an estimate by a price of that day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.measures import Cost
from stratagraph.loaders.genai.record import CallRecord
from stratagraph.loaders.prices import NO_PRICES, Price, PriceTable


class Costs:
    """Knows what calls cost."""

    def __init__(self, prices: PriceTable = NO_PRICES) -> None:
        """Estimate by these prices."""
        self._prices = prices

    def of(self, records: Sequence[CallRecord]) -> list[Cost | None]:
        """Return the costs of calls that are of one model and ended all in success or all in failure."""
        first = records[0]
        # What a failed call cost nobody knows; a call without a model has no price.
        unpriced = first.failed or not first.model or not self._prices.prices
        if unpriced:
            return [_reported(record) for record in records]
        ends = [record.end for record in records]
        since, until = _time(min(ends)), _time(max(ends))
        ways = _ways(first.route, first.provider)
        if self._prices.changes(first.model, since, until, ways):
            return [_reported(record) or self._estimate(record, ways) for record in records]
        price = self._prices.price(first.model, since, ways)
        return [_reported(record) or _by(price, record) for record in records]

    def _estimate(self, record: CallRecord, ways: Sequence[str]) -> Cost | None:
        return _by(self._prices.price(record.model, _time(record.end), ways), record)


@lru_cache(maxsize=1_000)
def _ways(route: str, provider: str) -> tuple[str, ...]:
    """Return the ways to the provider that answered: the one that was taken, and others that lead there."""
    return tuple(dict.fromkeys(way for way in (route, *load_meanings().ways_to(provider)) if way))


def _time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _reported(record: CallRecord) -> Cost | None:
    usage = record.usage
    return None if usage.cost is None else Cost(usage.cost, usage.currency, estimated=False)


def _by(price: Price | None, record: CallRecord) -> Cost | None:
    amount = price.cost(record.usage) if price else None
    return Cost(float(amount), price.currency, estimated=True) if price and amount is not None else None
