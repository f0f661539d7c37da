"""The price table follows every way in which a price can change, also while somebody is reading it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.prices import PriceTable
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import DCT, RDF, SG, XSD
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened

PRICE = "https://example.org/price"
AGENT = (
    Fact("https://example.org/agent", RDF.type, SG.Agent),
    Fact("https://example.org/agent", SG.name, Literal("agent")),
)
RUNS = count(1)


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


def price(amount: str) -> tuple[Fact, ...]:
    return (
        Fact(PRICE, RDF.type, SG.Price),
        Fact(PRICE, SG.pricedModel, Literal("model")),
        Fact(PRICE, SG.currency, Literal("USD")),
        Fact(PRICE, DCT.source, Literal("https://example.org/list")),
        Fact(PRICE, SG.validFrom, Literal("2026-01-01T00:00:00Z", XSD.dateTime)),
        Fact(PRICE, SG.inputPrice, Literal(amount, XSD.decimal)),
    )


def state(engine: Engine, *facts: Fact, method: Method = Method.DECLARED, **options: Any) -> None:
    scope = Scope(name="all", complete=True, stated=facts)
    batch = Batch(source="list", run=str(next(RUNS)), method=method, scopes=(scope,), observations=(), **options)
    engine.commit(batch)


def told(engine: Engine) -> Decimal | None:
    """Return what the table says now; and that asking again gives the very same table."""
    table = engine.prices()
    assert engine.prices() is table, "it is kept for as long as nothing changes"
    found = table.price("model", datetime(2026, 6, 1, tzinfo=UTC))
    return found.input if found else None


WAYS: dict[str, tuple[Callable[[Engine], None], str | None]] = {
    "another amount": (lambda engine: state(engine, *price("3.0")), "3.0"),
    "observed by telemetry": (lambda engine: state(engine, *price("3.0"), method=Method.OBSERVED), "3.0"),
    "without a currency": (lambda engine: state(engine, *price("2.0")[:2], *price("2.0")[3:]), None),
    "withdrawn": (state, None),
    "without an amount": (lambda engine: state(engine, *price("2.0")[:-1]), None),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_change_a_price_is_followed(engine: Engine, way: str) -> None:
    change, then = WAYS[way]
    assert told(engine) is None
    state(engine, *price("2.0"))
    assert told(engine) == Decimal("2.0")
    change(engine)
    assert told(engine) == (then and Decimal(then))


def test_what_does_not_touch_a_price_leaves_the_table(engine: Engine) -> None:
    state(engine, *price("2.0"))
    table = engine.prices()
    batch = Batch(
        source="other",
        run="1",
        method=Method.DECLARED,
        scopes=(Scope(name="s", complete=True, stated=AGENT),),
        observations=(),
    )
    engine.commit(batch)
    assert engine.prices() is table


def test_a_scope_that_falls_silent_takes_its_prices_along(engine: Engine) -> None:
    state(engine, *price("4.0"), silence=timedelta(microseconds=1))
    assert told(engine) == Decimal("4.0")
    assert engine.housekeep() == 1
    assert told(engine) is None


def test_who_reads_while_a_price_changes_does_not_put_the_old_table_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(engine, *price("2.0"))
    reads, changed = threading.Event(), threading.Event()
    from_facts = PriceTable.from_facts

    def slow(facts: Any) -> PriceTable:
        made = from_facts(facts)
        reads.set()
        assert changed.wait(30)
        return made

    monkeypatch.setattr(PriceTable, "from_facts", slow)
    found: list[PriceTable] = []
    reader = threading.Thread(target=lambda: found.append(engine.prices()))
    reader.start()
    assert reads.wait(30)
    state(engine, *price("3.0"))
    changed.set()
    reader.join()
    assert told(engine) == Decimal("3.0")


def test_a_view_made_anew_is_read_anew(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    state(engine, *price("2.0"))
    table = engine.prices()
    apply = type(engine.triples).apply

    def fail(self: Any, change: Any) -> None:
        monkeypatch.setattr(type(engine.triples), "apply", apply)
        raise OSError

    monkeypatch.setattr(type(engine.triples), "apply", fail)
    state(engine, *price("2.0"), *AGENT)
    assert engine.prices() is not table
    assert told(engine) == Decimal("2.0")


def test_a_price_without_a_date_holds_since_it_was_first_stated(engine: Engine) -> None:
    undated = tuple(fact for fact in price("2.0") if fact.predicate != SG.validFrom)
    before = datetime.now(UTC)
    state(engine, *undated)
    table = engine.prices()
    assert table.price("model", before - timedelta(days=1)) is None
    found = table.price("model", datetime.now(UTC) + timedelta(seconds=1))
    assert found is not None
    assert found.input == 2
    assert before <= found.valid_from <= datetime.now(UTC)


def test_a_new_amount_of_a_price_without_a_date_holds_since_it_is_stated(engine: Engine) -> None:
    undated = [tuple(fact for fact in price(amount) if fact.predicate != SG.validFrom) for amount in ("2.0", "3.0")]
    state(engine, *undated[0])
    between = datetime.now(UTC)
    state(engine, *undated[1])
    found = engine.prices().price("model", datetime.now(UTC) + timedelta(seconds=1))
    assert found is not None
    assert found.input == 3
    assert found.valid_from >= between
