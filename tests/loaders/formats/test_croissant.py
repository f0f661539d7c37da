"""Croissant as a source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.samples_read import read, sample

PLAIN: dict[str, Any] = {
    "@context": {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"},
    "@type": "Dataset",
    "name": "d",
}


def dataset(**more: Any) -> Described:
    """What the description of a data set states that says this as well."""
    return described(json.dumps(PLAIN | more), "d.json")


@pytest.mark.shared
def test_ground_truth(shared: Path) -> None:
    said = read(shared / "formats/croissant/claims.croissant.json")
    data = "Dataset/claims-2025-labelled"
    assert said.kind is Kind.CROISSANT
    assert said.assets == {(data, "Dataset"), ("Organisation/Seguradora%20Ip%C3%AA", "Organisation")}
    expected = {
        "version": ["1.2.0"],
        "license": ["CC-BY-4.0"],
        "licensedUnder": ["CreativeCommonsAttribution"],
        "personalData": ["true"],
        "providedBy": ["Organisation/Seguradora%20Ip%C3%AA"],
    }
    assert {name: list(said.of(data, name)) for name in expected} == expected
    assert said.unread == {}


def test_lists_where_others_have_one() -> None:
    said = sample("croissant/weather.json")
    data = "Dataset/forja%2Fweather"
    assert list(said.of(data, "license")) == ["CC-BY-SA-4.0 AND MIT"]
    assert list(said.of(data, "providedBy")) == ["Organisation/Dono%20SA", "Organisation/Forja"]
    assert list(said.of(data, "alsoKnownAs")) == ["weather"]
    assert said.unread == {"rai:newField": 1}
    assert not any("Ana" in str(part) for fact in said.facts for part in fact)


@pytest.mark.parametrize(
    ("told", "stated"),
    [
        ("Health data", ["true"]),
        (["Names", "None"], ["true"]),
        ("None.", ["false"]),
        ("No personal data", ["false"]),
        ("No consent was asked for the names", []),
        ([], []),
        (None, []),
    ],
)
def test_personal_data(told: Any, stated: list[str]) -> None:
    assert list(dataset(**{"rai:personalSensitiveInformation": told}).of("Dataset/d", "personalData")) == stated


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("mit", ["MIT"]),
        (["https://spdx.org/licenses/MIT.html"], ["MIT"]),
        ({"@type": "CreativeWork", "name": "House Terms"}, ["House Terms"]),
        ({"@id": "https://creativecommons.org/licenses/by/4.0/"}, ["CC-BY-4.0"]),
        ("", []),
    ],
)
def test_licences(written: Any, stated: list[str]) -> None:
    assert list(dataset(license=written).of("Dataset/d", "license")) == stated


@pytest.mark.parametrize(
    "value",
    [
        PLAIN | {"conformsTo": "http://mlcommons.org/croissant/1.0", "@context": "https://schema.org/"},
        PLAIN | {"dct:conformsTo": ["http://mlcommons.org/croissant/1.1"], "@context": {}},
        PLAIN | {"@context": "https://schema.org/", "@type": "sc:Dataset", "distribution": [], "recordSet": []},
        PLAIN | {"@type": ["https://schema.org/Dataset"]},
    ],
)
def test_versions_are_recognised(value: dict[str, Any]) -> None:
    assert described(json.dumps(value), "d.json").kind is Kind.CROISSANT


@pytest.mark.parametrize(
    "more",
    [
        {"name": ["d"], "url": ["https://data.example.org/d"], "version": ["2"], "description": ["Letters"]},
        {"name": {"@value": "d", "@language": "en"}, "url": {"@id": "https://data.example.org/d"}, "version": 2},
        {"sc:name": "d", "sc:url": "https://data.example.org/d", "https://schema.org/version": "2"},
        {"name": ["d", "other"], "url": "https://data.example.org/d", "version": [2]},
        {"name": [{"@value": "d"}], "url": "https://data.example.org/d", "version": {"@value": "2"}},
    ],
)
def test_one_may_be_a_list_or_wrapped_everywhere(more: dict[str, Any]) -> None:
    plain = {name: value for name, value in PLAIN.items() if name != "name"}
    said = described(json.dumps(plain | {"description": "Letters"} | more), "d.json")
    told = {name: list(said.of("Dataset/d", name)) for name in ("name", "url", "version", "purpose")}
    assert told == {"name": ["d"], "url": ["https://data.example.org/d"], "version": ["2"], "purpose": ["Letters"]}
    assert said.unread == {}


def test_a_data_set_without_a_name() -> None:
    with pytest.raises(MalformedDocument, match="has no name"):
        dataset(name="")


NAMES = {"@vocab": "https://schema.org/", "cr": "http://mlcommons.org/croissant/"}
FORM = "http://mlcommons.org/croissant/"


def data_set(**more: object) -> dict[str, object]:
    return {"@type": "sc:Dataset", "conformsTo": f"{FORM}1.1", "name": "harvest", **more}


def test_a_data_set_that_stands_in_a_graph() -> None:
    node = data_set(url="https://data.example.org/harvest", mood=1)
    said = described(json.dumps({"@context": NAMES, "@graph": [{"@type": "Person", "name": "Ana"}, node]}), "c.json")
    assert said.kind is Kind.CROISSANT
    assert said.assets == {("Dataset/harvest", "Dataset")}
    assert list(said.unread.values()) == [1]


@pytest.mark.parametrize("conforms", ["2.0", "3"])
@pytest.mark.parametrize("listed", [True, False])
def test_a_version_that_is_not_known_is_told(conforms: str, listed: bool) -> None:
    written = [f"{FORM}{conforms}", f"{FORM}RAI/1.0"] if listed else f"{FORM}{conforms}"
    with pytest.raises(MalformedDocument, match=r"0\.8 to 1\.1 are") as caught:
        described(json.dumps({"@context": NAMES, **data_set(conformsTo=written)}), "c.json")
    assert conforms in str(caught.value)


@pytest.mark.parametrize("conforms", ["0.8", "1.0", "1.1", "1.2"])
def test_versions_that_are_known(conforms: str) -> None:
    said = described(json.dumps({"@context": NAMES, **data_set(conformsTo=f"{FORM}{conforms}")}), "c.json")
    assert said.assets == {("Dataset/harvest", "Dataset")}


@pytest.mark.parametrize(
    ("told", "origins"),
    [
        ({"isBasedOn": "https://huggingface.co/datasets/campo/raw"}, ["Dataset/campo%2Fraw"]),
        (
            {"prov:wasDerivedFrom": [{"@id": "https://d.example.org/raw"}]},
            ["Dataset/https%3A%2F%2Fd.example.org%2Fraw"],
        ),
        ({"isBasedOn": [{"@type": "Dataset", "name": "raw"}, "~/raw"]}, ["Dataset/raw"]),
        ({"isBasedOn": None}, []),
    ],
)
def test_what_a_data_set_was_made_out_of(told: dict[str, object], origins: list[str]) -> None:
    said = described(json.dumps({"@context": NAMES, **data_set(**told)}), "c.json")
    assert list(said.of("Dataset/harvest", "derivedFrom")) == origins
