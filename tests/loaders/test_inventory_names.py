"""Names in an inventory: classes, fields and values by name, CURIE or IRI, and the ontology's values by label too."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from stratagraph.loaders.inventory import MalformedInventory, read_inventory
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, local_name

CORE = load_model()
MY = "https://example.org/ontology#"
MODULE = f"""
@prefix my: <{MY}> .
@prefix sg: <{SG}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .

my:VoiceAgent a owl:Class ; rdfs:subClassOf sg:ConversationalAgent ;
    rdfs:label "Voice agent"@en , "Agente de voz"@pt-BR .
my:Agent a owl:Class ; rdfs:subClassOf sg:Agent ; rdfs:label "Our agent"@en , "Nosso agente"@pt-BR .
my:Team a owl:Class ; rdfs:label "Team"@en , "Equipe"@pt-BR .
my:runBy a owl:ObjectProperty ; rdfs:domain sg:Asset ; rdfs:range my:Team ; sg:transmitsNothing true .
my:voice a owl:DatatypeProperty ; rdfs:domain my:VoiceAgent ; rdfs:range xsd:string .
my:LocalBasis a owl:NamedIndividual , sg:LegalBasis ; rdfs:label "Local basis"@en , "Base local"@pt-BR .
"""


@pytest.fixture(name="extended", scope="module")
def _extended(tmp_path_factory: pytest.TempPathFactory) -> OntologyModel:
    """The core with a module of a user's own."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "my.ttl").write_text(MODULE, encoding="utf-8")
    return load_model((folder,))


TYPES: dict[Iri, list[Iri]] = defaultdict(list)
for _fact in CORE.triples:
    if _fact.predicate == RDF.type:
        TYPES[_fact.subject].append(str(_fact.object))


def read(text: str, model: OntologyModel = CORE) -> dict[Fact, object]:
    return dict(read_inventory(text.encode(), "estate.yaml", model=model, base=ASSET_BASE).facts)


def said(text: str, model: OntologyModel = CORE) -> list[str]:
    with pytest.raises(MalformedInventory) as refused:
        read(text, model)
    return [str(fault) for fault in refused.value.faults]


def kind_of(name: str, model: OntologyModel, before: str = "") -> Iri:
    (kind,) = (
        fact.object
        for fact in read(f"{before}assets:\n- kind: {name}\n  name: x\n", model)
        if fact.predicate == RDF.type
    )
    assert isinstance(kind, str)
    return kind


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Agent", SG.Agent),
        ("sg:Agent", SG.Agent),
        (SG.Agent, SG.Agent),
        (f"<{SG.Agent}>", SG.Agent),
        ("LLM system", SG.LLMSystem),
        ("VoiceAgent", MY + "VoiceAgent"),
        ("my:VoiceAgent", MY + "VoiceAgent"),
        (MY + "VoiceAgent", MY + "VoiceAgent"),
        ("agente de voz", MY + "VoiceAgent"),
        ("my:Agent", MY + "Agent"),
    ],
)
def test_a_class_goes_by_name_curie_iri_and_label(extended: OntologyModel, written: str, kind: Iri) -> None:
    assert kind_of(f'"{written}"', extended) == kind


def test_a_file_may_declare_prefixes_of_its_own(extended: OntologyModel) -> None:
    assert kind_of("us:VoiceAgent", extended, f"prefixes:\n  us: {MY}\n") == MY + "VoiceAgent"
    facts = read(
        "prefixes: {data: 'https://data.example/'}\nassets:\n"
        "- {kind: my:Team, iri: data:blue}\n- {kind: VoiceAgent, name: x, my:runBy: data:blue, voice: calm}\n",
        extended,
    )
    agent = ASSET_BASE + "Agent/x"
    assert Fact("https://data.example/blue", RDF.type, MY + "Team") in facts
    assert Fact(agent, MY + "runBy", "https://data.example/blue") in facts
    assert Fact(agent, MY + "voice", Literal("calm")) in facts


