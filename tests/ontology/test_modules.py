"""The modules as texts: documented, bilingual, declared, and within what OWL 2 DL and the reasoner take."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import DCT, OWL, RDF, RDFS, SG, SKOS, VS, XSD, local_name

MODEL = load_model()
FACTS = frozenset(MODEL.triples)
DECLARATIONS = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.AnnotationProperty,
    OWL.NamedIndividual,
    OWL.Ontology,
)
STRUCTURAL = (SG.Transmission, SG.FlowStep)
"""Individuals that only tie others together: a sentence template or an order is all they say."""


def _by_subject_and_predicate() -> dict[tuple[Iri, Iri], list[Term]]:
    index: dict[tuple[Iri, Iri], list[Term]] = {}
    for fact in FACTS:
        index.setdefault((fact.subject, fact.predicate), []).append(fact.object)
    return index


INDEX = _by_subject_and_predicate()


def types(iri: Iri) -> frozenset[Iri]:
    return frozenset(map(str, values(iri, RDF.type)))


def terms() -> Iterator[Iri]:
    declared = {f.subject for f in FACTS if f.predicate == RDF.type and f.object in DECLARATIONS}
    ours = (iri for iri in declared if iri.startswith(SG) or "/stratagraph/module/" in iri)
    yield from sorted(iri for iri in ours if not types(iri) & set(STRUCTURAL))


def values(iri: Iri, predicate: Iri) -> list[Term]:
    return INDEX.get((iri, predicate), [])


def undocumented(iri: Iri) -> list[str]:
    """Return what a term lacks of its documentation."""
    lacking = [
        f"{local_name(iri)}: {local_name(predicate)}@{tag}"
        for predicate, texts in ((RDFS.label, MODEL.labels), (SKOS.definition, MODEL.definitions))
        for tag in ("en", "pt-br")
        if not texts.get(iri, {}).get(tag)
    ]
    if not values(iri, DCT.bibliographicCitation):
        lacking.append(f"{local_name(iri)}: source")
    status = {getattr(value, "value", "") for value in values(iri, VS.term_status)}
    if len(status) != 1 or not status <= {"stable", "testing", "archaic"}:
        lacking.append(f"{local_name(iri)}: term_status")
    return lacking


def test_every_term_is_documented_in_both_languages() -> None:
    found = list(terms())
    assert len(found) > 250
    assert [fault for iri in found for fault in undocumented(iri)] == []


def test_a_term_has_one_label_and_one_definition_per_language() -> None:
    for predicate in (RDFS.label, SKOS.definition):
        tags = [(f.subject, getattr(f.object, "language", "")) for f in FACTS if f.predicate == predicate]
        assert sorted(tags) == sorted(set(tags))


def test_every_term_of_ours_that_is_used_is_declared() -> None:
    declared = {f.subject for f in FACTS if f.predicate == RDF.type}
    used = {term for f in FACTS for term in (f.subject, f.predicate, f.object) if isinstance(term, str)}
    assert sorted(term for term in used - declared if term.startswith(SG)) == []


def test_every_foreign_predicate_is_builtin_or_declared_as_one_kind_of_property() -> None:
    builtin = (str(RDF), str(RDFS), str(OWL), str(SG))
    kinds = {OWL.AnnotationProperty, OWL.ObjectProperty, OWL.DatatypeProperty}
    foreign = {f.predicate for f in FACTS if not f.predicate.startswith(builtin)}
    assert {iri for iri in foreign if len(types(iri) & kinds) != 1} == set()


def test_no_term_is_two_kinds_of_property() -> None:
    kinds = {OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.Class}
    assert [iri for iri in terms() if len(types(iri) & kinds) > 1] == []


@pytest.mark.parametrize("datatype", [XSD.date, XSD.duration])
def test_no_datatype_that_stops_the_reasoner(datatype: Iri) -> None:
    faults = {f for f in FACTS if datatype in (f.object, getattr(f.object, "datatype", None))}
    assert faults == set()


def test_every_relation_says_what_it_transmits() -> None:
    silent = [
        local_name(iri)
        for iri, info in MODEL.relations.items()
        if not info.transmissions
        and not any(values(name, SG.transmitsNothing) for name in (*info.ancestors, info.inverse or iri))
    ]
    assert silent == []


def test_every_transmission_is_whole() -> None:
    found = {t.iri: t for info in MODEL.relations.values() for t in info.transmissions}
    assert set(found) == {f.subject for f in FACTS if f.object == SG.Transmission and f.predicate == RDF.type}
    for transmission in found.values():
        assert transmission.aspects
        assert transmission.aspects <= set(MODEL.aspects)
        assert 0 < transmission.strength <= 1
        assert set(transmission.templates) == {"en", "pt-br"}


def test_templates_name_both_ends_and_nothing_unknown() -> None:
    ends = {"subject": "<s>", "object": "<o>", "aspect": "<a>"}
    for info in MODEL.relations.values():
        for template in (text for t in info.transmissions for text in t.templates.values()):
            sentence = template.format(**ends)
            assert "<s>" in sentence
            assert "<o>" in sentence
            assert sentence.endswith(".")


def test_the_top_classes_of_levels_and_the_transversal_classes_are_disjoint() -> None:
    tops = {f.subject for f in FACTS if f.predicate == RDFS.subClassOf and f.object == SG.Asset}
    members = [str(f.object) for f in FACTS if f.predicate == RDF.first]
    assert len(tops) == 23
    assert all(members.count(top) >= 1 for top in tops)
    for one, other in combinations(sorted(tops), 2):
        assert SG.Asset in MODEL.ancestors(one) & MODEL.ancestors(other)
        assert one not in MODEL.ancestors(other)


def test_every_asset_class_knows_its_key() -> None:
    keyless = [
        local_name(iri)
        for iri, info in MODEL.classes.items()
        if SG.Asset in info.ancestors and iri != SG.Asset and SG.name not in info.key_properties
    ]
    assert keyless == []


def test_every_level_carries_its_analogy_and_purpose() -> None:
    for level in MODEL.levels:
        for predicate in (SG.analogy, SG.levelPurpose):
            tags = {getattr(value, "language", "") for value in values(level.iri, predicate)}
            assert tags == {"en", "pt-br"}


def test_every_import_names_a_module_that_exists() -> None:
    modules = {f.subject for f in FACTS if f == Fact(f.subject, RDF.type, OWL.Ontology)}
    assert len(modules) == len(MODEL.modules)
    assert {str(f.object) for f in FACTS if f.predicate == OWL.imports} <= modules
