"""The mutation run breaks a copy, never the checkout, and counts what its tests miss."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import subprocess
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import ROOT

TESTED = "def yes() -> bool:\n    return True\n"
UNTESTED = "def no() -> bool | None:\n    return False\n"
WEAK = "from stratagraph.queries.tested import yes\n\ndef test_yes():\n    assert yes()\n"
LEAVING = """
import pathlib, subprocess

def test_yes():
    pathlib.Path("left").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
"""


@pytest.fixture(name="mutations", scope="module")
def _mutations() -> ModuleType:
    found = importlib.util.spec_from_file_location("mutations", ROOT / "scripts/mutations.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of two functions, of which the tests know one."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # most of the time would go into starting those
    checkout = tmp_path / "checkout"
    written = {
        "src/stratagraph/__init__.py": "",
        "queries/__init__.py": "",
        "queries/tested.py": TESTED,
        "queries/untested.py": UNTESTED,
        "tests/queries/test_tested.py": WEAK,
        "pytest.ini": "[pytest]\nmarkers =\n    postgres\n    neo4j\n    shared\n",
        "scripts/links": (ROOT / "scripts/links").read_text(),
        ".gitignore": ".links/\n__pycache__/\n",
    }
    for name, text in written.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    (checkout / "scripts/links").chmod(0o755)
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    return checkout


def test_counts_and_shows_what_the_tests_miss(
    mutations: ModuleType, checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = tmp_path / "copied"
    mutations.copy(checkout, copied)
    figures = mutations.judged(copied, "queries", 10, "a seed")
    assert figures == {
        "room": "queries",
        "seed": "a seed",
        "sampled": 2,
        "killed": 1,
        "survived": 1,
        "timeouts": 0,
        "score": 0.5,
    }
    survivor = json.loads(capsys.readouterr().out)
    assert survivor["survivor"] == "queries/untested.py:2"
    assert survivor["diff"] == ["-    return False", "+    return True"]
    for folder in (checkout, copied):
        assert (folder / "queries/tested.py").read_text() == TESTED
        assert (folder / "queries/untested.py").read_text() == UNTESTED
        assert not (folder / "queries/__init__.py").read_text()


@pytest.mark.parametrize(("test", "told"), [("assert False", "fail before"), ("assert True", "other code")])
def test_refuses_tests_that_measure_nothing(mutations: ModuleType, checkout: Path, test: str, told: str) -> None:
    (checkout / "tests/queries/test_tested.py").write_text(f"def test_yes():\n    {test}\n")
    (checkout / ".links").mkdir()
    with pytest.raises(SystemExit, match=told):
        mutations.measured(checkout, "queries")


def test_stops_what_loops_for_ever(mutations: ModuleType, checkout: Path) -> None:
    (checkout / "tests/queries/test_tested.py").write_text("def test_yes():\n    while True:\n        pass\n")
    assert mutations.passes(checkout, "queries", timeout=1) is None


def test_ends_what_a_test_leaves_running(mutations: ModuleType, checkout: Path) -> None:
    (checkout / "tests/queries/test_tested.py").write_text(LEAVING)
    assert mutations.passes(checkout, "queries")
    left = int((checkout / "left").read_text())
    with contextlib.suppress(ProcessLookupError):
        ended, _, _ = select.select([os.pidfd_open(left)], [], [], 60)
        assert ended


def test_copies_what_is_not_committed_yet_and_nothing_ignored(
    mutations: ModuleType, checkout: Path, tmp_path: Path
) -> None:
    git = ["git", "-C", str(checkout), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "Begin"], check=True)
    (checkout / "queries/tested.py").unlink()
    (checkout / "queries/untested.py").write_text(TESTED)
    (checkout / "queries/new.py").write_text(TESTED)
    (checkout / "queries/__pycache__").mkdir()
    (checkout / "queries/__pycache__/old.pyc").write_bytes(b"")
    copied = tmp_path / "copied"
    mutations.copy(checkout, copied)
    assert {path.name for path in (copied / "queries").glob("*.py")} == {"__init__.py", "new.py", "untested.py"}
    assert (copied / "queries/untested.py").read_text() == TESTED
    assert not (copied / "queries/__pycache__/old.pyc").exists()


def test_a_seed_draws_places_evenly_and_the_same_again(mutations: ModuleType, checkout: Path) -> None:
    # A plus can be broken in eleven ways, the number in two: each is a place, and the type that is none.
    (checkout / "queries/tested.py").write_text("def one(size: int | None) -> int | str:\n    return size + 7\n")
    (checkout / "queries/untested.py").unlink()
    places = mutations.places(checkout, "queries")
    assert [at for _, at in places] == [(2, 16), (2, 18)]
    drawn = [mutations.drawn(places, 1, f"{seed}") for seed in range(400)]
    assert drawn == [mutations.drawn(places, 1, f"{seed}") for seed in range(400)]
    numbers = Counter(mutation.operator_name for (mutation,) in drawn)["core/NumberReplacer"]
    assert 150 < numbers < 250