@cache
def choices() -> list[tuple[Iri, Iri]]:
    """Every relation that an asset may have whose range is a list of the ontology's own values, with each value."""
    found = []
    for iri, relation in sorted(CORE.relations.items()):
        kinds = [cls for cls in relation.domain if cls in CORE.classes and CORE.classes[cls].key_properties]
        individuals = {iri for iri, types in TYPES.items() if any(CORE.ancestors(t) & relation.range for t in types)}
        keyed = any(info.key_properties and info.ancestors & relation.range for info in CORE.classes.values())
        if kinds and individuals and not keyed:
            found += [(iri, individual) for individual in sorted(individuals)]
    return found


def test_there_are_lists_to_choose_from() -> None:
    relations = {local_name(relation) for relation, _ in choices()}
    assert {
        "legalBasis",
        "controlKind",
        "implementationStatus",
        "riskClass",
        "transferMechanism",
        "actsAs",
    } <= relations


@pytest.mark.parametrize("form", ["name", "curie", "iri", "mapping", "label"])
def test_every_value_of_every_list_can_be_written(form: str) -> None:
    for relation, value in choices():
        cls = min(kind for kind in CORE.relations[relation].domain if CORE.classes[kind].key_properties)
        kind = next(local_name(t) for t in sorted(TYPES[value]) if CORE.ancestors(t) & CORE.relations[relation].range)
        written = {
            "name": local_name(value),
            "curie": f"sg:{local_name(value)}",
            "iri": value,
            "mapping": f"{{kind: {kind}, name: {local_name(value)}}}",
            "label": f'"{CORE.label(value, "pt-BR")}"',
        }[form]
        same = [other for _, other in choices() if CORE.label(other, "pt-BR") == CORE.label(value, "pt-BR")]
        if form == "label" and len(set(same)) > 1:
            continue  # a label that two values share is no name
        text = f"assets:\n- kind: {local_name(cls)}\n  name: x\n  {local_name(relation)}: {written}\n"
        assert {fact.object for fact in read(text) if fact.predicate == relation} == {value}, text


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("LgpdContract", SG.LgpdContract),
        ("LocalBasis", MY + "LocalBasis"),
        ("my:LocalBasis", MY + "LocalBasis"),
        ("base local", MY + "LocalBasis"),
        (MY + "LocalBasis", MY + "LocalBasis"),
    ],
)
def test_the_case_of_the_trial_and_values_of_ones_own(extended: OntologyModel, written: str, value: Iri) -> None:
    text = f"assets:\n- kind: ProcessingRecord\n  name: r\n  legalBasis: {written}\n"
    assert {fact.object for fact in read(text, extended) if fact.predicate == SG.legalBasis} == {value}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("- {kind: ProcessingRecord, name: r, legalBasis: LgpdContrat}", ["Did you mean LgpdContract", "It takes one"]),
        ("- {kind: my:VoiceAgent, name: x}", ["my:VoiceAgent", "'prefixes'", "--ontology"]),
        ("- {kind: 'https://example.org/ontology#VoiceAgent', name: x}", ["--ontology"]),
        ("- {kind: 'sg:Agnet', name: x}", ["Did you mean Agent"]),
        ("- {kind: Influence}", ["'Influence' has no key", "iri:"]),
        ("- {kind: Agent, serviceName: x}", ["'kind: Agent' needs 'name", "serviceNamespace"]),
        ("- {kind: Agent, name: x, usesmodel: y}", ["Did you mean usesModel", "template Agent"]),
        ("- {kind: Agent, name: x, partOf: {kind: LLMSystem, name: y, purpose: z}}", ["'purpose'", "entry of its own"]),
        ("- {kind: Agent, name: x, uses: y}", ["no asset of this file", "BaseModel", "Tool"]),
        ("- {kind: Agent, name: x, purpose: }", ["'purpose' has no value"]),
        ("- {kind: Agent, name: x, usesModel: [a, ~]}", ["empty"]),
        ("- {kind: Agent, name: x, label: {pt_BR: y}}", ["'pt_BR' is not a language tag", "pt-BR"]),
        ("- {kind: Agent, name: x, label: {'': y}}", ["not a language tag"]),
        ("- {kind: Agent, name: x, label: {en: [y]}}", ["The text in 'en' is missing"]),
        ("- {kind: Agent, name: x, usesModel: 'https://a b'}", ["characters that an IRI cannot have"]),
        ("- {kind: Agent, name: " + "n" * 6000 + "}", ["too long", "6,000 characters", "4,096"]),
        ("- {kind: " + "k" * 6000 + ", name: x}", ["6,000 characters"]),
    ],
)
def test_a_fault_says_what_to_write_in_a_few_words(text: str, parts: list[str]) -> None:
    (fault,) = said(f"assets:\n{text}\n")
    assert fault.startswith("estate.yaml:2: ")
    assert [part for part in parts if part not in fault] == []
    assert len(fault) < 700


