"""Figures over a span of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import encode, sketch_of
from stratagraph.queries.figures import Basis, figures

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def observed(
    metric: Iri, *values: float, minute: int = 0, unit: str = "{call}", source: str = "otlp", estimated: bool = False
) -> Observation:
    start = NOON + timedelta(minutes=minute)
    return Observation(
        subject="http://x/s",
        metric=metric,
        unit=unit,
        start=start,
        end=start + timedelta(minutes=1),
        count=len(values),
        total=sum(values),
        minimum=min(values, default=0.0),
        maximum=max(values, default=0.0),
        sketch=encode(sketch_of(values)),
        estimated=estimated,
        source=source,
    )


def test_pieces_add_up_over_the_windows_that_they_cover() -> None:
    pieces = (observed(SG.callLatency, 1.0, minute=2, unit="s"), observed(SG.callLatency, 5.0, 6.0, unit="s"))
    (figure,) = figures(pieces)
    assert (figure.count, figure.total, figure.mean) == (3, 12.0, 4.0)
    assert (figure.minimum, figure.maximum) == (1.0, 6.0)
    assert (figure.p50, figure.p95) == pytest.approx((5.0, 6.0), rel=0.01)
    assert (figure.start, figure.end) == (NOON, NOON + timedelta(minutes=3))


def test_two_sources_of_the_same_calls_are_not_counted_twice() -> None:
    found = figures((observed(SG.calls, 1.0), observed(SG.calls, 1.0, source="gateway")))
    assert [(figure.source, figure.total) for figure in found] == [("gateway", 1.0), ("otlp", 1.0)]


def test_currencies_are_figures_of_their_own() -> None:
    found = figures((observed(SG.callCost, 1.0, unit="USD"), observed(SG.callCost, 2.0, unit="BRL")))
    assert [(figure.unit, figure.total) for figure in found] == [("BRL", 2.0), ("USD", 1.0)]


@pytest.mark.parametrize(
    ("flags", "basis"),
    [([False], Basis.MEASURED), ([True], Basis.ESTIMATED), ([False, True], Basis.PARTLY_ESTIMATED)],
)
def test_a_figure_says_whether_it_was_measured(flags: list[bool], basis: Basis) -> None:
    (figure,) = figures([observed(SG.callCost, 1.0, unit="USD", estimated=flag) for flag in flags])
    assert (figure.basis, figure.total) == (basis, float(len(flags)))
