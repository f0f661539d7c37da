"""What is refused to be served is refused before anything is made, or emptied, for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.settings import DEMO_FOLDER
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

COMMANDS = [("serve",), ("demo",), ("demo", "--fresh")]


@pytest.fixture(name="taken")
def _taken() -> Iterator[str]:
    """A port of loopback that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_address_that_is_refused_leaves_no_folder(tmp_path: Path, words: tuple[str, ...], taken: str) -> None:
    for host, port, why in (
        ("0.0.0.0", "0", "no access token"),
        ("::", "0", "no access token"),
        ("127.0.0.1", taken, "Can't listen on"),
        ("192.0.2.7", "0", "no access token"),
    ):
        done = run(*words, "--host", host, "--port", port, environment=clean_environment(tmp_path / "home"))
        assert (done.returncode, done.stdout) == (2, "")
        assert why in done.stderr
        assert not (tmp_path / "home").exists(), host


def test_an_address_that_is_refused_empties_no_demo(tmp_path: Path, taken: str) -> None:
    kept = tmp_path / DATA / DEMO_FOLDER / "ledger.sqlite"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"an earlier run's")
    for host, port in (("0.0.0.0", "0"), ("127.0.0.1", taken)):
        done = run("demo", "--fresh", "--host", host, "--port", port, environment=clean_environment(tmp_path))
        assert done.returncode == 2
        assert kept.read_bytes() == b"an earlier run's"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_second_start_is_told_of_the_first_and_not_of_its_address(
    tmp_path: Path, words: tuple[str, ...], taken: str
) -> None:
    folder = tmp_path / "data"
    url = f"http://127.0.0.1:{taken}"
    with DataLock(folder) as first:
        first.announce(url)
        options = ("--data", str(folder), "--port", taken)
        done = run(*words, *options, environment=clean_environment(tmp_path))
    assert done.returncode == 2
    assert "is in use by process" in done.stderr
    assert f"({url})" in done.stderr
