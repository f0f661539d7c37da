"""What telemetry tells of calls: counts, tokens, latency and cost, per window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import quantile
from tests.loaders.spans import (
    BEGIN,
    SECOND,
    agent,
    chat,
    fact,
    span,
)
from tests.loaders.transformed import SYSTEM, iri, seen, told


def test_observations_of_calls() -> None:
    first = span(1, chat(input=10, output=4), seconds=1.0)
    second = span(2, {**chat(input=30), "error.type": "RateLimitError"}, seconds=3.0)
    batch = told(first, second).batch
    uses = statement_iri(fact(batch, "shop", SG.usesModel, "gpt-5-mini"))
    for subject in (SYSTEM, iri(SG.BaseModel, "gpt-5-mini"), uses):
        assert seen(batch, subject, SG.calls).total == 2
        assert (seen(batch, subject, SG.errors).count, seen(batch, subject, SG.errors).total) == (2, 1)
        assert seen(batch, subject, SG.rateLimitErrors).total == 1
        tokens = seen(batch, subject, SG.inputTokens)
        assert (tokens.total, tokens.minimum, tokens.maximum, tokens.unit) == (40, 10, 30, "{token}")
        assert seen(batch, subject, SG.outputTokens).count == 1
        latency = seen(batch, subject, SG.callLatency)
        assert latency.unit == "s"
        assert quantile(latency.sketch, 1.0) == pytest.approx(3.0, rel=0.02)


def test_a_window_is_the_minute_in_which_the_call_ended() -> None:
    batch = told(span(1, chat(), start=BEGIN - SECOND, seconds=0.5), span(2, chat(), start=BEGIN - SECOND)).batch
    windows = {(one.start, one.count) for one in batch.observations if (one.subject, one.metric) == (SYSTEM, SG.calls)}
    minute = datetime.fromtimestamp(BEGIN // SECOND, UTC)
    assert windows == {(minute - timedelta(minutes=1), 1), (minute, 1)}
    assert all(one.end - one.start == timedelta(minutes=1) for one in batch.observations)


def test_cost_is_estimated_only_where_a_price_is_known() -> None:
    known = seen(told(span(1, chat(input=1_000_000, output=500_000))).batch, SYSTEM, SG.callCost)
    assert (known.total, known.unit, known.estimated) == (7.0, "BRL", True)
    for batch in (
        told(span(1, chat("other", input=5, output=5))).batch,
        told(span(1, chat(input=5))).batch,
        told(span(1, chat(input=5, output=5), start=BEGIN - 10**17)).batch,
    ):
        assert not [one for one in batch.observations if one.metric == SG.callCost]


@pytest.mark.parametrize("name", ["gen_ai.cost.total_cost", "llm.cost.total"])
def test_a_reported_cost_is_measured(name: str) -> None:
    cost = seen(told(span(1, {**chat(input=5, output=5), name: 0.25})).batch, SYSTEM, SG.callCost)
    assert (cost.total, cost.unit, cost.estimated) == (0.25, "USD", False)


def test_an_agent_counts_its_own_runs_and_its_models_tokens() -> None:
    boss = iri(SG.Agent, "boss")
    batch = told(
        span(1, agent("boss"), seconds=9), span(2, chat(input=3), parent=1), span(3, chat(input=4), parent=1)
    ).batch
    assert seen(batch, boss, SG.calls).total == 1
    assert seen(batch, boss, SG.callLatency).total == 9
    assert seen(batch, boss, SG.inputTokens).total == 7
