"""Statements that are compiled once give the rows that SQLAlchemy's own way gives."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select

from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import claims
from tests.service.ledger.samples import batch, fact, scope

WANTED = (
    select(claims.c.id)
    .where(
        claims.c.opened >= bindparam("since"),
        claims.c.id.in_(bindparam("ids", expanding=True)),
        claims.c.id != bindparam("without"),
        claims.c.scope.in_(bindparam("scopes", expanding=True)),
        claims.c.opened < bindparam("before"),
    )
    .order_by(claims.c.id)
)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    ledger.commit(batch("1", scope(*map(fact, range(300)))), ontology_hash="o")
    ledger.commit(batch("2", scope(*map(fact, range(300, 400)), name="b")), ontology_hash="o")
    return ledger


def test_lists_of_any_length_stand_among_other_values(filled: Ledger) -> None:
    prepared = Prepared(WANTED)
    with filled._database.reading() as connection:
        for length in (1, 2, 3, 8, 9, 31, 33, 100, 257, 390):
            values = {"since": 1, "ids": list(range(5, 5 + length)), "without": 7, "scopes": [1, 2, 2], "before": 3}
            rows = connection.execute(WANTED, values).all()
            assert prepared(connection, **values) == [tuple(row) for row in rows]
            assert len(rows) == length - (length > 2)


def test_a_handful_of_texts_serve_all_lengths(filled: Ledger) -> None:
    prepared = Prepared(select(claims.c.id).where(claims.c.id.in_(bindparam("ids", expanding=True))))
    with filled._database.reading() as connection:
        for length in range(1, 401):
            assert len(prepared(connection, ids=list(range(1, length + 1)))) == length
    assert len(prepared._texts) < 64
