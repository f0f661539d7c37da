"""Tables by people: as editors, Excel and exports write them, and what is wrong with one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind, UnknownContent
from stratagraph.loaders.recognition import kind_of
from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import SG
from stratagraph.service.reference.csv_template import csv_template
from tests.core import forms, gate
from tests.loaders.formats.described import Described, described

SAMPLES = Path(__file__).parent / "samples"
PLAIN = "BaseModel,contextWindowTokens,license\ngpt-5,400000,proprietary\nqwen-3,,apache-2.0\n"


def models(text: str | bytes, name: str = "models.csv") -> Described:
    return described(text, name)


def refusal(text: str | bytes, name: str = "models.csv") -> str:
    with pytest.raises(MalformedDocument) as refused:
        described(text, name, kind=Kind.CSV)
    return str(refused.value)


def test_a_line_is_an_asset_and_a_column_an_attribute_or_a_relation() -> None:
    read = described((SAMPLES / "agents.csv").read_bytes(), "agents.csv")
    assert read.kind is Kind.CSV
    assert read.assets == {("Agent/triage/claims-desk", "Agent"), ("Agent/letters/claims-desk", "Agent")}
    assert read.of("Agent/triage/claims-desk", "rdfs:label") == ["Claims triage@en", "Triagem de sinistros@pt-br"]
    assert read.of("Agent/triage/claims-desk", "purpose") == ["Sorts claims, and asks back"]
    assert read.relations == {
        ("Agent/triage/claims-desk", "partOf", "LLMSystem/claims-assistant"),
        ("Agent/letters/claims-desk", "partOf", "LLMSystem/claims-assistant"),
        ("Agent/triage/claims-desk", "usesModel", "BaseModel/gpt-5-mini"),
        ("Agent/triage/claims-desk", "usesModel", "BaseModel/ipe%2Fclaims-triage-8b"),
        ("Agent/letters/claims-desk", "usesModel", "BaseModel/gpt-5-mini"),
    }
    # The column without a name is its author's own.
    assert not any("Ana" in str(fact.object) for fact in read.facts)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        "sep=;\r\n" + PLAIN.replace(",", ";").replace("\n", "\r\n"),
        "\ufeff" + PLAIN,
        PLAIN.encode("utf-16"),
        PLAIN.replace("gpt-5,", '"gpt-5",').replace("license", '"license"'),
        PLAIN.replace("\n", "\n\n\n"),
        PLAIN.replace("\n", ",,\n"),
        PLAIN.removesuffix("\n"),
        PLAIN.replace(",", " , "),
        PLAIN.replace("BaseModel", "sg:BaseModel"),
        PLAIN.replace("BaseModel", "Modelo base"),
    ],
    ids=["semicolon", "tab", "excel", "mark", "utf-16", "quotes", "empty", "wide", "cut", "blanks", "curie", "label"],
)
def test_however_a_table_is_written_it_says_the_same(text: str | bytes) -> None:
    assert models(text).facts == models(PLAIN).facts
    assert models(text).kind is Kind.CSV


def test_a_cell_may_have_several_values_by_bars_or_lines_and_a_bar_of_its_own() -> None:
    read = models('Agent,usesModel,purpose\na,"x|y\nz ",one\\|two\n')
    assert read.of("Agent/a", "usesModel") == ["BaseModel/x", "BaseModel/y", "BaseModel/z"]
    assert read.of("Agent/a", "purpose") == ["one|two"]


def test_a_relation_leads_to_a_value_an_iri_or_a_class_of_ones_own_choice() -> None:
    read = models("BaseModel,providedBy Provider,derivedFrom\na,Model Forge,https://example.org/id/b\n")
    assert read.relations == {
        ("BaseModel/a", "providedBy", "EcosystemActor/Model%20Forge"),
        ("BaseModel/a", "derivedFrom", "https://example.org/id/b"),
    }


def test_a_statement_is_found_by_its_line() -> None:
    loaded = models('BaseModel,license\na,"x\ny"\nb,z\n').loaded
    fact = next(fact for fact in loaded.batch.facts() if fact.object == Literal("z"))
    place = loaded.origins.find(fact, fact.subject)
    assert str(place) == "models.csv:4"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("BaseModell,license\na,b\n", "models.csv:1: 'BaseModell' is no class"),
        ("BaseModel,licence\na,b\n", "models.csv:1: 'licence' is no attribute or relation of the ontology. Did you"),
        ("BaseModel,license\na,b\n,c\n", "models.csv:3: the first cell is empty; it is the 'name'."),
        ("BaseModel,license\na,b,c\n", "models.csv:2: there are more cells"),
        ("BaseModel,contextWindowTokens\n\na,many\n", "models.csv:3: 'many' is no value of 'contextWindowTokens'"),
        ('BaseModel,license\na,"b\nc,d\n', "models.csv:2: a cell in quotes begins here and does not end"),
        ('BaseModel,license\na,"b"c\n', "models.csv:2: a quotation mark here"),
        ("Agent,partOf\na,b\n", "models.csv:2: 'b': say in the first line what 'partOf' leads to"),
        ("BaseModel,license\na,sk-" + "aB3dE5gH7jK9mN1pQ3sT5vW7\n", "models.csv:2: a secret stands here"),
        ("BaseModel\nsk-" + "aB3dE5gH7jK9mN1pQ3sT5vW7\n", "models.csv:2: a secret stands where a name belongs"),
        ("BaseModel,license\n\xff\xfe".encode("latin-1"), "models.csv:2: its encoding is not read here"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str | bytes, told: str) -> None:
    said = refusal(text)
    assert told in said
    assert "aB3dE5" not in said


def test_all_lines_that_are_wrong_are_told_at_once() -> None:
    assert refusal("BaseModel,contextWindowTokens\na,x\nb,1\nc,y\n").count("models.csv:") == 2


def test_somebody_elses_table_is_no_inventory_in_a_folder_and_refused_when_it_is_named() -> None:
    other = b"Name,Mail\nAna,ana@example.org\n"
    assert kind_of(Document("people.csv", other), None) is Kind.CSV
    assert "'Name' is no class" in refusal(other, "people.csv")
    with pytest.raises(UnknownContent):
        kind_of(Document("people.txt", other), None)


@pytest.mark.parametrize("cls", [SG.Agent, SG.BaseModel, SG.LLMSystem, SG.Dataset])
def test_a_template_is_a_table_that_can_be_loaded(cls: str) -> None:
    template = csv_template(forms(), cls)
    width = template.count(",")
    read = described(template + "mine" + "," * width + "\n", "mine.csv")
    assert [fact.object for fact in read.facts if fact.predicate == SG.name] == [Literal("mine")]
    assert not gate().check(read.loaded.batch, lambda _: ()).violations
    assert set(template.removeprefix("\ufeff").strip().split(",")) >= {"label@en", "label@pt-BR"}
