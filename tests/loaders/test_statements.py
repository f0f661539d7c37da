"""What occurrences state and how they count does not depend on which of them are told in one go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from stratagraph.loaders.genai.forest import AgentRef
from stratagraph.loaders.genai.occurrences import Occurrence
from stratagraph.loaders.genai.record import ErrorClass, Finish, Usage, Verdict
from stratagraph.loaders.genai.sampling import Declared
from stratagraph.loaders.genai.story import Told
from stratagraph.loaders.genai.telling import tell
from stratagraph.loaders.otlp_traces import batch_of
from stratagraph.loaders.prices import Price, PriceTable
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Batch
from tests.loaders.genai.test_story import any_records
from tests.loaders.spans import BEGIN, SECOND
from tests.loaders.transformed import MODEL

START = datetime.fromtimestamp(BEGIN / SECOND, UTC)
PRICES = PriceTable.of(
    Price(
        model="gpt-5-mini",
        currency=currency,
        source="contract",
        valid_from=START + timedelta(seconds=since),
        valid_until=START + timedelta(seconds=until),
        input=Decimal(amount),
        output=Decimal(7),
    )
    for currency, since, until, amount in (("BRL", -100, 50, "0.1"), ("USD", 40, 70, "0.7"), ("BRL", 80, 900, "3"))
)
"""Prices that change within minutes, a gap between them."""


def any_occurrences(chance: Random) -> list[Occurrence]:
    """Return occurrences many of which are alike."""
    told = [one for _ in range(3) for one in tell(any_records(chance)).occurrences]
    found = [varied(one, chance) for one in told for _ in range(8)]
    chance.shuffle(found)
    return found


def varied(one: Occurrence, chance: Random) -> Occurrence:
    """Return an occurrence with other figures within three minutes, and now and then with another outcome."""
    pick = chance.choice
    start = BEGIN + chance.randint(0, 120 * SECOND)
    cost = pick([None, None, None, 0.1, 0.25])
    record = one.record._replace(
        start=start,
        end=start + chance.randint(0, 5 * SECOND),
        usage=pick(
            [one.record.usage._replace(cost=cost, output=pick([None, 3, 5])), Usage(), Usage(input=2, output=1)]
        ),
        first_token=pick([None, 0.1, 0.7]),
        requested=pick(["gpt-5-mini", "n"]),
        stream=pick([None, True, True, True]),
        finish=pick([None, None, None, *Finish]),
        weight=pick([1.0, 1.0, 4.0]),
    )
    return one._replace(
        record=record,
        agent=one.agent and pick([one.agent, AgentRef("z", one.agent.service)]),
        seconds=pick([None, record.seconds]),
        error=pick([one.error, one.error, *ErrorClass]) if one.failed else None,
        verdict=pick([one.verdict, one.verdict, *Verdict]),
        weight=pick([1.0, record.weight]),
    )


def told_at_once(added: list[Occurrence], withdrawn: list[Occurrence]) -> Batch:
    statements = Statements(model=MODEL, prices=PRICES, declared=Declared(by_outcome=frozenset({"two"})))
    statements.of(Told(added=tuple(added), withdrawn=tuple(withdrawn)))
    return batch_of(statements, "r")


def told_one_by_one(added: list[Occurrence], withdrawn: list[Occurrence]) -> Batch:
    statements = Statements(model=MODEL, prices=PRICES, declared=Declared(by_outcome=frozenset({"two"})))
    for one in added:
        statements.of(Told(added=(one,)))
    for one in withdrawn:
        statements.of(Told(withdrawn=(one,)))
    return batch_of(statements, "r")


def test_occurrences_told_at_once_say_what_they_say_one_by_one() -> None:
    for seed in range(8):
        chance = Random(seed)  # no secret
        added = any_occurrences(chance)
        withdrawn = chance.sample(added, len(added) // 4)
        assert told_at_once(added, withdrawn) == told_one_by_one(added, withdrawn)