@pytest.mark.parametrize(
    ("declared", "part"),
    [
        ("{sg: 'https://example.org/'}", "already"),
        ("{my: word}", "stands for an IRI"),
        ("{'a b': 'https://example.org/'}", "no prefix"),
        ("[my]", "mapping"),
    ],
)
def test_a_bad_prefix_is_refused(declared: str, part: str) -> None:
    (fault,) = said(f"prefixes: {declared}\nassets: []\n")
    assert part in fault


def test_every_fault_of_a_file_is_told_at_once_in_order() -> None:
    faults = said(
        """\
assets:
- kind: Agnet
  name: a
- kind: Agent
- kind: Agent
  name: b
  usesModle: x
  purpose: {a: b}
  dependsOn: [nobody, a]
- {kind: Agent, name: c, name: d, label: {e_n: x}}
- x
"""
    )
    assert [fault.split(":")[1] for fault in faults] == ["2", "4", "7", "8", "9", "10", "10", "11"]
    assert not any("'a':" in fault for fault in faults), "who points to a faulty entry is not at fault"


def test_a_core_name_is_the_cores_and_two_names_of_users_are_ambiguous(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.ttl").write_text(MODULE.replace(MY, f"https://{name}.example/"), encoding="utf-8")
    model = load_model((tmp_path,))
    assert kind_of("Agent", model) == SG.Agent
    (fault,) = said("assets:\n- {kind: VoiceAgent, name: x}\n", model)
    assert "several classes" in fault
    assert "<https://one.example/VoiceAgent>" in fault
    assert "<https://two.example/VoiceAgent>" in fault


def test_the_same_asset_twice_with_another_value_is_remarked() -> None:
    text = """\
assets:
- {kind: Agent, name: a, purpose: sells, responsible: [x]}
- {kind: TaskAgent, name: a, purpose: buys, responsible: [y]}
- {kind: Agent, name: a, purpose: sells}
- {kind: Agent, name: b, purpose: buys}
"""
    (remark,) = read_inventory(text.encode(), "f.yaml", model=CORE, base=ASSET_BASE).remarks
    assert (remark.place.line, set(remark.texts)) == (3, {"en", "pt-br"})
    assert all("'purpose'" in text and "2" in text for text in remark.texts.values())


def test_a_name_with_a_colon_is_a_name() -> None:
    facts = read("assets:\n- {kind: BaseModel, name: 'llama3:8b'}\n- {kind: Agent, name: a, usesModel: 'llama3:8b'}\n")
    assert Fact(ASSET_BASE + "Agent/a", SG.usesModel, ASSET_BASE + "BaseModel/llama3%3A8b") in facts


def test_what_describes_without_relating_may_be_said() -> None:
    facts = read("assets:\n- {kind: Agent, name: a, skos:example: x, altLabel: {pt-BR: atendente}}\n")
    objects = {fact.object for fact in facts}
    assert {Literal("x"), Literal("atendente", language="pt-br")} <= objects
    assert RDFS.label not in {fact.predicate for fact in facts}
