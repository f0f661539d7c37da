"""The health of an asset over HTTP and on the command line, with the evidence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from stratagraph.queries.health.compared_values import STEP, floor
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.service.engine.test_health_watch import AGENT, OTHER, latency, telemetry


@pytest.fixture(name="client", scope="module")
def _client(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[httpx.Client]:
    """A service in which one agent has become slow, and another one is new."""
    now = floor(datetime.now(UTC), STEP)
    slow = now - timedelta(minutes=20)
    folder: Path = opened(tmp_path_factory.mktemp("health") / "data")
    with Engine(Settings(data=folder, port=0, otlp_grpc=False)) as engine:
        engine.commit(telemetry("day", latency(now - timedelta(days=1), slow, 1.0)))
        engine.commit(telemetry("slow", latency(slow, now, 8.0)))
        engine.commit(telemetry("new", latency(slow, now, 8.0, OTHER), [OTHER]))
        assert engine.look_at_health() == 1
        with served(engine) as server, httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            yield client


def test_an_asset_tells_its_state_with_the_evidence(client: httpx.Client) -> None:
    health = client.get("/api/assets/vita").json()["health"]
    assert (health["state"], health["stateLabel"]) == ("anomalous", "anomalous")
    worst = health["worst"]
    assert (worst["notation"], worst["figure"], worst["basis"], worst["sources"]) == (
        "latency",
        "p95",
        "last-day",
        ["otlp"],
    )
    assert worst["value"] == pytest.approx(8, rel=0.01)
    assert (worst["expected"]["low"], worst["expected"]["high"]) == (None, pytest.approx(1.3, rel=0.01))
    assert worst["windows"] > 200
    assert worst["since"] is not None
    assert {one["notation"]: one["state"] for one in health["metrics"]} == {"calls": "normal", "latency": "anomalous"}


def test_what_is_new_says_why_it_has_no_state(client: httpx.Client) -> None:
    health = client.get("/api/assets/other", params={"lang": "pt-BR"}).json()["health"]
    assert (health["state"], health["worst"]) == (None, None)
    assert {one["reason"] for one in health["metrics"]} == {"too-little-history"}
    assert {one["reasonLabel"] for one in health["metrics"]} == {"histórico de menos"}


def test_figures_come_with_the_state(client: httpx.Client) -> None:
    answer = client.get("/api/metrics", params={"asset": AGENT, "lang": "pt-BR"}).json()
    assert answer["health"]["stateLabel"] == "anômalo"
    past = {"asset": AGENT, "from": "2020-01-01", "until": "2020-01-02"}
    assert client.get("/api/metrics", params=past).json()["health"] is None


def test_assets_are_listed_by_state(client: httpx.Client) -> None:
    def listed(*states: str) -> list[str]:
        answer = client.get("/api/assets", params={"state": list(states)}).json()
        return [asset["name"] for asset in answer["assets"]]

    assert listed("anomalous") == ["vita"]
    assert listed("silent", "degraded", "sg:anomalous") == ["vita"]
    assert listed("normal") == []
    refused = client.get("/api/assets", params={"state": "ill"})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (404, "unknown-name")
    assert "silent" in refused.json()["detail"]


def test_what_was_never_observed_has_no_health(client: httpx.Client) -> None:
    assert client.get("/api/assets/LGPD-33").json()["health"] is None
