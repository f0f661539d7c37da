"""What the service tells of itself (OpenAPI) is whole, and true of its answers."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from stratagraph.service.http.access import needed
from tests.service.http.conftest import Site
from tests.service.http.test_conventions import FILLED, getters, operations

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
)
NOT_HERE = "^/cypher$"
"""What answers 503 where there is no Neo4j."""


def nodes(document: Any) -> Iterator[dict[str, Any]]:
    """Every object within a document."""
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from nodes(value)
    elif isinstance(document, list):
        for value in document:
            yield from nodes(value)


def at(document: dict[str, Any], pointer: str) -> Any:
    """What a JSON pointer leads to."""
    found: Any = document
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def test_every_reference_leads_somewhere(site: Site) -> None:
    pointers = {node["$ref"] for node in nodes(site.description) if isinstance(node.get("$ref"), str)}
    assert len(pointers) > 20
    for pointer in pointers:
        assert pointer.startswith("#/components/")
        assert at(site.description, pointer)


def test_no_two_schemas_and_no_two_operations_share_a_name(site: Site) -> None:
    titles = Counter(schema.get("title") for schema in site.description["components"]["schemas"].values())
    ids = Counter(operation.described["operationId"] for operation in operations(site))
    assert [name for name, times in (titles + ids).items() if times > 1] == []


def test_every_enumeration_stands_by_itself_under_a_name(site: Site) -> None:
    named = site.description["components"]["schemas"].values()
    loose = [
        node
        for node in nodes(site.description["paths"])
        if "enum" in node and not any(node is schema for schema in named)
    ]
    assert loose == []


def test_every_route_tells_the_form_of_its_answers_and_errors(site: Site) -> None:
    for operation in operations(site):
        where = f"{operation.method} {operation.path}"
        answers = operation.described["responses"]
        good = [answer for status, answer in answers.items() if status.startswith("2")]
        assert good, where
        for answer in good:
            assert answer["content"], where
            assert all("schema" in each for each in answer["content"].values()), where
            json = answer["content"].get("application/json", {"schema": {"type": "object"}})["schema"]
            assert json.keys() & {"$ref", "items", "properties", "type"}, f"{where} says nothing of its JSON"
        assert "422" in answers, where
        for status, answer in answers.items():
            assert answer["description"]
            if status.startswith(("4", "5")) and operation.path.startswith(("/api/", "/cypher")):
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"
        assert "HTTPValidationError" not in str(answers)


def test_every_route_tells_which_token_it_needs(site: Site) -> None:
    schemes = site.description["components"]["securitySchemes"]
    assert [(scheme["type"], scheme["scheme"]) for scheme in schemes.values()] == [("http", "bearer")]
    for operation in operations(site):
        role = needed(operation.method, operation.path)
        if role is None:
            assert operation.described["security"] == []
        else:
            assert operation.described["security"] == [{"token": []}, {}]
            assert f"`{role}`" in operation.described["description"]


def test_every_parameter_says_what_it_is(site: Site) -> None:
    for operation in operations(site):
        for name, parameter in operation.parameters.items():
            assert parameter.get("description"), f"{operation.path} {name}"
            assert "null" not in str(parameter["schema"]), f"{operation.path} {name}"


def test_answers_are_of_the_form_that_is_told(site: Site) -> None:
    components = site.description["components"]
    checked = 0
    for operation in getters(site):
        answer = operation.send(site, list(operation.needed.items()))
        told = operation.described["responses"][str(answer.status_code)]["content"]
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in told, operation.path
        if kind == "application/json" and operation.path != "/sparql":
            schema = {**told[kind]["schema"], "components": components}
            jsonschema_rs.validator_for(schema).validate(answer.json())
            checked += 1
    assert checked > 10


def test_the_forms_are_strict_enough_to_miss_a_member(site: Site) -> None:
    form = {"$ref": "#/components/schemas/AssetDescription", "components": site.description["components"]}
    asset = site.get(f"/api/assets/{FILLED['name']}").json()
    validator = jsonschema_rs.validator_for(form)
    assert validator.is_valid(asset)
    for member in asset:
        assert not validator.is_valid({name: value for name, value in asset.items() if name != member}), member


def schemathesis(site: Site, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{site.url}/openapi.json",
            "--generation-deterministic",
            "--suppress-health-check",
            "all",
            "--exclude-path-regex",
            NOT_HERE,
            # It learns the names of sources from answers, and would withdraw what the other tests ask about.
            "--exclude-method",
            "DELETE",
            "--checks",
            ",".join(CHECKS),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--phases", "examples,fuzzing", "--max-examples", "2"), id="a few"),
        pytest.param(
            ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "30"),
            id="many",
            marks=[pytest.mark.nightly, pytest.mark.long],
        ),
    ],
)
def test_no_request_that_a_machine_makes_up_is_answered_otherwise_than_told(
    site: Site, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where the tool keeps its reports
    done = schemathesis(site, *arguments)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert re.search(r"\d+ generated, \d+ passed", done.stdout), done.stdout[-2000:]
