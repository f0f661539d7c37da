"""A user's own modules: each kind of fault is found, named, and kept out of the core's way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stratagraph.ontology.extension.extension import Extended, NoExtension, load_extended
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.reasoning import dl

MY = "https://example.org/ontology#"
PREFIXES = """@prefix my: <https://example.org/ontology#> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
GOOD = """
my:VoiceAgent a owl:Class ;
    rdfs:subClassOf sg:ConversationalAgent ;
    rdfs:label "Voice agent"@en , "Agente de voz"@pt-BR .
"""
LABELS = 'rdfs:label "x"@en , "x"@pt-BR'


def load(folder: Path, *, reason: bool = False, explain_for: float = 0, **modules: str) -> Extended:
    """Load the core with these modules."""
    for name, turtle in modules.items():
        (folder / f"{name}.ttl").write_text(PREFIXES + turtle, encoding="utf-8")
    return load_extended(folder, reason=reason, explain_for=explain_for)


def only(extended: Extended) -> ModuleFinding:
    """The one finding about the one module."""
    [module] = extended.report.modules
    [finding] = module.findings
    return finding


def test_without_an_extension_the_core_is_in_force() -> None:
    extended = load_extended(None)
    assert extended.model is load_model()
    assert extended.report.document() == {"hash": load_model().hash, "dlChecked": True, "modules": []}


def test_a_sound_module_joins_the_core(tmp_path: Path) -> None:
    extended = load(tmp_path, good=GOOD)
    assert [(m.name, m.accepted, m.findings) for m in extended.report.modules] == [
        (f"{tmp_path.name}/good.ttl", True, ())
    ]
    voice = extended.model.classes[MY + "VoiceAgent"]
    assert voice.level == SG.L6
    assert voice.kind == SG.Agent
    assert extended.report.hash == extended.model.hash != load_model().hash


@pytest.mark.parametrize(
    ("turtle", "rule", "words"),
    [
        ("my:a a owl:Class ;;\n  rdfs:label .", "malformed", ["fault.ttl:", "Correct"]),
        ('sg:Prompt rdfs:label "Instruction"@en .', "core-term", ["sg:Prompt", "rdfs:label"]),
        ("sg:Prompt a owl:ObjectProperty .", "core-term", ["sg:Prompt", "rdf:type"]),
        ("sg:usesModel rdfs:domain sg:Tool .", "core-term", ["sg:usesModel", "rdfs:domain"]),
        ("sg:usesModel rdfs:range sg:Tool .", "core-term", ["sg:usesModel", "rdfs:range"]),
        ("sg:Tool sg:level sg:L3 .", "core-term", ["sg:Tool", "sg:level"]),
        ("sg:L4 sg:levelNumber 13 .", "core-term", ["sg:L4", "sg:levelNumber"]),
        (
            f"my:C a owl:Class ; {LABELS} ; rdfs:subClassOf sg:Prompt , sg:Tool .",
            "empty-class",
            ["ontology#C", "sg:Tool"],
        ),
        (f"my:x a sg:Prompt , sg:Tool , owl:NamedIndividual ; {LABELS} .", "disjoint-classes", ["sg:Prompt"]),
        ("[] a owl:AllDisjointClasses ; owl:members ( sg:Agent sg:TaskAgent ) .", "empty-class", ["sg:TaskAgent"]),
    ],
    ids=["syntax", "label", "type", "domain", "range", "level", "value", "empty", "contradiction", "core emptied"],
)
def test_a_fault_is_refused_and_the_rest_runs(tmp_path: Path, turtle: str, rule: str, words: list[str]) -> None:
    extended = load(tmp_path, fault="\n" + turtle, good=GOOD)
    fault, good = extended.report.modules
    assert (fault.accepted, good.accepted) == (False, True)
    assert fault.findings[0].rule == rule
    assert all(word in fault.findings[0].sentence() for word in words)
    assert MY + "VoiceAgent" in extended.model.classes
    assert set(extended.model.modules) - set(load_model().modules) == {f"{tmp_path.name}/good.ttl"}


def test_sound_modules_are_looked_at_once_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(_: object) -> None:
        raise AssertionError("a module was looked at by itself, though there is nothing to find in all together")

    monkeypatch.setattr("stratagraph.ontology.extension.checking.find_clashes", look)
    extended = load(tmp_path, good=GOOD, other=f"my:Other a owl:Class ; rdfs:subClassOf sg:Tool ; {LABELS} .")
    assert [module.accepted for module in extended.report.modules] == [True, True]


def test_a_finding_tells_the_line(tmp_path: Path) -> None:
    before = PREFIXES.count("\n")
    malformed = load(tmp_path, fault="\nmy:a a owl:Class\n my:b .")
    assert only(malformed).line == before + 3
    redefined = load(tmp_path, fault='\n\nsg:Prompt rdfs:label "Instruction"@en .')
    assert only(redefined).line == before + 3


def test_what_is_at_odds_is_listed(tmp_path: Path) -> None:
    finding = only(load(tmp_path, fault=f"my:C a owl:Class ; {LABELS} ; rdfs:subClassOf sg:SystemPrompt , sg:Tool ."))
    assert {f"<{MY}C> rdfs:subClassOf sg:Tool", "sg:SystemPrompt rdfs:subClassOf sg:Prompt"} <= set(finding.axioms)
    assert any(line.startswith("owl:AllDisjointClasses: ") for line in finding.axioms)


