"""Observations that take values away: what is newest now, was newest then, and follows from the changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.service.deriver.newest import Newest
from stratagraph.service.ledger.errors import InvalidBatch
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.ledger.retention import Policy
from tests.service.ledger.samples import NOON, batch, independent_verify, observation

Key = tuple[Iri, Iri]


def seen(minute: int, value: float, number: int = 1, subject: int = 0) -> Observation:
    """So many values of one kind, given or taken."""
    return replace(
        observation(minute, value * number),
        subject=f"http://x/{subject}",
        count=number,
        minimum=value,
        maximum=value,
        sketch=b"",
    )


def commit(ledger: Ledger, run: int, told: Iterable[Observation], source: str = "s") -> None:
    ledger.commit(replace(batch(str(run), source=source), observations=tuple(told)), ontology_hash="o")


def now(ledger: Ledger) -> dict[Key, tuple[Observation, int, float]]:
    return figures(ledger.newest_observations())


def figures(newest: Iterable[Observation]) -> dict[Key, tuple[Observation, int, float]]:
    return {(each.subject, each.metric): (replace(each, sketch=b""), each.count, each.total) for each in newest}


def then(ledger: Ledger, sequence: int) -> dict[Key, tuple[Observation, int, float]]:
    with ledger.state() as state:
        return figures(state.observations(sequence))


def followed(ledger: Ledger) -> Newest:
    """Return what a view holds that heard of one change after another."""
    view = Newest()
    for change in ledger.changes(0):
        follow(view, change.observations, change.remaining)
    return view


def follow(view: Newest, told: Sequence[Observation], remaining: Sequence[tuple[Iri, Iri, Observation | None]]) -> None:
    known = {each[:2] for each in remaining}
    view.keep(each for each in told if (each.subject, each.metric) not in known)
    view.restate(remaining)


def test_a_window_of_which_nothing_is_left_gives_way_to_the_one_before(ledger: Ledger, ledger_url: str) -> None:
    commit(ledger, 1, [seen(0, 1.0), seen(1, 2.0, 2)])
    commit(ledger, 2, [seen(1, 2.0, -1)])
    commit(ledger, 3, [seen(1, 2.0, -1)])
    commit(ledger, 4, [seen(0, 1.0, -1)])
    commit(ledger, 5, [seen(1, 4.0)])
    told = [[(one.count, one.total, one.end) for one, _, _ in then(ledger, at).values()] for at in range(1, 6)]
    first, second = NOON + timedelta(minutes=1), NOON + timedelta(minutes=2)
    assert told == [[(2, 4.0, second)], [(1, 2.0, second)], [(1, 1.0, first)], [], [(1, 4.0, second)]]
    assert figures(followed(ledger)) == now(ledger)
    assert independent_verify(ledger_url) is None


def test_a_view_need_not_have_seen_what_was_taken(ledger: Ledger) -> None:
    commit(ledger, 1, [seen(1, 2.0, -2)])
    commit(ledger, 2, [seen(1, 2.0, 3), seen(0, 9.0)])
    (one,) = ledger.newest_observations()
    assert (one.count, one.total, one.minimum) == (1, 2.0, 2.0)
    assert figures(followed(ledger)) == now(ledger)


def test_a_negative_zero_is_hashed_as_it_is_read_back(ledger: Ledger, ledger_url: str) -> None:
    commit(ledger, 1, [seen(0, -0.0, 2), seen(0, 0.0, -1), replace(seen(1, 0.0, -1), total=-0.0)])
    assert ledger.verify().ok
    assert independent_verify(ledger_url) is None


def test_counts_beyond_what_a_row_holds_are_refused_on_both_sides(ledger: Ledger) -> None:
    for count in (2**63, -(2**63)):
        with pytest.raises(InvalidBatch):
            commit(ledger, 1, [replace(seen(0, 1.0), count=count)])


pieces = st.builds(
    seen, st.integers(0, 2), st.sampled_from([0.0, 0.1, 1.0, 3.0]), st.sampled_from([1, 2, -1, -2]), st.integers(0, 1)
)


@settings(max_examples=12)
@given(st.lists(st.lists(pieces, min_size=1, max_size=4), min_size=1, max_size=6))
def test_views_that_follow_and_those_that_begin_anew_agree_at_every_moment(runs: list[list[Observation]]) -> None:
    with TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger.db") as ledger:
        live = Newest()
        for number, told in enumerate(runs, 1):
            change = ledger.commit(
                replace(batch(str(number), source="ab"[number % 2]), observations=tuple(told)), ontology_hash="o"
            ).change
            follow(live, change.observations, change.remaining)
            assert figures(live) == now(ledger) == then(ledger, number)
            assert all(one.count > 0 for one in ledger.newest_observations())
        assert figures(followed(ledger)) == now(ledger)


def test_retention_adds_up_what_is_left(ledger: Ledger) -> None:
    policy = Policy(fine=timedelta(days=2), hourly=timedelta(days=30))
    commit(ledger, 1, [seen(0, 1.0), seen(1, 2.0, 2), seen(61, 5.0), seen(60 * 24, 1.0)])
    commit(ledger, 2, [seen(1, 2.0, -1), seen(61, 5.0, -1), seen(60 * 24, 1.0, -1)])
    before = now(ledger)
    while due := ledger.due_for_retention(policy):
        assert ledger.retain(due, ontology_hash="o") is not None
    told = list(ledger.observations("http://x/0", "http://x/latency", NOON, NOON + timedelta(days=2)))
    assert [(one.count, one.total) for one in told if one.end - one.start > timedelta(minutes=1)] == [(2, 3.0)]
    assert ledger.verify().ok
    assert figures(followed(ledger)) == now(ledger)
    assert before
