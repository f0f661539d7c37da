"""SPDX 3 as a source, read by its own names."""

from __future__ import annotations

import json
from pathlib import Path

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
