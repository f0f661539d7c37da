from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

import pytest

from stratagraph.loaders.genai.record import Usage
from stratagraph.loaders.prices import PriceTable
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import DCT, RDF, SG
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def shipped() -> list[Fact]:
    file = files("stratagraph.ontology") / "estates" / "prices.ttl"
    return parse_rdf(file.read_bytes(), RdfSyntax.TURTLE, SG, "prices.ttl")


def stated(**told: str) -> list[Fact]:
    said = {
        SG.pricedModel: "m",
        SG.currency: "BRL",
        SG.inputPrice: "3",
        SG.validFrom: "2026-01-01T00:00:00Z",
        DCT.bibliographicCitation: "contract",
        **{SG.term(name): value for name, value in told.items()},
    }
    facts = [Fact("p", predicate, Literal(value)) for predicate, value in said.items() if value]
    return [Fact("p", RDF.type, SG.Price), *facts]


def test_every_shipped_price_is_read_and_dated() -> None:
    facts = shipped()
    table = PriceTable.from_facts(facts)
    assert sum(map(len, table.prices.values())) == sum(fact.object == SG.Price for fact in facts)
    assert all(price.source and price.currency == "USD" for listed in table.prices.values() for price in listed)


def test_a_price_covers_the_dated_versions_of_its_model_and_no_other_name() -> None:
    table = PriceTable.from_facts(shipped())
    assert table.price("gpt-5-2025-08-07", DAY) is table.price("gpt-5", DAY)
    assert table.price("gpt-5-mini-2025-08-07", DAY) is not table.price("gpt-5", DAY)
    assert table.price("gpt-5-codex", DAY) is None
    assert table.price("Modelo_Llama3_8B", DAY) is None


def test_cost_with_cached_input() -> None:
    price = PriceTable.from_facts(shipped()).price("gpt-5", DAY)
    assert price is not None
    assert price.cost(Usage(input=1_000_000, output=100_000)) == Decimal("2.25")
    assert price.cost(Usage(input=1_000_000, output=100_000, cached=400_000)) == Decimal("1.80")


@pytest.mark.parametrize("usage", [Usage(), Usage(input=5), Usage(output=5)])
def test_unknown_usage_has_no_cost(usage: Usage) -> None:
    price = PriceTable.from_facts(shipped()).price("gpt-5", DAY)
    assert price is not None
    assert price.cost(usage) is None


def test_a_model_that_writes_nothing_costs_its_input() -> None:
    price = PriceTable.from_facts(shipped()).price("text-embedding-3-small", DAY)
    assert price is not None
    assert price.cost(Usage(input=1_000_000)) == Decimal("0.02")


def test_the_price_of_the_day_counts() -> None:
    old = stated(validUntil="2026-06-01T00:00:00Z")
    new = [Fact("q", fact.predicate, fact.object) for fact in stated(validFrom="2026-06-01", inputPrice="4")]
    table = PriceTable.from_facts([*old, *new])
    amounts = {
        month: found.input if (found := table.price("m", datetime(2026, month, 1, tzinfo=UTC))) else None
        for month in (1, 5, 6, 12)
    }
    assert amounts == {1: 3, 5: 3, 6: 4, 12: 4}
    assert table.price("m", datetime(2025, 12, 31, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    "fault",
    [
        {"currency": ""},
        {"validFrom": ""},
        {"inputPrice": ""},
        {"inputPrice": "-1"},
        {"inputPrice": "cheap"},
        {"outputPrice": "NaN"},
        {"outputPrice": "9" * 400},
        {"validFrom": "soon"},
        {"pricedModel": ""},
    ],
)
def test_an_incomplete_price_is_none(fault: dict[str, str]) -> None:
    assert not PriceTable.from_facts(stated(**fault)).prices


def test_a_price_without_a_source_is_none() -> None:
    assert not PriceTable.from_facts(fact for fact in stated() if fact.predicate != DCT.bibliographicCitation).prices
