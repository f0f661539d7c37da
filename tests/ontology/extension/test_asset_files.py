"""A file of assets among the modules is refused as what it is; whatever else a module may hold is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.extension.asset_files import AssetFiles
from stratagraph.ontology.model import load_model
from tests.conftest import ROOT
from tests.ontology.extension.extending import LABELS, PREFIXES, as_read, extended, module_of, written

CLASS = f"my:VoiceAgent a owl:Class ; rdfs:subClassOf sg:Agent ; {LABELS} ."
ASSETS = {
    "an asset": 'my:desk a sg:LLMSystem ; sg:name "desk" .',
    "an asset under a header": '<> a owl:Ontology . my:desk a sg:LLMSystem , owl:NamedIndividual ; sg:name "desk" .',
    "an asset of a class of another module": 'my:hotline a my:VoiceAgent ; sg:name "hotline" .',
    "a price": "my:price a sg:Price ; sg:costPerMillionTokens 5 .",
}
TERMS = {
    "an asset beside its class": f"{CLASS} my:hotline a my:VoiceAgent .",
    "an asset beside an axiom": "my:desk a sg:LLMSystem . my:A rdfs:subClassOf [ owl:oneOf ( my:desk ) ] .",
    "a metric": 'my:jokes a sg:Metric ; sg:unit "{joke}" .',
    "a metric of a kind": 'my:jokes a sg:PerformanceMetric ; sg:unit "{joke}" .',
    "a kind of risk": f"my:boredom a sg:RiskKind ; {LABELS} .",
    "labels": 'sg:Agent rdfs:label "Agent"@de .',
}


def things(folder: Path, turtle: str) -> tuple[str, ...]:
    modules = as_read(written(folder, {"zz": CLASS, "given": turtle}))
    files = AssetFiles(load_model().graph, [fact for module in modules for fact in module.facts])
    (given,) = (module for module in modules if module.name.endswith("/given.ttl"))
    return files.things(given.facts)


@pytest.mark.parametrize("turtle", ASSETS.values(), ids=ASSETS)
def test_a_file_of_things_is_no_module(tmp_path: Path, turtle: str) -> None:
    assert len(things(tmp_path, turtle)) == 1


@pytest.mark.parametrize("turtle", TERMS.values(), ids=TERMS)
def test_a_module_may_hold_things_beside_its_terms(tmp_path: Path, turtle: str) -> None:
    assert things(tmp_path, turtle) == ()


def test_the_estates_are_files_of_assets(tmp_path: Path) -> None:
    for file in (ROOT / "ontology" / "estates").glob("*.ttl"):
        # One of them tells relations between the assets of another, and none of its own.
        assert things(tmp_path, file.read_text("utf-8")) or file.stem == "llmops-assumed"


def test_it_is_refused_by_name_with_what_to_do(tmp_path: Path) -> None:
    judged = extended(tmp_path, voices=CLASS, estate=f"\n{ASSETS['an asset']}")
    module = module_of(judged, "estate")
    assert not module.accepted
    assert module_of(judged, "voices").accepted
    refusal = module.findings[0]
    assert (refusal.rule, refusal.line) == ("asset-file", PREFIXES.count("\n") + 2)
    assert f"stratagraph load {tmp_path.name}/estate.ttl" in refusal.sentence()
    assert f"stratagraph load {tmp_path.name}/estate.ttl" in refusal.sentence("pt-BR")
    assert "https://example.org/ontology#desk" in refusal.sentence()