@pytest.mark.parametrize(
    ("turtle", "rule", "words"),
    [
        ('my:C a owl:Class ; rdfs:label "x"@en .', "missing-label", "pt-BR"),
        ("my:C a owl:Class .", "missing-label", "en, pt-BR"),
        (f"my:r a owl:ObjectProperty ; {LABELS} .", "silent-relation", "sg:transmitsNothing"),
        (f"my:C a owl:Class ; rdfs:subClassOf sg:Promt ; {LABELS} .", "unknown-core-term", "sg:Promt"),
        (f"sg:VoiceAgent a owl:Class ; {LABELS} .", "reserved-namespace", "sg:VoiceAgent"),
    ],
)
def test_a_gap_is_warned_of_and_the_module_used(tmp_path: Path, turtle: str, rule: str, words: str) -> None:
    extended = load(tmp_path, gap=turtle)
    finding = only(extended)
    assert (finding.severity, finding.rule) == (ModuleSeverity.WARNING, rule)
    assert words in finding.sentence()
    assert extended.report.modules[0].accepted
    assert extended.model is not load_model()


@pytest.mark.parametrize(
    "turtle",
    [
        'sg:Agent rdfs:label "Agente"@es ; rdfs:comment "ours" .',
        f"my:r a owl:ObjectProperty ; rdfs:subPropertyOf sg:uses ; {LABELS} .",
        (
            f"my:r a owl:ObjectProperty ; owl:inverseOf my:s ; sg:transmitsNothing true ; {LABELS} . "
            f"my:s a owl:ObjectProperty ; {LABELS} ."
        ),
        (
            f"my:r a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} ; "
            "owl:propertyChainAxiom ( sg:partOf sg:uses ) ."
        ),
    ],
    ids=["remarks", "inherited transmission", "transmission of the inverse", "a chain of two"],
)
def test_what_changes_nothing_of_the_core_is_welcome(tmp_path: Path, turtle: str) -> None:
    [module] = load(tmp_path, fine=turtle).report.modules
    assert (module.accepted, module.findings) == (True, ())


def test_a_module_may_build_on_one_before_it(tmp_path: Path) -> None:
    extended = load(tmp_path, a=GOOD, b=f"my:Phone a owl:Class ; rdfs:subClassOf my:VoiceAgent , sg:Tool ; {LABELS} .")
    assert [module.accepted for module in extended.report.modules] == [True, False]


def test_a_single_file_is_an_extension(tmp_path: Path) -> None:
    load(tmp_path, good=GOOD)
    [module] = load_extended(tmp_path / "good.ttl", reason=False).report.modules
    assert (module.name, module.accepted) == ("good.ttl", True)


def test_a_single_file_takes_no_name_of_the_core(tmp_path: Path) -> None:
    load(tmp_path, levels=GOOD)
    extended = load_extended(tmp_path / "levels.ttl", reason=False)
    assert [module.name for module in extended.report.modules] == [f"{tmp_path.name}/levels.ttl"]
    assert set(load_model().modules) < set(extended.model.modules)


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_a_path_without_modules_is_an_error_that_says_so(tmp_path: Path, path: str) -> None:
    with pytest.raises(NoExtension, match="holds no Turtle modules"):
        load_extended(tmp_path / path)


def test_without_java_the_rules_decide_and_the_report_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(dl, "find_spec", lambda _: None)
    extended = load(tmp_path, reason=True, good=GOOD, fault="sg:Prompt a owl:ObjectProperty .")
    assert not extended.report.dl_checked
    assert extended.report.dl_missing == "java-missing"
    assert [module.accepted for module in extended.report.modules] == [False, True]


ONLY_THE_REASONER = f"""
my:Odd a owl:Class ; {LABELS} ;
    rdfs:subClassOf sg:Agent , [ a owl:Restriction ; owl:onProperty my:plays ; owl:minCardinality
        "2"^^xsd:nonNegativeInteger ] , [ a owl:Restriction ; owl:onProperty my:plays ; owl:maxCardinality
        "1"^^xsd:nonNegativeInteger ] .
my:plays a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} .
"""


@pytest.mark.java
def test_what_only_the_reasoner_finds_is_refused_too(tmp_path: Path) -> None:
    extended = load(tmp_path, reason=True, odd=ONLY_THE_REASONER, good=GOOD)
    assert [(module.name.partition("/")[2], module.accepted) for module in extended.report.modules] == [
        ("good.ttl", True),
        ("odd.ttl", False),
    ]
    assert extended.report.modules[1].findings[0].rule == "unsatisfiable-class"
    assert MY + "Odd" in extended.report.modules[1].findings[0].sentence()
    assert extended.report.dl_checked
    assert MY + "VoiceAgent" in extended.model.classes
    assert MY + "Odd" not in extended.model.classes


@pytest.mark.java
def test_what_stops_the_reasoner_is_warned_of(tmp_path: Path) -> None:
    day = f"my:day a owl:DatatypeProperty ; rdfs:range xsd:date ; {LABELS} ."
    extended = load(tmp_path, reason=True, day=day)
    assert only(extended).rule == "unjudged"
    assert "xsd:date" in extended.report.modules[0].findings[0].sentence() or extended.report.dl_missing
    assert not extended.report.dl_checked
    assert extended.report.modules[0].accepted
