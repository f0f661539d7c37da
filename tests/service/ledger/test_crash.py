"""Processes that are killed or race each other lose nothing that was acknowledged."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stratagraph.service.ledger.ledger import Ledger
from tests.counting import COUNTED
from tests.service.ledger.samples import independent_verify

COMMITTER = """
import sys
from pathlib import Path
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.service.ledger.ledger import Ledger

url, key, name, first, last = sys.argv[1:]
with Ledger.open(url, key_file=Path(key)) as ledger:
    for run in range(int(first), int(last)):
        facts = tuple(Fact(f"http://x/{run}", "http://x/p", Literal(str(n))) for n in range(20))
        scope = Scope(name="a", complete=False, stated=facts)
        batch = Batch(source=name, run=str(run), method=Method.DECLARED, scopes=(scope,))
        receipt = ledger.commit(batch, ontology_hash="o")
        print(receipt.sequence, receipt.batch_hash, int(receipt.duplicate), flush=True)
"""


def start(url: str, key: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMITTER, url, str(key), "s", str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture(name="key")
def _key(tmp_path: Path) -> Path:
    return tmp_path / "ledger.key"


@pytest.mark.timeout(3600)  # a hundred lives at night
def test_a_killed_process_loses_no_acknowledged_batch(
    ledger_url: str, key: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    pick = random.Random(7)
    lives = 100 if request.config.getoption("--nightly") else 5
    acknowledged: dict[int, str] = {}
    for life in range(lives):
        with start(ledger_url, key, life * 100_000, (life + 1) * 100_000) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            time.sleep(pick.uniform(0, 0.2))
            process.kill()
            lines += process.stdout.readlines()
        whole = (line.split() for line in lines if line.endswith("\n"))
        acknowledged |= {int(sequence): batch_hash for sequence, batch_hash, _ in whole}
    with Ledger.open(ledger_url, key_file=key) as ledger:
        stored = {record.sequence: record.batch_hash for record in ledger.batches(limit=1_000_000)}
        assert ledger.verify().ok
        assert len(list(ledger.open_claims())) == 20 * len(stored)
    record_property(COUNTED, f"{lives} kills, {len(acknowledged)} acknowledged batches")
    assert len(acknowledged) >= lives
    assert acknowledged.items() <= stored.items()
    assert independent_verify(ledger_url) is None


def test_processes_that_send_the_same_runs_to_a_new_ledger_leave_one_of_each(ledger_url: str, key: Path) -> None:
    processes = [start(ledger_url, key, 0, 15) for _ in range(3)]
    answers = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert {len(lines) for lines in answers} == {15}
    assert sum(line.endswith(" 0") for lines in answers for line in lines) == 15
    with Ledger.open(ledger_url, key_file=key) as ledger:
        assert ledger.sequence() == 15
        assert ledger.verify().ok
