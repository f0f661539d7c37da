"""The price table as of the newest sequence, read again whenever a change has touched a price."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.facts import ChangeSet, Fact
from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.prices import PriceTable
    from stratagraph.service.views.snapshots import Snapshot

_PRICES: Final = "SELECT ?price ?property ?value WHERE { ?price a sg:Price ; ?property ?value }"
_UNDATED: Final = """
SELECT ?price (MIN(?seen) AS ?since) WHERE {
  ?price a sg:Price .
  FILTER NOT EXISTS { ?price sg:validFrom ?from }
  GRAPH ?claims { ?price sg:inputPrice ?amount }
  ?claims sg:firstSeen ?seen
} GROUP BY ?price
"""
"""Since when the amount of a price without a date is stated: a newer amount is another claim."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table, and what it was read from."""

    sequence: int
    epoch: int
    table: PriceTable


class Prices:
    """Keeps the price table for as long as it is that of the newest sequence.

    What makes it stale is read off each change set, whoever caused it: a batch of any method, a scope that fell
    silent, another process. So there is no way to change a price that this could miss. A view that is made anew, after
    a failure or a redaction, is another epoch.
    """

    def __init__(self, reading: Callable[[], AbstractContextManager[Snapshot]]) -> None:
        """``reading`` pins the newest snapshot."""
        self._reading = reading
        self._touched = 0
        self._kept: _Kept | None = None

    def follow(self, change: ChangeSet) -> None:
        """Note whether a change touches any price; called before the views show it."""
        # Before, not after: what is read from here on is compared with this sequence, and what was read before it, by
        # whoever fills the table at this very moment, is too old by its own sequence.
        if _touches(chain(change.added, change.removed)):
            self._touched = change.sequence

    def forget(self) -> None:
        """Read the prices again when they are asked for next: changes were taken in that nobody told of."""
        self._kept = None

    def table(self) -> PriceTable:
        """Return the prices at the newest sequence."""
        from stratagraph.loaders.prices import PriceTable  # loads nothing for commands that price no call

        with self._reading() as snapshot:
            kept = self._kept
            if kept is not None and kept.epoch == snapshot.epoch and self._touched <= kept.sequence:
                return kept.table
            rows = snapshot.triples.select(_PRICES)
            stated = (Fact(str(row["price"]), str(row["property"]), row["value"] or "") for row in rows)
            # What a list without a date says holds since it was first read.
            undated = snapshot.triples.select(_UNDATED)
            dated = (Fact(str(row["price"]), SG.validFrom, row["since"]) for row in undated if row["since"])
            # Sorted: of several values of one property the last counts, and it must always be the same one.
            table = PriceTable.from_facts(sorted(chain(stated, dated), key=str))
            self._kept = _Kept(snapshot.sequence, snapshot.epoch, table)
            return table


def _touches(facts: Iterable[Fact]) -> bool:
    from stratagraph.loaders.prices import concerns_prices

    return any(map(concerns_prices, facts))
