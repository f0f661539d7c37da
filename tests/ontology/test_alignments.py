"""Alignments: every row of the table is there; foreign terms are named as published, never imported or redefined."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import rdflib
import yaml
from rdflib.namespace import DCAT, DCTERMS, ODRL2, ORG, PROV, SDO, SH, SOSA

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, local_name
from tests.ontology.reference import MODEL

FACTS = MODEL.modules["alignments.ttl"]
SUPERCLASSES_FROM = (
    "https://w3id.org/airo#",
    "http://www.w3.org/ns/prov#",
    "http://www.w3.org/ns/sosa/",
    "http://www.w3.org/ns/dcat#",
)
VOCABULARIES: dict[str, dict[str, Any]] = yaml.safe_load(
    (files("stratagraph.ontology") / "vocabularies.yaml").read_text(encoding="utf-8")
)
"""The terms of other vocabularies, each with the version and the day on which they stood."""
MATCHES = [f for f in FACTS if f.predicate.endswith("Match")]
OURS = {"properties": set(MODEL.relations) | set(MODEL.attributes)}
TABLE_HEADING = "## 3. Alignment table"
ALIGNED_ELSEWHERE = re.compile(r"(?:\w[\w-]*):([A-Za-z0-9][\w-]+)")


def test_a_superclass_elsewhere_is_of_the_four_vocabularies_that_are_fit_for_it() -> None:
    foreign = [f.object for f in FACTS if f.predicate == RDFS.subClassOf and not str(f.object).startswith(SG)]
    assert len(foreign) == 15
    assert all(str(term).startswith(SUPERCLASSES_FROM) for term in foreign)


def test_nothing_but_its_being_a_class_and_its_name_is_said_of_a_foreign_term() -> None:
    foreign = [
        f
        for f in FACTS
        if not f.subject.startswith(SG) and "/stratagraph/" not in f.subject and f.predicate != RDFS.label
    ]
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
    assert {name.split(":")[0].split()[0] for name in names} == {"CycloneDX", "OpenTelemetry", "OSCAL", "OWASP", "SPDX"}


def published(kind: str) -> set[Iri]:
    return {entry["namespace"] + name for entry in VOCABULARIES.values() for name in entry.get(kind, ())}


@pytest.mark.parametrize("prefix", VOCABULARIES)
def test_a_vocabulary_has_a_version_and_a_day_and_lists_no_term_twice(prefix: str) -> None:
    entry = VOCABULARIES[prefix]
    assert entry["version"]
    assert re.fullmatch(r"\d{4}(-\d\d){0,2}", entry["date"])
    names = [*entry.get("classes", ()), *entry.get("properties", ())]
    assert sorted(names) == sorted(set(names))
    assert names


def test_every_foreign_term_is_published_in_the_version_that_is_listed() -> None:
    named = {str(f.object) for f in FACTS if f.predicate == RDFS.subClassOf and not str(f.object).startswith(SG)}
    named |= {str(f.object) for f in MATCHES}
    listed = published("classes") | published("properties")
    assert named - listed == set()
    assert listed - named == set()


def test_properties_are_matched_with_properties_and_nothing_else_is() -> None:
    foreign = published("properties")
    mixed = {
        (local_name(f.subject), local_name(str(f.object)))
        for f in MATCHES
        if (f.subject in OURS["properties"]) != (f.object in foreign)
    }
    assert mixed == set()


CLOSED = {"prov": PROV, "sosa": SOSA, "dcat": DCAT, "org": ORG, "odrl": ODRL2, "schema": SDO, "dct": DCTERMS, "sh": SH}


@pytest.mark.parametrize("prefix", CLOSED)
def test_rdflib_knows_the_terms_of_the_vocabularies_that_it_ships(prefix: str) -> None:
    entry, namespace = VOCABULARIES[prefix], CLOSED[prefix]
    names = [*entry.get("classes", ()), *entry.get("properties", ())]
    assert {name for name in names if rdflib.URIRef(entry["namespace"] + name) not in namespace} == set()


@pytest.mark.parametrize(
    ("ours", "match", "theirs"),
    [
        ("derivedFrom", "closeMatch", "prov:wasDerivedFrom"),
        ("derivedFrom", "narrowMatch", "fair4ml:fineTunedFrom"),
        ("partOf", "closeMatch", "dct:isPartOf"),
        ("delegatedFrom", "closeMatch", "prov:actedOnBehalfOf"),
        ("version", "closeMatch", "schema:version"),
        ("Team", "closeMatch", "org:OrganizationalUnit"),
        ("severity", "closeMatch", "dpv:hasSeverity"),
        ("likelihood", "closeMatch", "dpv:hasLikelihood"),
        ("processingPurpose", "closeMatch", "dpv:hasPurpose"),
        ("source", "relatedMatch", "sosa:madeBySensor"),
        ("unit", "closeMatch", "qudt:hasUnit"),
        ("ProhibitedPractice", "relatedMatch", "dpv:Prohibition"),
        ("TransferStandardClauses", "relatedMatch", "gdpr:A46-2-c"),
        ("Incident", "closeMatch", "risk:Incident"),
    ],
)
def test_a_match_that_was_wrong_or_missing(ours: str, match: str, theirs: str) -> None:
    prefix, _, name = theirs.partition(":")
    target = VOCABULARIES[prefix]["namespace"] + name
    found = {f.predicate.partition("#")[2] for f in MATCHES if f.subject == SG.term(ours) and f.object == target}
    assert found == {match}


def test_one_term_is_exactly_another_once() -> None:
    exact = [f.subject for f in MATCHES if f.predicate.endswith("exactMatch")]
    assert sorted(exact) == sorted(set(exact))


REPLACED = {"unit": "hasUnit"}
"""What a vocabulary has put another term in place of since the table was written."""


@pytest.mark.shared
def test_every_prefixed_term_of_the_table_is_aligned(shared: Path) -> None:
    notes = (shared / "notes" / "compliance.md").read_text(encoding="utf-8")
    table = notes.split(TABLE_HEADING)[1].split("\n## ")[0].split("Reusable content")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 40
    aligned = {re.split(r"[#/]", str(f.object))[-1] for f in FACTS if isinstance(f.object, str)}
    wanted = {name for row in rows for name in ALIGNED_ELSEWHERE.findall(row.replace("skos:broadMatch", ""))}
    assert {REPLACED.get(name, name) for name in wanted} - aligned == set()
