"""Reading claims: the one query that joins a claim with its terms, its source and its times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, select

from stratagraph.ontology.facts import Claim, Fact
from stratagraph.service.ledger.damage import method, moment
from stratagraph.service.ledger.interning import Decoded
from stratagraph.service.ledger.schema import batches, claims, scopes, terms

subjects: Final = terms.alias("subjects")
predicates: Final = terms.alias("predicates")
objects: Final = terms.alias("objects")
opening: Final = batches.alias("opening")
seeing: Final = batches.alias("seeing")

_WORDED: Final = (
    claims.join(subjects, subjects.c.id == claims.c.subject)
    .join(predicates, predicates.c.id == claims.c.predicate)
    .join(objects, objects.c.id == claims.c.object)
)
NAMED: Final = _WORDED.join(scopes, scopes.c.id == claims.c.scope).join(opening, opening.c.sequence == claims.c.opened)
"""Claims with their terms, scope and opening batch; a redacted claim has no terms and is not among them."""

COLUMNS: Final = (
    subjects.c.text.label("subject"),
    predicates.c.text.label("predicate"),
    objects.c.text.label("object"),
    scopes.c.source,
    scopes.c.name.label("scope"),
    opening.c.run,
    opening.c.method,
    opening.c.time.label("first_seen"),
    claims.c.opened,
)


def named_facts() -> Select[*tuple[Any, ...]]:
    """Return the query for what claims say: subject, predicate and object."""
    return select(*COLUMNS[:3]).select_from(_WORDED)


def named_claims() -> Select[*tuple[Any, ...]]:
    """Return the query for claims with the columns that ``Claims.claim`` needs but for last seen."""
    return select(*COLUMNS).select_from(NAMED)


def present_claims() -> Select[*tuple[Any, ...]]:
    """Return the query for claims, last seen when their scope was seen last."""
    joined = NAMED.join(seeing, seeing.c.sequence == scopes.c.last_seen)
    return select(*COLUMNS, seeing.c.time.label("last_seen")).select_from(joined)


class Claims:
    """Makes claims of rows; decodes each term once in a while, not once per row."""

    def __init__(self) -> None:
        """Start with nothing decoded; terms that one row needed are kept for the rows after it."""
        self._terms = Decoded()
        self._moments: dict[int, datetime] = {}

    def fact(self, row: Sequence[Any]) -> Fact:
        """Return the fact of a row that starts with subject, predicate and object."""
        decoded = self._terms
        # ``_make`` passes the argument handling of ``Fact(...)`` by: this runs for every open claim at each start.
        return Fact._make([decoded[row[0]], decoded[row[1]], decoded[row[2]]])

    def claim(self, row: Row[*tuple[Any, ...]], last_seen: int) -> Claim:
        """Return the claim of a row of ``named_claims``."""
        return Claim(
            fact=self.fact(row),
            source=row[3],
            scope=row[4],
            run=row[5],
            method=method(row[6]),
            first_seen=self._moment(row[7]),
            last_seen=self._moment(last_seen),
            opened_at=row[8],
        )

    def present(self, rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Claim]:
        """Yield the claims of rows of ``present_claims``."""
        for row in rows:
            yield self.claim(row, row.last_seen)

    def _moment(self, microseconds: int) -> datetime:
        # All claims of a batch share their times.
        known = self._moments.get(microseconds)
        if known is None:
            known = self._moments[microseconds] = moment(microseconds)
        return known
