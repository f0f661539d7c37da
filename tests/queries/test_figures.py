"""Figures over a span of time, and what is derived from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import encode, sketch_of
from stratagraph.queries.figures import Basis, Ratio, figures, figures_document, ratios

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


def derived(*observations: Observation) -> dict[Iri, Ratio]:
    return {ratio.metric: ratio for ratio in ratios(figures(observations))}


def test_pieces_add_up_over_the_windows_that_they_cover() -> None:
    pieces = (observed(SG.callLatency, 1.0, minute=2, unit="s"), observed(SG.callLatency, 5.0, 6.0, unit="s"))
    (figure,) = figures(pieces)
    assert (figure.count, figure.total, figure.mean) == (3, 12.0, 4.0)
    assert (figure.minimum, figure.maximum) == (1.0, 6.0)
    assert (figure.p50, figure.p95) == pytest.approx((5.0, 5.0), rel=0.01)
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


def test_error_rate_and_what_part_of_it_is_rate_limits() -> None:
    found = derived(
        observed(SG.calls, 1, 1, 1, 1), observed(SG.errors, 0, 0, 1, 1), observed(SG.rateLimitErrors, 1, minute=4)
    )
    assert (found[SG.errorRate].value, found[SG.rateLimitShare].value) == (0.5, 0.5)
    assert found[SG.errorRate].unit == "1"
    assert found[SG.rateLimitShare].end == NOON + timedelta(minutes=5)


def test_what_is_unknown_is_absent() -> None:
    assert not derived(observed(SG.calls, 1.0))
    assert not derived(observed(SG.errors, 1.0))
    assert SG.errorRate not in derived(observed(SG.calls, 1.0), observed(SG.errors, 1.0, source="gateway"))


def test_no_errors_are_a_rate_of_zero_when_that_was_observed() -> None:
    found = derived(observed(SG.calls, 1, 1), observed(SG.errors, 0, 0))
    assert found[SG.errorRate].value == 0.0
    assert SG.rateLimitShare not in found


def test_a_call_of_unknown_cost_does_not_pass_for_free() -> None:
    found = derived(observed(SG.calls, 1, 1, 1, 1), observed(SG.callCost, 2.0, 4.0, unit="USD", estimated=True))
    ratio = found[SG.meanCallCost]
    assert (ratio.value, ratio.unit, ratio.basis) == (3.0, "USD/{call}", Basis.ESTIMATED)
    assert (ratio.known_calls, ratio.calls) == (2.0, 4.0)


def test_an_agents_call_costs_what_all_its_model_calls_cost() -> None:
    found = derived(observed(SG.calls, 1), observed(SG.inputTokens, 10, 20, 30, unit="{token}"))
    assert (found[SG.inputTokensPerCall].value, found[SG.inputTokensPerCall].known_calls) == (60.0, 1.0)


def test_counters_that_tell_many_calls_at_once_are_divided_by_all_of_them() -> None:
    found = derived(observed(SG.calls, 40.0), observed(SG.callCost, 2.0, unit="USD"))
    assert found[SG.meanCallCost].value == 0.05


def test_the_document_carries_unit_window_source_and_basis_and_leaves_out_what_is_unknown() -> None:
    document = figures_document([observed(SG.calls, 1.0)], load_model(), lambda metric: f"<{metric}>")
    (figure,) = document["figures"]
    assert figure["notation"] == "calls"
    assert figure["window"] == {"start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:01:00Z"}
    assert (figure["unit"], figure["sources"], figure["basis"]) == ("{call}", ["otlp"], "measured")
    empty = figures_document([observed(SG.calls)], load_model(), str)["figures"][0]
    assert not {"mean", "min", "max", "p50", "p95"} & set(empty)
