"""Alignments: every row of the table is there, other vocabularies are named and never imported or redefined."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from tests.ontology.reference import MODEL

FACTS = MODEL.modules["alignments.ttl"]
SUPERCLASSES_FROM = (
    "https://w3id.org/airo#",
    "http://www.w3.org/ns/prov#",
    "http://www.w3.org/ns/sosa/",
    "http://www.w3.org/ns/dcat#",
)
TABLE_HEADING = "## 3. Alignment table"
ALIGNED_ELSEWHERE = re.compile(r"(?:\w[\w-]*):([A-Za-z0-9][\w-]+)")


def test_a_superclass_elsewhere_is_of_the_four_vocabularies_that_are_fit_for_it() -> None:
    foreign = [f.object for f in FACTS if f.predicate == RDFS.subClassOf and not str(f.object).startswith(SG)]
    assert len(foreign) == 13
    assert all(str(term).startswith(SUPERCLASSES_FROM) for term in foreign)


def test_nothing_but_its_being_a_class_is_said_of_a_foreign_term() -> None:
    foreign = [f for f in FACTS if not f.subject.startswith(SG) and "/stratagraph/" not in f.subject]
    said = {(f.predicate, f.object) for f in foreign}
    assert said == {(RDF.type, OWL.Class), (RDF.type, OWL.AnnotationProperty)}


def test_only_modules_of_ours_are_imported() -> None:
    imports = {str(f.object) for f in MODEL.triples if f.predicate == OWL.imports}
    assert all(module.startswith("https://w3id.org/stratagraph/module/") for module in imports)


def test_every_match_starts_at_a_term_that_is_declared() -> None:
    declared = {f.subject for f in MODEL.triples if f.predicate == RDF.type}
    matched = {f.subject for f in FACTS if f.predicate.endswith("Match")}
    assert matched
    assert matched <= declared


def test_names_without_iris_name_their_vocabulary() -> None:
    names = [f.object.value for f in FACTS if f.predicate == SG.externalName and isinstance(f.object, Literal)]
    assert {name.split(":")[0].split()[0] for name in names} == {"CycloneDX", "OpenTelemetry", "OSCAL", "SPDX"}


@pytest.mark.shared
def test_every_prefixed_term_of_the_table_is_aligned(shared: Path) -> None:
    notes = (shared / "notes" / "compliance.md").read_text(encoding="utf-8")
    table = notes.split(TABLE_HEADING)[1].split("\n## ")[0].split("Reusable content")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 40
    aligned = {re.split(r"[#/]", str(f.object))[-1] for f in FACTS if isinstance(f.object, str)}
    wanted = {name for row in rows for name in ALIGNED_ELSEWHERE.findall(row.replace("skos:broadMatch", ""))}
    assert wanted - aligned == set()
