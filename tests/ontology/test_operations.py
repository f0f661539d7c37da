"""What an estate can say about its operation: goals, fallbacks, events, contracts, data; what the levels promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stratagraph.loaders.inventory import read_inventory
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, DCT, OWL, RDF, SG, local_name
from tests.core import gate
from tests.ontology.reference import GRAPH, MODEL, instances, words

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "describe-operations.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
MODULES = ("components", "evaluations", "events", "contracts", "data-categories", "data-protection", "stewardship")
DECLARED = {
    kind: {
        fact.subject
        for name in MODULES
        for fact in MODEL.modules[f"{name}.ttl"]
        if fact.predicate == RDF.type and fact.object == kind and MODEL.definitions.get(fact.subject)
    }
    for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
}


def stated(text: str) -> frozenset[Fact]:
    return frozenset(read_inventory(text.encode(), "page.yaml", model=MODEL, base=ASSET_BASE).facts)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_of_the_guide_passes_the_gate_of_an_empty_graph(text: str) -> None:
    scope = Scope(name="page.yaml", complete=True, stated=tuple(stated(text)))
    report = gate().check(Batch(source="s", run="r", method=Method.DECLARED, scopes=(scope,)), lambda _: ())
    assert [finding.messages["en"] for finding in report.violations] == []


def test_the_guide_shows_the_classes_that_estates_use_most() -> None:
    shown = {str(fact.object) for text in EXAMPLES for fact in stated(text) if fact.predicate == RDF.type}
    wanted = (
        "Incident Deployment Approval EvaluationRun EvaluationResult Contract RetentionRule DeletionRun SubjectRequest"
    )
    assert shown >= {SG.term(name) for name in (*wanted.split(), "OversightAssignment", "Channel", "EncoderModel")}


LEVELS = {
    4: "EncoderModel",
    5: "Channel",
    6: "Application",
    7: "DataPipeline IndexingPipeline DeploymentPipeline",
    8: "Router Gateway Guardrail Cache Memory",
    9: "Network DataLake",
    11: "ResearchInstitution",
    12: "SocialExpectation",
}
"""What the levels promise beyond their first class."""


@pytest.mark.parametrize(("level", "name"), [(n, name) for n, names in LEVELS.items() for name in names.split()])
def test_a_class_that_a_level_promises_stands_there(level: int, name: str) -> None:
    info = MODEL.classes[SG.term(name)]
    assert info.level == SG.term(f"L{level}")
    assert SG.Asset in info.ancestors


def test_no_component_is_taken_for_an_ai_system() -> None:
    assert SG.LLMSystem not in MODEL.ancestors(SG.Router)


@pytest.mark.parametrize("relation", sorted(DECLARED[OWL.ObjectProperty]), ids=local_name)
def test_a_relation_between_assets_has_an_inverse_over_the_same_classes(relation: Iri) -> None:
    info = MODEL.relations[relation]
    if any(SG.Asset not in MODEL.ancestors(cls) for cls in info.range | info.domain):
        return
    assert info.inverse is not None
    inverse = MODEL.relations[info.inverse]
    assert inverse.inverse == relation
    assert (inverse.domain, inverse.range) == (info.range, info.domain)


@pytest.mark.parametrize("attribute", sorted(DECLARED[OWL.DatatypeProperty]), ids=local_name)
def test_an_attribute_has_one_value_of_a_known_type_on_known_classes(attribute: Iri) -> None:
    info = MODEL.attributes[attribute]
    assert info.single_valued
    assert info.datatype
    assert info.domain
    assert info.domain <= set(MODEL.classes)


EFFECTS = {
    "encodedBy": "Cost Latency Throughput Availability Quality",
    "fallsBackTo": "Cost Latency Availability Quality",
    "reachedThrough": "Latency Throughput Availability Quality",
}


@pytest.mark.parametrize(("relation", "aspects"), EFFECTS.items())
def test_what_is_relied_upon_shows_in_who_relies_on_it(relation: str, aspects: str) -> None:
    sent = MODEL.relations[SG.term(relation)].transmissions
    felt = {aspect for t in sent if t.mode == SG.EffectMode and not t.forward for aspect in t.aspects}
    assert felt >= {SG.term(f"{aspect}Aspect") for aspect in aspects.split()}
    required = {aspect for t in sent if t.mode == SG.RequirementMode and t.forward for aspect in t.aspects}
    assert required == {SG.PrivacyAspect, SG.ComplianceAspect, SG.SafetyAspect}


@pytest.mark.parametrize("relation", ["involves", "causedBy", "deploys", "approvalOf", "succeededBy", "ownedBy"])
def test_what_only_tells_a_story_transmits_nothing(relation: str) -> None:
    assert MODEL.relations[SG.term(relation)].transmissions == ()


SENSITIVE = "RaceOrEthnicity ReligiousBelief PoliticalOpinion Membership Health SexLife Genetic Biometric"


def test_the_sensitive_categories_are_those_of_article_5_of_the_lgpd() -> None:
    sensitive = {name for name in instances("PersonalDataCategory") if words(name, "sensitive") == {"true"}}
    assert sensitive == {f"{name}Category" for name in SENSITIVE.split()}


def test_minors_are_told_apart() -> None:
    minors = {name for name in instances("AudienceGroup") if words(name, "underAge") == {"true"}}
    assert minors == {"ChildrenAudience", "AdolescentsAudience"}
    assert not GRAPH.iris(SG.StudentsAudience, SG.underAge)


def test_every_kind_of_change_is_in_the_reference_and_acts_on_something() -> None:
    page = (PAGE.parents[1] / "reference" / "impact.md").read_text(encoding="utf-8")
    table = page.partition("## Kinds of change")[2].partition("\n## ")[0]
    notations = [kind.notation for kind in MODEL.change_kinds.values()]
    assert len(notations) == len(set(notations))
    assert sorted(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)) == sorted(notations)
    assert [kind.notation for kind in MODEL.change_kinds.values() if not kind.aspects] == []


def test_every_kind_of_change_has_acts_and_steps() -> None:
    assert len(MODEL.change_kinds) >= 16
    assert {step.change for step in MODEL.checklist} == MODEL.change_kinds.keys()
    assert [iri for iri, kind in MODEL.change_kinds.items() if not kind.acts] == []


def test_steps_and_kinds_of_our_own_do_not_claim_a_document() -> None:
    for module in ("change-kinds.ttl", "change-acts.ttl", "change-checklists.ttl"):
        cited = {fact.object for fact in MODEL.modules[module] if fact.predicate == DCT.bibliographicCitation}
        assert cited == {Literal("Stratagraph")}, module
