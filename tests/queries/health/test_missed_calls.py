"""What was called regularly, and is not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from stratagraph.ontology.namespaces import SG
from tests.queries.health.invented import NOW, Invented, about, office, since, until

MONTHS_AGO = NOW - timedelta(days=60)


@pytest.mark.parametrize("after", [timedelta(minutes=14), timedelta(hours=1), timedelta(days=10)])
def test_what_many_call_all_the_time_is_missed_within_minutes(after: timedelta) -> None:
    stopped = Invented(since(MONTHS_AGO, until(NOW - after, about(9))))
    health = stopped.health()
    assert health.state == SG.silent
    assert health.worst is not None
    assert health.worst.value == 0
    assert health.worst.since is not None
    assert abs(health.worst.since - (NOW - after)) <= timedelta(hours=1)


def test_what_few_call_is_missed_after_two_hours_of_always() -> None:
    calls = since(MONTHS_AGO, until(NOW - timedelta(hours=6), lambda t: int(t.minute == 31)))
    assert Invented(calls).state() == SG.silent
    assert Invented(calls).state(NOW - timedelta(hours=5)) == SG.normal


def test_what_stopped_on_a_workday_stays_silent_at_night() -> None:
    gone = NOW.replace(hour=11, minute=0)
    stopped = Invented(since(MONTHS_AGO, until(gone, office(about(8)))))
    for hour, state in ((10, SG.normal), (11, SG.silent), (21, SG.silent)):
        assert stopped.state(NOW.replace(hour=hour, minute=37)) == state
    assert stopped.state(NOW + timedelta(days=2)) == SG.silent


def test_what_comes_back_is_normal() -> None:
    def calls(time: datetime) -> int:
        return 0 if NOW - timedelta(hours=9) < time < NOW - timedelta(minutes=20) else about(6)(time)

    gap = Invented(since(MONTHS_AGO, calls))
    assert gap.state(NOW - timedelta(hours=2)) == SG.silent
    assert gap.state() == SG.normal


@pytest.mark.parametrize(
    ("length", "every"),
    [(1, 30), (3, 30), (26, 30), (1, 7)],
    ids=["an hour a month", "a morning a month", "more than a day a month", "an hour a week"],
)
@pytest.mark.parametrize("later", [0.2, 5, 100])
def test_what_is_only_called_now_and_then_is_never_silent(length: int, every: int, later: float) -> None:
    last = NOW.replace(minute=0)

    def calls(time: datetime) -> int:
        ago = last - time
        return 20 if ago > timedelta() and ago % timedelta(days=every) <= timedelta(hours=length) else 0

    assert Invented(calls).state(last + timedelta(hours=min(later, every * 24 - length - 1))) != SG.silent
    first = Invented(since(last - timedelta(hours=length), calls))
    assert first.state(last + timedelta(hours=later)) != SG.silent


def test_what_is_two_days_old_is_missed_and_what_is_younger_is_not() -> None:
    gone = NOW - timedelta(hours=4)
    assert Invented(since(NOW - timedelta(days=3), until(gone, about(6)))).state() == SG.silent
    assert Invented(since(NOW - timedelta(days=1), until(gone, about(6)))).state() != SG.silent


def test_a_month_of_silence_is_an_end() -> None:
    assert Invented(until(NOW - timedelta(days=45), about(6))).state() is None
