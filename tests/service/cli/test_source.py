"""``stratagraph source``: added, looked at, run and removed as people do."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from stratagraph.service.engine.engine import Engine
from tests.service.cli.invoking import Done, run
from tests.service.cli.lending import _engine, _environment, names

__all__ = ["_engine", "_environment"]

Command = Callable[..., Done]


@pytest.fixture(name="source")
def _source(environment: Mapping[str, str], engine: Engine) -> Iterator[Command]:
    yield lambda *arguments: run("source", *map(str, arguments), environment=environment)
    for name in engine.marks("sources"):
        run("source", "remove", name, "--withdraw", environment=environment)


def write(file: Path, models: str) -> Path:
    text = "assets:\n" + "".join(f"- kind: BaseModel\n  name: {model}\n" for model in models.split())
    file.write_text(text, encoding="utf-8")
    return file


def test_a_source_from_its_first_day_to_its_last(source: Command, engine: Engine, tmp_path: Path) -> None:
    file = write(tmp_path / "m.yaml", "a b c d")
    assert "reads it by itself: 5m" in source("add", "gw", file, "--every", "5m").stdout
    assert source("add", "gw", file).returncode == 2
    rehearsed = source("run", "gw", "--dry-run", "--exit-code")
    assert (rehearsed.returncode, "+ asset:BaseModel/a" in rehearsed.stdout) == (1, True)
    assert names(engine, "BaseModel") == set()
    assert source("run", "gw").stdout.startswith("Committed 1 document")
    unchanged = source("run", "gw", "--exit-code")
    assert (unchanged.returncode, "holds what it held" in unchanged.stdout) == (0, True)
    write(file, "a")
    refused = source("run", "gw")
    assert (refused.returncode, "--accept" in refused.stderr) == (2, True)
    shown = source("run", "gw", "--dry-run")
    assert (shown.returncode, "--accept" in shown.stderr, "- asset:BaseModel/d" in shown.stdout) == (0, True, True)
    assert "waits for a person" in source("list").stdout
    assert source("run", "gw", "--accept").returncode == 0
    assert names(engine, "BaseModel") == {"a"}
    assert source("pause", "gw").returncode == source("resume", "gw").returncode == 0
    removed = source("remove", "gw")
    assert "stratagraph withdraw --source gw" in removed.stderr
    assert names(engine, "BaseModel") == {"a"}
    assert source("run", "gw").returncode == 2


def test_the_list_for_programs(source: Command, tmp_path: Path) -> None:
    source("add", "gw", write(tmp_path / "m.yaml", "a"), "--cron", "0 6 * * *")
    source("run", "gw")
    (row,) = csv.DictReader(io.StringIO(source("list", "--format", "csv").stdout))
    assert (row["name"], row["status"], row["schedule"], row["opened"]) == ("gw", "committed", "0 6 * * *", "2")
    (told,) = json.loads(source("list", "--format", "json").stdout)["sources"]
    assert (told["source"], told["closing"], told["description"]["cron"]) == ("gw", None, "0 6 * * *")
    assert "gravada" in source("list", "--lang", "pt-BR").stdout


def test_a_check_tells_of_each_and_fails_with_one(source: Command, tmp_path: Path, engine: Engine) -> None:
    source("add", "good", write(tmp_path / "m.yaml", "a"))
    source("add", "bad", tmp_path / "nowhere.yaml")
    before = engine.ledger.sequence()
    checked = source("check")
    assert checked.returncode == 2
    assert "good: 1 document can be taken in; 1 asset opened" in checked.stdout
    assert "bad: " in checked.stdout
    assert "nowhere.yaml" in checked.stdout
    assert source("check", "good").returncode == 0
    assert engine.ledger.sequence() == before


@pytest.mark.parametrize(
    "options",
    [
        ("https://a.org/", "--header", "Authorization=hunter2"),
        ("https://a.org/", "--bearer", "hunter2"),
        ("https://a.org/?token=hunter2",),
        ("https://ana:hunter2@a.org/",),
        ("https://a.org/", "--user", "ana", "--password", "hunter2"),
        ("--command", "ls 'hunter2"),
        ("https://a.org/", "--every", "hunter"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(source: Command, options: tuple[str, ...]) -> None:
    refused = source("add", "s", *options)
    assert refused.returncode == 2
    assert "hunter2" not in refused.stderr + refused.stdout


def test_a_mistake_in_a_document_is_told_with_its_line(source: Command, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("assets:\n- kind: BaseModel\n  nme: a\n")
    source("add", "gw", tmp_path / "m.yaml")
    failed = source("run", "gw")
    assert failed.returncode == 2
    assert "m.yaml:" in failed.stderr
    assert "m.yaml:" in source("list").stdout
