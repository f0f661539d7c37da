"""The rule packs as a whole, against the table of obligations, and the refusal of faulty rule files."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from stratagraph.ontology.model import load_model
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.packs import InvalidRule, load_rules, read_rule
from stratagraph.shapes.rule import Rule
from tests.shapes.rules.fixtures import KINDS, path_of

RULES = load_rules()
ROOT = Path(__file__).resolve().parents[2]
OBLIGATIONS = ROOT.parent / "shared" / "facts" / "obligations.csv"
ONE = ROOT / "shapes" / "rules" / "lgpd" / "lgpd-07.ttl"

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_there_are_at_least_three_rules_per_pack() -> None:
    packs = [rule.pack for rule in RULES]
    assert {pack for pack in packs if packs.count(pack) >= 3} == {"lgpd", "eu-ai-act", "internal-policy"}


@every_rule
def test_a_rule_has_all_four_fixtures(rule: Rule) -> None:
    assert all(path_of(rule.id, kind).is_file() for kind in KINDS)


@every_rule
def test_a_rule_names_an_obligation_or_a_policy(rule: Rule) -> None:
    assert bool(rule.obligation) != bool(rule.policy)


@every_rule
def test_a_rule_speaks_of_classes_and_levels_of_the_ontology(rule: Rule) -> None:
    model = load_model()
    assert set(rule.target_classes) <= model.classes.keys()
    assert set(rule.levels) <= {level.iri for level in model.levels}


@every_rule
def test_every_term_of_a_rule_is_a_term_of_the_ontology(rule: Rule) -> None:
    known = {fact.subject for fact in load_model().triples}
    prefix = "https://w3id.org/stratagraph/ns#"
    used = {end for fact in rule.shapes for end in (fact.subject, fact.predicate, fact.object) if isinstance(end, str)}
    assert {end for end in used if end.startswith(prefix)} <= known


@every_rule
def test_the_shapes_of_a_rule_compile(rule: Rule) -> None:
    assert {rule.evidence_shape, rule.check_shape} <= compile_shapes(rule.shapes).shapes.keys()


@pytest.mark.shared
@pytest.mark.skipif(not OBLIGATIONS.is_file(), reason="the table of obligations stands beside a development checkout")
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.obligation], ids=lambda rule: rule.id)
def test_a_rule_agrees_with_the_table_of_obligations(rule: Rule) -> None:
    with OBLIGATIONS.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["id"] == rule.obligation)
    assert rule.framework == row["framework"]
    assert rule.article == row["article"]
    assert rule.severity == row["severity"]
    assert rule.applicable_from.isoformat() == row["applicable_from"]
    assert rule.verified == (row["verified"] == "yes")
    assert set(rule.roles) == set(row["role"].split(";"))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('sg:framework "LGPD" ;', "", "sg:framework has 0 values"),
        ('"Base legal"@pt-BR', '"Base legal"@fr', "rdfs:label needs exactly one text each"),
        ('sg:ruleSeverity "critical"', 'sg:ruleSeverity "grave"', "'grave' is not a valid RuleSeverity"),
        ('"no-personal-data") AS ?reason)', '"no-personal-data") AS ?why)', r"does not select \?reason"),
        ("AS ?reason) WHERE {", "AS ?reason) WHERE {{", "is no SPARQL"),
        ("VALUES ?target {}", "", "has no place for its targets"),
        ('sg:otherwise "personal-data-unknown"', 'sg:otherwise "because"', "sg:otherwise names no reason"),
        ("sg:boundBy sg:", "sg:excusedBy sg:FrameworkGDPR ; sg:boundBy sg:", "exclude each other"),
        ("    sg:boundBy", "    sg:newestPer sg:screensFor ;\n    sg:boundBy", "sg:newestPer needs sg:evidenceDatedBy"),
        ("SELECT DISTINCT ?target WHERE", "SELECT DISTINCT ?system WHERE", r"sg:targetQuery does not select \?target"),
        ("sg:warningShape rule:LGPD-07-warning", "sg:warningShape rule:other", "sg:warningShape names no shape"),
        ('sg:reasonScope "applies"', 'sg:reasonScope "maybe"', "sg:reasonScope is none of"),
        ("sg:checkShape rule:LGPD-07-check", "sg:checkShape rule:other", "names no shape"),
        ("2020-09-18T00:00:00Z", "18/09/2020", "is no date and time"),
        (" a sg:Rule ;", " a sg:Obligation ;", "it holds 0 rules"),
    ],
)
def test_a_faulty_rule_file_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    text = ONE.read_text("utf-8")
    assert old in text
    file = tmp_path / "faulty.ttl"
    file.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InvalidRule, match=reason) as caught:
        read_rule(file)
    name, _, line = caught.value.file.rpartition(":")
    assert name == f"{tmp_path.name}/faulty.ttl"
    assert 1 <= int(line) <= len(text.splitlines())


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    for pack in ("one", "two"):
        (tmp_path / pack).mkdir()
        (tmp_path / pack / "rule.ttl").write_text(ONE.read_text("utf-8"), "utf-8")
    with pytest.raises(InvalidRule, match="LGPD-07 stands twice"):
        load_rules(tmp_path)


def test_a_folder_without_rules_has_none(tmp_path: Path) -> None:
    assert load_rules(tmp_path) == ()
