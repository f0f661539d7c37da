"""What may be one asset is told when it is loaded, with what to write; and writing that makes it one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.namespaces import ASSET_BASE, SHAPE_BASE
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.loaders.spans import agent, chat, span, tool
from tests.opened import Opened
from tests.service.merging import NOW, Estate

SEEN = f"{ASSET_BASE}Agent/vita/atendimento/vitalis"


@pytest.fixture(name="estate")
def _estate(opened: Opened, tmp_path: Path) -> Iterator[Estate]:
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        yield Estate(engine)


@pytest.fixture(name="seen", scope="module")
def _seen(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate of which telemetry has told; each inventory is loaded in the place of the one before."""
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("seen")))) as engine:
        estate = Estate(engine)
        trace = (7).to_bytes(16)
        estate.trace(
            span(2, agent("vita"), trace=trace, start=NOW),
            span(3, chat("gpt-5-mini", input=1, output=1), parent=2, trace=trace, start=NOW),
            span(4, tool("lookup"), parent=2, trace=trace, start=NOW),
        )
        yield estate


def doubts(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The warnings about who is who."""
    assert answer["status"] == 201, answer
    return [warning for warning in answer["warnings"] if warning["shape"] in (f"{SHAPE_BASE}{name}" for name in SHAPES)]


SHAPES = ("near-miss", "merged-classes", "merged-values")
WHOLE = {"serviceName": "atendimento", "serviceNamespace": "vitalis"}
NEAR: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "no service": ({"kind": "ConversationalAgent", "name": "vita"}, "Agent/vita/atendimento/vitalis", WHOLE),
    "no namespace": (
        {"kind": "Agent", "name": "vita", "serviceName": "atendimento"},
        "Agent/vita/atendimento/vitalis",
        {"serviceNamespace": "vitalis"},
    ),
    "no service, but its namespace": (
        {"kind": "Agent", "name": "vita", "serviceNamespace": "vitalis"},
        "Agent/vita/atendimento/vitalis",
        {"serviceName": "atendimento"},
    ),
    "case": ({"kind": "Agent", "name": "Vita", **WHOLE}, "Agent/vita/atendimento/vitalis", {"name": "vita"}),
    "accent": ({"kind": "Agent", "name": "víta", **WHOLE}, "Agent/vita/atendimento/vitalis", {"name": "vita"}),
    "case of the service": (
        {"kind": "Agent", "name": "vita"} | WHOLE | {"serviceName": "Atendimento"},
        "Agent/vita/atendimento/vitalis",
        {"serviceName": "atendimento"},
    ),
    "case, and no service": (
        {"kind": "Agent", "name": "VITA"},
        "Agent/vita/atendimento/vitalis",
        {"name": "vita", **WHOLE},
    ),
    "tool": ({"kind": "Tool", "name": "lookup"}, "Tool/lookup/atendimento/vitalis", WHOLE),
    "system": (
        {"kind": "LLMSystem", "name": "atendimento"},
        "LLMSystem/atendimento/vitalis",
        {"serviceNamespace": "vitalis"},
    ),
    "model by separators": (
        {"kind": "BaseModel", "name": "GPT 5 mini"},
        "BaseModel/gpt-5-mini",
        {"name": "gpt-5-mini"},
    ),
    "provider": ({"kind": "Provider", "name": "OpenAI"}, "EcosystemActor/openai", {"name": "openai"}),
}


@pytest.mark.parametrize("case", NEAR)
def test_a_near_miss_names_both_and_what_to_write_and_that_makes_them_one(seen: Estate, case: str) -> None:
    asset, path, fields = NEAR[case]
    other = ASSET_BASE + path
    (doubt,) = doubts(seen.load(yaml.safe_dump({"assets": [asset]})))
    assert doubt["value"] == f"<{other}>"
    for language in ("en", "pt-br"):
        text = doubt["messages"][language]
        assert all(f"{name}: {value}" in text for name, value in fields.items()), text
        assert f"sameAssetAs: {other}" in text
    iri = doubt["focus"].strip("<>")
    (told,) = seen.get(f"/api/assets/{iri}")["nearMisses"]
    assert (told["iri"], told["lacks"] | told["spelled"], told["sources"]) == (other, fields, ["otlp"])
    (back,) = seen.get(f"/api/assets/{other}")["nearMisses"]
    assert back["iri"] == iri
    # Either way of writing it works.
    assert not doubts(seen.load(yaml.safe_dump({"assets": [asset | {"sameAssetAs": other}]})))
    assert seen.get(f"/api/assets/{other}")["iri"] == seen.get(f"/api/assets/{iri}")["iri"] == min(iri, other)
    assert not doubts(seen.load(yaml.safe_dump({"assets": [asset | fields]})))
    one = seen.get(f"/api/assets/{other}")
    assert one["nearMisses"] == []
    assert {s for row in one["attributes"] for s in row["claims"]["sources"]} == {"otlp", "team"}


def test_a_rehearsal_tells_the_same_and_changes_nothing(estate: Estate, tmp_path: Path) -> None:
    estate.call("vita")
    estate.engine.triples.dump(tmp_path / "before.nt")
    rehearsed = estate.rehearse("assets: [{kind: Agent, name: vita}]")
    estate.engine.triples.dump(tmp_path / "after.nt")
    before, after = (sorted((tmp_path / f"{name}.nt").read_bytes().splitlines()) for name in ("before", "after"))
    assert before == after
    assert not estate.get(f"/api/assets/{SEEN}")["nearMisses"]
    loaded = estate.load("assets: [{kind: Agent, name: vita}]")
    assert [doubt["text"] for doubt in doubts(rehearsed | {"status": 201})] == [d["text"] for d in doubts(loaded)] != []
    assert not doubts(estate.rehearse(f"assets: [{{kind: Agent, name: vita, sameAssetAs: {SEEN}}}]") | {"status": 201})
    assert estate.get(f"/api/assets/{SEEN}")["nearMisses"]


FAR = {
    "another name": {"kind": "Agent", "name": "vitae"},
    "another kind": {"kind": "Tool", "name": "vita"},
    "another service": {"kind": "Agent", "name": "vita", "serviceName": "billing"},
    "another namespace": {"kind": "Agent", "name": "vita", "serviceName": "atendimento", "serviceNamespace": "test"},
    "the same": {"kind": "ConversationalAgent", "name": "vita", **WHOLE},
    "a sign that is not a separator": {"kind": "Agent", "name": "vita+"},
}


@pytest.mark.parametrize("case", FAR)
def test_what_is_another_asset_or_the_very_same_is_no_near_miss(seen: Estate, case: str) -> None:
    assert not doubts(seen.load(yaml.safe_dump({"assets": [FAR[case]]})))


def test_telemetry_that_comes_later_is_logged_once_and_told_on_the_asset(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    assert not doubts(estate.load("assets: [{kind: Agent, name: vita}]"))
    with caplog.at_level(logging.WARNING, logger="stratagraph.service.engine.engine"):
        estate.call("vita")
        estate.call("vita", number=2)
        # Another instrumentation states the same asset anew.
        estate.trace(span(8, agent("vita"), trace=(3).to_bytes(16), start=NOW), scope="another.scope")
    (line,) = [record.getMessage() for record in caplog.records if "vita" in record.getMessage()]
    assert "serviceName: atendimento, serviceNamespace: vitalis for asset:Agent/vita" in line
    (told,) = estate.get("/api/assets/Agent/vita")["nearMisses"]
    assert told["iri"] == SEEN
    assert "escreva serviceName" in estate.get("/api/assets/Agent/vita", lang="pt-BR")["nearMisses"][0]["advice"]


def test_of_many_near_misses_at_once_the_log_names_the_first_and_counts_the_rest(
    estate: Estate, caplog: pytest.LogCaptureFixture
) -> None:
    count = 2 * MOST_FINDINGS
    estate.load("assets:\n" + "".join(f"- {{kind: Tool, name: tool-{number}}}\n" for number in range(count)))
    trace = (9).to_bytes(16)
    tools = (span(3 + number, tool(f"tool-{number}"), parent=2, trace=trace, start=NOW) for number in range(count))
    with caplog.at_level(logging.WARNING, logger="stratagraph.service.engine.committer"):
        estate.trace(span(2, agent("vita"), trace=trace, start=NOW), *tools)
    lines = [record.getMessage() for record in caplog.records if "committer" in record.name]
    assert len(lines) == MOST_FINDINGS + 1
    assert lines[-1].startswith(f"{count - MOST_FINDINGS} more")


def test_one_file_may_name_an_asset_in_two_ways(estate: Estate) -> None:
    pair = "{kind: Tool, name: Search}, {kind: Tool, name: search, serviceName: web}"
    focuses = {doubt["focus"] for doubt in doubts(estate.load(f"assets: [{pair}]"))}
    assert focuses == {f"<{ASSET_BASE}Tool/Search>", f"<{ASSET_BASE}Tool/search/web>"}
    # A name that was corrected is no other asset.
    assert not doubts(estate.load("assets: [{kind: Tool, name: search, serviceName: web}]"))


def test_an_iri_of_ones_own_with_the_same_key_is_a_near_miss(estate: Estate) -> None:
    estate.call("vita")
    own = "https://example.org/agents#vita"
    answer = estate.load(f"assets: [{{kind: Agent, name: vita, sameAssetAs: {SEEN}}}]")
    assert not doubts(answer)
    facts = f'<{own}> a sg:Agent ; sg:name "vita" ; sg:serviceName "atendimento" ; sg:serviceNamespace "vitalis" .'
    answer = estate.load_turtle(f"@prefix sg: <https://w3id.org/stratagraph/ns#> . {facts}")
    (doubt,) = doubts(answer)
    assert (doubt["focus"], doubt["value"]) == (f"<{own}>", f"<{ASSET_BASE}Agent/vita>")


def test_members_that_disagree_are_told(estate: Estate) -> None:
    pair = """
assets:
  - {kind: Agent, name: one, purpose: Help, version: "1"}
  - {kind: %s, name: two, purpose: Help, version: "%s", sameAssetAs: {kind: Agent, name: one}}
"""
    assert not doubts(estate.load(pair % ("Agent", "1")))
    assert not doubts(estate.load(pair % ("ConversationalAgent", "1")))
    (values,) = doubts(estate.load(pair % ("Agent", "2")))
    assert values["shape"] == f"{SHAPE_BASE}merged-values"
    assert "asset:Agent/one: 1; asset:Agent/two: 2" in values["messages"]["en"]
    (classes,) = doubts(estate.load(pair % ("Tool", "1")))
    assert classes["shape"] == f"{SHAPE_BASE}merged-classes"
    assert "Ferramenta" in classes["messages"]["pt-br"]


def test_prices_of_one_model_under_several_conditions_are_several(estate: Estate) -> None:
    price = {"kind": "Price", "pricedModel": "gpt-5", "currency": "USD", "inputPrice": "1"}
    conditions = [{"priceCondition": name} for name in ("batches", "flex", "input>200000")]
    answer = estate.load(yaml.safe_dump({"assets": [price, *(price | condition for condition in conditions)]}))
    assert doubts(answer) == []
