"""What inventory and telemetry both know is one asset once it is stated to be: in every answer, and until then not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, XSD
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.merging import Estate

DECLARED = f"{ASSET_BASE}Agent/vita"
SEEN = f"{ASSET_BASE}Agent/vita/atendimento/vitalis"
INVENTORY = """
assets:
  - kind: ConversationalAgent
    name: vita
    purpose: Answers patients
    governedBy: {kind: Law, name: LGPD_BR}
  - {kind: Law, name: LGPD_BR, frameworkCode: LGPD}
"""
SAME = f"    sameAssetAs: {SEEN}\n"
JOINED = INVENTORY.replace("    purpose", SAME + "    purpose")


@pytest.fixture(name="estate")
def _estate(opened: Opened, tmp_path: Path) -> Iterator[Estate]:
    with Engine(load_settings(data=opened(tmp_path))) as engine:
        yield Estate(engine)


@pytest.fixture(name="joined", scope="module")
def _joined(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """An estate, only to be read, whose agent is in the inventory and in telemetry, and is stated to be one."""
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("joined")))) as engine:
        estate = Estate(engine)
        estate.call("vita")
        assert estate.load(JOINED)["status"] == 201
        yield estate


def everything(estate: Estate) -> set[tuple[Any, ...]]:
    """All triples but those of the core's own terms, which are many, and those that tell when things happened."""
    rows = estate.engine.triples.select(f'SELECT ?s ?p ?o {{ ?s ?p ?o FILTER(!STRSTARTS(STR(?s), "{SG}")) }}')
    times = {SG.firstSeen, SG.lastSeen, SG.lastRun}
    return {tuple(row.values()) for row in rows if row["p"] not in times}


def reached(impact: dict[str, Any]) -> set[Iri]:
    """The assets of an impact."""
    return {asset["iri"] for level in impact["levels"] for asset in level["assets"]}


def test_one_asset_has_what_both_said(joined: Estate) -> None:
    for name in (DECLARED, SEEN, "vita", "asset:Agent/vita/atendimento/vitalis", "Agent/vita/atendimento/vitalis"):
        asset = joined.get(f"/api/assets/{name}")
        assert asset["iri"] == DECLARED, name
        assert asset["mergedFrom"] == [SEEN]
    said = {row["property"]: row for row in asset["attributes"]}
    assert said[SG.purpose]["claims"]["sources"] == ["team"]
    assert said[SG.serviceName]["claims"]["sources"] == ["otlp"]
    assert said[SG.name]["claims"]["sources"] == ["otlp", "team"]
    assert said[SG.mergedFrom]["claims"]["sources"] == ["team"]
    related = {(row["property"], row["asset"]["iri"]) for row in asset["relations"]["out"]}
    assert (SG.governedBy, f"{ASSET_BASE}Regulation/LGPD_BR") in related
    assert (SG.usesModel, f"{ASSET_BASE}BaseModel/gpt-5-mini") in related
    assert {row["metric"] for row in asset["observations"]} >= {SG.calls, SG.inputTokens}


def test_it_is_found_once_and_its_members_are_no_nodes(joined: Estate) -> None:
    assert joined.found("vita") == [DECLARED]
    assert not [row for row in everything(joined) if SEEN in row]
    assert (DECLARED, SG.mergedFrom, Literal(SEEN, XSD.anyURI)) in everything(joined)
    listed = [row["iri"] for row in joined.get("/api/assets", kind="Agent")["assets"]]
    assert listed == [DECLARED]


@pytest.mark.parametrize("start", [DECLARED, SEEN, "vita"])
def test_impact_starts_at_any_member_and_runs_over_what_both_said(joined: Estate, start: str) -> None:
    assert DECLARED in reached(joined.get("/api/impact", asset="BaseModel/gpt-5-mini"))
    up = joined.get("/api/impact", asset=start, direction="up")
    assert up["asset"]["iri"] == DECLARED
    assert {f"{ASSET_BASE}Regulation/LGPD_BR", f"{ASSET_BASE}BaseModel/gpt-5-mini"} <= reached(up)
    assert SEEN not in reached(up)


def test_figures_add_members_up_per_source(estate: Estate) -> None:
    estate.call("vita")
    estate.call("vita", number=2, service_namespace="other")
    other = f"{ASSET_BASE}Agent/vita/atendimento/other"
    assert (estate.calls(SEEN), estate.calls(other)) == (1, 1)
    estate.load(f"assets: [{{kind: Agent, name: vita, sameAssetAs: [{SEEN}, {other}]}}]")
    assert [estate.calls(name) for name in (DECLARED, SEEN, other)] == [2, 2, 2]
    newest = {row["metric"]: row for row in estate.get(f"/api/assets/{SEEN}")["observations"]}
    assert newest[SG.calls]["sum"] == 2
    assert newest[SG.inputTokens]["sum"] == 20


