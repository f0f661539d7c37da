"""Files of two kinds: both are named, with their lines, and nothing is taken of either."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from tests.loaders.formats.described import described

PARTS: Final = {
    "kubernetes": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
    "backstage": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\n",
    "litellm": "model_list:\n- {model_name: a, litellm_params: {model: openai/a}}\n",
    "yaml": "assets:\n- {kind: Tool, name: a}\n",
}
OBJECTS: Final[dict[str, dict[str, Any]]] = {
    "mlbom": {"bomFormat": "CycloneDX", "specVersion": "1.6"},
    "a2a": {"name": "a", "url": "https://a.example.org", "skills": [], "capabilities": {}},
    "litellm": {"model_list": [{"model_name": "a", "litellm_params": {"model": "openai/a"}}]},
    "spdx": {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"},
}


def refusal(text: str, name: str) -> str:
    with pytest.raises(MalformedDocument) as refused:
        described(text, name)
    return str(refused.value)


@pytest.mark.parametrize(
    ("first", "second"), [(one, other) for one in PARTS for other in PARTS if other not in {one, "yaml"}]
)
def test_documents_of_one_yaml_file(first: str, second: str) -> None:
    said = refusal(f"{PARTS[first]}---\n{PARTS[second]}", "estate.yaml")
    assert f"'{first}'" in said
    assert f"'{second}'" in said
    assert int(said.split(":")[1]) >= PARTS[first].count("\n")


@pytest.mark.parametrize(("first", "second"), [("mlbom", "a2a"), ("a2a", "mlbom"), ("spdx", "litellm")])
def test_entries_of_one_list(first: str, second: str) -> None:
    text = json.dumps([OBJECTS[first], OBJECTS[second]], indent=1)
    said = refusal(text, "estate.json")
    assert f"'{first}'" in said
    assert f"'{second}'" in said
    assert int(said.split(":")[1]) > 1


@pytest.mark.parametrize(("first", "second"), [("mlbom", "litellm"), ("a2a", "litellm"), ("spdx", "mlbom")])
def test_names_of_two_kinds_in_one_object(first: str, second: str) -> None:
    said = refusal(json.dumps(OBJECTS[first] | OBJECTS[second]), "estate.json")
    assert f"'{first}'" in said
    assert f"'{second}'" in said
