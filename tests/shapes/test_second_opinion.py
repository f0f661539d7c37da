"""Both engines of ``validate`` on the same files: the same outcome, the same exit status."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.service.cli.invoking import run

SHAPES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix x: <http://x/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
x:S a sh:NodeShape ; sh:targetClass x:C ; sh:property [ sh:path x:p ; sh:minCount 1 ; sh:datatype xsd:integer ] ;
  sh:property [ sh:path x:b ; sh:nodeKind sh:BlankNode ] ."""
HEAD = "@prefix x: <http://x/> . "
CASES = {
    "x:a a x:C ; x:p 1 .": 0,
    "x:a a x:C .": 1,
    'x:a a x:C ; x:p "one" .': 1,
    "x:a a x:C ; x:p 1 ; x:b [ x:q 1 ] .": 0,
    "x:a a x:C ; x:p 1 ; x:b x:named .": 1,
    "x:a a x:D .": 0,
    "x:a a x:C ; x:p": 2,
}


@pytest.mark.parametrize("data", CASES)
@pytest.mark.parametrize("engine", ["stratagraph", "pyshacl"])
def test_both_engines_come_to_the_same(tmp_path: Path, engine: str, data: str) -> None:
    (tmp_path / "d.ttl").write_text(HEAD + data)
    (tmp_path / "s.ttl").write_text(SHAPES)
    done = validated(tmp_path, "--engine", engine)
    assert done[0] == CASES[data], done[1]


def test_what_pyshacl_cannot_do_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "d.ttl").write_text(HEAD + "x:a a x:C .")
    (tmp_path / "s.ttl").write_text(SHAPES.replace("sh:minCount 1", "sh:minCount x:one"))
    status, said = validated(tmp_path, "--engine", "pyshacl")
    assert status == 2
    assert "pyshacl could not validate this" in said
    status, said = validated(tmp_path, "--engine", "pyshacl", "--format", "json")
    assert (status, "turtle only" in said) == (2, True)


def validated(folder: Path, *options: str) -> tuple[int, str]:
    environment: Mapping[str, str] = {}
    files = ("--data", str(folder / "d.ttl"), "--shapes", str(folder / "s.ttl"))
    done = run("validate", *files, *options, environment=environment)
    return done.returncode, done.stderr
