"""LiteLLM's map of prices: each condition is a price of its own, 0 is a price, and no price is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.genai.record import Usage
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.prices import PriceTable
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import RDF, SG
from tests.loaders.formats.described import Described, described, short
from tests.loaders.formats.estate import samples

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SAMPLE = "litellm/prices.json"


def prices(**entries: dict[str, object]) -> Described:
    whole = {name: {"litellm_provider": "acme", **entry} for name, entry in entries.items()}
    return described(json.dumps(whole), "prices.json")


def sample() -> Described:
    return described(samples(SAMPLE)[SAMPLE], SAMPLE)


def told(read: Described, model: str) -> dict[str, dict[str, str]]:
    """Return the figures of a model by condition."""
    found: dict[str, dict[str, str]] = {}
    for fact in read.facts:
        if fact.predicate == SG.pricedModel and short(fact.object) == model:
            of = {short(it.predicate): short(it.object) for it in read.facts if it.subject == fact.subject}
            found[of.get("priceCondition", "")] = {
                name: of[name] for name in of if name.endswith("Price") and name != "Price"
            }
    return found


def table(read: Described) -> PriceTable:
    priced = {fact.subject for fact in read.facts if fact.object == SG.Price}
    return PriceTable.from_facts([*read.facts, *(Fact(iri, SG.validFrom, Literal("2026-01-01")) for iri in priced)])


def test_each_condition_is_a_price_of_its_own() -> None:
    assert told(sample(), "tortoise-2") == {
        "": {
            "inputPrice": "1.25",
            "outputPrice": "10",
            "cachedInputPrice": "0.125",
            "cacheWritePrice": "1.5",
            "reasoningPrice": "20",
        },
        "cached>1h": {"cacheWritePrice": "3"},
        "batches": {"inputPrice": "0.625", "outputPrice": "5"},
        "input>200000": {"inputPrice": "2.5", "outputPrice": "15"},
        "input>200000, priority": {"inputPrice": "5"},
        "audio": {"inputPrice": "40"},
    }
    assert told(sample(), "owl-night")["Mon,Fri 22:00-00:00 00:00-06:00 UTC; Sat,Sun 00:00-00:00 UTC"] == {
        "inputPrice": "0.1",
        "outputPrice": "0.2",
    }


def test_an_alias_costs_what_its_target_costs() -> None:
    read = sample()
    assert told(read, "acme/tortoise-latest") == told(read, "tortoise-2")


def test_zero_is_a_price_and_no_price_is_none() -> None:
    read = sample()
    assert told(read, "free-1") == {"": {"inputPrice": "0", "outputPrice": "0"}}
    assert told(read, "unpriced-1") == {}
    assert told(read, "sample_spec") == {}
    assert read.unread == {"[].shoe_size": 1}


def test_a_map_states_prices_alone() -> None:
    read = sample()
    assert read.kind is Kind.PRICES
    assert {fact.object for fact in read.facts if fact.predicate == RDF.type} == {SG.Price}


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("tortoise-2", Usage(input=200_000, output=0), "0.25"),
        ("tortoise-2", Usage(input=200_001, output=0), "0.5000025"),
        ("tortoise-2", Usage(input=100_000, output=10_000, reasoning=4_000), "0.265"),
        ("tortoise-2", Usage(input=100_000, output=0, cached=100_000), "0.0125"),
        ("hare-1", Usage(input=32_000, output=1_000), "0.034"),
        ("hare-1", Usage(input=32_001, output=1_000), "0.102003"),
        ("hare-1", Usage(input=200_000, output=1), None),
        ("free-1", Usage(input=10, output=10), "0"),
    ],
)
def test_a_call_costs_by_its_length(model: str, usage: Usage, cost: str | None) -> None:
    price = table(sample()).price(model, NOW)
    assert price is not None
    assert price.cost(usage) == (None if cost is None else Decimal(cost))


def test_a_service_tier_alone_prices_no_call() -> None:
    read = prices(m={"input_cost_per_token_flex": 1e-6, "output_cost_per_token_flex": 1e-6})
    assert told(read, "m") == {"flex": {"inputPrice": "1", "outputPrice": "1"}}
    assert table(read).price("m", NOW) is None


def test_the_price_at_a_provider_counts_before_that_of_the_name_alone() -> None:
    read = described(
        json.dumps(
            {
                "gpt-9": {"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 0},
                "azure/gpt-9": {"litellm_provider": "azure", "input_cost_per_token": 2e-6, "output_cost_per_token": 0},
            }
        ),
        "prices.json",
    )
    known = table(read)
    found = [known.price("gpt-9-2026-01-01", NOW, ways) for ways in ((), ("azure/",), ("bedrock/",))]
    assert [price.input for price in found if price] == [1, 2, 1]


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"a": {"alias_of": "b"}, "b": {"alias_of": "a"}}, "'a' is an alias of itself, by a > b > a."),
        ({"a": {"alias_of": "b"}}, "'a' is an alias of 'b', which the map does not hold."),
    ],
)
def test_an_alias_that_leads_nowhere_is_told(entries: dict[str, object], reason: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        described(json.dumps(entries), "prices.json")
    assert reason in str(refused.value)


@pytest.mark.parametrize("value", [-1, "cheap", None, True, [1], {"low": 1}])
def test_what_is_no_amount_is_no_price(value: object) -> None:
    read = prices(m={"input_cost_per_token": value, "output_cost_per_token": 1e-6})
    assert told(read, "m") == {"": {"outputPrice": "1"}}
    assert read.unread == ({} if value is None else {"[].input_cost_per_token": 1})
