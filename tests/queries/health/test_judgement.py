"""States of invented series whose truth is known."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.health.baseline import Basis
from stratagraph.queries.health.judgement import Reason, judge
from tests.queries.health.invented import MODEL, NOW, Invented, about, office, since, until

MONTHS_AGO = NOW - timedelta(days=60)
STEADY = Invented(since(MONTHS_AGO, about(6)))


@pytest.mark.parametrize("hours", [0, 11, 60])
def test_what_goes_on_as_ever_is_normal(hours: int) -> None:
    health = STEADY.health(NOW - timedelta(hours=hours))
    assert health.state == SG.normal
    assert {one.state for one in health.judgements} == {SG.normal}
    assert {one.series.metric for one in health.judgements} == {
        SG.calls,
        SG.errorRate,
        SG.callLatency,
    }


def test_the_evidence_says_what_was_seen_what_was_expected_and_by_how_many_windows() -> None:
    calls = STEADY.of(SG.calls)
    assert calls.usual is not None
    assert (calls.usual.basis, calls.usual.windows) == (Basis.HOUR_OF_WEEK, 48)
    assert calls.usual.middle == pytest.approx(30, abs=4)
    assert calls.low is not None
    assert calls.high is not None
    assert calls.low < calls.value < calls.high  # type: ignore[operator]  # a number where there is a state
    assert (calls.end.minute, calls.end - calls.start) == (35, timedelta(minutes=5))
    # Of what is better when it is less, nothing is too little.
    latency = STEADY.of(SG.callLatency)
    assert latency.low is None
    assert latency.value == pytest.approx(1.4, abs=0.4)


def test_office_hours_are_no_surprise_and_the_end_of_the_day_no_silence() -> None:
    office_hours = Invented(since(MONTHS_AGO, office(about(8))))
    for hour in (9, 14, 23):
        assert office_hours.state(NOW.replace(hour=hour)) == SG.normal
    # A day after the last call nothing stands any more, and it is not missed either.
    assert office_hours.state(NOW + timedelta(days=4)) is None


@pytest.mark.parametrize(
    ("changed", "metric", "state"),
    [
        (
            Invented(since(MONTHS_AGO, about(6)), latency=lambda t: 5.0 if t > NOW - timedelta(minutes=20) else 1.0),
            0,
            2,
        ),
        (Invented(since(MONTHS_AGO, about(6)), latency=lambda t: 1.7 if t > NOW - timedelta(hours=3) else 1.0), 0, 1),
        (Invented(since(MONTHS_AGO, about(6)), failing=lambda t: 0.6 if t > NOW - timedelta(hours=1) else 0.0), 1, 2),
        (Invented(since(MONTHS_AGO, lambda t: about(30 if t > NOW - timedelta(hours=1) else 6)(t))), 2, 2),
    ],
    ids=["latency", "a little latency", "errors", "calls"],
)
def test_a_step_is_told_with_its_metric_and_since_when(changed: Invented, metric: int, state: int) -> None:
    health = changed.health()
    assert health.worst is not None
    assert health.worst.series.metric == (SG.callLatency, SG.errorRate, SG.calls)[metric]
    assert health.state == (SG.normal, SG.degraded, SG.anomalous)[state]
    assert health.worst.since is not None
    assert health.worst.since < NOW - timedelta(minutes=10)


def test_what_became_better_is_normal() -> None:
    faster = Invented(since(MONTHS_AGO, about(6)), latency=lambda t: 0.1 if t > NOW - timedelta(hours=1) else 1.0)
    assert faster.of(SG.callLatency).state == SG.normal


def test_a_drift_over_weeks_becomes_usual() -> None:
    drifting = Invented(
        since(MONTHS_AGO, about(6)), latency=lambda t: 1.0 + 0.05 * ((t - MONTHS_AGO) / timedelta(weeks=1))
    )
    assert drifting.state() == SG.normal


def test_a_burst_of_five_minutes_is_no_state() -> None:
    burst = NOW.replace(minute=30)

    def calls(time: object) -> int:
        return 60 if burst <= time < burst + timedelta(minutes=5) else about(6)(time)  # type: ignore[operator, arg-type]  # a time

    assert Invented(since(MONTHS_AGO, calls)).of(SG.calls).state == SG.normal


def test_one_failure_of_few_calls_is_no_trend() -> None:
    rare = Invented(
        since(MONTHS_AGO, lambda t: int(t.minute % 5 == 0)), failing=lambda t: float(t > NOW - timedelta(minutes=8))
    )
    assert rare.of(SG.errorRate).state == SG.normal
    assert rare.of(SG.errorRate).end - rare.of(SG.errorRate).start == timedelta(hours=1)


def test_what_is_new_has_no_state_and_says_so() -> None:
    young = Invented(since(NOW - timedelta(minutes=40), about(6)))
    health = young.health()
    assert health.state is None
    assert {one.reason for one in health.judgements} == {Reason.TOO_LITTLE_HISTORY}


def test_what_is_a_day_old_is_compared_with_that_day() -> None:
    young = Invented(
        since(NOW - timedelta(days=1), about(6)), latency=lambda t: 9.0 if t > NOW - timedelta(minutes=15) else 1.0
    )
    assert young.of(SG.calls).state == SG.normal
    latency = young.of(SG.callLatency)
    assert latency.state == SG.anomalous
    assert latency.usual is not None
    assert latency.usual.basis is Basis.LAST_DAY


def test_rates_of_what_is_sampled_by_outcome_are_not_judged() -> None:
    assert Invented(about(20), failing=lambda _: 0.2, partly=True).health().judgements == ()


def test_few_calls_an_hour_are_counted_and_not_rated() -> None:
    sparse = Invented(since(MONTHS_AGO, lambda t: int(t.minute == 31)))
    by_metric = {one.series.metric: one for one in sparse.health().judgements}
    assert by_metric[SG.calls].state == SG.normal
    assert by_metric[SG.callLatency].reason is Reason.TOO_FEW_VALUES


@pytest.mark.parametrize("seconds", [30, 300, 600, 3600])
def test_states_do_not_depend_on_the_length_of_windows(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    rate = 6 * seconds / 60
    steady = Invented(since(MONTHS_AGO, about(rate)), length=length)
    assert steady.state() == SG.normal
    assert steady.of(SG.calls).state == SG.normal
    failing = Invented(
        since(MONTHS_AGO, about(rate)), failing=lambda t: 0.7 * (t >= NOW - timedelta(hours=4)), length=length
    )
    assert failing.of(SG.errorRate).state == SG.anomalous


@settings(max_examples=3, deadline=None)
@given(st.integers(min_value=-50, max_value=50), st.sampled_from([STEADY, Invented(office(about(5)))]))
def test_whole_weeks_later_the_same_is_judged_the_same(weeks: int, invented: Invented) -> None:
    shift = timedelta(weeks=weeks)

    def health(by: timedelta) -> list[tuple[Iri | None, float | None, float | None]]:
        moved = Invented(
            lambda t: invented.calls(t - by),
            latency=lambda _: 1.0,
        )
        told = judge(moved.observed, moved.active, MODEL, NOW + by).judgements
        return [(one.state, one.value, one.low) for one in told if one.series.metric == SG.calls]

    assert health(shift) == health(timedelta())


@settings(max_examples=2, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_observations_come_does_not_matter(chance: random.Random) -> None:
    def shuffled(start: object, end: object) -> list[object]:
        seen = list(STEADY.observed(start, end))  # type: ignore[arg-type]  # times
        chance.shuffle(seen)
        return seen  # type: ignore[return-value]  # observations

    assert judge(shuffled, STEADY.active, MODEL, NOW) == STEADY.health()  # type: ignore[arg-type]  # as above


@settings(max_examples=4, deadline=None)
@given(st.integers(min_value=1, max_value=40), st.integers(min_value=0, max_value=7 * 24))
def test_more_of_the_same_stays_normal(rate: int, hours: int) -> None:
    same = Invented(since(MONTHS_AGO, lambda _: rate))
    assert same.of(SG.calls, NOW + timedelta(hours=hours)).state == SG.normal


def test_who_is_gone_is_not_judged_by_what_others_did() -> None:
    assert Invented(until(MONTHS_AGO, about(6))).health().judgements == ()
