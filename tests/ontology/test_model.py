from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact, Method
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel, extend, load_model
from stratagraph.ontology.namespaces import OWL, RDF, SG, SKOLEM_BASE, XSD
from stratagraph.ontology.syntax.parsing import MalformedRdf
from stratagraph.queries.catalog import _tops
from stratagraph.queries.names import resolve_class

MODEL = load_model()
REQUIREMENTS = {SG.PrivacyAspect, SG.ComplianceAspect, SG.SafetyAspect}
DUTIES = REQUIREMENTS | {SG.FairnessAspect, SG.TransparencyAspect}


def runs(relation: str, *modes: str) -> dict[bool, set[str]]:
    """Return the aspects that run forward (True) and backward along a relation, as effects and as requirements."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for transmission in MODEL.relations[relation].transmissions:
        if transmission.mode in modes:
            found[transmission.forward] |= transmission.aspects
    return found


def extended(tmp_path: Path, turtle: str) -> OntologyModel:
    prefixes = "@prefix sg: <https://w3id.org/stratagraph/ns#> .\n@prefix ex: <https://example.org/> .\n"
    (tmp_path / "own.ttl").write_text(prefixes + turtle)
    return load_model([tmp_path])


def test_the_twelve_levels_stand_in_order_in_three_groups_of_four() -> None:
    assert [level.iri for level in MODEL.levels] == [SG.term(f"L{n}") for n in range(1, 13)]
    assert [level.notation for level in MODEL.levels] == [f"L{n}" for n in range(1, 13)]
    groups = [level.group for level in MODEL.levels]
    assert groups == [SG.FundamentalLevels] * 4 + [SG.ApplicationLevels] * 4 + [SG.OrganisationalLevels] * 4


@pytest.mark.parametrize(
    ("cls", "level"),
    [
        ("Tokenizer", "L1"),
        ("VectorIndex", "L2"),
        ("Layer", "L3"),
        ("QuantisedModel", "L4"),
        ("RAGPrompt", "L5"),
        ("SupervisorAgent", "L6"),
        ("EvaluationPipeline", "L7"),
        ("LLMSystem", "L8"),
        ("Region", "L9"),
        ("Team", "L10"),
        ("Provider", "L11"),
        ("Bill", "L12"),
    ],
)
def test_a_class_inherits_its_level(cls: str, level: str) -> None:
    assert MODEL.classes[SG.term(cls)].level == SG.term(level)
    assert MODEL.level_of([SG.Asset, SG.term(cls)]) == SG.term(level)


def test_transversal_classes_have_no_level() -> None:
    transversal = [SG.Metric, SG.Risk, SG.InternalPolicy, SG.Control, SG.Dataset, SG.Document, SG.Tool]
    assert [MODEL.classes[cls].level for cls in transversal] == [None] * len(transversal)


def test_a_class_inherits_its_key_from_the_class_that_declares_it() -> None:
    info = MODEL.classes[SG.ToolPrompt]
    assert info.kind == SG.Prompt
    assert info.key_properties == (SG.name, SG.serviceName, SG.serviceNamespace, SG.environment)
    assert info.ancestors == {SG.ToolPrompt, SG.Prompt, SG.Asset}


def test_a_domain_that_is_a_union_gives_its_members() -> None:
    trained = MODEL.relations[SG.trainedWith]
    assert trained.domain == {SG.BaseModel}
    assert MODEL.relations[SG.governedBy].range == {SG.Regulation, SG.SocialExpectation, SG.Policy, SG.Control}


def test_inverses_point_at_each_other() -> None:
    pairs = [(info.iri, info.inverse) for info in MODEL.relations.values() if info.inverse]
    assert len(pairs) > 30
    assert all(MODEL.relations[inverse].inverse == iri for iri, inverse in pairs)


def test_chains_and_characteristics_are_read() -> None:
    assert set(MODEL.chains) == {
        (SG.partOf, SG.governedBy, SG.governedBy),
        (SG.hasPart, SG.usesModel, SG.usesModel),
    }
    assert MODEL.relations[SG.partOf].characteristics == {"transitive"}


@pytest.mark.parametrize("relation", ["uses", "usesModel", "dependsOn", "retrievesFrom", "indexes", "delegatesTo"])
def test_a_user_passes_requirements_to_the_used_and_feels_its_effects(relation: str) -> None:
    required, felt = runs(SG.term(relation), SG.RequirementMode), runs(SG.term(relation), SG.EffectMode)
    assert (required[False], felt[True]) == (set(), set())
    assert REQUIREMENTS <= required[True] <= DUTIES
    assert SG.PrivacyAspect in felt[False], "what befalls the used thing reaches its user"
    assert SG.QualityAspect in felt[False]


def test_a_part_affects_its_whole_and_obeys_it() -> None:
    assert runs(SG.partOf, SG.EffectMode) == {True: set(MODEL.aspects), False: set()}
    assert runs(SG.partOf, SG.RequirementMode) == {True: set(), False: DUTIES}
    assert runs(SG.governedBy, *MODEL.modes) == {True: set(), False: DUTIES}


def test_load_runs_from_what_is_implemented_to_the_infrastructure() -> None:
    load = {SG.CostAspect, SG.LatencyAspect, SG.ThroughputAspect, SG.EnergyAspect}
    assert runs(SG.implementedIn, SG.LoadMode) == {True: load, False: set()}


def test_what_happens_to_a_place_shows_in_what_stands_there_and_never_the_other_way() -> None:
    assert SG.AvailabilityAspect in runs(SG.locatedIn, SG.EffectMode)[False]
    assert runs(SG.locatedIn, *MODEL.modes)[True] == set()


@pytest.mark.parametrize("relation", ["hasControl", "mitigatedBy", "hasRisk"])
def test_a_control_reaches_what_it_protects_and_a_risk_what_bears_it(relation: str) -> None:
    assert runs(SG.term(relation), SG.EffectMode)[False] >= REQUIREMENTS


def test_an_inverse_transmits_the_other_way_with_a_sentence_turned_round() -> None:
    assert runs(SG.hasPart, SG.EffectMode) == {True: set(), False: set(MODEL.aspects)}
    forward = {t.iri: t.templates["en"] for t in MODEL.relations[SG.partOf].transmissions}
    turned = {t.iri: t.templates["en"] for t in MODEL.relations[SG.hasPart].transmissions}
    ends = {"subject": "whole", "object": "part", "aspect": "cost"}
    flipped = {"subject": "part", "object": "whole", "aspect": "cost"}
    assert {iri: text.format(**ends) for iri, text in turned.items()} == {
        iri: text.format(**flipped) for iri, text in forward.items()
    }


def test_metrics_attached_to_an_asset_transmit_nothing() -> None:
    assert MODEL.relations[SG.hasMetric].transmissions == ()


def test_each_manner_has_its_influence_relation_below_affects() -> None:
    assert len(MODEL.aspects) == 11
    assert {manner.aspect for manner in MODEL.manners.values() if manner.mode == SG.EffectMode} == MODEL.aspects.keys()
    for manner in MODEL.manners.values():
        relation = MODEL.relations[manner.influence_property]
        assert SG.affects in relation.ancestors
        assert any(t.manners == {manner.iri} for t in relation.transmissions)
        assert MODEL.attributes[manner.strength_property].datatype == XSD.decimal
        assert MODEL.attributes[manner.measured_property].datatype == XSD.boolean


def test_a_load_turns_into_the_effect_of_its_aspect_and_what_one_pays_into_nothing() -> None:
    turns = {manner.iri: manner.turns_into for manner in MODEL.manners.values() if manner.mode == SG.LoadMode}
    assert turns == {
        SG.CostLoad: None,
        SG.EnergyLoad: None,
        SG.LatencyLoad: SG.LatencyEffect,
        SG.ThroughputLoad: SG.ThroughputEffect,
    }


def test_every_transmission_has_a_manner_for_each_of_its_aspects() -> None:
    for relation in MODEL.relations.values():
        for sent in relation.transmissions:
            assert len(sent.manners) == len(sent.aspects), sent.iri


def test_the_flows_are_those_of_the_source() -> None:
    def levels(change: str) -> list[list[str]]:
        (flow,) = MODEL.change_kinds[SG.term(change)].flows
        return [sorted(level.partition("#")[2] for level in step) for step in flow.steps]

    assert levels("RegulationChange") == [["L12"], ["L10"], ["L8"], ["L7"], ["L6"], ["L5"], ["L1", "L2"]]
    assert levels("Quantisation") == [["L3"], ["L4"], ["L9"], ["L8"], ["L2", "L5"], ["L6"]]
    assert MODEL.change_kinds[SG.Quantisation].levels == {SG.L3, SG.L4}
    assert MODEL.change_kinds[SG.RegulationChange].aspects == DUTIES


def test_checklists_name_the_steps_that_the_source_names() -> None:
    steps: dict[tuple[str, str], str] = defaultdict(str)
    for step in MODEL.checklist:
        steps[step.change, step.level] += MODEL.label(step.iri)
    assert "before and after" in steps[SG.Quantisation, SG.L7]
    assert "conformity" in steps[SG.Quantisation, SG.L12]
    privacy = {step.level for step in MODEL.checklist if step.change == SG.RegulationChange}
    assert {SG.L10, SG.L8, SG.L7, SG.L6, SG.L5, SG.L1, SG.L2} <= privacy


def test_a_label_falls_back_to_english_and_then_to_the_local_name() -> None:
    assert MODEL.label(SG.L4, "pt-BR") == "Modelo base"
    assert MODEL.label(SG.L4, "pl") == "Base model"
    assert MODEL.label(SG.NoSuchTerm) == "NoSuchTerm"


def test_the_batch_states_each_triple_under_its_module() -> None:
    batch = MODEL.as_batch()
    assert (batch.source, batch.run, batch.method) == (CORE_SOURCE, MODEL.hash, Method.DECLARED)
    assert set(batch.facts()) == set(MODEL.triples)
    assert all(scope.complete and scope.stated for scope in batch.scopes)
    assert {"levels.ttl", "relations.ttl"} <= {scope.name for scope in batch.scopes}


def test_reading_again_gives_the_same_hash_and_another_triple_gives_another(tmp_path: Path) -> None:
    assert extended(tmp_path, "").hash == MODEL.hash
    assert extended(tmp_path, "ex:Thing sg:level sg:L1 .").hash != MODEL.hash


def test_a_folder_of_ones_own_adds_classes_and_relations(tmp_path: Path) -> None:
    model = extended(
        tmp_path,
        """@prefix owl: <http://www.w3.org/2002/07/owl#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        ex:Copilot a owl:Class ; rdfs:subClassOf sg:ConversationalAgent ; rdfs:label "copilot"@en .
        ex:consults a owl:ObjectProperty ; rdfs:subPropertyOf sg:dependsOn .""",
    )
    info = model.classes["https://example.org/Copilot"]
    assert (info.level, info.kind) == (SG.L6, SG.Agent)
    inherited = model.relations["https://example.org/consults"].transmissions
    assert [t.aspects for t in inherited] == [t.aspects for t in MODEL.relations[SG.dependsOn].transmissions]
    assert f"{tmp_path.name}/own.ttl" in {scope.name for scope in model.as_batch().scopes}
    assert load_model() is MODEL


def test_a_broken_module_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MalformedRdf, match=r"own\.ttl:4"):
        extended(tmp_path, "\nex:a ex:b")


def test_of_equivalent_classes_one_stands_for_both_and_none_is_above() -> None:
    mine, wide = "https://example.org/Assistant", "https://example.org/Wide"
    union, first, second = (f"{SKOLEM_BASE}{name}" for name in ("union", "first", "second"))
    model = extend(
        MODEL,
        {
            "mine": (
                *(Fact(cls, RDF.type, OWL.Class) for cls in (mine, wide)),
                Fact(mine, OWL.equivalentClass, SG.Agent),
                Fact(wide, OWL.equivalentClass, union),
                Fact(union, OWL.unionOf, first),
                Fact(first, RDF.first, SG.Agent),
                Fact(first, RDF.rest, second),
                Fact(second, RDF.first, SG.Tool),
                Fact(second, RDF.rest, RDF.nil),
            )
        },
    )
    assert model.narrowest([SG.Agent, mine, wide, SG.Asset]) == mine
    assert model.narrowest([SG.ConversationalAgent, mine, SG.Agent]) == SG.ConversationalAgent
    assert model.classes[SG.Agent].ancestors >= {mine, wide, SG.Asset}
    assert model.classes[mine].level == SG.L6
    assert model.classes[mine].key_properties == MODEL.classes[SG.Agent].key_properties
    # Its members are assets, though it lies below none.
    assert resolve_class(model, "Wide") == wide
    tops = [top for top in _tops(model, SG.L6) if SG.Agent in model.ancestors(top)]
    assert len(tops) == 1
