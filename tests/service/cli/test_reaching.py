"""Which graph a command uses where none is named: one's own once there is one, else the demo that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.settings import DEMO_FOLDER
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

DEMO = "http://127.0.0.1:4242"


@pytest.mark.parametrize(
    ("lang", "told", "empty"),
    [("en", "a demo runs at", "holds no assets yet"), ("pt-BR", "roda uma demonstração", "ainda não tem ativos")],
)
def test_a_demo_that_is_not_asked_is_named(opened: Opened, tmp_path: Path, lang: str, told: str, empty: str) -> None:
    own, environment = opened(tmp_path / DATA), clean_environment(tmp_path)
    with DataLock(own / DEMO_FOLDER) as demo:
        demo.announce(DEMO)
        listed = run("list", "--lang", lang, environment=environment)
        assert (listed.returncode, listed.stdout) == (0, "")
        note, nothing = listed.stderr.splitlines()
        assert told in note
        assert f"STRATAGRAPH_URL={DEMO}" in note
        assert empty in nothing
        # Who names a folder means it.
        assert told not in run("list", "--lang", lang, "--data", str(own), environment=environment).stderr
