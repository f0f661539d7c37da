from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Observation, Scope
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SH, SHAPE_BASE, XSD
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.errors import UnsupportedShape
from stratagraph.shapes.gate import Gate, GateRefused, GateReport
from tests.core import MODEL, gate

EX = "http://example.org/"
ESTATES = Path(__file__).parents[2] / "ontology" / "estates"
START = datetime(2026, 1, 1, tzinfo=UTC)
PREFIXES = "@prefix : <http://example.org/> . @prefix sg: <https://w3id.org/stratagraph/ns#> . "
ESTATE = ':agent a sg:TaskAgent ; sg:name "agent" ; sg:usesModel :model . :model a sg:BaseModel ; sg:name "model" . '


def facts(turtle: str) -> list[Fact]:
    return parse_rdf((PREFIXES + turtle).encode(), "turtle", EX, "test")


def batch(stated: Iterable[Fact] = (), observations: Iterable[Observation] = ()) -> Batch:
    scope = Scope(name="all", complete=False, stated=tuple(stated))
    return Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,), observations=tuple(observations))


def check(turtle: str, before: str = "") -> GateReport:
    known = facts(before)

    def open_facts(nodes: Iterable[Iri]) -> list[Fact]:
        touched = set(nodes)
        return [fact for fact in known if fact.subject in touched]

    return gate().check(batch(facts(turtle)), open_facts)


def broken(report: GateReport) -> set[str]:
    return {finding.shape.removeprefix(SHAPE_BASE) for finding in report.violations}


def test_a_sound_estate_passes() -> None:
    assert check(ESTATE).violations == ()


@pytest.mark.parametrize(
    ("fault", "shape"),
    [
        (":x a sg:Modell .", "known-class"),
        (':model a "text" .', "known-class"),
        (':nothing_else a "text" .', "known-class"),
        (":agent sg:useModel :model .", "known-predicate"),
        (":agent <http://www.w3.org/2002/07/owl#sameAs> :model .", "known-predicate"),
        (":agent <http://www.w3.org/2000/01/rdf-schema#subClassOf> sg:BaseModel .", "known-predicate"),
        (':p a sg:Prompt ; sg:name "p" . :agent sg:usesModel :p .', "range/usesModel"),
        (":model sg:usesModel :model .", "domain/usesModel"),
        (":agent sg:usesModel :nowhere .", "reference/usesModel"),
        (':agent sg:usesModel "model" .', "range/usesModel"),
        (":nowhere sg:usesModel :model .", "typed"),
        (":agent sg:bits 4 .", "domain/bits"),
        (":model sg:bits 4.5 .", "datatype/bits"),
        (':model sg:personalData "so"^^<http://www.w3.org/2001/XMLSchema#boolean> .', "datatype/personalData"),
        (":model sg:personalData :four .", "datatype/personalData"),
        (":model sg:bits 4, 8 .", "single/bits"),
        (":model a sg:Prompt .", "disjoint/BaseModel"),
        (":n a sg:BaseModel .", "asset-name"),
        (":model sg:maxContextTokens -1 .", "maxContextTokens"),
    ],
)
def test_each_fault_is_refused_by_its_shape(fault: str, shape: str) -> None:
    assert broken(check(ESTATE + fault)) == {shape}


def test_wider_class_than_the_range_is_refused() -> None:
    assert broken(check(ESTATE + ':x a sg:Asset ; sg:name "x" . :agent sg:usesModel :x .')) == {"range/usesModel"}


def test_narrower_class_than_the_range_passes() -> None:
    assert not check(ESTATE + ':q a sg:QuantisedModel ; sg:name "q" . :agent sg:usesModel :q .').violations


def test_integers_are_decimals() -> None:
    assert not check(':i a sg:ComputeCluster ; sg:name "i" ; sg:hourlyCost 5 .').violations


def test_ledger_supplies_classes() -> None:
    assert not check(":agent sg:usesModel :other .", ESTATE + ':other a sg:BaseModel ; sg:name "o" .').violations


def test_ledger_classes_clash_with_new_ones() -> None:
    assert broken(check(":model a sg:Prompt .", ESTATE)) == {"disjoint/BaseModel"}


def test_new_value_takes_the_place_of_the_ledgers() -> None:
    assert not check(":model sg:bits 8 .", ESTATE + ":model sg:bits 4 .").violations


def test_individuals_of_the_ontology_are_known() -> None:
    assert not check(ESTATE + ":agent sg:hasMetric sg:calls .").violations


