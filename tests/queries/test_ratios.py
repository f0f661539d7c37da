"""What follows from figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.figures import Basis, figures
from stratagraph.queries.ratios import Ratio, ratios
from tests.queries.test_figures import NOON, observed


def derived(*observations: Observation, **attributes: float) -> dict[Iri, Ratio]:
    stated = {SG.term(name): value for name, value in attributes.items()}
    return {ratio.metric: ratio for ratio in ratios(figures(observations), load_model(), stated)}


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


def test_calls_whose_errors_never_show_do_not_pass_for_successes() -> None:
    # Half of them came from an instrumentation that tells of no failure.
    found = derived(observed(SG.calls, 1, 1, 1, 1), observed(SG.errors, 0, 1))
    assert (found[SG.errorRate].value, found[SG.errorRate].known_calls, found[SG.errorRate].calls) == (0.5, 2, 4)


def test_a_source_that_tells_of_errors_alone_knows_of_the_calls_without_one() -> None:
    found = derived(observed(SG.calls, 1, 1, 1, 1), observed(SG.errors, 1))
    assert (found[SG.errorRate].value, found[SG.errorRate].known_calls) == (0.25, 4)


def test_success_is_what_errors_leave() -> None:
    found = derived(observed(SG.calls, 1, 1, 1, 1), observed(SG.errors, 0, 0, 0, 1))
    assert (found[SG.successRate].value, found[SG.successRate].unit) == (0.75, "1")
    assert SG.successRate not in derived(observed(SG.calls, 1, 1))


@pytest.mark.parametrize(
    ("counted", "share"),
    [
        (SG.streamedCalls, SG.streamedShare),
        (SG.truncatedCalls, SG.truncatedShare),
        (SG.filteredCalls, SG.filteredShare),
        (SG.guardrailFindings, SG.guardrailFindingRate),
        (SG.guardrailBlocks, SG.guardrailBlockRate),
    ],
)
def test_a_share_is_of_what_is_told_of_however_many_calls_there_were(counted: Iri, share: Iri) -> None:
    found = derived(observed(SG.calls, *[1.0] * 9), observed(counted, 1, 0, 0, 1))
    assert (found[share].value, found[share].known_calls, found[share].unit) == (0.5, 4, "1")
    assert share not in derived(observed(SG.calls, 1.0), observed(counted))


def test_a_call_fills_its_models_window_with_what_it_reads_and_writes() -> None:
    told = (
        observed(SG.calls, 1, 1),
        observed(SG.inputTokens, 700, 900, unit="{token}"),
        observed(SG.outputTokens, 200, 200, unit="{token}"),
    )
    found = derived(*told, contextWindowTokens=2000)
    assert (found[SG.contextWindowUse].value, found[SG.contextWindowUse].unit) == (0.5, "1")
    # The longest input is no larger than the window.
    assert derived(*told, contextWindowTokens=2000, maxContextTokens=1800)[SG.contextWindowUse].value == 0.5
    assert derived(*told, maxContextTokens=4000)[SG.contextWindowUse].value == 0.25
    assert SG.contextWindowUse not in derived(*told)
    assert SG.contextWindowUse not in derived(*told, contextWindowTokens=0)


def test_an_embedding_writes_nothing_and_what_reads_nothing_known_fills_nothing() -> None:
    calls = observed(SG.calls, 1)
    read = derived(calls, observed(SG.inputTokens, 500, unit="{token}"), contextWindowTokens=1000)
    assert read[SG.contextWindowUse].value == 0.5
    written = derived(calls, observed(SG.outputTokens, 500, unit="{token}"), contextWindowTokens=1000)
    assert SG.contextWindowUse not in written