def test_an_audit_judges_it_once(joined: Estate) -> None:
    targets = {row["target"] for row in joined.get("/api/compliance/audit")["verdicts"]}
    assert DECLARED in targets
    assert SEEN not in targets


def test_withdrawing_the_statement_parts_them_again_exactly(estate: Estate) -> None:
    estate.call("vita")
    estate.load(INVENTORY)
    apart = everything(estate)
    estate.load(JOINED)
    assert everything(estate) != apart
    estate.load(INVENTORY)
    assert everything(estate) == apart
    assert estate.get("/api/impact", asset="vita", status=409)["type"].endswith("ambiguous-name")


def test_an_asset_that_nobody_describes_can_not_be_the_same(estate: Estate) -> None:
    answer = estate.load(JOINED)
    assert (answer["status"], answer["findings"][0]["path"]) == (422, SG.sameAssetAs)


def test_only_assets_are_the_same(estate: Estate) -> None:
    assert estate.load(f"assets: [{{kind: Tool, name: a, sameAssetAs: [{SG.CostAspect}]}}]")["status"] == 422


def test_what_is_said_of_members_later_stands_on_the_one(estate: Estate) -> None:
    estate.load(JOINED + "  - {kind: Agent, name: vita, serviceName: atendimento, serviceNamespace: vitalis}\n")
    estate.call("vita")
    assert estate.calls("vita") == 1
    more = "{kind: Agent, name: vita, serviceName: atendimento, serviceNamespace: vitalis, purpose: More}"
    assert estate.load(f"assets: [{more}]", source="other")["status"] == 201
    purposes = {row["value"] for row in estate.get("/api/assets/vita")["attributes"] if row["property"] == SG.purpose}
    assert purposes == {"Answers patients", "More"}


def test_the_ledger_keeps_what_was_said(joined: Estate) -> None:
    claims = {claim.fact for claim in joined.engine.ledger.open_claims()}
    assert Fact(SEEN, RDF.type, SG.Agent) in claims
    assert Fact(DECLARED, SG.sameAssetAs, SEEN) in claims
    assert not [fact for fact in claims if fact.predicate == SG.mergedFrom]


def test_the_past_knows_them_as_they_were(estate: Estate) -> None:
    estate.call("vita")
    before = estate.load(INVENTORY)["sequence"]
    joined = estate.load(JOINED)["sequence"]
    estate.load(INVENTORY)
    assert SEEN in reached(estate.get("/api/impact", asset="BaseModel/gpt-5-mini", asOf=str(before)))
    assert SEEN not in reached(estate.get("/api/impact", asset="BaseModel/gpt-5-mini", asOf=str(joined)))
    assert estate.get("/api/impact", asset=SEEN, asOf=str(joined))["asset"]["iri"] == DECLARED
    assert estate.get("/api/impact", asset=SEEN, asOf=str(before))["asset"]["iri"] == SEEN


CHAINS = {
    "a=b": ["ab", "c", "d"],
    "a=a": ["a", "b", "c", "d"],
    "b=a": ["ab", "c", "d"],
    "a=b b=a": ["ab", "c", "d"],
    "c=b b=a": ["abc", "d"],
    "d=c c=b b=a a=d": ["abcd"],
    "a=b c=d": ["ab", "cd"],
    "": ["a", "b", "c", "d"],
}
"""Who is stated to be whom, one inventory after the other in the same scope, and who is one then."""


def test_it_is_symmetric_and_transitive_and_of_oneself_says_nothing(estate: Estate) -> None:
    for links, groups in CHAINS.items():
        same = [link.split("=") for link in links.split()]
        others = {name: ", ".join(f"{ASSET_BASE}Tool/{o}" for s, o in same if s == name) for name in "abcd"}
        assets = [f"{{kind: Tool, name: {name}, sameAssetAs: [{others[name]}]}}" for name in "abcd"]
        assert estate.load(f"assets: [{', '.join(assets)}]")["status"] == 201
        for group in groups:
            for member in group:
                asset = estate.get(f"/api/assets/Tool/{member}")
                assert asset["iri"] == f"{ASSET_BASE}Tool/{group[0]}", links
                assert asset["mergedFrom"] == [f"{ASSET_BASE}Tool/{other}" for other in group[1:]], links
        about = [row for row in everything(estate) if row[1] == SG.sameAssetAs and str(row[0]).startswith(ASSET_BASE)]
        assert not about, links
