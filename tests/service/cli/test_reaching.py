"""Which graph a command uses where none is named: one's own once there is one, else the demo that runs."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.settings import DEMO_FOLDER
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

DEMO = "http://127.0.0.1:4242"
AGENT = "assets:\n- {kind: Agent, name: helper}\n"


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


@pytest.mark.parametrize(("lang", "told"), [("en", "one begins in"), ("pt-BR", "um começa em")])
def test_a_load_that_begins_a_ledger_says_where(tmp_path: Path, lang: str, told: str) -> None:
    environment = clean_environment(tmp_path)
    load = ("load", "-", "--kind", "yaml", "--lang", lang)
    begun = [f"{told} {tmp_path / DATA}" in run(*load, environment=environment, stdin=AGENT).stderr for _ in range(2)]
    assert begun == [True, False]


def test_a_service_that_ends_before_it_answers_is_no_wrong_address(opened: Opened, tmp_path: Path) -> None:
    own, environment = opened(tmp_path / DATA), clean_environment(tmp_path)
    with socket.socket() as taken, DataLock(own) as service:
        taken.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
        service.announce(gone)
        found = run("list", environment=environment)
        named = run("list", environment={**environment, "STRATAGRAPH_URL": gone})
    assert found.returncode == named.returncode == 2
    assert "stopped before it answered" in found.stderr
    assert "STRATAGRAPH_URL" not in found.stderr
    assert "unset STRATAGRAPH_URL" in named.stderr
