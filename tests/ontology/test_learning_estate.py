"""The system that document 003 built, as an estate of its own: whole, apart from the demo, with the source's gaps."""

from __future__ import annotations

from pathlib import Path

import stratagraph.ontology
from stratagraph.ontology.facts import Batch, Iri, Literal, Method, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, local_name
from stratagraph.ontology.syntax.parsing import parse_rdf
from tests.core import gate
from tests.ontology.reference import MODEL

FILE = Path(stratagraph.ontology.__file__).parent / "examples" / "learning-llmops.ttl"
FACTS = tuple(parse_rdf(FILE.read_bytes(), "turtle", ASSET_BASE, FILE.name))
ASSETS = {fact.subject: str(fact.object) for fact in FACTS if fact.predicate == RDF.type}
UNTOLD = {
    ("Crawler_Brapi", "evaluation"),
    ("Pipeline_Dataset_Tool_Use", "evaluation"),
    ("CI_CD_Plataforma", "artifacts"),
    ("LGPD_BR", "responsible"),
}
"""What the source does not tell, so that the gate asks for it."""


def ends(subject: str, relation: str) -> set[str]:
    (iri,) = (asset for asset in ASSETS if local_name(asset).rpartition("/")[2] == subject)
    return {
        str(fact.object).rpartition("/")[2]
        for fact in FACTS
        if (fact.subject, fact.predicate) == (iri, SG.term(relation))
    }


def test_the_gate_asks_only_for_what_the_source_does_not_tell() -> None:
    scope = Scope(name=FILE.name, complete=False, stated=FACTS)
    report = gate().check(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)), lambda _: ())
    assert report.violations == ()
    asked = {(str(finding.focus).rpartition("/")[2], finding.shape.rpartition("-")[2]) for finding in report.warnings}
    assert asked == UNTOLD


def test_every_asset_has_its_minted_name_and_two_labels() -> None:
    for asset, cls in ASSETS.items():
        (name,) = (f.object for f in FACTS if (f.subject, f.predicate) == (asset, SG.name))
        assert isinstance(name, Literal)
        assert mint(MODEL, cls, {SG.name: name.value}) == asset
        tags = {getattr(f.object, "language", "") for f in FACTS if (f.subject, f.predicate) == (asset, RDFS.label)}
        assert tags == {"en", "pt-br"}


def test_nothing_is_mentioned_that_is_not_described_and_every_level_is_there() -> None:
    mentioned: set[Iri] = {
        end for fact in FACTS for end in (fact.subject, fact.object) if isinstance(end, str) and ASSET_BASE in end
    }
    assert mentioned == set(ASSETS)
    assert {MODEL.level_of([cls]) for cls in ASSETS.values()} >= {level.iri for level in MODEL.levels}


def test_market_data_goes_to_reports_and_reports_to_answers() -> None:
    assert ends("Crawler_Brapi", "produces") == {"Dados_Mercado"}
    assert ends("Relatorios_Financeiros", "derivedFrom") == {"Dados_Mercado"}
    assert ends("Agente_Text2SQL", "produces") == {"Relatorios_Financeiros"}
    assert ends("Indice_Relatorios", "indexes") == {"Relatorios_Financeiros"}
    assert ends("Assistente_RAG_Relatorios", "retrievesFrom") == {"Indice_Relatorios"}


def test_the_black_box_makes_the_data_that_tunes_the_model_of_the_agent_with_mcp() -> None:
    assert ends("Pipeline_Dataset_Tool_Use", "produces") == {"Dataset_Tool_Use"}
    assert ends("Modelo_Tool_Use", "trainedWith") == {"Dataset_Tool_Use"}
    assert ends("Agente_MCP_Brapi", "usesModel") == {"Modelo_Tool_Use"}


def test_the_five_functions_of_the_black_box_are_controls_of_the_system() -> None:
    assert len(ends("Exemplos_Guia", "hasControl")) == 5
