"""A visit to an MLflow server: all pages, aliases and prompts, what stands behind the versions in use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.mlflow.fetching import fetch
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import Described, described

URL = "https://mlflow.example.org/sub/"
API = "https://mlflow.example.org/sub/api/2.0/mlflow/"
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}


class Server:
    """Answers as a server of MLflow does, two things a page; prompts only to those who ask for them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.models: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []

    def register(self, name: str, versions: int, *, prompt: bool = False, **aliases: str) -> None:
        """Register a model or a prompt with so many versions."""
        made = [
            {
                "name": name,
                "version": str(number),
                "source": "dummy-source" if prompt else f"models:/m-{number:032x}",
                "run_id": "" if prompt else f"run-{number}",
                "tags": [PROMPT] if prompt else [],
            }
            for number in range(1, versions + 1)
        ]
        listed = [{"alias": alias, "version": version} for alias, version in aliases.items()]
        tags = [PROMPT] if prompt else []
        self.models.append({"name": name, "latest_versions": made[-1:], "aliases": listed, "tags": tags})
        self.versions += made

    def get(self, url: str, query: Mapping[str, str]) -> bytes:
        """Answer."""
        self.asked.append((url, query))
        path = url.removeprefix(API)
        if path == "registered-models/search":
            return self.page("registered_models", self.models, query)
        if path == "model-versions/search":
            return self.page("model_versions", self.versions, query)
        if path == "runs/get":
            identity = query["run_id"]
            data = {"tags": [{"key": "mlflow.data.context", "value": "training"}], "dataset": {"name": f"d-{identity}"}}
            info = {"run_id": identity, "run_name": identity}
            return json.dumps({"run": {"info": info, "inputs": {"dataset_inputs": [data]}}}).encode()
        assert path.startswith("logged-models/m-")
        info = {"model_id": path.removeprefix("logged-models/"), "source_run_id": ""}
        return json.dumps(
            {"model": {"info": info, "data": {"params": [{"key": "base_model", "value": "ur"}]}}}
        ).encode()

    @staticmethod
    def page(name: str, things: list[dict[str, Any]], query: Mapping[str, str]) -> bytes:
        """Answer with a page of what the filter lets through; none is a missing key."""
        found = [thing for thing in things if (PROMPT in thing["tags"]) == ("filter" in query)]
        start = int(query.get("page_token", "0"))
        page = {name: found[start : start + 2]} if found else {}
        return json.dumps(page | ({"next_page_token": str(start + 2)} if found[start + 2 :] else {})).encode()

    def said(self) -> Described:
        """What a visit states."""
        (document,) = fetch(self.get, URL)
        assert document.name == URL
        return described(document.data, "answers.json", kind=Kind.MLFLOW)


def test_all_pages_are_read() -> None:
    server = Server()
    for number in range(5):
        server.register(f"model-{number}", 1)
    assert len([iri for iri, _ in server.said().assets if iri.startswith("BaseModel/model-")]) == 5


def test_models_prompts_and_aliases_are_joined() -> None:
    server = Server()
    server.register("m", 5, champion="2")
    server.register("hello", 3, prompt=True, production="1")
    said = server.said()
    assert list(said.of("BaseModel/m", "versionAlias")) == ["champion=2"]
    assert list(said.of("BaseModel/m", "registeredVersion")) == list("12345")
    assert list(said.of("Prompt/hello", "versionAlias")) == ["production=1"]
    assert list(said.of("Prompt/hello", "registeredVersion")) == list("123")
    assert list(said.of("BaseModel/m", "derivedFrom")) == ["BaseModel/ur"]


def test_what_is_behind_a_version_is_asked_of_those_in_use() -> None:
    server = Server()
    server.register("m", 9, champion="2")
    assert list(server.said().of("BaseModel/m", "trainedWith")) == ["Dataset/d-run-2", "Dataset/d-run-9"]


def test_an_empty_server() -> None:
    assert Server().said().facts == frozenset()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>Please log in</html>", "no JSON"),
        (b"[]", "no object"),
        (b'{"error_code": "PERMISSION_DENIED"}', r"refuses \(PERMISSION_DENIED\)"),
        (b'{"registered_models": [], "next_page_token": "again"}', "no end"),
    ],
)
def test_strange_answers(answer: bytes, said: str) -> None:
    with pytest.raises(MalformedDocument, match=said) as caught:
        fetch(lambda *_: answer, URL)
    assert caught.value.file.startswith(API)
