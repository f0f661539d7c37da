"""Counts of one process: bounded, whatever comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stratagraph.ontology.facts import LedgerChange, Observation
from stratagraph.ontology.namespaces import SG, STATEMENT_BASE
from stratagraph.service.engine import tally as tallies
from stratagraph.service.engine.tally import MOST_ASSETS, MOST_MEASURES, MOST_SOURCES, OTHERS, Tally

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def seen(subject: str, total: float = 1.0) -> Observation:
    return Observation(
        subject=subject,
        metric=SG.calls,
        unit="{call}",
        start=NOON,
        end=NOON + timedelta(minutes=1),
        count=1,
        total=total,
        minimum=total,
        maximum=total,
        sketch=b"",
    )


def change(*observations: Observation) -> LedgerChange:
    return LedgerChange(sequence=1, time=NOON, batch_hash="", observations=observations, source="s")


@pytest.mark.parametrize("assets", [1, MOST_ASSETS, MOST_ASSETS + 1, 3 * MOST_ASSETS])
def test_assets_beyond_the_limit_are_counted_together_and_none_is_lost(assets: int) -> None:
    tally = Tally()
    for _ in range(2):
        tally.changed(change(*(seen(f"http://x/{number}") for number in range(assets))))
    told = {measure.asset: total for measure, (_, total) in tally.amounts.items()}
    assert len(told) <= MOST_ASSETS + 1
    assert (OTHERS in told) is (assets > MOST_ASSETS)
    assert sum(told.values()) == 2 * assets
    assert tally.observations == 2 * assets


def test_what_is_measured_on_a_relation_is_no_asset() -> None:
    tally = Tally()
    tally.changed(change(seen(f"{STATEMENT_BASE}1")))
    assert (tally.observations, dict(tally.amounts)) == (1, {})


def test_sources_beyond_the_limit_are_counted_together_and_none_is_lost() -> None:
    tally = Tally()
    for number in range(3 * MOST_SOURCES):
        tally.changed(replace(change(seen("http://x/a")), source=f"source {number}"))
    told = {measure.source: total for measure, (_, total) in tally.amounts.items()}
    assert (len(told), told[OTHERS], sum(told.values())) == (MOST_SOURCES + 1, 2 * MOST_SOURCES, 3 * MOST_SOURCES)


def test_units_without_end_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_MEASURES", 10)
    assert MOST_MEASURES > MOST_ASSETS
    tally = Tally()
    for number in range(50):
        tally.changed(change(replace(seen("http://x/a"), unit=f"unit {number}")))
    assert len(tally.amounts) == 10
    assert tally.observations == 50


def test_a_counter_does_not_go_down_where_values_are_taken_away() -> None:
    tally = Tally()
    counts: list[tuple[int, float]] = []
    for count in (3, -2, -2, 1, 4):
        tally.changed(change(replace(seen("x"), count=count, total=2.0 * count)))
        counts += tally.amounts.values()
    assert counts == [(3, 6.0), (3, 6.0), (3, 6.0), (3, 6.0), (4, 8.0)]