def test_missing_documentation_is_a_warning() -> None:
    report = check(':p a sg:TaskPrompt ; sg:name "p" .')
    assert report.violations == ()
    assert {finding.severity for finding in report.warnings} == {SH.Warning}
    assert f"{SHAPE_BASE}documentation-Prompt-purpose" in {finding.shape for finding in report.warnings}


def test_documentation_in_the_ledger_counts() -> None:
    report = check(':p a sg:Prompt ; sg:name "p" .', ':p sg:purpose "help" .')
    assert f"{SHAPE_BASE}documentation-Prompt-purpose" not in {finding.shape for finding in report.warnings}


def test_findings_name_the_fact_and_speak_both_languages() -> None:
    (finding,) = check(ESTATE + ":agent sg:usesModel :nowhere .").violations
    assert finding.fact == Fact(EX + "agent", SG.usesModel, EX + "nowhere")
    assert set(finding.messages) == {"en", "pt-br"}
    assert finding.text("en") != finding.text("pt-BR")
    assert "sg:usesModel" in finding.text()


def test_refusal_names_the_first_finding_and_the_count() -> None:
    report = check(ESTATE + ":agent sg:usesModel :nowhere . :model sg:bits 4.5 .")
    error = GateRefused.of(report.violations)
    assert (error.slug, error.status, error.count) == ("gate-refused", 422, 2)
    assert "2 violations" in str(error)
    assert report.violations[0].text() in str(error)


def test_annotations_and_named_individuals_pass() -> None:
    stated = [
        *facts(ESTATE),
        Fact(EX + "agent", RDFS.label, Literal("Agent", language="en")),
        Fact(EX + "agent", RDF.type, OWL.NamedIndividual),
    ]
    assert not gate().check(batch(stated), lambda _: ()).violations


def test_an_empty_batch_has_nothing_to_report() -> None:
    assert gate().check(batch(), lambda _: ()) == GateReport()


def test_withdrawals_are_not_judged() -> None:
    scope = Scope(name="all", complete=True, withdrawn=(Fact(EX + "model", RDF.type, SG.BaseModel),))
    withdrawing = Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,))
    assert gate().check(withdrawing, lambda _: facts(ESTATE)) == GateReport()


def test_extra_shapes_join_in() -> None:
    extra = facts(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . "
        ":short a sh:PropertyShape ; sh:targetClass sg:Asset ; sh:path sg:name ; sh:maxLength 3 ."
    )
    report = Gate(MODEL, extra).check(batch(facts(ESTATE)), lambda _: ())
    assert {finding.shape for finding in report.violations} == {EX + "short"}


NEARBY = ":a sh:targetSubjectsOf sg:uses ; sh:path sg:uses ; sh:class sg:Tool ."
BEYOND = (
    ":a sh:targetClass sg:Asset ; sh:path (sg:usesModel sg:name) ; sh:maxLength 3 .",
    ":a sh:targetClass sg:Asset ; sh:path [ sh:inversePath sg:usesModel ] ; sh:maxCount 0 .",
    ":a sh:targetClass sg:Asset ; sh:path sg:usesModel ; sh:property [ sh:path sg:name ; sh:maxLength 3 ] .",
    ":a sh:targetClass sg:Asset ; sh:path sg:usesModel ; sh:not [ sh:path sg:name ; sh:minLength 4 ] .",
    ":a sh:targetObjectsOf sg:usesModel ; sh:path sg:name ; sh:maxLength 3 .",
    ":a sh:targetNode :model ; sh:path sg:name ; sh:maxLength 3 .",
)


@pytest.mark.parametrize("shape", [*BEYOND, NEARBY])
def test_a_shape_sees_all_that_it_asks_of_what_the_ledger_holds(shape: str) -> None:
    """Only of nodes that nothing but their classes is asked are only those fetched."""
    extra = facts(f"@prefix sh: <http://www.w3.org/ns/shacl#> . {shape}")
    known = facts(':model a sg:BaseModel ; sg:name "model" . :other sg:usesModel :agent . :other a sg:TaskAgent .')
    stated = facts(':agent a sg:TaskAgent ; sg:name "agent" ; sg:usesModel :model ; sg:uses :model .')
    asked: list[Iri] = []

    def open_facts(nodes: Iterable[Iri]) -> list[Fact]:
        asked.extend(nodes)
        return [fact for fact in known if fact.subject in asked]

    def open_types(nodes: Iterable[Iri]) -> list[Fact]:
        return [fact for fact in known if fact.subject in set(nodes) and fact.predicate == RDF.type]

    judge = Gate(MODEL, extra)
    report = judge.check(batch(stated), open_facts, open_types)
    assert (EX + "model" in asked) == (shape != NEARBY)
    assert report == judge.check(batch(stated), open_facts)


