"""Loading again and again, as people do: what closes, what is asked before, and what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.queries.impact.impact import Direction, impact
from stratagraph.queries.impact.impact_document import impact_document
from stratagraph.queries.impact.render import render
from stratagraph.service.engine.engine import Engine
from tests.service.cli.invoking import Done, run
from tests.service.cli.lending import Load, _engine, _environment, _load, names
from tests.service.running import clean_environment

__all__ = ["_engine", "_environment", "_load"]

MODEL = "- kind: BaseModel\n  name: {}\n"


def models(engine: Engine) -> set[str]:
    return names(engine, "BaseModel")


def write(root: Path, **contents: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, models in contents.items():
        text = "assets:\n" + "".join(MODEL.format(model) for model in models.split())
        (root / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root


def removed(folder: Path) -> Path:
    (folder / "old.yaml").unlink()
    return folder


def renamed(folder: Path) -> Path:
    (folder / "old.yaml").rename(folder / "new.yaml")
    write(folder, new="later")
    return folder


def moved(folder: Path) -> Path:
    (folder / "sub").mkdir()
    (folder / "old.yaml").rename(folder / "sub" / "old.yaml")
    write(folder / "sub", old="later")
    return folder


def checked_out_again(folder: Path) -> Path:
    other = folder.parent / "checkout-2"
    shutil.copytree(folder, other)
    return removed(other)


def folder_renamed(folder: Path) -> Path:
    return removed(folder.rename(folder.parent / "another"))


def linked(folder: Path) -> Path:
    (folder.parent / "link").symlink_to(removed(folder))
    return folder.parent / "link"


@pytest.mark.parametrize(
    ("edit", "left"),
    [
        (removed, {"kept"}),
        (renamed, {"kept", "later"}),
        (moved, {"kept", "later"}),
        (checked_out_again, {"kept"}),
        (folder_renamed, {"kept"}),
        (linked, {"kept"}),
    ],
)
def test_what_a_file_said_that_is_gone_is_closed(
    engine: Engine, load: Load, tmp_path: Path, edit: Callable[[Path], Path], left: set[str]
) -> None:
    folder = write(tmp_path / "estate", models="kept", old="gone")
    assert load(folder).returncode == 0
    done = load(edit(folder))
    assert done.returncode == 0, done.stderr
    assert "old.yaml" in done.stdout
    assert models(engine) == left


def test_a_file_alone_is_the_same_in_another_checkout(engine: Engine, load: Load, tmp_path: Path) -> None:
    load(write(tmp_path / "checkout-1", estate="one two") / "estate.yaml", "--source", "ci")
    done = load(write(tmp_path / "checkout-2", estate="one") / "estate.yaml", "--source", "ci")
    assert "0 assets opened, 0 changed, 1 closed" in done.stdout
    assert models(engine) == {"one"}


def test_a_file_of_a_sub_folder_loaded_alone_is_known_again(engine: Engine, load: Load, tmp_path: Path) -> None:
    write(tmp_path / "estate" / "sub", deep="one two")
    load(tmp_path / "estate")
    load(write(tmp_path / "estate" / "sub", deep="two") / "deep.yaml")
    assert models(engine) == {"two"}


def test_standard_input_is_a_scope_that_stays(engine: Engine, load: Load) -> None:
    assert "--kind" in load("-", stdin="<urn:a> <urn:b> <urn:c> .").stderr
    load("-", stdin="assets:\n" + MODEL.format("one"))
    load("-", "--kind", "yaml", "--scope", "other", stdin="assets:\n" + MODEL.format("other"))
    load("-", "--kind", "yaml", stdin="assets:\n" + MODEL.format("two"))
    assert models(engine) == {"two", "other"}


def test_kept_and_partial_files_close_nothing(engine: Engine, load: Load, tmp_path: Path) -> None:
    folder = write(tmp_path / "estate", models="kept", old="gone")
    load(folder)
    removed(folder)
    assert load(folder, "--keep").returncode == load(folder, "--partial").returncode == 0
    assert models(engine) == {"kept", "gone"}
    write(folder, models="other")
    load(folder, "--keep")
    assert models(engine) == {"other", "gone"}


def test_folders_under_names_of_their_own_leave_each_other_alone(engine: Engine, load: Load, tmp_path: Path) -> None:
    first = write(tmp_path / "one" / "estate", models="one", old="first")
    second = write(tmp_path / "two" / "estate", models="two")
    for _ in range(2):
        assert load(first, "--scope", "one").returncode == load(second, "--scope", "two").returncode == 0
    assert models(engine) == {"one", "two", "first"}
    load(removed(first), "--scope", "one")
    assert models(engine) == {"one", "two"}
    load(write(tmp_path / "third", third="three"))
    assert models(engine) == {"one", "two", "three"}
    done = load(first, second)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "models.yaml" in done.stderr


EMPTY = {
    "empty.yaml": ["", "# nothing\n", "assets: []\n", "assets:\n", "---\n", "{}", "﻿"],
    "empty.json": ["", "{}", '{"assets": []}'],
    "empty.ttl": ["", "# nothing\n", "@prefix sg: <https://w3id.org/stratagraph/ns#> .\n", " \n"],
    "empty.nt": ["", "# nothing\n"],
    "empty.jsonld": ["", "{}", "[]", '{"@graph": []}'],
    "empty.rdf": ["", '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'],
}
FULL = {
    "empty.yaml": "assets:\n" + MODEL.format("said"),
    "empty.json": '{"assets": [{"kind": "BaseModel", "name": "said"}]}',
    "empty.ttl": "<urn:said> a <https://w3id.org/stratagraph/ns#BaseModel> ; "
    '<https://w3id.org/stratagraph/ns#name> "said" .',
    "empty.nt": "<urn:said> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
    "<https://w3id.org/stratagraph/ns#BaseModel> .\n"
    '<urn:said> <https://w3id.org/stratagraph/ns#name> "said" .\n',
    "empty.jsonld": '{"@id": "urn:said", "@type": "https://w3id.org/stratagraph/ns#BaseModel", '
    '"https://w3id.org/stratagraph/ns#name": "said"}',
    "empty.rdf": '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:sg="https://w3id.org/stratagraph/ns#"><sg:BaseModel rdf:about="urn:said"><sg:name>said</sg:name>'
    "</sg:BaseModel></rdf:RDF>",
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_file_that_is_empty_by_accident_closes_nothing(engine: Engine, load: Load, tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "estate", other="other")
    file = folder / name
    file.write_text(EMPTY[name][0], encoding="utf-8")
    assert load(file).returncode == 0, "it never said anything"
    for text in EMPTY[name]:
        file.write_text(FULL[name], encoding="utf-8")
        load(folder)
        assert models(engine) == {"said", "other"}
        file.write_text(text, encoding="utf-8")
        refused = load(folder)
        assert refused.returncode == 2, repr(text)
        assert [part for part in (name, "--allow-empty", "1 closed") if part not in refused.stderr] == []
        assert models(engine) == {"said", "other"}
        assert load(file, "--allow-empty").returncode == 0
        assert models(engine) == {"other"}


def test_a_folder_that_lost_every_file_is_asked_about(engine: Engine, load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    (folder / "notes.txt").touch()
    first = load(folder)
    assert first.returncode == 2
    assert "notes.txt" in first.stderr
    assert load(folder, "--allow-empty").returncode == 0
    load(write(folder, models="one"))
    (folder / "models.yaml").unlink()
    refused = load(folder)
    assert (refused.returncode, "--allow-empty" in refused.stderr) == (2, True)
    assert models(engine) == {"one"}
    assert load(folder, "--allow-empty").returncode == 0
    assert models(engine) == set()


def test_a_dry_run_tells_everything_and_commits_nothing(engine: Engine, load: Load, tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    folder.mkdir()
    text = "assets:\n- kind: Agent\n  name: a\n  purpose: {}\n  usesModel: [{}]\n" + MODEL.format("{}")
    (folder / "a.yaml").write_text(text.format("one", "m1", "m1"), encoding="utf-8")
    load(folder)
    before = engine.ledger.head()
    (folder / "a.yaml").write_text(text.format("two", "m2", "m2"), encoding="utf-8")
    told = load(folder, "--dry-run").stdout
    assert [line for line in told.splitlines() if line[:2] in ("+ ", "~ ", "- ")] == [
        "+ asset:BaseModel/m2 (sg:BaseModel)",
        '~ asset:Agent/a sg:purpose: "one" -> "two"',
        "- asset:BaseModel/m1 (sg:BaseModel)",
        "+ asset:Agent/a sg:usesModel asset:BaseModel/m2",
        "- asset:Agent/a sg:usesModel asset:BaseModel/m1",
    ]
    assert "Nothing was committed" in told
    document = json.loads(load(folder, "--dry-run", "--format", "json").stdout)
    assert document["assets"] == {"opened": 1, "changed": 1, "closed": 1}
    assert [asset["iri"] for asset in document["changes"]["assets"]["closed"]] == [f"{ASSET_BASE}BaseModel/m1"]
    assert document["changes"]["partial"] is False
    assert engine.ledger.head() == before
    assert models(engine) == {"m1"}
    real = load(folder).stdout
    assert "1 asset opened, 1 changed, 1 closed; 1 relation opened, 1 closed" in real


def test_what_another_source_still_says_is_not_gone(
    engine: Engine, environment: Mapping[str, str], load: Load, tmp_path: Path
) -> None:
    folder = write(tmp_path / "estate", models="one")
    load(folder, "--source", "a")
    assert "nothing changed" in load(folder, "--source", "b").stdout
    done = run("withdraw", "--source", "a", environment=environment)
    assert "nothing changed" in done.stdout
    assert models(engine) == {"one"}


KINDS = {"BaseModel": "BaseModel", "TaskAgent": "Agent", "Law": "Regulation"}


@pytest.mark.parametrize(
    ("relation", "cls"),
    [
        ("usesModel", "BaseModel"),  # whose range tells that what it leads to is a model
        ("delegatesTo", "TaskAgent"),
        ("governedBy", "Law"),  # whose range tells nothing
    ],
)
def test_what_was_withdrawn_is_told_whatever_its_relations_tell_of_it(
    engine: Engine, load: Load, tmp_path: Path, relation: str, cls: str
) -> None:
    owner, user = tmp_path / "owner.yaml", tmp_path / "user.yaml"
    owner.write_text(f"assets:\n- {{kind: {cls}, name: gone}}\n", encoding="utf-8")
    user.write_text(
        f"assets:\n- {{kind: TaskAgent, name: left, {relation}: {{kind: {cls}, name: gone}}}}\n", encoding="utf-8"
    )
    load(owner, "--source", "owner")
    load(user, "--source", "user")
    gone, left = f"{ASSET_BASE}{KINDS[cls]}/gone", f"{ASSET_BASE}Agent/left"
    before = impact(engine.adjacency, engine.triples, engine.model, left, direction=Direction.BOTH)
    assert (before.dangling, gone in before.assets) == ((), True)
    owner.write_text("assets: []\n", encoding="utf-8")
    assert "left still points to it" in load(owner, "--source", "owner", "--allow-empty").stdout
    after = impact(engine.adjacency, engine.triples, engine.model, left, direction=Direction.BOTH)
    assert [(one.subject, one.object, one.source) for one in after.dangling] == [(left, gone, "user")]
    assert gone not in after.assets


WHO = ("/index", "/reader", "retrievesFrom", "'user'", "user.yaml")


def test_withdrawing_what_others_point_to_is_said_and_does_not_stop_them(
    engine: Engine, load: Load, tmp_path: Path
) -> None:
    owner = tmp_path / "owner.yaml"
    owner.write_text("assets:\n- kind: VectorIndex\n  name: index\n", encoding="utf-8")
    user = tmp_path / "user.yaml"
    text = (
        "assets:\n- kind: ConversationalAgent\n  name: reader\n"
        "  retrievesFrom: [{{kind: VectorIndex, name: index}}{}]\n"
    )
    user.write_text(text.format(""), encoding="utf-8")
    load(owner, "--source", "owner")
    load(user, "--source", "user")
    owner.write_text("assets: []\n", encoding="utf-8")
    for options in ((), ("--allow-empty", "--dry-run"), ("--allow-empty",)):
        done = load(owner, "--source", "owner", *options)
        said = done.stdout + done.stderr
        assert [
            part for part in ("/index", "/reader", "retrievesFrom", "'user'", "user.yaml") if part not in said
        ] == []
    reader = f"{ASSET_BASE}Agent/reader"
    for start in (reader, f"{ASSET_BASE}Representation/index"):
        answer = impact(engine.adjacency, engine.triples, engine.model, start, direction=Direction.BOTH)
        document = impact_document(answer, engine.model)
        assert [item["subject"] for item in document["dangling"]] == [reader]
        assert f"{ASSET_BASE}Representation/index" not in answer.assets
        assert "index (retrieves from), which has been withdrawn; so says user" in render(document, "table")
        assert "que foi retirado" in render(impact_document(answer, engine.model, "pt-BR"), "table")
    assert load(user, "--source", "user").returncode == 0
    user.write_text(text.format("") + "  purpose: reads\n", encoding="utf-8")
    later = load(user, "--source", "user")
    assert later.returncode == 0, later.stderr
    assert "withdrawn since" in later.stdout
    user.write_text(text.format(", {kind: VectorIndex, name: never}"), encoding="utf-8")
    refused = load(user, "--source", "user")
    assert (refused.returncode, "/never" in refused.stderr, "/index" in refused.stderr) == (2, True, False)


def test_a_source_is_withdrawn_wholly_or_in_part(
    engine: Engine, environment: Mapping[str, str], load: Load, tmp_path: Path
) -> None:
    write(tmp_path / "estate" / "sub", one="one", two="two")
    load(write(tmp_path / "estate", three="three"), "--source", "mine")
    load(write(tmp_path / "other", four="four"), "--source", "theirs")

    def withdraw(*arguments: str) -> Done:
        return run("withdraw", *arguments, environment=environment)

    dry = withdraw("--source", "mine", "--dry-run", "--format", "json")
    document: dict[str, Any] = json.loads(dry.stdout)
    assert document["scopes"] == ["sub/one.yaml", "sub/two.yaml", "three.yaml"]
    assert document["assets"]["closed"] == 3
    assert models(engine) == {"one", "two", "three", "four"}
    assert withdraw("--source", "mine", "--scope", "sub/one.yaml").returncode == 0
    assert models(engine) == {"two", "three", "four"}
    assert withdraw("--source", "mine", "--scope", "sub").returncode == 0
    assert models(engine) == {"three", "four"}
    assert withdraw("--source", "mine").returncode == 0
    assert models(engine) == {"four"}
    for arguments in (("mine",), ("their",), ("theirs", "--scope", "nothing"), ("",), ("stratagraph:core",)):
        refused = withdraw("--source", *arguments)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1), arguments
    assert models(engine) == {"four"}


def test_every_mistake_of_a_load_is_told_with_its_line(load: Load, tmp_path: Path) -> None:
    wrong = "assets:\n- kind: Agent\n  name: {0}\n  dependsOn: {{kind: Tool, name: no-{0}}}\n"
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.yaml").write_text(wrong.format(name), encoding="utf-8")
    done = load(*(tmp_path / f"{name}.yaml" for name in "abc"))
    assert done.returncode == 2
    assert [f"{name}.yaml:4" for name in "abc" if f"{name}.yaml:4" not in done.stderr] == []
    (tmp_path / "b.yaml").write_text("assets:\n- kind: Nothing\n  name: x\n", encoding="utf-8")
    (tmp_path / "d.ttl").write_text("<urn:x> <urn:y> ;;;\n", encoding="utf-8")
    done = load(tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "d.ttl")
    assert [part for part in ("b.yaml:2", "d.ttl:1") if part not in done.stderr] == []


def test_warnings_are_one_line_a_kind_and_listed_when_asked(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "estate", models="one two three four") / "models.yaml"
    first = load(file).stdout
    kinds = [line for line in first.splitlines() if line.startswith("warning: ")]
    assert kinds
    assert all("3 more of this kind" in line for line in kinds)
    again = load(file).stdout
    assert "warning: " not in again
    assert f"{4 * len(kinds)} warnings, as before" in again
    listed = load(file, "--warnings").stdout
    assert len([line for line in listed.splitlines() if line.startswith("warning: ")]) == 4 * len(kinds)


def test_of_many_warnings_the_first_are_listed_and_the_rest_is_counted(load: Load, tmp_path: Path) -> None:
    file = write(tmp_path / "estate", models=" ".join(f"m{number}" for number in range(50))) / "models.yaml"
    first = load(file).stdout
    kinds = [line for line in first.splitlines() if line.startswith("warning: ")]
    assert all("49 more of this kind" in line for line in kinds)
    count = 50 * len(kinds)
    assert f"{count} warnings of {len(kinds)} kinds; --warnings lists the first {MOST_FINDINGS}." in first
    listed = load(file, "--warnings").stdout.splitlines()
    assert len([line for line in listed if line.startswith("warning: ")]) == MOST_FINDINGS
    assert f"{count - MOST_FINDINGS} more warnings." in listed
    document = json.loads(load(file, "--format", "json").stdout)
    assert (len(document["warnings"]), document["warningCount"]) == (MOST_FINDINGS, count)


@pytest.mark.parametrize("arguments", [("--source", ""), ("--source", " "), ("--source", "x" * 201), ("--scope", "")])
def test_a_name_that_is_none_is_refused_in_one_sentence(load: Load, tmp_path: Path, arguments: tuple[str, str]) -> None:
    done = load(write(tmp_path / "estate", models="one"), *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert arguments[0] in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("load", "{missing}"), "missing"),
        (("load", "{folder}/file.yaml/below.yaml"), "below.yaml"),
        (("validate", "--data", "{missing}", "--shapes", "{shapes}"), "missing"),
        (("validate", "--data", "{folder}", "--shapes", "{shapes}"), "folder"),
        (("validate", "--data", "{file}", "--shapes", "{folder}"), "folder"),
        (("query", "{missing}"), "missing"),
        (("query", "{folder}"), "folder"),
        (("load", "{file}", "--data", "{file}"), "file.yaml"),
        (("withdraw", "--source", "x", "--data", "{file}"), "file.yaml"),
        (("query", "{file}", "--data", "{file}"), "file.yaml"),
        (("load", "{file}", "--config", "{missing}"), "missing"),
    ],
)
def test_a_path_that_is_not_what_is_wanted_is_one_sentence_and_status_2(
    tmp_path: Path, command: tuple[str, ...], said: str
) -> None:
    folder = write(tmp_path / "folder", file="one")
    places = {"folder": folder, "file": folder / "file.yaml", "missing": folder / "missing.ttl"}
    places["shapes"] = folder / "shapes.ttl"
    places["shapes"].touch()
    arguments = (part.format(**places) for part in command)
    done = run(*arguments, environment=clean_environment(tmp_path / "home"))
    assert (done.returncode, len(done.stderr.strip().splitlines()), done.stdout) == (2, 1, ""), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_exit_status_tells_a_pipeline_what_would_change(
    environment: Mapping[str, str], engine: Engine, tmp_path: Path
) -> None:
    def load(*arguments: str) -> int:
        given = ("load", str(tmp_path / "codes"), "--source", "codes", "--exit-code", *arguments)
        return run(*given, environment=environment).returncode

    folder = write(tmp_path / "codes", models="a b")
    assert load("--dry-run") == 1
    assert models(engine) == set()
    assert load() == 1
    assert load("--dry-run") == load() == 0
    write(folder, models="a c")
    assert load("--dry-run") == 1
    (folder / "models.yaml").write_text("assets: [", encoding="utf-8")
    assert load("--dry-run") == load() == 2
    assert models(engine) == {"a", "b"}
    assert run("withdraw", "--source", "codes", environment=environment).returncode == 0


def test_a_large_file_that_did_not_change_is_not_read_again(
    load: Load, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratagraph.service.cli.load.LEAST", 1)
    folder = write(tmp_path / "f", a="one two", b="three")
    assert "3 assets opened" in load(folder).stdout
    monkeypatch.setattr("stratagraph.service.cli.load.files.transform", _never)
    before = engine.ledger.sequence()
    done = load(folder, "--exit-code")
    assert done.returncode == 0, done.stderr
    assert f"as sequence {before + 1}: nothing changed since sequence {before}." in done.stdout
    assert "as before; --warnings lists them" in done.stdout
    newest = engine.ledger.batches(limit=1)[0]
    assert (newest.source, newest.opened, newest.closed) == ("files", 0, 0)
    assert models(engine) == {"one", "two", "three"}


def _never(*_: object, **__: object) -> None:
    raise AssertionError


def test_what_is_not_as_it_was_is_read_again(
    load: Load, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratagraph.service.cli.load.LEAST", 1)
    folder = write(tmp_path / "f", a="one two", old="three")
    load(folder)
    for option in ("--warnings", "--format=json", "--dry-run"):
        assert "since sequence" not in load(folder, option).stdout
    assert "since sequence" in load(folder).stdout
    write(folder, a="one")
    assert "1 closed" in load(folder).stdout
    assert "since sequence" in load(folder).stdout
    removed(folder)
    assert "1 closed" in load(folder).stdout
    assert models(engine) == {"one"}
