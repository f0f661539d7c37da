"""Files as one batch, each a scope of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders import files
from stratagraph.loaders.files import SeveralMistakes
from stratagraph.loaders.folders import read_paths
from stratagraph.loaders.kinds import Kind, UnknownContent
from stratagraph.loaders.origins import Loaded, Place
from stratagraph.loaders.scopes import SourceFile, plan
from stratagraph.ontology.facts import Fact, Literal, Method
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.ontology.syntax.parsing import MalformedRdf

MODEL = load_model()
TURTLE = """@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix a: <https://w3id.org/stratagraph/asset/> .

a:support a sg:Agent ;
    sg:name "support" ;
    sg:usesModel a:gpt .
a:gpt a sg:BaseModel .
"""
YAML = "assets:\n- kind: BaseModel\n  name: gpt-5\n"


def load(paths: list[Path], **options: Any) -> Loaded:
    found = plan(read_paths(paths, kind=options.get("kind")), {}).files
    return files.transform(found, model=MODEL, base=ASSET_BASE, source="files", **options)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "a.ttl").write_text(TURTLE, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a source", encoding="utf-8")
    return tmp_path


def test_several_files_are_one_batch_with_a_scope_each(folder: Path) -> None:
    batch = load([folder / "a.ttl", folder / "b.yaml"]).batch
    assert [scope.name for scope in batch.scopes] == ["a.ttl", "b.yaml"]
    assert all(scope.complete for scope in batch.scopes)
    assert batch.method is Method.DECLARED
    assert Fact(ASSET_BASE + "support", RDF.type, SG.Agent) in batch.facts()
    assert Fact(ASSET_BASE + "BaseModel/gpt-5", SG.name, Literal("gpt-5")) in batch.facts()


def test_each_load_is_a_run_of_its_own(folder: Path) -> None:
    assert load([folder]).batch.run != load([folder]).batch.run


def test_an_empty_file_is_an_empty_scope(tmp_path: Path) -> None:
    (tmp_path / "empty.ttl").touch()
    (scope,) = load([tmp_path / "empty.ttl"]).batch.scopes
    assert scope.stated == ()


def test_a_turtle_statement_is_found_by_line(folder: Path) -> None:
    origins = load([folder / "a.ttl"]).origins
    uses = Fact(ASSET_BASE + "support", SG.usesModel, ASSET_BASE + "gpt")
    assert origins.find(uses, uses.subject) == Place(str(folder / "a.ttl"), 6)
    assert origins.find(None, ASSET_BASE + "gpt") == Place(str(folder / "a.ttl"), 7)


def test_a_yaml_statement_is_found_by_line(folder: Path) -> None:
    origins = load([folder / "b.yaml"]).origins
    assert origins.find(None, ASSET_BASE + "BaseModel/gpt-5") == Place(str(folder / "b.yaml"), 2)


def test_nothing_is_found_of_a_stranger(folder: Path) -> None:
    assert load([folder]).origins.find(None, ASSET_BASE + "nobody") is None


def test_an_unknown_kind_of_file_is_refused_unless_its_kind_is_given(folder: Path) -> None:
    with pytest.raises(UnknownContent, match="--kind"):
        load([folder / "notes.txt"])
    (folder / "graph.txt").write_text(TURTLE, encoding="utf-8")
    assert len(load([folder / "graph.txt"], kind=Kind.RDF).batch.scopes[0].stated) == 4


def test_malformed_turtle_is_refused_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.ttl"
    file.write_text(TURTLE + "a:x a sg:Agent ;;; oops\n", encoding="utf-8")
    with pytest.raises(MalformedRdf) as refused:
        load([file])
    assert (refused.value.file, refused.value.line) == (str(file), 8)


def test_every_file_with_a_mistake_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("<urn:x> <urn:y> ;;;\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("assets:\n- kind: Agnet\n  name: x\n", encoding="utf-8")
    with pytest.raises(SeveralMistakes) as refused:
        load([tmp_path])
    assert refused.value.count == 2
    assert [part for part in ("a.ttl:1", "c.yaml:2") if part not in str(refused.value)] == []


def test_relative_iris_do_not_depend_on_where_the_file_lies(tmp_path: Path) -> None:
    stated = []
    for place in ("one", "two"):
        (tmp_path / place / "in").mkdir(parents=True)
        (tmp_path / place / "in" / "a.ttl").write_text(f"<#x> a <{SG.Agent}> .", encoding="utf-8")
        stated.append(load([tmp_path / place]).batch.scopes)
    assert stated[0] == stated[1]
    assert stated[0][0].stated[0].subject.endswith("/in/a.ttl#x")


def documents(**contents: bytes) -> list[SourceFile]:
    return [SourceFile(scope=name, data=data) for name, data in contents.items()]


def test_the_digest_follows_content_and_name() -> None:
    assert files.digest(documents(a=b"1", b=b"2")) == files.digest(documents(b=b"2", a=b"1"))
    assert files.digest(documents(a=b"1")) != files.digest(documents(a=b"2"))
    assert files.digest(documents(a=b"1")) != files.digest(documents(b=b"1"))