def test_the_shipped_shapes_ask_nodes_that_are_pointed_to_for_their_classes_only() -> None:
    asked: list[Iri] = []

    def open_facts(nodes: Iterable[Iri]) -> list[Fact]:
        asked.extend(nodes)
        return []

    gate().check(batch(facts(":agent a sg:TaskAgent ; sg:usesModel :model .")), open_facts, lambda _: ())
    assert asked == [EX + "agent"]


def test_extra_shape_outside_the_subset_is_refused() -> None:
    extra = facts(
        "@prefix sh: <http://www.w3.org/ns/shacl#> . "
        ":one a sh:PropertyShape ; sh:targetClass sg:Asset ; sh:path sg:name ; sh:uniqueLang true ."
    )
    with pytest.raises(UnsupportedShape, match="UniqueLang"):
        Gate(MODEL, extra)


SOUND = Observation(
    subject=EX + "model",
    metric=SG.inputTokens,
    unit="{token}",
    start=START,
    end=START + timedelta(minutes=1),
    count=2,
    total=30.0,
    minimum=10.0,
    maximum=20.0,
)


def observe(**changes: object) -> set[str]:
    observation = dataclasses.replace(SOUND, **changes)  # type: ignore[arg-type]  # the parameters name the fields
    return broken(gate().check(batch(facts(ESTATE), [observation]), lambda _: ()))


def test_a_sound_observation_passes() -> None:
    assert observe() == set()
    assert observe(count=-2, total=-30.0) == set()  # which takes those values away


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"count": -1}, "observation-count"),
        ({"count": -1, "total": -1.0, "minimum": -1.0}, "observation-min"),
        ({"total": -1.0}, "observation-sum"),
        ({"total": float("nan")}, "observation-sum"),
        ({"total": float("inf")}, "observation-sum"),
        ({"minimum": -1.0}, "observation-min"),
        ({"maximum": float("inf")}, "observation-max"),
        ({"minimum": 21.0}, "observation-order"),
        ({"unit": "s"}, "observation-unit"),
        ({"metric": SG.callCost, "unit": "dollars"}, "observation-unit"),
        ({"metric": EX + "nothing"}, "observation-metric"),
        ({"subject": EX + "nothing"}, "observation-subject"),
        ({"end": START - timedelta(seconds=1)}, "observation-window"),
        ({"end": (START + timedelta(hours=1)).replace(tzinfo=None)}, "observation-window"),
    ],
)
def test_each_fault_of_an_observation_is_refused(changes: dict[str, object], shape: str) -> None:
    assert observe(**changes) == {shape}


def test_money_is_observed_in_a_currency() -> None:
    assert observe(metric=SG.callCost, unit="BRL") == set()


def test_statements_may_be_observed() -> None:
    assert observe(subject=statement_iri(facts(ESTATE)[0])) == set()


def test_datatype_of_the_ontology_is_named_in_the_message() -> None:
    (finding,) = check(ESTATE + ":model sg:bits 4.5 .").violations
    assert XSD.integer.rpartition("#")[2] in finding.messages["en"]


def test_shipped_estates_pass_as_one_batch() -> None:
    stated = [
        fact for file in sorted(ESTATES.glob("*.ttl")) for fact in parse_rdf(file.read_bytes(), "turtle", EX, file.name)
    ]
    assert stated
    assert [finding.text() for finding in gate().check(batch(stated), lambda _: ()).violations] == []


def test_the_ontology_itself_needs_no_exception_for_its_individuals() -> None:
    individuals = {fact.subject for fact in MODEL.triples if fact.predicate == RDF.type and fact.object == SG.Aspect}
    stated = [fact for fact in MODEL.triples if fact.subject in individuals]
    assert [finding.text() for finding in gate().check(batch(stated), lambda _: ()).violations] == []


