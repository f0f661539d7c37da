"""The reasoner's processes: one for many questions, and the same answers as from a Java runtime for each."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OWL, RDF, RDFS
from stratagraph.ontology.reasoning.dl import DLReport, ReasonerFailed, check, find_java
from stratagraph.ontology.reasoning.reasoners import ReasonerProcess, Reasoners
from tests.ontology.reasoning.test_dl import facts

pytestmark = pytest.mark.java

GHOST = f"<https://example.org/g> <{RDF.type}> <{OWL.Class}> .\n"
EMPTY = GHOST + f"<https://example.org/g> <{RDFS.subClassOf}> <{OWL.Nothing}> .\n"
SOUND = {"consistent": True, "unsatisfiable": []}
VERDICTS = {
    "nothing": ("", DLReport(consistent=True)),
    "a class without members, in other letters": (
        "ex:Não_𝄞 a owl:Class ; rdfs:subClassOf owl:Nothing . ex:Ok a owl:Class .",
        DLReport(consistent=True, unsatisfiable=("https://example.org/Não_𝄞",)),
    ),
    "a contradiction": (
        "ex:A a owl:Class . ex:B a owl:Class ; owl:disjointWith ex:A . ex:x a ex:A , ex:B .",
        DLReport(consistent=False),
    ),
    "strings that differ in an accent": (
        r'ex:p a owl:DatatypeProperty , owl:FunctionalProperty . ex:x ex:p "C:\\xe9 é" , "C:\\xe9 e" .',
        DLReport(consistent=False),
    ),
    "a string twice": (
        r'ex:p a owl:DatatypeProperty , owl:FunctionalProperty . ex:x ex:p "C:\\xe9 é\t" , "C:\\xe9 \u00e9	" .',
        DLReport(consistent=True),
    ),
    "an unknown datatype": ("ex:p a owl:DatatypeProperty . ex:x ex:p '2025-06-01'^^xsd:date .", None),
}


@pytest.fixture(name="one_for_each")
def _one_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Java is a script, whose runtime can't be found, so that owlready2 starts it for every question."""
    script = tmp_path / "bin" / "java"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {find_java()} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")


def report(turtle: str) -> DLReport | None:
    try:
        return check(facts(turtle))
    except ReasonerFailed:
        return None


@pytest.mark.parametrize(("turtle", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_a_runtime_that_stays_gives_the_right_verdict(turtle: str, verdict: DLReport | None) -> None:
    assert report(turtle) == verdict


@pytest.mark.parametrize(("turtle", "verdict"), VERDICTS.values(), ids=VERDICTS)
@pytest.mark.usefixtures("one_for_each")
def test_a_runtime_for_each_question_gives_the_same(turtle: str, verdict: DLReport | None) -> None:
    assert report(turtle) == verdict


@pytest.mark.usefixtures("one_for_each")
def test_a_runtime_for_each_question_judges_the_core_too() -> None:
    assert check(load_model()) == DLReport(consistent=True)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    file = tmp_path / "ontology.nt"
    file.write_text(GHOST, encoding="utf-8")
    return file


def test_a_process_is_kept_while_anyone_wants_it(file: Path) -> None:
    reasoners = Reasoners()
    with reasoners.kept():
        with reasoners.kept():
            assert reasoners.ask(find_java(), file, 60) == SOUND
        [process] = reasoners._idle
        file.write_text(EMPTY, encoding="utf-8")
        assert reasoners.ask(find_java(), file, 60) == SOUND | {"unsatisfiable": ["https://example.org/g"]}
        assert reasoners._idle == [process]
        assert process.alive
    assert reasoners._idle == []
    assert not process.alive


def test_a_process_that_nobody_wants_ends_with_its_answer(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ReasonerProcess] = []
    take = Reasoners._take

    def noted(self: Reasoners, java: str) -> ReasonerProcess:
        asked.append(take(self, java))
        return asked[-1]

    monkeypatch.setattr(Reasoners, "_take", noted)
    assert Reasoners().ask(find_java(), file, 60) == SOUND
    assert [process.alive for process in asked] == [False]


def test_a_process_that_died_while_it_waited_is_replaced(file: Path) -> None:
    reasoners = Reasoners()
    with reasoners.kept():
        reasoners.ask(find_java(), file, 60)
        [process] = reasoners._idle
        os.kill(process._process.pid, signal.SIGKILL)
        process._process.wait()
        assert reasoners.ask(find_java(), file, 60) == SOUND
        assert reasoners._idle != [process]


def test_a_runtime_without_memory_says_so_and_is_asked_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.nt"
    large.write_text("".join(EMPTY.replace("/g>", f"/g{n}>") for n in range(20_000)), encoding="utf-8")
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xmx8m")
    reasoners = Reasoners()
    with reasoners.kept():
        assert "OutOfMemoryError" in reasoners.ask(find_java(), large, 60)["failure"]
        assert reasoners._idle == []


def test_a_process_that_ends_without_an_answer_is_a_failure_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "jpype.py").write_text("raise ImportError('out of order')", encoding="utf-8")
    answer = Reasoners().ask(find_java(), tmp_path / "any.nt", 60)
    assert answer["failure"] == "ImportError: out of order"
