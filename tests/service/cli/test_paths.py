"""Paths that are not what is wanted, in every option and argument of every command: exit status 2 and one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from stratagraph.service.app import app
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

COULD_NOT_RUN = 2
FOLDERS = {"data", "rules"}
"""Options that take a folder; all other paths are those of files, where nothing else is said below."""
EXCEPTIONS = {("validate", "data"): "file", ("docs", "out"): "new-folder", ("load", "paths"): "either"}
"""What a path is where its name alone does not tell."""
TEXTS = {(("query",), "text")}
"""What may be a path, and may be something else: its type does not tell."""
WRONG = {
    "folder": ("a-file.ttl", "a-file.ttl/below"),
    "new-folder": ("a-file.ttl", "a-file.ttl/below"),
    "file": ("a-folder", "nowhere/at/all"),
    "either": ("nowhere/at/all", "a-file.ttl/below"),
}


@dataclass(frozen=True)
class Slot:
    """A place of a command where a path goes, the arguments around it, and a path that is wrong there."""

    command: tuple[str, ...]
    around: tuple[str, ...]
    flag: str
    wrong: str

    def __str__(self) -> str:
        """Name the case in the test's report."""
        return f"{' '.join(self.command)} {self.flag}={self.wrong}"

    def arguments(self, folder: Path) -> list[str]:
        """Return what to call the program with, in a folder that has what the cases name."""
        path = str(folder / self.wrong)
        around = [str(folder / word.removeprefix("@")) if word.startswith("@") else word for word in self.around]
        return [*self.command, *around, *([self.flag] if self.flag else []), path]


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with the words that call it."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in children:
        yield from leaves(children[name], (*path, name))


def takes_path(command: tuple[str, ...], param: Any) -> bool:
    annotation = param.type_descriptor.annotation
    return annotation is Path or Path in get_args(annotation) or (command, param.name) in TEXTS


def kind_of(command: tuple[str, ...], param: Any) -> str | None:
    """Return what kind of path a parameter takes, or None where it takes none."""
    if not takes_path(command, param):
        return None
    known = EXCEPTIONS.get((command[-1], param.name))
    # Modules may stand in a folder or in one file.
    return known or ("folder" if param.name in FOLDERS else "either" if param.name == "ontology" else "file")


def filled(command: tuple[str, ...], param: Any) -> list[str]:
    """Return a right value of a required parameter."""
    annotation = param.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        value = str(next(iter(annotation)).value)
    elif annotation is int:
        value = "1"
    else:
        value = "@a-file.ttl" if takes_path(command, param) else "x"
    return [param.opts[0], value] if param.opts[0].startswith("-") else [value]


def slots() -> Iterator[Slot]:
    for words, command in leaves(typer.main.get_command(app)):
        for param in command.params:
            kind = kind_of(words, param)
            required = [other for other in command.params if other.required and other is not param]
            around = tuple(word for other in required for word in filled(words, other))
            flag = param.opts[0] if param.opts[0].startswith("-") else ""
            for wrong in WRONG[kind] if kind else ():
                yield Slot(words, around, flag, wrong)


SLOTS = tuple(slots())


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Path:
    """A folder with a file, a folder, and a home whose data folder holds a ledger."""
    folder = tmp_path_factory.mktemp("paths")
    opened(folder / "home" / DATA)
    (folder / "a-file.ttl").write_text("<urn:a> <urn:b> <urn:c> .", encoding="utf-8")
    (folder / "a-folder").mkdir()
    return folder


def listing(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "home" not in path.parts}


@pytest.mark.parametrize("slot", SLOTS, ids=str)
def test_a_path_that_is_not_what_is_wanted_is_told_in_one_sentence(slot: Slot, folder: Path) -> None:
    before = listing(folder)
    done = run(*slot.arguments(folder), environment=clean_environment(folder / "home"))
    assert (done.returncode, done.stdout) == (COULD_NOT_RUN, ""), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert slot.wrong.partition("/")[0] in done.stderr
    assert "Errno" not in done.stderr
    assert listing(folder) == before


def test_every_command_is_walked() -> None:
    walked = {slot.command[0] for slot in SLOTS}
    assert walked >= {
        "audit",
        "impact",
        "load",
        "query",
        "serve",
        "demo",
        "validate",
        "ledger",
        "neo4j",
        "token",
        "docs",
    }


READING = [
    ["impact", "x"],
    ["audit"],
    ["audit", "--allow-empty"],
    ["query", "-"],
    ["withdraw", "--source", "x"],
    ["withdraw", "--source", "x", "--dry-run"],
    ["ledger", "verify"],
    ["ledger", "head"],
    ["ledger", "export"],
    ["neo4j", "status"],
    ["neo4j", "sync"],
    ["neo4j", "rebuild"],
    ["neo4j", "down"],
    ["token", "list"],
    ["token", "revoke", "x"],
]


@pytest.mark.parametrize("kind", ["missing", "empty", "empty-file"])
@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_who_reads_makes_no_ledger(words: list[str], kind: str, tmp_path: Path) -> None:
    data = tmp_path / "typo"
    if kind != "missing":
        data.mkdir()
    if kind == "empty-file":
        (data / "ledger.sqlite").touch()
    before = listing(tmp_path)
    environment: Mapping[str, str] = clean_environment(tmp_path / "home")
    done = run(*words, "--data", str(data), environment=environment, stdin="ASK {}")
    assert (done.returncode, done.stdout) == (COULD_NOT_RUN, "")
    assert f"There is no ledger in {data}" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert listing(tmp_path) == before


def test_a_dry_run_of_a_load_makes_no_ledger_either(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("assets:\n- kind: BaseModel\n  name: m\n", encoding="utf-8")
    environment = clean_environment(tmp_path / "home")
    done = run("load", str(file), "--dry-run", "--data", str(tmp_path / "typo"), environment=environment)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "typo").exists()


def test_an_import_of_a_missing_file_makes_no_ledger(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path / "home")
    done = run("ledger", "import", str(tmp_path / "no.jsonl"), "--data", str(tmp_path / "new"), environment=environment)
    assert done.returncode == COULD_NOT_RUN
    assert not (tmp_path / "new").exists()


def test_no_path_is_tried_before_it_is_opened() -> None:
    """Whoever opens it says in one sentence why it can't; the library would draw a box, in English."""
    for words, command in leaves(typer.main.get_command(app)):
        for param in command.params:
            if takes_path(words, param):
                assert not param.type_descriptor.parameter_info.readable, (words, param.name)


def test_an_option_with_one_value_is_refused_where_it_is_given_two(tmp_path: Path) -> None:
    """An audit of two frameworks would be one of the second alone, and green without the first."""
    environment = clean_environment(tmp_path)
    asked = 0
    for words, command in leaves(typer.main.get_command(app)):
        for param in command.params:
            option = param.opts[-1]
            if option.startswith("--") and not (param.multiple or param.is_flag):
                done = run(*words, option, "one", option, "two", environment=environment)
                assert (done.returncode, done.stdout) == (COULD_NOT_RUN, "")
                assert f"{option} is given more than once" in done.stderr, (words, option)
                asked += 1
    assert asked > len(READING)
    done = run("audit", "--on=x", "--on", "y", environment={**environment, "STRATAGRAPH_LANG": "pt-BR"})
    assert "--on foi dada mais de uma vez" in done.stderr
