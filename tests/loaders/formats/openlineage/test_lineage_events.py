"""Events of OpenLineage: facets come piece by piece, plans are no facts, and order does not show."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Literal
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.estate import estate, shared

JOB = "Pipeline/train//ns"
DATA, MODEL = ("s3://lake", "data"), ("mlflow://registry", "triage")


def dataset(key: tuple[str, str], **facets: Any) -> dict[str, Any]:
    return {"namespace": key[0], "name": key[1], "facets": facets}


def model(key: tuple[str, str] = MODEL, **facets: Any) -> dict[str, Any]:
    return dataset(key, datasetType={"datasetType": "MODEL"}, **facets)


def event(kind: str | None, *, inputs: list[Any] = [], outputs: list[Any] = [], **more: Any) -> dict[str, Any]:  # noqa: B006  never changed
    told = {
        "eventTime": "2026-11-20T08:00:00Z",
        "eventType": kind,
        "run": {"runId": "1"},
        "job": {"namespace": "ns", "name": "train", **more.pop("job", {})},
        "inputs": inputs,
        "outputs": outputs,
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


def load(*events: dict[str, Any]) -> Described:
    return described("\n".join(map(json.dumps, events)), "events.ndjson")


def test_the_ground_truth_of_a_training() -> None:
    read = estate(shared("openlineage/train.ndjson"))
    assert read.kind is Kind.OPENLINEAGE
    tune, check = "Pipeline/claims_weekly.finetune//airflow-prod", "Pipeline/claims_weekly.evaluate//airflow-prod"
    data, made = "Dataset/s3%3A%2F%2Flake.example.org%2Fclaims%2F2025.parquet", "BaseModel/claims-triage"
    parent = "Pipeline/claims_weekly//airflow-prod"
    assert read.assets == {
        (tune, "TrainingPipeline"),
        (check, "EvaluationPipeline"),
        (parent, "Pipeline"),
        (data, "Dataset"),
        (made, "FineTunedModel"),
    }
    assert read.relations == {
        (tune, "partOf", parent),
        (tune, "dependsOn", data),
        (tune, "produces", made),
        (made, "trainedWith", data),
        (check, "evaluates", made),
    }
    assert (read.of(data, "version"), read.of(made, "version")) == (["v41"], ["3"])
    assert read.of(tune, "responsible") == ["team:claims-ml"]
    assert read.unread == {}


@pytest.mark.parametrize("kind", ["START", "RUNNING", "FAIL", "ABORT", "OTHER", None])
def test_only_what_came_to_its_end_has_made_something(kind: str | None) -> None:
    read = load(event(kind, inputs=[dataset(DATA)], outputs=[model()]))
    assert (JOB, "dependsOn", "Dataset/s3%3A%2F%2Flake%2Fdata") in read.relations
    assert not any(relation in {"produces", "trainedWith"} for _, relation, _ in read.relations)


def test_an_event_without_a_run_tells_what_a_job_is_for() -> None:
    told = event(None, outputs=[model()])
    del told["run"]
    assert (JOB, "produces", "BaseModel/triage") in load(told).relations


def test_order_does_not_show_and_empty_lists_say_nothing() -> None:
    events = [
        event(
            "START",
            inputs=[dataset(DATA, version={"datasetVersion": "1"})],
            job={"facets": {"ownership": {"owners": [{"name": "team:a"}]}}},
        ),
        event("COMPLETE", outputs=[model()], eventTime="2026-11-20T09:00:00"),
        event("COMPLETE", eventTime="2026-11-20T10:00:00+01:00"),
        event("START", inputs=[dataset(DATA, version={"datasetVersion": "2"})], eventTime="2026-11-20T09:30:00.5Z"),
    ]
    found = {load(*order).facts for order in permutations(events)}
    assert len(found) == 1
    read = load(*events)
    assert ("BaseModel/triage", "trainedWith", "Dataset/s3%3A%2F%2Flake%2Fdata") in read.relations
    assert read.of("Dataset/s3%3A%2F%2Flake%2Fdata", "version") == ["2"]
    assert read.of(JOB, "responsible") == ["team:a"]


def test_a_data_set_of_which_another_event_says_that_it_is_a_model() -> None:
    read = load(event("COMPLETE", outputs=[dataset(MODEL)]), event("START", inputs=[model()], job={"name": "other"}))
    assert (JOB, "TrainingPipeline") in read.assets
    assert (JOB, "produces", "BaseModel/triage") in read.relations
    assert ("Pipeline/other//ns", "usesModel", "BaseModel/triage") in read.relations


def test_symlinks_join_names() -> None:
    links = {"identifiers": [{"namespace": "hive://meta", "name": "db.claims", "type": "TABLE"}]}
    read = load(event("COMPLETE", inputs=[dataset(DATA, symlinks=links)]))
    assert ("Dataset/s3%3A%2F%2Flake%2Fdata", "sameAssetAs", "Dataset/hive%3A%2F%2Fmeta%2Fdb.claims") in read.relations


def test_an_event_of_a_data_set_alone() -> None:
    told = {"eventTime": "2026-11-20T10:00:00", "dataset": dataset(DATA, version={"datasetVersion": "7"})}
    assert load(told).of("Dataset/s3%3A%2F%2Flake%2Fdata", "version") == ["7"]


def test_no_person_is_kept() -> None:
    owners = {"owners": [{"name": name} for name in ("user:ana", "ana@example.org", "team:claims")]}
    read = load(event("COMPLETE", inputs=[dataset(DATA, ownership=owners)], job={"facets": {"ownership": owners}}))
    told = {fact.object.value for fact in read.facts if isinstance(fact.object, Literal)}
    assert {word for word in told if "ana" in word} == set()
    assert read.of(JOB, "responsible") == ["team:claims"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("several", [True, False])
def test_events_in_a_list_or_alone(*, indent: int | None, several: bool) -> None:
    told = event("COMPLETE", outputs=[model()])
    read = described(json.dumps([told, told] if several else told, indent=indent), "events.json")
    assert read.kind is Kind.OPENLINEAGE
    assert (JOB, "produces", "BaseModel/triage") in read.relations


def test_what_is_not_understood_is_counted() -> None:
    read = load(*[event("COMPLETE", weather="fine", job={"facets": {"mood": {"mood": "sunny"}}})] * 2)
    assert read.unread == {"weather": 2, "job.facets.mood": 2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{0}\n{0}\n{{"eventTime": "2026", "jo', "events.ndjson:3: this is not well-formed JSON"),
        ('{0}\n\n{{"eventTime": "2026"}}', "events.ndjson:3: this event is of no job and of no data set."),
        ('{0}\n{{"eventTime": "2026", "job": {{"name": "x"}}}}', "events.ndjson:2: a job or a data set needs"),
        ("{0}\n[1]", "events.ndjson:2: this is no event"),
    ],
)
def test_a_line_that_is_no_event_is_told(text: str, reason: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        described(text.format(json.dumps(event("START"))), "events.ndjson")
    assert str(refused.value).startswith(reason)


def test_what_a_job_and_a_data_set_are_for() -> None:
    about = {"documentation": {"description": "Claims of a year"}}
    read = load(
        event("START", inputs=[dataset(DATA, **about)], eventTime="2026-11-20T09:00:00Z"),
        event("COMPLETE", inputs=[dataset(DATA)], eventTime="2026-11-20T09:30:00Z"),
    )
    assert [list(read.of(one, "purpose")) for one, cls in read.assets if cls == "Dataset"] == [["Claims of a year"]]


def test_what_a_job_drops_it_does_not_make() -> None:
    change = {"lifecycleStateChange": {"lifecycleStateChange": "DROP"}}
    read = load(event("COMPLETE", outputs=[dataset(DATA, **change)]))
    assert not any(relation == "produces" for _, relation, _ in read.relations)


def test_a_type_of_event_that_is_not_known_is_told() -> None:
    assert load(event("PAUSED", outputs=[dataset(DATA)])).unread == {"eventType": 1}
