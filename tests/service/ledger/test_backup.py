"""The guide to back-up and restore, followed to the letter: what its blocks say is what runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from stratagraph.service.ledger.ledger import Ledger
from tests.conftest import ROOT
from tests.service.ledger.samples import batch, fact, scope

GUIDE = ROOT / "docs" / "how-to" / "back-up-and-restore.md"


def test_following_the_guide_restores_ledger_and_key(tmp_path: Path) -> None:
    back_up, restore = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    data, backup = tmp_path / "data", tmp_path / "backup"
    backup.mkdir()
    with Ledger.open(data / "ledger.sqlite") as ledger:
        ledger.commit(batch("1", scope(fact(1), fact(2))), ontology_hash="o")
        ledger.commit(batch("2", scope(fact(2), fact(3))), ontology_hash="o")
        head, claims = ledger.head(), list(ledger.open_claims())
        follow(back_up, data, backup)  # while the ledger is in use
    data.rename(tmp_path / "lost")
    said = follow(restore, data, backup)
    assert "still holds the head that was kept elsewhere" in said
    with Ledger.open(data / "ledger.sqlite") as ledger:
        assert ledger.head() == head
        assert list(ledger.open_claims()) == claims
    assert (data / "ledger.sqlite.key").stat().st_mode & 0o777 == 0o600


def follow(block: str, data: Path, backup: Path) -> str:
    """Run the commands of a block with the command line that stands beside this Python."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"DATA": str(data), "BACKUP": str(backup), "PATH": path}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
