"""SPDX 3 as a source, read by its own names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import described
from tests.loaders.formats.samples_read import SAMPLES, read, sample

TUNED = "BaseModel/forja%2Ftempo-3b"


@pytest.mark.shared
def test_ground_truth(shared: Path) -> None:
    said = read(shared / "formats/spdx3-ai/claims.spdx3.json")
    tuned, base = "BaseModel/ipe%2Fclaims-triage-8b", "BaseModel/modelforge%2Fbase-8b"
    assert said.kind is Kind.SPDX
    assert {
        ("LLMSystem/claims-assistant", "LLMSystem"),
        (tuned, "FineTunedModel"),
        (base, "BaseModel"),
        ("Dataset/claims-2025-labelled", "Dataset"),
    } <= said.assets
    expected = {
        "version": ["2026.10"],
        "license": ["Apache-2.0"],
        "personalData": ["true"],
        "safetyRisk": ["high"],
        "limitation": ["Portuguese only"],
        "trainingEnergy": ["12.5"],
        "derivedFrom": [base],
        "trainedWith": ["Dataset/claims-2025-labelled"],
        "providedBy": ["Organisation/Model%20Forge"],
    }
    assert {name: list(said.of(tuned, name)) for name in expected} == expected
    assert list(said.of(base, "providedBy")) == ["Organisation/Model%20Forge"]
    assert list(said.of("LLMSystem/claims-assistant", "usesModel")) == [tuned]
    assert list(said.of("Dataset/claims-2025-labelled", "providedBy")) == ["Organisation/Seguradora%20Ip%C3%AA"]
    assert list(said.of("Dataset/claims-2025-labelled", "confidentiality")) == ["amber"]
    assert said.unread == {}


def test_relationships_of_either_direction() -> None:
    said = sample("spdx/harvest.spdx3.json")
    assert said.relations >= {
        (TUNED, "derivedFrom", "BaseModel/forja%2Fbase-3b"),
        (TUNED, "trainedWith", "Dataset/weather"),
        ("LLMSystem/colheita", "usesModel", TUNED),
        ("Dataset/weather", "partOf", "LLMSystem/colheita"),
    }
    assert list(said.of("BaseModel/forja%2Fbase-3b", "trainedWith")) == []


def test_amounts_are_numbers_or_texts_in_several_units() -> None:
    assert list(sample("spdx/harvest.spdx3.json").of(TUNED, "trainingEnergy")) == ["5"]


def test_what_is_declared_goes_before_what_was_concluded() -> None:
    assert list(sample("spdx/harvest.spdx3.json").of(TUNED, "license")) == ["Apache-2.0"]


def test_no_assertion_is_none() -> None:
    said = sample("spdx/harvest.spdx3.json")
    assert list(said.of("BaseModel/forja%2Fbase-3b", "personalData")) == []
    assert list(said.of("Dataset/weather", "personalData")) == ["false"]


def test_persons_are_not_kept() -> None:
    said = sample("spdx/harvest.spdx3.json")
    assert not any("Ana" in str(part) for fact in said.facts for part in fact)
    assert list(said.of(TUNED, "providedBy")) == ["Organisation/Forja"]


def test_the_order_of_elements_says_nothing() -> None:
    value = json.loads((SAMPLES / "spdx/harvest.spdx3.json").read_text())
    value["@graph"].reverse()
    assert described(json.dumps(value), "reversed.json").facts == sample("spdx/harvest.spdx3.json").facts


def test_what_was_not_understood_is_counted() -> None:
    assert sample("spdx/harvest.spdx3.json").unread == {"@graph[].ai_future": 1, "@graph[].ai_metric[].value": 1}


def test_an_older_version_is_refused() -> None:
    with pytest.raises(MalformedDocument, match=r"'SPDX-2\.3' is not read"):
        described('{"spdxVersion": "SPDX-2.3", "name": "x"}', "old.spdx.json")


CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
SEED: dict[str, Any] = {
    "type": "ai_AIPackage",
    "spdxId": "urn:b",
    "name": "semente",
    "ai_limitation": "dry years only",
    "mood": 1,
}
SPROUT: dict[str, Any] = {"type": "ai_AIPackage", "spdxId": "urn:t", "name": "broto", "suppliedBy": "urn:o"}
MAKER: dict[str, Any] = {"type": "Organization", "spdxId": "urn:o", "name": "Campo"}
DERIVED: dict[str, Any] = {
    "type": "Relationship",
    "spdxId": "urn:r",
    "from": "urn:t",
    "relationshipType": "descendantOf",
    "to": ["urn:b"],
}
INLINE: dict[str, Any] = {**DERIVED, "from": {**SPROUT, "suppliedBy": MAKER}, "to": [SEED]}
DOCUMENT: dict[str, Any] = {
    "type": "SpdxDocument",
    "spdxId": "urn:d",
    "element": [SPROUT, SEED, MAKER, DERIVED],
    "rootElement": [SPROUT],
}
PREFIXES = {"ai": "https://spdx.org/rdf/3.0.1/terms/AI/", "spdx": "https://spdx.org/rdf/3.0.1/terms/Core/"}


def prefixed(element: dict[str, Any]) -> dict[str, Any]:
    """An element as a writer with prefixes of its own has it."""
    names = {"type": "@type", "spdxId": "@id"}
    told: dict[str, Any] = {}
    for name, value in element.items():
        short = name.replace("ai_", "ai:", 1) if name.startswith("ai_") else f"spdx:{name}"
        told[names.get(name, "mood" if name == "mood" else short)] = value
    kind = str(element["type"])
    return {**told, "@type": kind.replace("ai_", "ai:", 1) if kind.startswith("ai_") else f"spdx:{kind}"}


ELEMENTS: list[dict[str, Any]] = [SEED, SPROUT, MAKER, DERIVED]
FORMS: dict[str, Any] = {
    "a graph": {"@context": CONTEXT, "@graph": ELEMENTS},
    "contexts in a list": {"@context": [CONTEXT, {"x": "https://example.org/"}], "@graph": ELEMENTS},
    "a context of the specification": {
        "@context": "https://spdx.github.io/spdx-spec/v3.0.1/rdf/spdx-context.jsonld",
        "@graph": ELEMENTS,
    },
    "a context beside the file": {"@context": "./spdx-context.jsonld", "@graph": ELEMENTS},
    "a context in place": {"@context": {"name": f"{PREFIXES['spdx']}name"}, "@graph": ELEMENTS},
    "prefixes of its own": {"@context": PREFIXES, "@graph": [prefixed(each) for each in ELEMENTS]},
    "elements in the document": {"@context": CONTEXT, **DOCUMENT},
    "elements in a document of a graph": {"@context": CONTEXT, "@graph": [DOCUMENT]},
    "elements in a relationship": {"@context": CONTEXT, "@graph": [INLINE]},
    "a list": [{"@context": CONTEXT, **each} for each in ELEMENTS],
}


@pytest.mark.parametrize("document", FORMS.values(), ids=list(FORMS))
def test_every_form_of_a_document_says_the_same(document: Any) -> None:
    said = described(json.dumps(document), "bill.spdx3.json")
    assert said.kind is Kind.SPDX
    assert said.relations == {
        ("BaseModel/broto", "derivedFrom", "BaseModel/semente"),
        ("BaseModel/broto", "providedBy", "Organisation/Campo"),
    }
    assert list(said.of("BaseModel/semente", "limitation")) == ["dry years only"]
    assert [path.rpartition(".")[2] for path in said.unread] == ["mood"]


def test_an_element_alone() -> None:
    energy = {"type": "ai_EnergyConsumption", "ai_trainingEnergyConsumption": []}
    alone = {"@context": CONTEXT, **SEED, "ai_hyperparameter": [{"key": "a"}], "ai_energyConsumption": energy}
    assert described(json.dumps(alone), "bill.json").unread == {"mood": 1}


@pytest.mark.parametrize(
    ("kind", "unread"),
    [("modifiedBy", {"relationshipType: modifiedBy": 1}), ("trainedOn", {}), ("testedOn", {}), ("dependsOn", {})],
)
def test_a_relation_between_assets_that_is_not_understood_is_counted(kind: str, unread: dict[str, int]) -> None:
    data = {"type": "dataset_DatasetPackage", "spdxId": "urn:d", "name": "fields"}
    graph = [SPROUT, data, {**DERIVED, "relationshipType": kind, "to": ["urn:d"]}]
    said = described(json.dumps({"@context": CONTEXT, "@graph": graph}), "bill.json")
    assert said.unread == unread
    assert (("Event/broto%3A%20card", "evaluatedWith", "Dataset/fields") in said.relations) == (kind == "testedOn")
