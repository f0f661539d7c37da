"""Accept headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.http.negotiation import choose

OFFERED = ("text/turtle", "application/n-triples", "text/csv")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "text/turtle"),
        ("", "text/turtle"),
        ("*", "text/turtle"),
        ("TEXT/CSV", "text/csv"),
        ("text/csv;q=0.1,application/*;q=0.2", "application/n-triples"),
        ("text/*;q=0.5,text/turtle;q=0.4", "text/csv"),
        ("text/csv; charset=utf-8; q=1.0", "text/csv"),
        ("text/turtle;q=0", None),
        ("image/png", None),
        ("*/*;q=0", None),
        ("text/turtle;q=2, text/csv", "text/csv"),
    ],
)
def test_the_best_liked_type_on_offer_is_chosen(accept: str | None, chosen: str | None) -> None:
    assert choose(accept, OFFERED) == chosen


@given(st.text(max_size=60))
def test_no_header_breaks_it(accept: str) -> None:
    assert choose(accept, OFFERED) in {*OFFERED, None}
