"""A class that is defined by what its members are works wherever a class does, and loses members with their facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings, load_settings
from tests.conftest import ROOT
from tests.opened import Opened
from tests.service.merging import Estate
from tests.service.test_own_rules import OWN

PAGE = (ROOT / "docs" / "how-to" / "extend-the-ontology.md").read_text("utf-8").partition("## 5. ")[2]
BLOCKS = dict(re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL))
"""The page's module, inventory and query, by language."""
DEFINED = "https://example.org/ontology#PersonalDataSystem"
DESK = f"{ASSET_BASE}LLMSystem/claims-desk"
WITHOUT = BLOCKS["yaml"].replace("personalData: true", "personalData: false")


@pytest.fixture(name="settings")
def _settings(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The page's module, judged by rules alone, and an audit's rule about its class."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "privacy.ttl").write_text(BLOCKS["turtle"], encoding="utf-8")
    rules = tmp_path / "rules" / "acme"
    rules.mkdir(parents=True)
    (rules / "logs.ttl").write_text(OWN.replace("sg:LLMSystem", f"<{DEFINED}>"), encoding="utf-8")
    return load_settings(data=opened(tmp_path / "data"), ontology=folder, rules=rules.parent)


def members(estate: Estate) -> list[str]:
    return [str(row["system"]) for row in estate.engine.triples.select(BLOCKS["sparql"])]


def test_its_members_come_and_go_with_the_facts(settings: Settings) -> None:
    with Engine(settings) as engine:
        come_and_go(Estate(engine))
    # What was saved of the deriver knows them, and so does what the store has kept.
    with Engine(settings) as engine:
        assert members(Estate(engine)) == [DESK]


def come_and_go(estate: Estate) -> None:
    assert estate.load(WITHOUT)["status"] == 201
    assert members(estate) == []
    assert estate.load(BLOCKS["yaml"])["status"] == 201
    assert members(estate) == [DESK]
    (asset,) = estate.get("/api/assets", kind="PersonalDataSystem")["assets"]
    assert (asset["iri"], asset["class"]) == (DESK, DEFINED)
    assert DESK in estate.found("claims")
    assert estate.get("/api/impact", asset="claims-desk")["asset"]["class"] == DEFINED
    verdicts = estate.get("/api/compliance/audit")["verdicts"]
    assert [each["target"] for each in verdicts if each["rule"] == "ACME-LOG-01"] == [DESK]
    assert estate.load(WITHOUT)["status"] == 201
    assert members(estate) == []
    assert estate.get("/api/assets", kind="PersonalDataSystem")["assets"] == []
    assert estate.load(BLOCKS["yaml"])["status"] == 201


def test_an_asset_says_by_which_axiom_and_facts_it_is_a_member(settings: Settings) -> None:
    with Engine(settings) as engine:
        estate = Estate(engine)
        assert estate.load(BLOCKS["yaml"])["status"] == 201
        shown = estate.get("/api/assets/claims-desk")
        (defined,) = [each for each in shown["types"] if each["byDefinition"]]
        assert (defined["iri"], defined["inferred"], defined["claims"]) == (DEFINED, True, None)
        because = defined["because"]
        assert {"claims-desk"} <= {each["subject"].rpartition("/")[2] for each in because["facts"]}
        (axiom,) = because["axioms"]
        assert axiom["module"] == "modules/privacy.ttl"
        line = BLOCKS["turtle"].splitlines()[axiom["line"] - 1]
        assert "owl:equivalentClass" in line
        assert "PersonalDataSystem" in axiom["text"]
