"""A service that reads its sources by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from stratagraph.service.sources.source import source_of
from tests.opened import Opened, served
from tests.service.sources.websites import stall, website

PATIENCE = 60.0


def until(client: httpx.Client, name: str, told: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
    """Ask until a source is as told."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = client.get("/api/sources", params={"source": name}).json()["sources"]
        if answer and told(answer[0]["living"]):
            living: Mapping[str, Any] = answer[0]["living"]
            return living
        time.sleep(0.05)
    raise AssertionError(answer)


def test_a_service_reads_what_is_due_and_no_slow_source_delays_another(tmp_path: Path, opened: Opened) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("assets: [{kind: BaseModel, name: a}]")
    broken = tmp_path / "broken.yaml"
    broken.write_text("assets: [")
    with website(stall) as site:
        configured = {
            "slow": source_of("slow", {"url": site.url, "every": 1}),
            "broken": source_of("broken", {"path": str(broken), "every": 1, "jitter": 0}),
            "good": source_of("good", {"path": str(file), "every": 1, "jitter": 0}),
        }
        settings = Settings(data=opened(tmp_path / "data"), port=0, otlp_grpc=False, sources=configured)
        with (
            Engine(settings) as engine,
            served(engine) as server,
            httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
        ):
            good = until(client, "good", lambda living: living["runs"].get("unchanged", 0) > 0)
            assert (good["status"] in {"unchanged", "running"}, good["opened"], good["reason"]) == (True, 2, None)
            failed = until(client, "broken", lambda living: living["runs"].get("failed", 0) > 1)
            assert "broken.yaml:1" in (failed["reason"] or "") or failed["status"] == "running"
            assert until(client, "slow", lambda living: living["status"] == "running")["lastSuccess"] is None
            assert client.post("/api/sources/good/pause").json()["living"]["paused"]
            assert (
                client.get("/api/sources", params={"source": "good"}).json()["sources"][0]["living"]["nextRun"] is None
            )
            scraped = client.get("/metrics").text
            assert 'stratagraph_source_runs_total{outcome="committed",source="good"} 1.0' in scraped
            assert 'stratagraph_source_state{outcome="running",source="slow"} 1.0' in scraped
            assert 'stratagraph_source_last_success_timestamp_seconds{source="slow"}' not in scraped
            refused = client.post("/api/sources", json={"name": "c", "command": ["ls"]})
            assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "commands-not-allowed")
        # The service has ended though one of its sources stalls.
        assert not site.let_go.is_set()
