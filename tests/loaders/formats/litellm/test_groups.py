"""What stands in for what, as the proxy looks it up: one section, own fallbacks before those for all, patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loaders.formats.described import Described, described


def deployment(group: str, model: str, **params: object) -> dict[str, Any]:
    return {"model_name": group, "litellm_params": {"model": model, **params}}


DEPLOYMENTS = [deployment(name, f"openai/model-{name}") for name in "abcd"] + [deployment("anthropic/*", "anthropic/*")]


def load(models: list[Any] | None = None, **sections: object) -> Described:
    return described(json.dumps({"model_list": models or DEPLOYMENTS, **sections}), "config.json")


def routers(read: Described) -> set[str]:
    """The fallbacks between groups, as 'a>b'."""
    ends = (
        (one.partition("/")[2].removesuffix("/litellm"), other.partition("/")[2].removesuffix("/litellm"))
        for one, relation, other in read.relations
        if relation == "fallsBackTo" and one.startswith("SystemComponent/")
    )
    return {f"{one}>{other}" for one, other in ends}


@pytest.mark.parametrize(
    ("sections", "found"),
    [
        (
            {"litellm_settings": {"fallbacks": [{"a": ["b"]}]}, "router_settings": {"fallbacks": [{"a": ["c"]}]}},
            {"a>c"},
        ),
        (
            {"litellm_settings": {"fallbacks": [{"a": ["b"]}]}, "router_settings": {"fallbacks": []}},
            {"a>b"},
        ),
        (
            {
                "litellm_settings": {"content_policy_fallbacks": [{"a": ["b"]}]},
                "router_settings": {"fallbacks": [{"a": ["c"]}]},
            },
            {"a>b", "a>c"},
        ),
        ({"router_settings": {"fallbacks": [{"a": ["b"]}, {"*": ["d"]}]}}, {"a>b", "b>d", "c>d"}),
        (
            {"litellm_settings": {"default_fallbacks": ["d"], "fallbacks": [{"a": ["b"]}]}},
            {"a>b", "b>d", "c>d"},
        ),
        (
            {"litellm_settings": {"default_fallbacks": ["d"]}, "router_settings": {"fallbacks": [{"a": ["b"]}]}},
            {"a>b", "b>d", "c>d"},
        ),
        ({"router_settings": {"fallbacks": [{"a": [{"model": "b", "temperature": 0}]}]}}, {"a>b"}),
        ({"router_settings": {"context_window_fallbacks": {"a": "b"}}}, {"a>b"}),
    ],
)
def test_what_stands_in_for_what(sections: dict[str, Any], found: set[str]) -> None:
    assert routers(load(**sections)) == found


def test_a_model_that_a_pattern_lets_through_stands_in() -> None:
    read = load(router_settings={"fallbacks": [{"a": ["anthropic/claude-x"]}]})
    assert ("BaseModel/model-a", "fallsBackTo", "BaseModel/claude-x") in read.relations
    assert list(read.of("BaseModel/claude-x", "providedBy")) == ["EcosystemActor/anthropic"]
    assert read.unread == {}


@pytest.mark.parametrize("kind", ["fallbacks", "context_window_fallbacks"])
def test_a_group_that_is_not_there_is_told(kind: str) -> None:
    read = load(router_settings={kind: [{"a": ["nobody", "b"]}]})
    assert routers(read) == {"a>b"}
    assert read.unread == {f"{kind}: nobody": 1}


def test_a_default_that_has_a_fallback_of_its_own_is_no_circle() -> None:
    settings = {"fallbacks": [{"a": ["b"]}], "default_fallbacks": ["a"]}
    assert routers(load(litellm_settings=settings)) == {"a>b", "b>a", "c>a", "d>a"}


def test_an_address_may_stand_with_the_credential() -> None:
    values = {"api_base": "http://gpu-2.example.org:8000/v1", "api_key": "os.environ/KEY"}
    read = load(
        [deployment("a", "hosted_vllm/casa/a", litellm_credential_name="gpu")],
        credential_list=[{"credential_name": "gpu", "credential_values": values, "credential_info": {"note": "x"}}],
    )
    server = "Infrastructure/http%3A%2F%2Fgpu-2.example.org%3A8000"
    assert ("BaseModel/casa%2Fa", "implementedIn", server) in read.relations
    assert read.unread == {}


@pytest.mark.parametrize(
    ("model", "key", "found"),
    [
        ("azure/own-name", "azure/gpt-4o", "gpt-4o"),
        ("azure/own-name", "own-name", "own-name"),
        ("azure/own-name", None, "own-name"),
        ("openai/gpt-4o-2024-08-06", "openai/gpt-4o", "gpt-4o-2024-08-06"),
    ],
)
def test_the_model_behind_a_name_of_a_running_proxy(model: str, key: str | None, found: str) -> None:
    entry = deployment("a", model) | {"model_info": {"id": "1", "key": key}}
    read = described(json.dumps({"data": [entry]}), "info.json")
    assert {asset for asset, cls in read.assets if cls == "BaseModel"} == {f"BaseModel/{found}"}
