"""``compose.yaml``, as far as it can be checked without a Docker engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import yaml

from stratagraph import __version__
from stratagraph.service.neo4j.runtime import LTS
from stratagraph.service.settings import Settings
from tests.conftest import FOLDERS, ROOT


def service(name: str) -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"][name]
    assert isinstance(found, dict)
    return found


def test_the_service_is_given_settings_that_it_knows_and_can_read() -> None:
    given = service("stratagraph")["environment"]
    names = {name.removeprefix("STRATAGRAPH_").lower() for name in given}
    assert names <= set(Settings.model_fields)
    assert names >= {"data", "neo4j_url", "neo4j_password_file"}
    Settings(**{name.removeprefix("STRATAGRAPH_").lower(): value for name, value in given.items()})


def test_both_sides_mean_the_same_server_and_the_same_secret() -> None:
    ours, theirs = service("stratagraph"), service("neo4j")
    assert ours["environment"]["STRATAGRAPH_NEO4J_URL"] == "bolt://neo4j:7687"
    secret = ours["environment"]["STRATAGRAPH_NEO4J_PASSWORD_FILE"]
    assert secret in theirs["entrypoint"][-1]
    assert ours["secrets"] == theirs["secrets"] == [secret.rpartition("/")[2]]


def test_the_image_is_of_the_line_that_the_tests_run() -> None:
    assert service("neo4j")["image"] == f"neo4j:{LTS}-community"


def test_nothing_but_the_service_is_reachable_and_only_from_this_machine() -> None:
    assert "ports" not in service("neo4j")
    assert service("stratagraph")["ports"] == ["127.0.0.1:8000:8000"]


def test_neo4j_gets_names_that_its_image_turns_into_settings() -> None:
    # The image writes "." for "_" and "_" for "__", and a start with an unknown setting fails.
    settings = {
        re.sub(r"(?<!_)_(?!_)", ".", name.removeprefix("NEO4J_")).replace("__", "_")
        for name in service("neo4j")["environment"]
    }
    assert settings == {"dbms.usage_report.enabled", "db.memory.transaction.max"}


def test_the_service_installs_from_a_folder_that_it_must_not_write(tmp_path: Path) -> None:
    """The source is mounted read-only; root may write whatever its mode is, so the test looks for what was written."""
    source, venv = tmp_path / "source", tmp_path / "venv"
    source.mkdir()
    for name in (*FOLDERS, "src", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, source)
    before = sorted(source.rglob("*"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    libraries = next(venv.glob("lib/*/site-packages")) / "libraries.pth"
    libraries.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    # As the image's own pip, but from here: no network, and with the libraries that stand here already.
    pip = venv / "bin" / "pip"
    options = "install --no-deps --no-index --no-build-isolation --no-compile"
    pip.write_text(f'#!/bin/sh\nshift\nexec {sys.executable} -m pip --python {venv}/bin/python {options} "$@"\n')
    pip.chmod(0o755)
    shell, option, script, name = service("stratagraph")["entrypoint"]
    environment = {"PATH": f"{venv}/bin:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [shell, option, script.replace("$$", "$"), name, "stratagraph", "--version"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"stratagraph {__version__}\n"), done.stderr
    assert sorted(source.rglob("*")) == before
