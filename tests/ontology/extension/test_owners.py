"""Modules of vocabularies that the core names: what their owners may say, and what not."""

from __future__ import annotations

import pytest

from stratagraph.ontology.extension.extension import Extended
from stratagraph.ontology.namespaces import PROV
from tests.ontology.extension.extending import LABELS, MY, extended, module_of, written

OWN_TERMS = {
    "described": "prov:Entity a owl:Class ; rdfs:isDefinedBy <http://www.w3.org/ns/prov#> ; rdfs:label 'Entity' .",
    "made disjoint": "prov:Activity a owl:Class ; owl:disjointWith prov:Entity ; rdfs:label 'Activity'@en .",
    "given a superclass": "sosa:Observation a owl:Class ; rdfs:subClassOf my:Event . my:Event a owl:Class .",
    "restricted": """sosa:Observation a owl:Class ; rdfs:subClassOf [ a owl:Restriction ;
        owl:onProperty sosa:hasResult ; owl:minCardinality 1 ] . sosa:hasResult a owl:ObjectProperty ;
        rdfs:range sosa:Result . sosa:Result a owl:Class .""",
    "annotated": "airo:Risk a owl:Class ; dct:description 'Some text'@en ; my:editor 'Somebody' . "
    "my:editor a owl:AnnotationProperty .",
    "with a header": "<http://www.w3.org/ns/prov#> a owl:Ontology ; owl:versionInfo '1' ; rdfs:comment ''@en . "
    "rdfs:comment a owl:AnnotationProperty . owl:Thing a owl:Class . prov:Entity a owl:Class .",
    "as a class of RDFS": "prov:Entity a rdfs:Class ; rdfs:subClassOf rdfs:Resource .",
}
"""What owners say of terms that the core names in its alignments."""


FAULTS = {
    "a superclass": "sg:Document rdfs:subClassOf prov:Plan .",
    "a disjointness": "sg:Document owl:disjointWith prov:Activity .",
    "an equivalence": "sg:usesModel owl:equivalentProperty my:uses .",
    "a module": "<https://w3id.org/stratagraph/module/assets> rdfs:label 'x'@en .",
    "a contradiction": "prov:Entity owl:disjointWith prov:SoftwareAgent . my:one a sg:Agent , prov:Entity .",
}


@pytest.fixture(name="owners", scope="module")
def _owners(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    """All owners' and all faulty modules in one folder: each is judged beside those before it."""
    night = f"my:Night a owl:Class ; rdfs:subClassOf prov:Activity ; {LABELS} ."
    modules = {f"1 {name}": turtle for name, turtle in OWN_TERMS.items()}
    modules |= {f"2 {name}": turtle for name, turtle in FAULTS.items()}
    return extended(written(tmp_path_factory.mktemp("owners"), modules | {"night": night}))


@pytest.mark.parametrize("name", OWN_TERMS)
def test_an_owner_may_describe_terms_that_the_core_only_names(owners: Extended, name: str) -> None:
    assert module_of(owners, f"1 {name}").accepted
    assert PROV.Activity in owners.model.ancestors(f"{MY}Night")


@pytest.mark.parametrize("name", FAULTS)
def test_what_changes_or_contradicts_the_core_is_still_refused(owners: Extended, name: str) -> None:
    assert not module_of(owners, f"2 {name}").accepted
