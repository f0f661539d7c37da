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


OFFLINE = [("verify",), ("head",), ("export",), ("rekey", "--reason", "the key is old")]
"""Commands that open the ledger by themselves, without the service."""


@pytest.mark.parametrize("words", OFFLINE, ids=lambda words: words[0])
def test_every_ledger_command_finds_the_demo_that_runs(opened: Opened, tmp_path: Path, words: tuple[str, ...]) -> None:
    demo, environment = opened(tmp_path / DATA / DEMO_FOLDER), clean_environment(tmp_path)
    with DataLock(demo) as running:
        running.announce(DEMO)
        done = run("ledger", *words, environment=environment)
        named = run("ledger", *words, "--data", str(demo), environment=environment)
        own = run("ledger", *words, "--data", str(demo.parent), environment=environment)
    assert str(demo) in done.stderr
    assert (done.returncode, done.stdout) == (named.returncode, named.stdout)
    assert done.returncode == (2 if words[0] == "rekey" else 0)  # never beside a service
    # Who names a folder means it.
    assert own.returncode == 2
    assert f"There is no ledger in {demo.parent}. " in own.stderr


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize("words", [("ledger", "verify"), ("ledger", "redactions"), ("list",), ("token", "list")])
def test_a_demo_that_has_ended_is_named(opened: Opened, tmp_path: Path, words: tuple[str, ...], lang: str) -> None:
    demo = opened(tmp_path / DATA / DEMO_FOLDER)
    done = run(*words, environment={**clean_environment(tmp_path), "STRATAGRAPH_LANG": lang})
    assert done.returncode == 2
    assert f"--data {demo}" in done.stderr
    assert ("There is no ledger" in done.stderr) == (lang == "en")