@pytest.mark.parametrize(
    ("law", "words"),
    [
        (':x a sg:Law ; sg:name "privacy-law" .', "State its frameworkCode, one of: EU AI Act"),
        (':x a sg:Standard ; sg:name "LGDP" .', "The nearest framework code is “LGPD”"),
        (':x a sg:Law ; sg:name "privacy-law" ; sg:frameworkCode "EU AI Akt" .', "The nearest code is “EU AI Act”"),
        (':x a sg:Law ; sg:name "house law" ; sg:frameworkCode "qwertyuiop" .', "The codes are: EU AI Act"),
        (':x a sg:Law ; sg:name "act" ; sg:frameworkCode "eu-ai-act" .', "The code is read as “EU AI Act”"),
        (':x a sg:InternalPolicy ; sg:name "p" ; sg:frameworkCode "LGDP" .', "The nearest code is “LGPD”"),
    ],
)
def test_a_law_that_no_rule_would_know_is_warned_of(law: str, words: str) -> None:
    report = check(law)
    (finding,) = [finding for finding in report.warnings if finding.shape == f"{SHAPE_BASE}framework-code"]
    assert words in finding.text("en")
    assert finding.text("pt-br") != finding.text("en")
    assert report.violations == ()


@pytest.mark.parametrize(
    "law",
    [
        ':x a sg:Law ; sg:name "LGPD" .',
        ':x a sg:Law ; sg:name "x" ; rdfs:label "Lei Geral de Proteção de Dados" .',
        ':x a sg:Law ; sg:name "privacy-law" ; sg:frameworkCode "LGPD" .',
        ':x a sg:InternalPolicy ; sg:name "house rules" .',
    ],
)
def test_a_law_that_a_rule_knows_is_not_warned_of(law: str) -> None:
    report = check("@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . " + law)
    assert f"{SHAPE_BASE}framework-code" not in {finding.shape for finding in report.warnings}


def test_a_code_stated_before_answers_for_a_law_stated_again() -> None:
    law = ':x a sg:Law ; sg:name "privacy-law" '
    report = check(law + ".", before=law + '; sg:frameworkCode "LGPD" .')
    assert f"{SHAPE_BASE}framework-code" not in {finding.shape for finding in report.warnings}


@pytest.mark.parametrize("country", ["br", "Br", "BRA", "Brasil", "UK", "EU", "XX", " BR", ""])
def test_a_country_in_another_spelling_is_refused(country: str) -> None:
    assert broken(check(f':x a sg:Provider ; sg:name "x" ; sg:country "{country}" .')) == {"country"}


@pytest.mark.parametrize("country", ["BR", "US", "GB", "PT", "AQ"])
def test_a_country_of_the_list_is_taken(country: str) -> None:
    assert check(f':x a sg:Provider ; sg:name "x" ; sg:country "{country}" .').violations == ()


STANDING = ':agent a sg:TaskAgent ; sg:name "agent" ; sg:usesModel :model . '


@pytest.mark.parametrize(
    ("stated", "before", "violations", "warnings"),
    [
        pytest.param(STANDING, STANDING, set(), {"reference"}, id="a reference stands, its target was withdrawn"),
        pytest.param(
            STANDING + ':agent sg:purpose "more" . ', STANDING, set(), {"reference"}, id="with one attribute more"
        ),
        pytest.param(STANDING, "", {"reference"}, set(), id="to what nobody described"),
        pytest.param(
            STANDING + ":agent sg:usesModel :other . ", STANDING, {"reference"}, {"reference"}, id="one old, one new"
        ),
        pytest.param(
            ':system a sg:LLMSystem ; sg:name "s" ; sg:dependsOn :model . ',
            STANDING,
            {"reference"},
            set(),
            id="of another subject",
        ),
        pytest.param(
            ':model sg:purpose "one" . ', ':model sg:purpose "one" . ', set(), {"typed"}, id="a subject without class"
        ),
        pytest.param(
            ':model sg:accelerator "b" . ',
            ':model sg:accelerator "a" . ',
            set(),
            {"typed"},
            id="its value replaced",
        ),
        pytest.param(':model sg:purpose "one" . ', STANDING, {"typed"}, set(), id="only ever pointed to"),
    ],
)
def test_what_stood_before_its_ground_was_withdrawn_is_a_warning(
    stated: str, before: str, violations: set[str], warnings: set[str]
) -> None:
    report = check(stated, before)
    assert {shape.split("/")[0] for shape in broken(report)} == violations
    told = {finding.shape.removeprefix(SHAPE_BASE).split("/")[0] for finding in report.warnings}
    assert warnings <= told
    assert not (told & {"reference", "typed"}) - warnings
    for finding in report.warnings:
        assert {"en", "pt-br"} <= finding.messages.keys()
