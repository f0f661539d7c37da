"""Keeping a ledger: its key lost and changed, a folder begun for nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from stratagraph.service.settings import LEDGER_FILE
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import clean_environment

ASSET = "assets:\n- kind: BaseModel\n  name: one\n"
MISTAKEN = "assets:\n- kind: NoSuchKind\n  name: one\n"
LOCK = "stratagraph.lock"


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> Mapping[str, str]:
    return clean_environment(tmp_path / "home")


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {LOCK}


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "mistaken.yaml"),
        ("load", "missing.yaml"),
        ("load", "empty"),
        ("ledger", "import", "mistaken.yaml"),
    ],
    ids=" ".join,
)
def test_a_first_load_or_import_that_is_refused_leaves_no_ledger(
    environment: Mapping[str, str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    written(tmp_path / "mistaken.yaml", MISTAKEN)
    (tmp_path / "empty").mkdir()
    data = tmp_path / "data"
    data.mkdir()
    mine = {f"{LEDGER_FILE}.key": b"k" * 32, "tokens.json": b"{}"}  # put there beforehand, for what is to come
    for name, content in mine.items():
        (data / name).write_bytes(content)
    *command, file = arguments
    done = run(*command, str(tmp_path / file), "--data", str(data), environment=environment)
    assert done.returncode == 2
    assert left(data) == set(mine)
    assert all((data / name).read_bytes() == content for name, content in mine.items())
    assert run("list", "--data", str(data), environment=environment).returncode == 2


def test_a_load_that_is_refused_leaves_a_ledger_that_was_there(
    environment: Mapping[str, str], tmp_path: Path, opened: Opened
) -> None:
    data = opened(tmp_path / "data")
    file = written(tmp_path / "mistaken.yaml", MISTAKEN)
    assert run("load", file, "--data", str(data), environment=environment).returncode == 2
    assert run("ledger", "verify", "--data", str(data), environment=environment).returncode == 0


def test_a_load_that_succeeds_is_kept_where_the_ledger_is_new(environment: Mapping[str, str], tmp_path: Path) -> None:
    data, file = str(tmp_path / "data"), written(tmp_path / "good.yaml", ASSET)
    assert run("load", file, "--data", data, environment=environment).returncode == 0
    assert "The chain of 2 batches is sound" in run("ledger", "verify", "--data", data, environment=environment).stdout


def test_a_lost_key_is_changed_on_purpose_and_told_ever_after(
    environment: Mapping[str, str], tmp_path: Path, opened: Opened
) -> None:
    data = opened(tmp_path / "data")
    head = tmp_path / "head.json"
    here = ("--data", str(data))
    assert run("ledger", "head", "--out", str(head), *here, environment=environment).returncode == 0
    (data / f"{LEDGER_FILE}.key").unlink()
    for command in (["list"], ["ledger", "head"], ["ledger", "export"], ["load", written(tmp_path / "a.yaml", ASSET)]):
        done = run(*command, *here, environment=environment)
        assert done.returncode == 2
        assert "stratagraph ledger rekey" in done.stderr
    assert run("ledger", "verify", "--head", str(head), *here, environment=environment).returncode == 0
    changed = run("ledger", "rekey", "--reason", "the disk died", "--by", "ana", *here, environment=environment)
    assert changed.returncode == 0
    assert run("list", *here, environment=environment).returncode == 0  # the views follow
    verified = run("ledger", "verify", "--head", str(head), *here, environment=environment)
    assert verified.returncode == 0
    assert "named by ana: the disk died. The older key did not sign the change" in verified.stdout


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "two\nlines"])
def test_a_reason_is_a_line_that_says_something(
    environment: Mapping[str, str], tmp_path: Path, opened: Opened, reason: str
) -> None:
    data = opened(tmp_path / "data")
    done = run("ledger", "rekey", "--reason", reason, "--data", str(data), environment=environment)
    assert done.returncode == 2
    assert "--reason takes one line" in done.stderr


QUOTING = """\
assets:
- {kind: Team, name: maria.silva}
- {kind: Agent, name: helper, purpose: "Ask maria.silva, or nobody"}
- {kind: Agent, name: maria.silva-bot}
"""


def test_what_quotes_an_erased_value_is_told_as_the_options_that_erase_it(opened: Opened, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path / "home") | {"STRATAGRAPH_DATA": str(opened(tmp_path / "data"))}
    assert run("load", written(tmp_path / "q.yaml", QUOTING), environment=environment).returncode == 0
    redact = ("ledger", "redact", "--reason", "request 7")
    first = run(*redact, "--subject", "maria.silva", environment=environment)
    told = [line.partition("--subject")[2].partition(": ")[0] for line in first.stdout.splitlines() if "redact" in line]
    assert [each.partition("--predicate")[2] for each in told] == ["", " sg:purpose", " sg:name"]
    for options in told[:2]:
        done = run(*redact, *shlex.split(f"--subject {options}"), "--lang", "pt-BR", environment=environment)
        assert done.returncode == 0, done.stderr
    assert "maria" not in run("ledger", "export", environment=environment).stdout
