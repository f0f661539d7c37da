"""The decision guide, maturity and the competency questions over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, XSD
from stratagraph.queries.competency import load_questions
from stratagraph.queries.decision import architectures, indicated, options
from stratagraph.queries.maturity import maturity, weakest
from stratagraph.service.client import Refused, local
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import clean_environment

CASE, ANSWER = "https://example.org/case", "https://example.org/answer"
ACME, SILENT = f"{ASSET_BASE}Organization/acme", f"{ASSET_BASE}Organization/silent"
TRUE = Literal("true", XSD.boolean)
FACTS = (
    Fact(CASE, RDF.type, SG.UseCase),
    Fact(CASE, SG.longDocuments, TRUE),
    Fact(CASE, SG.regulatoryRisk, Literal("high")),
    *(fact for iri in (ACME, SILENT) for fact in (Fact(iri, RDF.type, SG.Organisation),)),
    Fact(ACME, SG.name, Literal("acme")),
    Fact(SILENT, SG.name, Literal("silent")),
    Fact(ANSWER, RDF.type, SG.Answer),
    Fact(ANSWER, SG.answersItem, SG.RecallMetCriterion),
    Fact(ANSWER, SG.answeredFor, ACME),
    Fact(ANSWER, SG.satisfied, TRUE),
)
NEEDS: dict[str, bool | str] = {SG.longDocuments: True, SG.regulatoryRisk: "high"}


@dataclass(frozen=True)
class Service:
    """A service over a graph with a use case and an organisation's answers."""

    engine: Engine
    app: FastAPI

    def get(self, path: str, **params: Any) -> Any:
        return local(self.app).request("GET", path, params=params).json()


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Service]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("advice")))) as engine:
        scope = Scope(name="a", complete=True, stated=FACTS)
        engine.commit(Batch(source="s", run="1", method=Method.DECLARED, scopes=(scope,)))
        yield Service(engine, create_app(engine, lasting=False))


def told(answer: Any) -> list[str]:
    return [option["iri"] for option in answer["options"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"useCase": CASE},
        {"useCase": f"<{CASE}>"},
        {"need": ["longDocuments", "regulatoryRisk=high"]},
        {"need": ["sg:longDocuments=true", "REGULATORYRISK = high"]},
        {"need": ["documentos longos", "risco regulatório=high"], "lang": "pt-BR"},
    ],
    ids=str,
)
def test_the_guide_answers_a_use_case_and_its_needs_alike(service: Service, asked: dict[str, Any]) -> None:
    store = service.engine.triples
    assert told(service.get("/api/decision-guide", **asked)) == [each.option for each in indicated(store, NEEDS)]
    everything = service.get("/api/decision-guide", **asked, all="true")
    assert told(everything) == [each.option for each in options(store, NEEDS)]
    assert architectures(options(store, NEEDS)) == indicated(store, NEEDS)
    assert all(option["reasons"] or option["objections"] for option in everything["options"])


def test_reasons_are_in_the_language_asked_for(service: Service) -> None:
    texts = {
        lang: service.get("/api/decision-guide", useCase=CASE, lang=lang)["options"][0]["reasons"][0]["text"]
        for lang in ("en", "pt-BR")
    }
    assert texts["en"] != texts["pt-BR"]


def test_without_needs_the_guide_tells_what_may_be_needed(service: Service) -> None:
    answer = service.get("/api/decision-guide")
    assert answer["options"] == []
    known = {need["name"]: need["values"] for need in answer["needs"]}
    assert known["longDocuments"] == ["true", "false"]
    assert known["regulatoryRisk"] == ["high"]


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ({"need": "noSuchNeed"}, "unknown-need"),
        ({"need": "=high"}, "unknown-need"),
        ({"need": "regulatoryRisk=huge"}, "unknown-need-value"),
        ({"need": "longDocuments=maybe"}, "unknown-need-value"),
        ({"useCase": "no such case"}, "unknown-name"),
        ({"useCase": ACME + "x"}, "unknown-name"),
    ],
    ids=str,
)
def test_what_the_guide_does_not_know_is_refused(service: Service, asked: dict[str, Any], slug: str) -> None:
    with pytest.raises(Refused) as refused:
        service.get("/api/decision-guide", **asked)
    assert refused.value.problem["type"].endswith(slug)


def test_maturity_is_told_by_stage_with_what_holds_back(service: Service) -> None:
    expected = maturity(service.engine.triples, ACME)
    held = weakest(expected)
    assert held is not None
    answer = service.get("/api/maturity", organization="acme", lang="pt-BR")
    assert answer["weakest"] == held.stage
    assert [(stage["iri"], stage["rank"], len(stage["gaps"])) for stage in answer["stages"]] == [
        (stage.stage, stage.rank, len(stage.gaps)) for stage in expected
    ]
    assert any(0 < stage["criteria"] < 1 for stage in answer["stages"])
    silent = service.get("/api/maturity", organization="silent")
    assert (silent["stages"], silent["weakest"]) == ([], None)


def test_every_question_is_told_with_its_query(service: Service) -> None:
    known = load_questions()
    answer = service.get("/api/questions", lang="pt-BR")
    assert [(each["number"], each["question"], each["query"]) for each in answer["questions"]] == [
        (question.number, question.wording["pt-br"], question.query) for question in known
    ]
    assert service.get("/api/questions/2")["name"] == next(each.name for each in known if each.number == 2)
    with pytest.raises(Refused, match="There is no competency question 9999"):
        service.get("/api/questions/9999")


def test_the_commands_say_what_the_routes_say(tmp_path: Path, opened: Opened) -> None:
    data, environment = str(opened(tmp_path / "data")), clean_environment(tmp_path / "home")

    def said(*arguments: str) -> str:
        done = run(*arguments, environment=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "longDocuments" in said("guide")
    found = json.loads(said("guide", "--need", "longDocuments", "--format", "json"))
    assert [option["architecture"] for option in found["options"]] == [True] * len(found["options"])
    assert "+ " in said("guide", "--need", "longDocuments")
    assert "documentos" in said("guide", "--need", "longDocuments", "--lang", "pt-BR").lower()
    assert "Nothing is indicated" in said("guide", "--need", "longDocuments=false")
    assert "2 " in said("questions", "list", "--lang", "pt-BR")
    assert said("questions", "ask", "1", "--format", "query").startswith("# question-en")
    asked = said("questions", "ask", "1", "--data", data)
    assert "sg:L12" in asked
    assert run("maturity", "nobody", "--data", data, environment=environment).returncode == 2
