"""Old observations are added up, the newest stay, and the chain still verifies."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Method, Observation
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.retention import DAY, HOUR, Due, Policy
from tests.service.ledger.samples import NOON, independent_verify, observation, plain

POLICY = Policy(fine=timedelta(days=7), hourly=timedelta(days=30))


class Clock:
    """A clock that the test turns."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="measured")
def _measured(ledger_url: str, tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    """A ledger with 300 minutes of two metrics, in three batches."""
    with Ledger.open(ledger_url, key_file=tmp_path / "ledger.key", clock=clock) as ledger:
        for part in range(3):
            minutes = [plainly(observation(minute)) for minute in range(100 * part, 100 * part + 100)]
            others = [replace(seen, metric="http://x/calls", unit="{call}") for seen in minutes]
            said = Batch(source="s", run=str(part), method=Method.OBSERVED, observations=(*minutes, *others))
            ledger.commit(said, ontology_hash="o")
        yield ledger


def plainly(seen: Observation) -> Observation:
    return replace(seen, sketch=b"")


def retain(ledger: Ledger, policy: Policy = POLICY) -> int:
    entries = 0
    while due := ledger.due_for_retention(policy):
        entries += ledger.retain(due, ontology_hash="o") is not None
    return entries


def stored(ledger: Ledger) -> list[Observation]:
    return list(ledger.observations("http://x/0", "http://x/latency", NOON - DAY, NOON + 400 * DAY))


def test_minutes_become_hours_with_the_same_sums(measured: Ledger, clock: Clock) -> None:
    before = stored(measured)
    newest = list(measured.newest_observations())
    clock.now = NOON + timedelta(days=8)
    assert retain(measured) == 1
    after = stored(measured)
    hours = [seen for seen in after if seen.end - seen.start == HOUR]
    assert len(hours) == 4
    assert len(after) == 4 + 60
    for figure in ("count", "total"):
        assert sum(getattr(seen, figure) for seen in after) == sum(getattr(seen, figure) for seen in before)
    assert {seen.source for seen in after} == {"s"}
    assert list(measured.newest_observations()) == newest
    assert measured.verify().ok


def test_hours_become_days_once_something_newer_is_known(measured: Ledger, clock: Clock) -> None:
    late = plainly(replace(observation(), start=NOON + 3 * DAY, end=NOON + 3 * DAY + timedelta(minutes=1)))
    clock.now = late.end
    measured.commit(Batch(source="s", run="late", method=Method.OBSERVED, observations=(late,)), ontology_hash="o")
    clock.now = NOON + timedelta(days=40)
    assert retain(measured) == 2
    (day, newest) = stored(measured)
    assert (day.end - day.start, day.count) == (DAY, 600)
    assert newest == replace(late, source="s")
    assert measured.verify().ok


def test_sums_that_no_row_can_hold_do_not_end_retention(measured: Ledger, clock: Clock) -> None:
    """A sender may count what it likes, and each of its figures fits; the others' are added up all the same."""
    most = [replace(plainly(observation(minute)), metric="http://x/tokens", count=2**62) for minute in range(4)]
    late = replace(most[0], start=NOON + 3 * DAY, end=NOON + 3 * DAY + timedelta(minutes=1))
    clock.now = late.end
    said = Batch(source="made-up", run="1", method=Method.OBSERVED, observations=(*most, late))
    measured.commit(said, ontology_hash="o")
    clock.now = NOON + timedelta(days=8)
    assert retain(measured) == 2
    tokens = list(measured.observations("http://x/0", "http://x/tokens", NOON - DAY, NOON + DAY))
    assert [(seen.end - seen.start, seen.count) for seen in tokens] == [(HOUR, 2**62)] * 4
    assert sum(seen.end - seen.start == HOUR for seen in stored(measured)) == 4
    assert measured.verify().ok


def test_nothing_is_due_while_all_is_young(measured: Ledger, clock: Clock) -> None:
    clock.now = NOON + timedelta(days=6)
    assert retain(measured) == 0
    assert measured.sequence() == 3


def test_nothing_younger_than_two_days_is_added_up_whatever_the_policy_says(measured: Ledger, clock: Clock) -> None:
    """Observed strengths look back a day, and would change when what they look at is added up to longer windows."""
    at_once = Policy(fine=timedelta(0), hourly=timedelta(0))
    before = stored(measured)
    clock.now = before[0].start + 2 * DAY + timedelta(minutes=59)
    assert retain(measured, at_once) == 0
    assert stored(measured) == before
    clock.now = before[0].start + 2 * DAY + HOUR
    assert retain(measured, at_once) == 1
    assert [seen.end - seen.start for seen in stored(measured)].count(HOUR) == 1


def test_what_another_process_has_added_up_meanwhile_is_not_added_up_twice(measured: Ledger, clock: Clock) -> None:
    clock.now = NOON + timedelta(days=8)
    due = measured.due_for_retention(POLICY)
    assert due is not None
    assert measured.retain(due, ontology_hash="o") is not None
    after = stored(measured)
    assert measured.retain(due, ontology_hash="o") is None
    assert (measured.sequence(), stored(measured)) == (4, after)
    assert measured.verify().ok


def test_only_what_is_still_there_is_added_up(measured: Ledger, clock: Clock) -> None:
    """Two processes found the same, and one of them fewer of it."""
    clock.now = NOON + timedelta(days=8)
    whole = measured.due_for_retention(POLICY)
    assert whole is not None
    some = Due(whole.source, whole.length, whole.ids[:50])
    total = sum(seen.total for seen in stored(measured))
    assert measured.retain(some, ontology_hash="o") is not None
    assert measured.retain(whole, ontology_hash="o") is not None
    assert sum(seen.total for seen in stored(measured)) == total
    assert measured.verify().ok


def test_the_independent_verifier_takes_digests_for_what_was_dropped(
    measured: Ledger, clock: Clock, ledger_url: str
) -> None:
    clock.now = NOON + timedelta(days=8)
    retain(measured)
    assert independent_verify(ledger_url) is None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM dropped_observations WHERE id = 3",
        "UPDATE dropped_observations SET id = 9999 WHERE id = 3",
        "DELETE FROM observations WHERE id = 590",
    ],
)
def test_tampering_with_what_was_dropped_is_found(
    measured: Ledger, clock: Clock, ledger_url: str, statement: str
) -> None:
    clock.now = NOON + timedelta(days=8)
    retain(measured)
    with plain(ledger_url) as ask:
        ask(statement)
    assert not measured.verify().ok


def test_hiding_an_observation_behind_its_digest_is_found(measured: Ledger, ledger_url: str) -> None:
    with plain(ledger_url) as ask:
        ask("INSERT INTO dropped_observations SELECT id, sequence, ? FROM observations WHERE id = 1", b"\0" * 32)
        ask("DELETE FROM observations WHERE id = 1")
    report = measured.verify()
    assert (report.ok, report.first_bad_sequence) == (False, 1)
    assert "no retention entry names" in report.problem


def test_an_export_carries_the_digests(
    measured: Ledger, clock: Clock, new_url: Callable[[], str], tmp_path: Path
) -> None:
    clock.now = NOON + timedelta(days=8)
    retain(measured)
    lines = list(measured.export())
    with Ledger.open(new_url(), key_file=tmp_path / "copy.key") as copy:
        assert copy.import_from(io.BytesIO(b"".join(lines))) == 4
        assert list(copy.export())[:-1] == lines[:-1]
        assert copy.verify().ok
