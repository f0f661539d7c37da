"""The guide to language models: its code asks the service what a model that has read the page would ask."""

from __future__ import annotations

import ast
import csv
import io
import subprocess
import venv
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.service.questions.asked_by_models import FRAMEWORKS, QUESTION, checked, code_of, names_of
from tests.service.questions.test_questions_by_schema import PREFIX, TABLE, _client, _engine

__all__ = ["_client", "_engine"]

GUIDE = ROOT / "docs" / "how-to" / "ask-with-a-language-model.md"
PINS = Path(__file__).parent / "language-models.txt"
QUERY = PREFIX + next(asked["sparql"] for asked in TABLE if asked["question"] == QUESTION)


def agents(text: str) -> list[str]:
    return [row["name"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_the_code_without_a_framework_asks_what_the_model_writes(client: httpx.Client) -> None:
    names = names_of(GUIDE, "Without a framework", str(client.base_url))
    assert agents(names["ask"](QUESTION, lambda prompt: checked(prompt, QUERY))) == ["Roteador_Mare"]


def test_what_does_not_only_read_is_refused_whatever_a_model_writes(client: httpx.Client) -> None:
    names = names_of(GUIDE, "Without a framework", str(client.base_url))
    assert "queries only" in names["ask"](QUESTION, lambda _: "DELETE WHERE { ?s ?p ?o }") or "not" in names["ask"](
        QUESTION, lambda _: "DELETE WHERE { ?s ?p ?o }"
    )


@pytest.mark.parametrize("section", [section for section, _ in FRAMEWORKS.values()])
def test_the_code_of_each_framework_asks_for_the_page(section: str) -> None:
    code = code_of(GUIDE, section)
    ast.parse(code)
    assert "/api/schema" in code


@pytest.fixture(name="python", scope="module")
def _python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has the frameworks: they are heavy, and no part of what we develop with."""
    folder = tmp_path_factory.mktemp("frameworks")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", PINS], check=True)
    return python


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_framework_asks_what_its_model_writes(client: httpx.Client, python: Path, framework: str) -> None:
    script = Path(__file__).parent / "asked_by_models.py"
    query = "RETURN 1" if framework == "neo4j-graphrag" else QUERY
    done = subprocess.run(
        [python, script, str(client.base_url), GUIDE, framework, query], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if framework == "neo4j-graphrag":
        assert "no-neo4j" in done.stdout, "its query came to /cypher, where no Neo4j runs"
    else:
        assert agents(done.stdout) == ["Roteador_Mare"]
