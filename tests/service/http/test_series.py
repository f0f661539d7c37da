"""Figures over a span of time, and as series, over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.service.http.conftest import Site


@pytest.fixture(name="busiest", scope="module")
def _busiest(site: Site) -> str:
    """An asset that telemetry tells much of."""
    (row,) = site.engine.triples.select(
        "SELECT ?asset (COUNT(*) AS ?n) WHERE { ?node sg:observedOn ?asset . ?asset a sg:Asset } "
        "GROUP BY ?asset ORDER BY DESC(?n) ?asset LIMIT 1"
    )
    return str(row["asset"])


def figures(site: Site, **params: Any) -> dict[str, Any]:
    answer = site.get("/api/metrics", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_series_are_aligned_and_add_up_to_the_figures(site: Site, busiest: str) -> None:
    answer = figures(site, asset=busiest, hours=24, step="5m")
    assert answer["step"] == 300
    assert answer["series"]
    assert datetime.fromisoformat(answer["from"]).timestamp() % 300 == 0
    totals = {(one["metric"], one["unit"], one["sources"][0]): one for one in answer["figures"]}
    for one in answer["series"]:
        points = one["points"]
        assert (points[0]["start"], points[-1]["end"]) == (answer["from"], answer["to"])
        assert all(before["end"] == after["start"] for before, after in pairwise(points))
        assert any(not point.get("empty") for point in points)
        assert all(point.keys() & {"total", "value"} for point in points if not point.get("empty"))
        if not one["derived"]:
            whole = totals[one["metric"], one["unit"], one["sources"][0]]
            assert sum(point.get("total", 0.0) for point in points) == pytest.approx(whole["total"])
            assert {point["basis"] for point in points if "basis" in point} <= {
                "measured",
                "estimated",
                "partly-estimated",
            }
    assert {one["derived"] for one in answer["series"]} == {True, False}


def test_a_span_in_which_nothing_was_seen_has_no_series(site: Site, busiest: str) -> None:
    answer = figures(site, asset=busiest, **{"from": "2020-01-01", "until": "2020-01-02"}, step="1h")
    assert (answer["from"], answer["to"]) == ("2020-01-01T00:00:00Z", "2020-01-03T00:00:00Z")
    assert (answer["figures"], answer["series"]) == ([], [])


def test_a_span_may_be_given_by_its_ends(site: Site, busiest: str) -> None:
    now = datetime.now(UTC)
    since = (now - timedelta(hours=24)).isoformat()
    by_ends = figures(site, asset=busiest, **{"from": since, "until": now.isoformat()})
    by_hours = figures(site, asset=busiest, hours=24, until=now.isoformat())
    assert by_ends["figures"] == by_hours["figures"] != []
    assert "series" not in by_hours


WRONG = [
    ({"step": "0"}, "step"),
    ({"step": "59"}, "step"),
    ({"step": "5 m"}, "step"),
    ({"step": "-5m"}, "step"),
    ({"step": "5x"}, "step"),
    ({"step": "1.5h"}, "step"),
    ({"step": "\u0665m"}, "step"),
    ({"step": "99999999w"}, "step"),
    ({"step": "1m", "hours": 744}, "step"),
    ({"from": "yesterday"}, "from"),
    ({"from": "0"}, "from"),
    ({"from": "1764374400"}, "from"),
    ({"from": "2026-02-30"}, "from"),
    ({"from": "2026-01-01T25:00:00"}, "from"),
    ({"from": "2026-01-02", "until": "2026-01-01T00:00:00Z"}, "from"),
    ({"from": "2999-01-01"}, "from"),
    ({"from": "2026-01-01", "hours": 3}, "hours"),
    ({"until": "9999-12-31"}, "until"),
    ({"until": "0001-01-01T00:00:00Z"}, "until"),
    ({"until": "0001-01-01T00:00:00+23:00"}, "until"),
    ({"until": "soon"}, "until"),
]


@pytest.mark.parametrize(("params", "named"), WRONG, ids=[ascii(params) for params, _ in WRONG])
def test_a_span_that_is_none_is_refused_naming_the_parameter(site: Site, params: dict[str, Any], named: str) -> None:
    answer = site.get("/api/metrics", params={"asset": "LGPD_BR", **params})
    assert answer.status_code == 422, answer.text
    assert answer.json()["parameter"] == named


@pytest.mark.parametrize("hours", ["0", "745", "1.5", "-1", "a", "9" * 5000])
def test_hours_are_a_whole_number_of_them(site: Site, hours: str) -> None:
    assert site.get("/api/metrics", params={"asset": "LGPD_BR", "hours": hours}).status_code == 422
