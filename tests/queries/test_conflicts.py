"""What is a conflict: two values where there is one, and sources that should agree and name none in common."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.conflicts import conflicts
from tests.queries.plain import PlainStore, described, iri

MODEL = load_model()
Said = dict[str, list[str]]


def found(attribute: str, said: Said) -> list[set[str]]:
    """The values of each conflict, where sources say values of an attribute of one asset."""
    store = PlainStore(MODEL, [*described("a", SG.Agent), *described("x", SG.Organisation)])
    for source, values in said.items():
        graph = f"https://example.org/claims/{source}"
        for value in values:
            told = iri(value) if attribute in MODEL.relations else Literal(value)
            witness = [(SG.source, Literal(source)), (SG.method, Literal("declared"))]
            store.claim(Fact(iri("a"), attribute, told), graph, witness)
    listed, count = conflicts(store, MODEL, most=10)
    assert count == len(listed)
    return [{str(getattr(value, "value", value)).rpartition("/")[2] for value in one.values} for one in listed]


@pytest.mark.parametrize("attribute", [SG.responsible, SG.ownedBy])
@pytest.mark.parametrize(
    ("said", "conflict"),
    [
        ({"yaml": ["ana"], "backstage": ["bruno"]}, [{"ana", "bruno"}]),
        ({"yaml": ["ana", "bruno"], "backstage": ["bruno"]}, []),
        ({"yaml": ["ana", "bruno"]}, []),
        ({"yaml": ["ana"], "backstage": ["ana"]}, []),
        ({"yaml": ["ana", "bruno"], "backstage": ["bruno"], "card": ["carla"]}, [{"ana", "bruno", "carla"}]),
    ],
)
def test_two_sources_that_name_no_owner_in_common_are_a_finding(
    attribute: str, said: Said, conflict: list[set[str]]
) -> None:
    assert found(attribute, said) == conflict


def test_an_attribute_of_one_value_needs_no_second_source_to_be_in_conflict() -> None:
    assert found(SG.maxContextTokens, {"yaml": ["one", "two"]}) == [{"one", "two"}]
