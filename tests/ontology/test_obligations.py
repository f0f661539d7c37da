"""Obligations: the Turtle says what the table says, row by row, and what the rules say of the same articles."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.namespaces import DCT, RDFS, SG, SKOS, XSD
from stratagraph.ontology.syntax.parsing import parse_rdf
from tests.ontology.reference import GRAPH, MODEL

ROOT = Path(__file__).parents[2]
OBLIGATIONS = sorted(GRAPH.instances(SG.Obligation))
SAID: dict[tuple[Iri, Iri], set[Term]] = {}
for one in MODEL.triples:
    SAID.setdefault((one.subject, one.predicate), set()).add(one.object)
SCRIPT = str(ROOT / "scripts" / "obligations-to-turtle")
Row = dict[str, str]
TITLES_PT = {"PL2338-28": "Conclusões públicas e banco de dados"}
"""The only titles that differ from the table's: Brazilian Portuguese calls a database one thing (test_portuguese)."""


def values(subject: Iri, predicate: Iri) -> set[Term]:
    return SAID.get((subject, predicate), set())


def words(subject: Iri, predicate: Iri) -> set[str]:
    return {value.value for value in values(subject, predicate) if isinstance(value, Literal)}


def rows(shared: Path) -> list[Row]:
    with (shared / "facts" / "obligations.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def bilingual(row: Row, column: str) -> set[Term]:
    return {Literal(row[f"{column}_en"], language="en"), Literal(row[f"{column}_pt"], language="pt-br")}


def english(text: str) -> set[Term]:
    return {Literal(text, language="en")}


@pytest.mark.shared
def test_every_row_is_an_obligation_and_every_obligation_a_row(shared: Path) -> None:
    assert Counter(SG.term(row["id"]) for row in rows(shared)) == Counter(OBLIGATIONS)
    assert len(OBLIGATIONS) == 172


@pytest.mark.shared
def test_each_obligation_says_what_its_row_says(shared: Path) -> None:
    for row in rows(shared):
        iri = SG.term(row["id"])
        (framework,) = GRAPH.iris(iri, SG.obligationOf)
        assert words(framework, SKOS.notation) == {row["framework"]}
        title = TITLES_PT.get(row["id"], row["title_pt"])
        assert values(iri, RDFS.label) == bilingual({**row, "title_pt": title}, "title")
        assert words(iri, SKOS.altLabel) == {row["title_pt"]} - {title}
        assert values(iri, SKOS.definition) == bilingual(row, "obligation")
        assert words(iri, SKOS.notation) == {row["id"]}
        assert words(iri, SG.instrument) == {row["version_date"]}
        assert words(iri, SG.article) == {row["article"]}
        assert words(iri, SG.dutyRole) == set(row["role"].split(";"))
        assert values(iri, SG.touchesLevel) == {SG.term(level) for level in row["levels"].split(";")}
        assert values(iri, SG.appliesWhen) == english(row["applies_when"])
        assert values(iri, SG.checkText) == english(row["check"])
        assert values(iri, SG.expectedEvidence) == english(row["evidence"])
        assert words(iri, SG.ruleSeverity) == {row["severity"]}
        assert values(iri, SG.verified) == {Literal(str(row["verified"] == "yes").lower(), XSD.boolean)}
        assert {date[:10] for date in words(iri, SG.applicableFrom)} == set(filter(None, [row["applicable_from"]]))
        assert words(iri, DCT.bibliographicCitation) == {row["source"]}


@pytest.mark.shared
def test_the_script_writes_the_committed_files_byte_by_byte(shared: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, SCRIPT, str(shared / "facts" / "obligations.csv"), str(tmp_path)], check=True)
    folder = ROOT / "ontology" / "modules" / "obligations"
    committed = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "obligations.ttl"}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == committed


def test_the_script_names_a_framework_that_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("id,framework\nX-1,Code of Hammurabi\n", encoding="utf-8")
    command = [sys.executable, SCRIPT, str(tmp_path / "table.csv"), str(tmp_path)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 1
    assert "Code of Hammurabi" in run.stderr


def test_legal_status_follows_from_framework_and_date() -> None:
    counted = Counter((*words(iri, SG.ruleLegalStatus),) for iri in OBLIGATIONS)
    assert counted == {("in-force",): 82, ("voluntary",): 45, ("deferred",): 33, ("bill",): 12}


@pytest.mark.parametrize("status", ["bill", "voluntary"])
def test_what_is_no_law_binds_from_no_date(status: str) -> None:
    chosen = [iri for iri in OBLIGATIONS if words(iri, SG.ruleLegalStatus) == {status}]
    assert chosen
    assert not any(words(iri, SG.applicableFrom) for iri in chosen)


def test_each_rule_agrees_with_the_obligation_that_it_executes() -> None:
    folder = files("stratagraph.shapes") / "rules"
    stated = [
        fact
        for pack in folder.iterdir()
        if pack.is_dir()
        for file in pack.iterdir()
        for fact in parse_rdf(file.read_bytes(), "turtle", SG, file.name)
    ]
    rules = Graph(stated)
    executed = 0
    for rule in rules.instances(SG.Rule):
        obligation = SG.term(rules.value(rule, SG.obligation) or "")
        if obligation not in OBLIGATIONS:
            assert rules.value(rule, SG.ruleLegalStatus) == "internal"
            continue
        executed += 1
        for predicate in (SG.article, SG.dutyRole, SG.touchesLevel, SG.ruleSeverity, SG.ruleLegalStatus, SG.verified):
            said = {fact.object for fact in stated if (fact.subject, fact.predicate) == (rule, predicate)}
            assert said == values(obligation, predicate), (rule, predicate)
        (framework,) = GRAPH.iris(obligation, SG.obligationOf)
        assert rules.value(rule, SG.framework) == GRAPH.value(framework, SKOS.notation)
    assert executed == 7


def test_every_framework_has_obligations_and_a_code_of_its_own() -> None:
    frameworks = GRAPH.instances(SG.RegulatoryFramework)
    codes = [GRAPH.value(framework, SKOS.notation) for framework in frameworks]
    assert len(codes) == len(set(codes)) == 9
    assert {GRAPH.iri(iri, SG.obligationOf) for iri in OBLIGATIONS} == set(frameworks)


def test_a_level_that_is_touched_is_a_level() -> None:
    assert {level for iri in OBLIGATIONS for level in values(iri, SG.touchesLevel)} == {
        level.iri for level in MODEL.levels
    }
    assert all(values(iri, SG.touchesLevel) for iri in OBLIGATIONS)
