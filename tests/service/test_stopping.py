"""However a service is asked to end, it closes its data folder in order."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.opened import Opened
from tests.service.running import DATA, PATIENCE, started

INVENTORY = "assets:\n- kind: BaseModel\n  name: m\n"


def left_open(data: Path) -> list[str]:
    """What a service that did not close its ledger leaves behind."""
    open_journals = [path.name for path in data.glob("*.sqlite-*") if path.stat().st_size]
    return open_journals + [path.name for path in data.glob("*lock*") if path.stat().st_size]


@pytest.mark.parametrize(
    ("asked", "status"),
    [([signal.SIGTERM], 0), ([signal.SIGHUP], 0), ([signal.SIGTERM] * 3, 0), ([signal.SIGINT], 130)],
)
def test_a_service_that_is_asked_to_end_closes_its_ledger(
    tmp_path: Path, opened: Opened, asked: list[signal.Signals], status: int
) -> None:
    data = opened(tmp_path / DATA)
    with started("serve", home=tmp_path) as running:
        loaded = running.post("/api/batches", content=INVENTORY, headers={"Content-Type": "application/yaml"})
        assert loaded.is_success, loaded.text
        assert left_open(data)
        for one in asked:
            running.process.send_signal(one)
        assert running.process.wait(timeout=PATIENCE) == status
    assert left_open(data) == []


SCRIPT = """
import signal, sys
from stratagraph.service.stopping import ending_in_order
if sys.argv[1] == "ignored":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
with ending_in_order():
    try:
        signal.raise_signal(signal.Signals[sys.argv[2]])
        print("went on")
    finally:
        signal.raise_signal(signal.SIGTERM) if sys.argv[1] == "twice" else None
        print("closed")
print("outside")
"""


@pytest.mark.parametrize(
    ("how", "asked", "said"),
    [
        ("once", "SIGTERM", ["closed"]),
        ("once", "SIGHUP", ["closed"]),
        ("twice", "SIGTERM", ["closed"]),
        ("ignored", "SIGHUP", ["went on", "closed", "outside"]),
    ],
)
def test_what_is_open_is_closed_before_the_server_takes_signals_too(how: str, asked: str, said: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how, asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split("\n")[:-1]) == (0, said), done.stderr
