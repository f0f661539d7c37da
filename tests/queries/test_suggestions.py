"""What may be one asset is suggested with its reason, in time that follows the number of assets; what is two is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, XSD
from stratagraph.queries.suggestions import suggestions
from tests.core import MODEL
from tests.queries.plain import PlainStore


def asset(kind: Iri, name: str, **more: str) -> list[Fact]:
    iri = ASSET_BASE + quote(name)
    said = {"name": name.partition("#")[0], **more}
    return [Fact(iri, RDF.type, kind), *(Fact(iri, SG.term(part), Literal(text)) for part, text in said.items())]


def pairs(*assets: Iterable[Fact]) -> Mapping[tuple[str, str], str]:
    facts = [fact for each in assets for fact in each]
    found = suggestions(PlainStore(MODEL, facts), MODEL)
    assert len({each.id for each in found}) == len(found)
    return {tuple(iri.removeprefix(ASSET_BASE) for iri in (each.first, each.second)): each.reason for each in found}  # type: ignore[misc]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"name": "claims-triage"}, {"name": "Claims Triage"}, "spelled"),
        ({"name": "ipe/claims-8b"}, {"name": "claims-8b"}, "owner"),
        ({"name": "ipe/claims-8b"}, {"name": "x", "alsoKnownAs": "claims-8b"}, "alias"),
        ({"name": "a", "packageUrl": "pkg:mlflow/m"}, {"name": "b", "packageUrl": "pkg:mlflow/m"}, "identifier"),
        ({"name": "a", "repository": "hf://a/b"}, {"name": "c", "repository": "hf://a/b"}, "identifier"),
        ({"name": "ipe/claims-8b"}, {"name": "other/claims-8b"}, None),
        ({"name": "gpt-4o"}, {"name": "gpt-4o-2024-08-06"}, None),
        ({"name": "a"}, {"name": "b"}, None),
    ],
)
def test_two_models_may_be_one_for_a_reason(one: dict[str, str], other: dict[str, str], reason: str | None) -> None:
    found = pairs(*(asset(SG.BaseModel, **each) for each in (one, other)))
    assert list(found.values()) == ([reason] if reason else [])


def test_things_of_two_kinds_or_two_services_are_two() -> None:
    assert not pairs(asset(SG.BaseModel, "Claims"), asset(SG.Dataset, "claims"))
    there = asset(SG.Agent, "claims", serviceName="desk")
    assert not pairs(asset(SG.Agent, "Claims", serviceName="web"), there)
    assert pairs(asset(SG.Agent, "Claims"), there)


@pytest.mark.parametrize("turned", [False, True])
def test_what_a_person_refused_is_not_suggested_again(turned: bool) -> None:
    one, other = (f"{ASSET_BASE}{name}" for name in (("B", "b") if turned else ("b", "B")))
    refused = [Fact(one, SG.differentAssetFrom, Literal(other, XSD.anyURI))]
    both = asset(SG.BaseModel, "b"), asset(SG.BaseModel, "B")
    assert pairs(*both)
    assert not pairs(*both, refused)


def test_very_many_that_look_alike_are_not_compared_each_with_each() -> None:
    spellings = [f"claims{'-' * (number % 97)}{'_' * (number // 97)}triage" for number in range(3_000)]
    found = pairs(*(asset(SG.BaseModel, name) for name in spellings))
    assert len(found) == len(set(spellings)) - 1
