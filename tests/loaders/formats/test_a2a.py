"""A2A cards as a source: of 0.2, 0.3, 1.0, and of both generations in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.samples_read import read, sample

PLANNER = "Agent/Planejador//agents.example.org"
CARD: dict[str, Any] = {
    "name": "Bot",
    "url": "https://b.example.org/a2a",
    "version": "1",
    "capabilities": {},
    "skills": [],
    "provider": {"organization": "Forja", "url": "https://forja.example.org"},
}
BOT = "Agent/Bot//Forja"


def card(**more: Any) -> Described:
    """What a card states that says this as well."""
    return described(json.dumps(CARD | more), "card.json")


@pytest.mark.shared
def test_ground_truth(shared: Path) -> None:
    freight = read(shared / "formats/a2a/freight-hybrid.json")
    agent, group = "Agent/Freight%20quote%20agent//Cargas%20Aurora", "Organisation/Cargas%20Aurora"
    assert freight.kind is Kind.A2A
    assert {cls for _, cls in freight.assets} == {"Agent", "Tool", "Organisation"}
    assert list(freight.of(agent, "interface")) == [
        "GRPC 1.0 https://grpc.agents.example.org:443",
        "JSONRPC 0.3 https://agents.example.org/freight/v03",
        "JSONRPC 1.0 https://agents.example.org/freight/rpc (tenant br-south)",
    ]
    assert list(freight.of(agent, "authentication")) == [
        "partner: apiKey",
        "staff: openIdConnect (freight.read)",
    ]
    assert list(freight.of(agent, "version")) == ["2.4.0"]
    assert list(freight.of(agent, "providedBy")) == [group]
    assert len(freight.of(agent, "mayUseTool")) == 2
    assert list(freight.of(agent, "usesTool")) == []
    clerk = read(shared / "formats/a2a/ledger-clerk-0.3.json")
    agent = "Agent/Ledger%20clerk//Cont%C3%A1bil%20Serra"
    assert list(clerk.of(agent, "interface")) == [
        "HTTP+JSON 0.3 https://clerk.example.org/rest",
        "JSONRPC 0.3 https://clerk.example.org/a2a",
    ]
    assert list(clerk.of(agent, "authentication")) == ["idp: oauth2 (post)", "key: apiKey"]
    assert not freight.unread
    assert not clerk.unread


def test_a_card_of_1_0() -> None:
    said = sample("a2a/planner-1.0.json")
    assert list(said.of(PLANNER, "interface")) == ["HTTP+JSON 1.0 https://agents.example.org/plan"]
    assert list(said.of(PLANNER, "authentication")) == ["corp: oauth2 (plan, read) + wire: mutualTLS"]
    assert said.unread == {"x-team": 1}
    assert not any("Ana" in str(part) for fact in said.facts for part in fact)


def test_agents_of_one_name_at_other_hosts_are_others() -> None:
    older = sample("a2a/old-0.2.json")
    assert ("Agent/Planejador//outra.example.org", "Agent") in older.assets
    assert older.assets.isdisjoint(sample("a2a/planner-1.0.json").assets)


def test_agents_of_one_name_of_other_organisations_are_others() -> None:
    other = card(provider={"organization": "Dono SA"})
    assert {iri for iri, cls in card().assets | other.assets if cls == "Agent"} == {BOT, "Agent/Bot//Dono%20SA"}


@pytest.mark.parametrize(
    ("more", "interfaces"),
    [
        ({}, ["JSONRPC https://b.example.org/a2a"]),
        ({"protocolVersion": "0.3.0"}, ["JSONRPC 0.3 https://b.example.org/a2a"]),
        ({"preferredTransport": "GRPC"}, ["GRPC https://b.example.org/a2a"]),
        (
            {"additionalInterfaces": [{"url": "https://b.example.org/a2a", "transport": "JSONRPC"}]},
            ["JSONRPC https://b.example.org/a2a"],
        ),
        (
            {"additionalInterfaces": [{"url": "https://b.example.org/a2a", "transport": "GRPC"}]},
            ["GRPC https://b.example.org/a2a", "JSONRPC https://b.example.org/a2a"],
        ),
        ({"supportedInterfaces": []}, ["JSONRPC https://b.example.org/a2a"]),
        (
            {"supportedInterfaces": [{"url": "https://b.example.org/1", "protocolBinding": "JSONRPC"}]},
            ["JSONRPC https://b.example.org/1"],
        ),
    ],
)
def test_interfaces(more: dict[str, Any], interfaces: list[str]) -> None:
    assert list(card(**more).of(BOT, "interface")) == interfaces


@pytest.mark.parametrize(
    ("more", "stated"),
    [
        ({"security": [{"a": []}, {"b": ["x"]}], "securitySchemes": {"b": {"type": "http"}}}, ["a", "b: http (x)"]),
        ({"security": [{"a": [], "b": []}]}, ["a + b"]),
        ({"securityRequirements": [], "security": [{"a": []}]}, []),
        ({"securityRequirements": [{"schemes": {"a": {}}}]}, ["a"]),
        ({"security": [{}]}, []),
        ({"securitySchemes": {"a": {"type": "http"}}}, []),
    ],
)
def test_authentication(more: dict[str, Any], stated: list[str]) -> None:
    assert list(card(**more).of(BOT, "authentication")) == stated


def test_skills_of_one_name_are_told_apart_by_agent() -> None:
    skill = {"id": "plan", "name": "Plan", "examples": ["Plan for Ana"]}
    said = card(skills=[skill, skill | {"id": "plan2"}])
    assert list(said.of(BOT, "mayUseTool")) == ["Tool/plan/Bot/Forja", "Tool/plan2/Bot/Forja"]
    assert list(said.of("Tool/plan/Bot/Forja", "rdfs:label")) == ["Plan"]


def test_a_card_without_a_name() -> None:
    with pytest.raises(MalformedDocument, match="has no name"):
        card(name="")


def test_a_secret_where_a_name_belongs_is_not_repeated() -> None:
    secret = "sk-proj-" + "a1B2" * 10
    with pytest.raises(MalformedDocument, match="a secret stands where a name belongs") as caught:
        card(name=secret)
    assert secret not in str(caught.value)


def test_the_first_versions_name_the_kinds_of_authentication_alone() -> None:
    said = card(authentication={"schemes": ["Bearer", "Basic"], "credentials": "never-keep-me"})
    assert list(said.of(BOT, "authentication")) == ["Basic", "Bearer"]
    assert said.unread == {}
    assert "never-keep-me" not in str(said.facts)


@pytest.mark.parametrize("form", ["list", "answer"])
def test_cards_in_a_list_and_as_the_result_of_a_call(form: str) -> None:
    one = {"name": "Bot", "url": "https://bot.example.org/a", "skills": [], "capabilities": {}, "mood": 1}
    whole: Any = [one, one | {"name": "Other"}] if form == "list" else {"jsonrpc": "2.0", "id": 1, "result": one}
    said = described(json.dumps(whole), "cards.json")
    agents = {iri for iri, cls in said.assets if cls == "Agent"}
    assert agents == {f"Agent/{name}//bot.example.org" for name in (["Bot", "Other"] if form == "list" else ["Bot"])}
    assert sum(said.unread.values()) == len(agents)
