from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.rules import compile_rules


@pytest.mark.parametrize(
    ("prop", "implied", "turned"),
    [
        (SG.usesModel, SG.usesModel, False),
        (SG.usesModel, SG.uses, False),
        (SG.usesModel, SG.modelUsedBy, True),
        (SG.usesModel, SG.usedBy, True),
        (SG.modelUsedBy, SG.uses, True),
        (SG.affectsCost, SG.affectedBy, True),
        (SG.sameAssetAs, SG.sameAssetAs, True),
    ],
)
def test_a_triple_implies_alone_what_the_ontology_says(prop: Iri, implied: Iri, *, turned: bool) -> None:
    assert (implied, turned) in compile_rules(load_model()).implied_by(prop)


def test_a_property_implies_nothing_of_its_sub_properties() -> None:
    assert all(implied != SG.usesModel for implied, _ in compile_rules(load_model()).implied_by(SG.uses))


def test_a_property_without_rules_implies_itself() -> None:
    assert compile_rules(load_model()).implied_by(SG.name) == ((SG.name, False),)


def test_transitivity_is_a_chain_and_its_mirror_is_left_out() -> None:
    chains = compile_rules(load_model()).chains
    assert (SG.sameAssetAs, SG.sameAssetAs, SG.sameAssetAs) in chains
    assert ((SG.partOf,) * 3 in chains) != ((SG.hasPart,) * 3 in chains)
    assert (SG.hasPart, SG.usesModel, SG.usesModel) in chains


def test_a_named_range_types_the_end_with_all_super_classes() -> None:
    rules = compile_rules(load_model())
    assert rules.object_types[SG.usesModel] >= {SG.BaseModel, SG.Asset}
    assert rules.subject_types[SG.modelUsedBy] >= {SG.BaseModel, SG.Asset}


def test_a_union_types_nothing() -> None:
    rules = compile_rules(load_model())
    assert SG.Agent not in rules.subject_types.get(SG.usesModel, ())


def test_every_relation_of_the_core_has_its_types_among_the_known_classes() -> None:
    rules = compile_rules(load_model())
    told = frozenset().union(*rules.subject_types.values(), *rules.object_types.values())
    assert told <= rules.superclasses.keys()
