"""Catalogues of Backstage: references are full ones in lower case, in the namespace of who refers."""

from __future__ import annotations

import json

import pytest

from stratagraph.loaders.formats.backstage.entity_references import read_reference
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Literal
from tests.loaders.formats.described import described
from tests.loaders.formats.estate import estate, samples, shared

OWN = ("backstage/catalog-info.yaml", "backstage/desk.yaml")
WRITER = "Agent/component%3Acare%2Fletter-writer"


def test_the_ground_truth_of_a_catalogue() -> None:
    read = estate(shared("backstage/catalog-info.yaml"))
    assert read.kind is Kind.BACKSTAGE
    assistant, tool = "LLMSystem/component%3Ainsurance%2Fclaims-assistant", "Tool/api%3Ainsurance%2Fstock-mcp"
    index, model = "Infrastructure/resource%3Ainsurance%2Fclaims-index", "BaseModel/resource%3Aml%2Fclaims-triage-8b"
    gateway, team = "Infrastructure/component%3Adefault%2Fmodel-gateway", "Organisation/group%3Ainsurance%2Fclaims-ml"
    system = "LLMSystem/system%3Ainsurance%2Fclaims"
    assert read.assets == {
        (assistant, "LLMSystem"),
        (tool, "Tool"),
        (index, "VectorStore"),
        (model, "BaseModel"),
        (gateway, "Infrastructure"),
        (system, "LLMSystem"),
        (team, "Team"),
    }
    assert {(assistant, "dependsOn", other) for other in (index, gateway, model)} <= read.relations
    assert {
        (assistant, "usesModel", model),
        (assistant, "usesTool", tool),
        (assistant, "partOf", system),
    } <= read.relations
    # The team of another namespace is another one, and nobody describes it.
    assert read.of(model, "responsible") == ["group:ml/claims-ml"]
    assert not read.of(model, "ownedBy")
    assert read.of(assistant, "ownedBy") == [team]
    assert read.unread == {}


def test_a_catalogue_of_ones_own_in_two_files() -> None:
    read = estate(samples(*OWN))
    assert (WRITER, "Agent") in read.assets
    assert read.of(WRITER, "rdfs:label") == ["Letter writer"]
    desk = "Infrastructure/component%3Acare%2Fdesk"
    pool = "Infrastructure/resource%3Acare%2Fgpu-pool"
    assert {
        (WRITER, "partOf", "LLMSystem/system%3Adefault%2Fcare-suite"),
        (WRITER, "partOf", desk),
        (WRITER, "dependsOn", pool),
        (WRITER, "usesTool", "Tool/api%3Acare%2Fcalendar"),
        ("Tool/api%3Acare%2Fletters-api", "partOf", WRITER),
        (desk, "dependsOn", pool),
        (WRITER, "ownedBy", "Organisation/group%3Acare%2Fcare-team"),
    } <= read.relations
    assert read.unread == {
        "spec.dependsOn: component:nowhere/ghost": 1,
        "spec.dependsOn: gateway": 1,
        "spec.mood": 1,
        "spec.parent: default/care": 1,
    }


def test_no_person_is_kept() -> None:
    facts = estate(samples(*OWN)).facts
    told = " ".join(fact.object.value if isinstance(fact.object, Literal) else fact.object for fact in facts)
    assert "ana" not in told


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("a", "component:here/a"),
        ("There/A", "component:there/a"),
        ("Resource:a", "resource:here/a"),
        ("resource:there/a", "resource:there/a"),
        ("a:b:c", None),
        ("", None),
        ("a/b/c", None),
    ],
)
def test_what_a_reference_leaves_out_is_told_by_who_refers(text: str, full: str | None) -> None:
    found = read_reference(text, kind="component", namespace="here")
    assert (str(found) if found else None) == full


def test_a_reference_without_a_kind_where_none_is_told() -> None:
    assert read_reference("a", kind="", namespace="here") is None


def test_an_answer_of_the_catalogues_api() -> None:
    entity = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "x", "uid": "1"},
        "spec": {"type": "llm-app"},
    }
    for answer in ([entity], {"items": [entity], "totalItems": 1}):
        read = described(json.dumps(answer), "entities.json")
        assert read.kind is Kind.BACKSTAGE
        assert ("LLMSystem/component%3Adefault%2Fx", "LLMSystem") in read.assets


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "apiVersion: backstage.io/v9\nkind: Component\nmetadata: {name: x}\n",
            "c.yaml:1: the version 'v9' is not known here",
        ),
        (
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  title: x\n",
            "c.yaml:3: an entity needs a name",
        ),
    ],
)
def test_an_entity_that_is_none(text: str, reason: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        described(text, "c.yaml")
    assert str(refused.value).startswith(reason)


FOREIGN = """
---
apiVersion: %s
kind: %s
metadata: {name: new}
spec: {type: service}
"""
ENTITY = """apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: bot, description: Answers letters}
spec: {type: agent, owner: %s}
"""


@pytest.mark.parametrize(
    ("version", "kind", "unread"),
    [
        ("scaffolder.backstage.io/v1beta3", "Template", {}),
        ("metrics.backstage.io/v1", "Scorecard", {"kind: Scorecard": 1}),
    ],
)
def test_kinds_that_plugins_bring_stand_beside_others(version: str, kind: str, unread: dict[str, int]) -> None:
    read = described(ENTITY % "desk" + FOREIGN % (version, kind), "catalog-info.yaml")
    assert read.kind is Kind.BACKSTAGE
    assert list(read.of("Agent/component%3Adefault%2Fbot", "purpose")) == ["Answers letters"]
    assert read.unread == unread


@pytest.mark.parametrize("owner", ["ana@example.org", "'group:default/ana@example.org'", "user:default/ana"])
def test_no_person_owns_in_the_graph(owner: str) -> None:
    read = described(ENTITY % owner, "catalog-info.yaml")
    assert list(read.of("Agent/component%3Adefault%2Fbot", "responsible")) == []
    assert "ana" not in str(read.facts)
    assert "ana" not in str(read.unread)


def test_a_group_has_the_name_that_people_see() -> None:
    text = "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: desk}\n"
    read = described(text + "spec: {type: team, children: [], profile: {displayName: Front desk}}\n", "group.yaml")
    assert list(read.of("Organisation/group%3Adefault%2Fdesk", "rdfs:label")) == ["Front desk"]
