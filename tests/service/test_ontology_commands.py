"""``stratagraph ontology``, GET /api/ontology, and an extension that comes and goes."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.service.app import app
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import load_settings
from tests.ontology.extension.test_extension import GOOD, MY, PREFIXES

REDEFINES = 'sg:Prompt rdfs:label "Instruction"@en .'


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["ontology", *arguments])
    return result.exit_code, result.output


@pytest.fixture(name="modules")
def _modules(tmp_path: Path) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "good.ttl").write_text(PREFIXES + GOOD, encoding="utf-8")
    return folder


async def told(engine: Engine) -> Any:
    """What GET /api/ontology answers."""
    transport = httpx.ASGITransport(create_app(engine, guarded=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return (await client.get("/api/ontology")).json()


def refuse(folder: Path) -> None:
    (folder / "bad.ttl").write_text(PREFIXES + REDEFINES, encoding="utf-8")


def test_the_core_checks_out() -> None:
    status, output = run("check", "--no-dl")
    assert status == 0
    assert "core: accepted" in output
    assert "--no-dl" in output


@pytest.mark.java
def test_the_core_checks_out_with_the_reasoner() -> None:
    assert run("check")[0] == 0


def test_a_refused_module_is_told_of_with_status_1(modules: Path) -> None:
    refuse(modules)
    status, output = run("check", "--no-dl", "--ontology", str(modules), "--lang", "pt-BR")
    assert status == 1
    assert "modules/bad.ttl: recusado" in output
    assert "sg:Prompt é um termo do núcleo" in output
    assert "modules/good.ttl: aceito" in output


def test_the_check_is_written_as_json(modules: Path) -> None:
    refuse(modules)
    status, output = run("check", "--no-dl", "--ontology", str(modules), "--format", "json")
    report = json.loads(output)
    assert status == 1
    assert report["dlChecked"] is False
    assert [(module["name"], module["accepted"]) for module in report["modules"]] == [
        ("modules/bad.ttl", False),
        ("modules/good.ttl", True),
    ]
    assert report["modules"][0]["findings"][0]["rule"] == "core-term"


def test_a_folder_without_modules_can_not_be_checked(tmp_path: Path) -> None:
    status, output = run("check", "--ontology", str(tmp_path))
    assert status == 2
    assert "holds no Turtle modules" in output


def test_a_term_is_told_in_words_and_as_json() -> None:
    status, output = run("term", "usa modelo", "--lang", "pt-BR")
    assert status == 0
    assert "sg:usesModel" in output
    assert "Para: sg:BaseModel" in output
    document = json.loads(run("term", "usesModel", "--format", "json")[1])
    assert document["range"] == ["sg:BaseModel"]
    assert set(document["labels"]) == {"en", "pt-br"}


def test_an_ambiguous_name_lists_the_candidates() -> None:
    status, output = run("term", "nivel")
    assert status == 2
    assert SG.Level in output
    assert SG.level in output


def test_a_search_lists_terms() -> None:
    status, output = run("search", "usa modelo", "--lang", "pt-BR", "--limit", "3")
    assert status == 0
    assert "sg:usesModel\trelação\tusa modelo" in output
    found = json.loads(run("search", "usa modelo", "--format", "json")[1])
    assert found[0]["label"] == "uses model"


def test_a_term_of_an_extension_is_found(modules: Path) -> None:
    assert MY + "VoiceAgent" in run("term", "agente de voz", "--ontology", str(modules))[1]


def test_the_service_runs_with_what_is_sound_and_tells_of_the_rest(
    tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
    refuse(modules)
    is_class = f"ASK {{ <{MY}VoiceAgent> a owl:Class }}"
    with caplog.at_level(logging.WARNING), Engine(load_settings(data=tmp_path / "data", ontology=modules)) as engine:
        answer = asyncio.run(told(engine))
        assert engine.triples.ask(is_class)
    assert answer["hash"] == engine.model.hash
    assert answer["dlChecked"] is False
    assert [(module["name"], module["accepted"]) for module in answer["modules"]] == [
        ("modules/bad.ttl", False),
        ("modules/good.ttl", True),
    ]
    assert "sg:Prompt is a term of the core" in answer["modules"][0]["findings"][0]["text"]
    assert "modules/bad.ttl" in caplog.text
    assert "java-missing" in caplog.text

    # Without its extension the ontology is the core again, though the ledger has seen that ontology never or before.
    for expected in (False, False):
        with Engine(load_settings(data=tmp_path / "data")) as engine:
            assert engine.model.hash == load_model().hash
            assert engine.triples.ask(is_class) is expected
    with Engine(load_settings(data=tmp_path / "data", ontology=modules)) as engine:
        assert engine.triples.ask(is_class)
        sequence = engine.sequence
    with Engine(load_settings(data=tmp_path / "data", ontology=modules)) as engine:
        assert engine.sequence == sequence


@pytest.mark.parametrize(("lang", "word"), [("en", "No term"), ("pt-BR", "Nenhum termo")])
def test_a_search_that_finds_nothing_says_so(lang: str, word: str) -> None:
    done = CliRunner().invoke(app, ["ontology", "search", "qqqzz", "--lang", lang])
    assert (done.exit_code, done.stdout) == (1, "")
    assert word in done.stderr
