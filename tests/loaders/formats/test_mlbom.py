"""CycloneDX as a source: what a bill says of models, data and what needs what, and what it does not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.samples_read import read, sample

TUNED = "BaseModel/forja%2Ftempo-3b"
APP = "LLMSystem/previs%C3%A3o-de-colheita"


def bill(*components: Any, **more: Any) -> Described:
    """What a bill of these components states."""
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components, **more}
    return described(json.dumps(value), "bill.cdx.json")


def model(name: str, **more: Any) -> dict[str, Any]:
    """A component that is a model, referred to by its name."""
    return {"type": "machine-learning-model", "name": name, "bom-ref": name, **more}


@pytest.mark.shared
def test_ground_truth(shared: Path) -> None:
    said = read(shared / "formats/cyclonedx-mlbom/claims.cdx.json")
    tuned, system = "BaseModel/ipe%2Fclaims-triage-8b", "LLMSystem/claims-assistant"
    assert said.kind is Kind.MLBOM
    assert {
        (system, "LLMSystem"),
        (tuned, "FineTunedModel"),
        ("BaseModel/modelforge%2Fbase-8b", "BaseModel"),
        ("Dataset/claims-2025-labelled", "Dataset"),
        ("Dataset/public-forms", "Dataset"),
        ("Organisation/Seguradora%20Ip%C3%AA", "Organisation"),
        ("EcosystemActor/Vector%20Cloud", "Provider"),
        ("Tool/embeddings-api", "Tool"),
    } <= said.assets
    assert not any("transformers" in iri for iri, _ in said.assets)
    expected = {
        "license": ["Apache-2.0"],
        "licensedUnder": ["ApacheLicence"],
        "version": ["2026.11"],
        "purpose": ["text-classification"],
        "trainingEnergy": ["120.5"],
        "derivedFrom": ["BaseModel/modelforge%2Fbase-8b"],
        "trainedWith": ["Dataset/claims-2025-labelled", "Dataset/public-forms"],
        "providedBy": ["Organisation/Seguradora%20Ip%C3%AA"],
        "dependsOn": [],
    }
    assert {name: list(said.of(tuned, name)) for name in expected} == expected
    assert list(said.of(system, "usesModel")) == [tuned]
    assert list(said.of(system, "dependsOn")) == ["Tool/embeddings-api"]
    assert list(said.of("Dataset/claims-2025-labelled", "personalData")) == ["true"]
    assert list(said.of("Document/ipe%2Fclaims-triage-8b%3A%20f1%20%28pt-BR%29", "score")) == ["0.87"]
    assert said.unread == {}


def test_what_stands_within_other_components() -> None:
    said = sample("mlbom/forecast.cdx.json")
    assert said.relations >= {
        (APP, "usesModel", "BaseModel/campo-embed"),
        (TUNED, "derivedFrom", "BaseModel/forja%2Fbase-3b"),
        ("BaseModel/forja%2Fbase-3b", "derivedFrom", "BaseModel/urmodel"),
        (TUNED, "dependsOn", "BaseModel/campo-embed"),
        (TUNED, "trainedWith", "Dataset/weather"),
    }


def test_what_a_library_in_between_needs_its_user_needs() -> None:
    said = sample("mlbom/forecast.cdx.json")
    assert list(said.of(APP, "usesModel")) == ["BaseModel/campo-embed", TUNED]
    assert list(said.of(APP, "dependsOn")) == ["Tool/nuvem%2Fradar"]


def test_data_that_are_no_data_set() -> None:
    said = sample("mlbom/forecast.cdx.json")
    assert {iri for iri, cls in said.assets if cls == "Dataset"} == {"Dataset/weather"}
    assert list(said.of("Dataset/weather", "personalData")) == []


def test_what_was_not_understood_is_counted() -> None:
    assert sample("mlbom/forecast.cdx.json").unread == {
        # A data set of another bill.
        "components[].components[].modelCard.modelParameters.datasets[].ref": 1,
        "components[].components[].modelCard.quantitativeAnalysis.performanceMetrics[].value": 1,
        "services[].x-future": 1,
    }


def test_neither_user_nor_query_of_a_url_is_kept() -> None:
    assert list(sample("mlbom/forecast.cdx.json").of("Tool/nuvem%2Fradar", "url")) == ["https://radar.example.org/v2"]


def test_xml_says_the_same_as_json() -> None:
    said = sample("mlbom/forecast.cdx.xml")
    value = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "bom-ref": "app", "name": "forecast", "version": "1"}},
        "components": [
            model(
                "tempo-3b",
                **{"bom-ref": "m"},
                group="forja",
                version="2",
                purl="pkg:huggingface/forja/tempo-3b@1",
                supplier={"name": "Forja"},
                licenses=[{"license": {"id": "MIT"}}],
                pedigree={"ancestors": [{"type": "machine-learning-model", "group": "forja", "name": "base-3b"}]},
                modelCard={
                    "modelParameters": {
                        "task": "forecasting",
                        "datasets": [{"ref": "d"}, {"type": "dataset", "name": "weather"}],
                    },
                    "quantitativeAnalysis": {"performanceMetrics": [{"type": "mae", "value": "1.25"}]},
                    "considerations": {
                        "technicalLimitations": ["no storms"],
                        "environmentalConsiderations": {
                            "energyConsumptions": [
                                {"activity": "training", "activityEnergyCost": {"value": 3.5, "unit": "kWh"}}
                            ]
                        },
                    },
                },
            ),
            {
                "type": "data",
                "bom-ref": "d",
                "name": "stations",
                "data": [
                    {
                        "type": "dataset",
                        "classification": "internal",
                        "sensitiveData": ["addresses"],
                        "governance": {"owners": [{"organization": {"name": "Dono SA"}}]},
                    }
                ],
            },
        ],
        "services": [
            {
                "bom-ref": "s",
                "name": "radar",
                "provider": {"name": "Nuvem"},
                "endpoints": ["https://r.example.org/x"],
            }
        ],
        "dependencies": [{"ref": "app", "dependsOn": ["m", "s"]}, {"ref": "m"}],
    }
    assert said.facts == described(json.dumps(value), "bill.json").facts
    assert said.unread == {}


@pytest.mark.parametrize(
    ("licences", "stated"),
    [
        ([{"license": {"id": "apache-2.0"}}], ["Apache-2.0"]),
        ([{"license": {"name": "House Terms"}}], ["House Terms"]),
        ([{"expression": "(MIT OR Apache-2.0) AND CC0-1.0"}], ["(MIT OR Apache-2.0) AND CC0-1.0"]),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "Apache-2.0"}}], ["MIT AND Apache-2.0"]),
        (
            [
                {"license": {"id": "MIT", "acknowledgement": "declared"}},
                {"license": {"id": "GPL-3.0-only", "acknowledgement": "concluded"}},
            ],
            ["MIT"],
        ),
        ([{"license": {"id": "GPL-3.0-only", "acknowledgement": "concluded"}}], ["GPL-3.0-only"]),
        ([{"expression": "NOASSERTION"}], []),
        ([], []),
    ],
)
def test_licences(licences: list[Any], stated: list[str]) -> None:
    assert list(bill(model("m", licenses=licences)).of("BaseModel/m", "license")) == stated


def test_without_models_an_application_is_no_system() -> None:
    said = bill({"type": "library", "name": "numpy"}, metadata={"component": {"type": "application", "name": "shop"}})
    assert said.facts == frozenset()


def test_persons_are_not_kept() -> None:
    said = bill(
        model("m", supplier={"name": "Forja", "contact": [{"name": "Ana Souza", "email": "ana@example.org"}]}),
        model("n", supplier={"name": "ana@example.org"}, author="Ana Souza", authors=[{"name": "Ana Souza"}]),
        metadata={"authors": [{"name": "Ana Souza"}]},
    )
    assert not any("Ana" in str(part) or "ana@" in str(part) for fact in said.facts for part in fact)


def test_the_full_description_goes_before_a_mention() -> None:
    tuned = model("b", pedigree={"ancestors": [{"type": "machine-learning-model", "name": "a", "version": "1.0"}]})
    said = bill(tuned, model("a", version="1.2"))
    assert list(said.of("BaseModel/a", "version")) == ["1.2"]


def test_what_was_made_of_a_model() -> None:
    said = bill(model("a", pedigree={"descendants": [{"type": "machine-learning-model", "name": "b"}]}))
    assert ("BaseModel/b", "derivedFrom", "BaseModel/a") in said.relations


def test_dependencies_may_form_a_ring() -> None:
    dependencies = [
        {"ref": "a", "dependsOn": ["x"]},
        {"ref": "x", "dependsOn": ["y", "b"]},
        {"ref": "y", "dependsOn": ["x", "a"]},
    ]
    libraries = [{"type": "library", "name": name, "bom-ref": name} for name in "xy"]
    said = bill(model("a"), model("b"), *libraries, dependencies=dependencies)
    assert said.relations == {("BaseModel/a", "dependsOn", "BaseModel/b")}


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.7"])
def test_versions(version: str) -> None:
    value = {"bomFormat": "CycloneDX", "specVersion": version, "components": [model("m")]}
    assert described(json.dumps(value), "b.json").assets == {("BaseModel/m", "BaseModel")}


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        ('{"bomFormat": "CycloneDX",\n "specVersion": "1.3"}', 2, "1.3 is not read"),
        ('{"bomFormat": "CycloneDX"}', 1, "without a version"),
        ('{"bomFormat": "CycloneDX", "specVersion": "2.0"}', 1, "1.4 to 1.7"),
        (
            (
                '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [\n'
                '{"type": "machine-learning-model", "bom-ref": "x", "name": "a"},\n'
                '{"type": "machine-learning-model", "bom-ref": "x", "name": "b"}]}'
            ),
            3,
            "two parts have the bom-ref 'x'",
        ),
        (
            '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [\n{"type": "machine-learning-model"}]}',
            2,
            "has no name",
        ),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.6">\n<components>', 2, "not well-formed XML"),
        (
            '<!DOCTYPE bom [<!ENTITY a "b">]>\n<bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>',
            1,
            "declaration is not accepted",
        ),
        ('<bom xmlns="http://cyclonedx.org/schema/bom/1.1"></bom>', 1, "1.1 is not read"),
    ],
)
def test_bills_that_cannot_be_read(data: str, line: int, said: str) -> None:
    with pytest.raises(MalformedDocument, match=said) as caught:
        described(data, "bill.json" if data.startswith("{") else "bill.xml")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("references", "purl", "found"),
    [
        ([{"type": "model-card", "url": "https://huggingface.co/campo/broto"}], None, "campo%2Fbroto"),
        ([{"type": "distribution", "url": "https://huggingface.co/campo/broto/tree/main"}], None, "campo%2Fbroto"),
        ([{"type": "website", "url": "https://broto.example.org/a"}], None, "broto"),
        ([{"type": "other", "url": "https://huggingface.co/datasets/campo/fields"}], None, "broto"),
        (
            [{"type": "model-card", "url": "https://huggingface.co/campo/card"}],
            "pkg:huggingface/campo/broto@1",
            "campo%2Fbroto",
        ),
    ],
)
def test_a_place_on_a_hub_names_a_model(references: list[Any], purl: str | None, found: str) -> None:
    said = bill(model("broto", externalReferences=references, **({"purl": purl} if purl else {})))
    assert said.assets == {(f"BaseModel/{found}", "BaseModel")}


@pytest.mark.parametrize(
    ("told", "about"),
    [(["none"], ["false"]), (["None."], ["false"]), (["faces"], ["true"]), (["none", "faces"], ["true"]), ([], [])],
)
def test_data_about_people(told: list[str], about: list[str]) -> None:
    said = bill({"type": "data", "name": "d", "data": [{"type": "dataset", "sensitiveData": told}]})
    assert list(said.of("Dataset/d", "personalData")) == about


def test_a_data_set_of_another_bill_is_told() -> None:
    parameters = {"datasets": [{"ref": "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#d"}]}
    said = bill(model("m", modelCard={"modelParameters": parameters}))
    assert said.unread == {"components[].modelCard.modelParameters.datasets[].ref": 1}


def test_figures_of_one_metric_on_the_same_part_are_told_apart() -> None:
    metrics = [{"type": "f1", "value": value, "slice": "pt"} for value in ("0.7", "0.8", "0.7")]
    said = bill(model("m", modelCard={"quantitativeAnalysis": {"performanceMetrics": metrics}}))
    scores = {iri: list(said.of(iri, "score")) for iri, cls in said.assets if cls == "EvaluationResult"}
    assert sorted(scores.values()) == [["0.7"], ["0.8"]]
