"""Answers of an MLflow server as files: models, prompts, what they were made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.namespaces import ASSET_BASE
from tests.core import MODEL
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.samples_read import SAMPLES, sample

HARVEST = "BaseModel/colheita"
TRIAGE = "BaseModel/claims-triage"


def together(files: dict[str, bytes]) -> Described:
    """What several files state in one load."""
    sources = [SourceFile(scope=name, data=data) for name, data in files.items()]
    return Described(Kind.MLFLOW, transform(sources, model=MODEL, base=ASSET_BASE, source="test"))


def recorded(shared: Path) -> dict[str, bytes]:
    """The recorded answers of a real server."""
    return {path.name: path.read_bytes() for path in sorted((shared / "formats/mlflow-rest").glob("*.json"))}


def check(said: Described) -> None:
    """Compare with the ground truth of the recorded answers."""
    assert {
        (TRIAGE, "FineTunedModel"),
        ("Prompt/claims-system", "Prompt"),
        ("Dataset/claims-2025", "Dataset"),
        ("Pipeline/finetune-7//experiment%201", "TrainingPipeline"),
        ("BaseModel/base-8b", "BaseModel"),
    } <= said.assets
    assert said.relations == {
        (TRIAGE, "trainedWith", "Dataset/claims-2025"),
        (TRIAGE, "derivedFrom", "BaseModel/base-8b"),
        ("Pipeline/finetune-7//experiment%201", "produces", TRIAGE),
    }
    # Only the narrowest class, though the answers that have most of a model don't say what it was tuned from.
    assert {cls for asset, cls in said.assets if asset == TRIAGE} == {"FineTunedModel"}
    assert list(said.of(TRIAGE, "versionAlias")) == ["canary=2", "champion=1", "shadow=2"]
    assert list(said.of(TRIAGE, "registeredVersion")) == ["1", "2"]
    assert list(said.of(TRIAGE, "responsible")) == ["claims-team"]
    assert list(said.of("Dataset/claims-2025", "repository")) == ["s3://lake.example.org/claims/2025.parquet"]
    assert list(said.of("Prompt/claims-system", "versionAlias")) == ["production=2"]
    assert list(said.of("Prompt/claims-system", "intendedModel")) == ["gpt-5-mini"]
    told = str(sorted(map(str, said.facts)))
    assert [word for word in ("mlops", "You sort claims", "{{claim}}") if word in told] == []
    assert said.unread == {}


@pytest.mark.shared
def test_ground_truth_of_many_files(shared: Path) -> None:
    check(together(recorded(shared)))


@pytest.mark.shared
def test_ground_truth_in_any_order_and_in_one_file(shared: Path) -> None:
    files = recorded(shared)
    check(together(dict(reversed(files.items()))))
    whole = "[" + ",".join(data.decode() for data in files.values()) + "]"
    check(described(whole, "answers.json"))


@pytest.mark.shared
def test_each_file_states_what_it_has_most_of(shared: Path) -> None:
    files = recorded(shared)
    loaded = together(files).loaded
    by_scope = {
        scope.name: {fact.predicate.rpartition("#")[2] for fact in scope.stated} for scope in loaded.batch.scopes
    }
    assert by_scope.keys() == files.keys()
    assert "trainedWith" in by_scope["run-get.json"]
    assert "versionAlias" in by_scope["registered-models-search.json"]
    assert by_scope["not-found.json"] == set()


def test_answers_without_their_requests() -> None:
    said = sample("mlflow/answers.jsonl")
    assert said.kind is Kind.MLFLOW
    assert list(said.of(HARVEST, "derivedFrom")) == ["BaseModel/forja%2Fbase-3b"]
    assert list(said.of(HARVEST, "trainedWith")) == [
        "Dataset/harvest-2024",
        "Dataset/https%3A%2F%2Fdata.example.org%2Fharvest.csv",
    ]
    assert list(said.of(HARVEST, "registeredVersion")) == ["10", "9"]
    assert said.unread == {"run.newThing": 1}


def test_runs_of_one_name_in_other_experiments_are_others() -> None:
    runs = {iri for iri, cls in sample("mlflow/answers.jsonl").assets if cls == "TrainingPipeline"}
    assert runs == {"Pipeline/tune//experiment%206", "Pipeline/tune//experiment%207"}


def test_people_paths_and_prompts_are_not_kept() -> None:
    told = str(sorted(map(str, sample("mlflow/answers.jsonl").facts)))
    assert [word for word in ("ana", "/home", "sig=", "bom dia", "pw") if word in told] == []


def test_a_run_whose_outcome_nobody_registered_is_passed_over() -> None:
    assert not any("stray" in iri for iri, _ in sample("mlflow/answers.jsonl").assets)


def test_a_run_alone_is_stated() -> None:
    run = json.loads((SAMPLES / "mlflow/answers.jsonl").read_text().splitlines()[3])
    said = described(json.dumps(run), "run.json")
    assert ("Pipeline/tune//experiment%207", "TrainingPipeline") in said.assets


@pytest.mark.parametrize(
    ("context", "learnt"),
    [("training", True), ("Train", True), ("fine-tuning", True), ("evaluation", False), ("", False)],
)
def test_only_the_context_says_what_data_were_for(context: str, learnt: bool) -> None:
    tags = [{"key": "mlflow.data.context", "value": context}] if context else []
    inputs = {"dataset_inputs": [{"tags": tags, "dataset": {"name": "d", "source": "{}"}}]}
    answers: list[Any] = [
        {"model_version": {"name": "m", "version": "1", "run_id": "r", "source": "s3://b/m"}},
        {"run": {"info": {"run_id": "r", "run_name": "t"}, "data": {}, "inputs": inputs}},
    ]
    said = described(json.dumps(answers), "answers.json")
    assert list(said.of("BaseModel/m", "trainedWith")) == (["Dataset/d"] if learnt else [])


@pytest.mark.parametrize(
    ("kind", "source", "name"),
    [
        ("hugging_face", {"path": "acme/data", "revision": None}, "acme%2Fdata"),
        ("delta_table", {"delta_table_name": None, "path": "main.sales.letters"}, "main.sales.letters"),
        ("http", {"url": "https://data.example.org/a.csv?sig=x"}, "https%3A%2F%2Fdata.example.org%2Fa.csv"),
        ("local", {"uri": "/data/ana/data.csv"}, "dataset"),
        ("code", {"tags": {"mlflow.user": "ana"}}, "dataset"),
    ],
)
def test_data_that_nobody_named_are_called_by_where_they_lie(kind: str, source: dict[str, Any], name: str) -> None:
    dataset = {"name": "dataset", "digest": "0f", "source_type": kind, "source": json.dumps(source)}
    inputs = {"dataset_inputs": [{"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": dataset}]}
    answer = {"run": {"info": {"run_id": "r", "run_name": "t"}, "data": {}, "inputs": inputs}}
    said = described(json.dumps(answer), "run.json")
    assert {asset for asset, cls in said.assets if cls == "Dataset"} == {f"Dataset/{name}"}


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_is_no_empty_answer(status: int) -> None:
    request = {"method": "GET", "path": "/api/2.0/mlflow/registered-models/search"}
    with pytest.raises(MalformedDocument, match="is a refusal"):
        described(json.dumps({"request": request, "status": status, "body": {}}), "answer.json")


def test_nothing_there_is_an_answer() -> None:
    request = {"method": "GET", "path": "/api/2.0/mlflow/registered-models/search"}
    answer = {"request": request, "status": 404, "body": {"error_code": "RESOURCE_DOES_NOT_EXIST"}}
    assert described(json.dumps(answer), "answer.json").facts == frozenset()


TOLD = "sk-proj-" + "a1B2" * 10


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error_code": "PERMISSION_DENIED", "message": f"ana@example.org with {TOLD} may not"}, "(PERMISSION_DENIED)"),
        ({"error_code": "INTERNAL_ERROR", "message": "a", "details": [], "stack_trace": "b"}, "(INTERNAL_ERROR)"),
    ],
)
def test_a_refusal_alone_says_nothing_but_its_code(body: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedDocument, match="this answer is a refusal") as caught:
        described(json.dumps(body), "answer.json")
    assert said in str(caught.value)
    assert not any(word in str(caught.value) for word in ("ana@", "a1B2"))


@pytest.mark.parametrize("code", [TOLD, 7, "no code of any kind"])
def test_a_code_that_is_none_is_not_repeated(code: object) -> None:
    request = {"method": "GET", "path": "/api/2.0/mlflow/runs/get"}
    answer = {"request": request, "status": 403, "body": {"error_code": code, "message": "x"}}
    with pytest.raises(MalformedDocument) as caught:
        described(json.dumps(answer), "answer.json")
    assert "(403)" in str(caught.value)
    assert str(code) not in str(caught.value)


def searched(token: str = "", further: str = "") -> dict[str, Any]:
    """A recorded answer to a search for models, of one page."""
    query = {"page_token": token} if token else {}
    body = {"registered_models": [{"name": f"m{token}", "creation_timestamp": 1}], "next_page_token": further}
    return {
        "request": {"path": "/api/2.0/mlflow/registered-models/search", "query": query},
        "status": 200,
        "body": body,
    }


@pytest.mark.parametrize(
    ("answers", "remarks"),
    [
        ([searched(further="p2")], 1),
        ([searched(further="p2"), searched("p2")], 0),
        ([searched("p2"), searched(further="p2")], 0),
        ([searched(further="p2"), searched("p2", "p3")], 1),
    ],
)
def test_pages_that_nobody_asked_for_are_told(answers: list[Any], remarks: int) -> None:
    told = described(json.dumps(answers), "answers.json").loaded.remarks
    assert len(told) == remarks
    assert all("next_page_token" in remark.texts["en"] for remark in told)


@pytest.mark.parametrize(
    ("stage", "alias"), [("Production", ["Production=4"]), ("None", []), ("Archived", []), ("", []), (None, [])]
)
def test_a_stage_is_a_name_for_a_version(stage: str | None, alias: list[str]) -> None:
    version = {"name": "a", "version": "4", "run_id": "", "source": "s3://b/a", "current_stage": stage}
    said = described(json.dumps({"model_version": version}), "answer.json")
    assert list(said.of("BaseModel/a", "versionAlias")) == alias


def run(dataset: dict[str, Any]) -> Described:
    """What a run says that learnt from one data set, and of which nothing was registered."""
    told = {"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": dataset}
    return described(
        json.dumps({"run": {"info": {"run_id": "r", "run_name": "t"}, "inputs": {"dataset_inputs": [told]}}}), "r.json"
    )


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ({"name": "letters", "source_type": "hugging_face", "source": '{"path": "acme/letters"}'}, "acme%2Fletters"),
        ({"name": "dataset", "source_type": "s3", "source": '{"uri": "s3://b/x"}'}, "s3%3A%2F%2Fb%2Fx"),
        ({"name": "letters", "source_type": "local", "source": '{"uri": "/srv/ana/x"}'}, "letters"),
        ({"name": "letters", "source_type": "hugging_face", "source": '{"path": "/srv/ana/x"}'}, "letters"),
    ],
)
def test_a_run_alone_depends_on_its_data(dataset: dict[str, Any], name: str) -> None:
    said = run(dataset)
    assert said.relations == {("Pipeline/t", "dependsOn", f"Dataset/{name}")}
    assert "ana" not in str(said.facts)
