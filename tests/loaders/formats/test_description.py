"""What a format can state: the assets of elsewhere, values by their datatypes, and nothing that must not be kept."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.inventory import read_inventory
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, XSD
from tests.core import MODEL

TEXT = '{"models": [\n {"name": "a"},\n {"name": "b"}\n]}'


@pytest.fixture(name="told")
def _told() -> Description:
    return Description(Document("a.json", TEXT.encode()), model=MODEL, base=ASSET_BASE)


def test_an_asset_is_that_of_an_inventory_with_class_and_key_stated(told: Description) -> None:
    iri = told.asset(SG.Agent, " triage ", "desk", None, "staging", version="1.0")
    text = b"assets:\n- {kind: Agent, name: triage, serviceName: desk, environment: staging, version: '1.0'}\n"
    assert set(told.facts) == set(read_inventory(text, "a.yaml", model=MODEL, base=ASSET_BASE).facts)
    assert iri == told.asset(SG.Agent, " triage ", "desk", None, "staging")


@pytest.mark.parametrize(
    ("predicate", "value", "stated"),
    [
        (SG.contextWindowTokens, 8192, Literal("8192", XSD.integer)),
        (SG.contextWindowTokens, Decimal("8.192E+3"), Literal("8192", XSD.integer)),
        (SG.contextWindowTokens, "8192", Literal("8192", XSD.integer)),
        (SG.weightsAvailable, False, Literal("false", XSD.boolean)),
        (SG.weightsAvailable, "yes", Literal("true", XSD.boolean)),
        (SG.deprecatedAt, "2026-01-31", Literal("2026-01-31T00:00:00Z", XSD.dateTime)),
        (SG.version, Decimal("1.10"), Literal("1.10")),
        (SG.version, 7, Literal("7")),
        (SG.version, " 7 ", Literal("7")),
        (RDFS.label, "x", Literal("x")),
    ],
)
def test_a_value_is_written_as_its_datatype_has_it(
    told: Description, predicate: str, value: object, stated: Literal
) -> None:
    told.state("urn:x", predicate, value)  # type: ignore[arg-type]  # each is one of them
    assert list(told.facts) == [Fact("urn:x", predicate, stated)]


@pytest.mark.parametrize("value", [None, "", "  ", "ana@example.org"])
def test_what_is_missing_or_an_address_of_a_person_states_nothing(told: Description, value: str | None) -> None:
    told.state("urn:x", SG.version, value)
    assert not told.facts
    assert not told.not_understood


def test_of_several_classes_the_narrowest_counts(told: Description) -> None:
    for kind in (SG.BaseModel, SG.FineTunedModel, SG.BaseModel):
        told.asset(kind, "tuned")
    told.asset(SG.BaseModel, "other")
    classes = {(fact.subject.rpartition("/")[2], fact.object) for fact in told.whole() if fact.predicate == RDF.type}
    assert classes == {("tuned", SG.FineTunedModel), ("other", SG.BaseModel)}


def test_zero_and_false_are_values(told: Description) -> None:
    told.state("urn:x", SG.contextWindowTokens, 0)
    told.state("urn:x", SG.weightsAvailable, value=False)
    assert len(told.facts) == 2


@pytest.mark.parametrize("value", ["large", Decimal("1.5"), True, "12 kB", "half \ud800"])
def test_a_value_of_another_kind_is_counted_as_not_understood(told: Description, value: object) -> None:
    told.state("urn:x", SG.contextWindowTokens, value, ("models", 1, "size"))  # type: ignore[arg-type]
    assert not told.facts
    assert told.not_understood == {"models[].size": 1}


def test_a_secret_is_refused_and_not_repeated(told: Description) -> None:
    secret = "sk-" + "aB3dE5gH7jK9mN1pQ3sT5vW7"
    for refused in (
        lambda: told.asset(SG.Tool, secret, at=("models", 1)),
        lambda: told.state("urn:x", SG.version, secret, ("models", 1)),
        lambda: told.model(secret, at=("models", 1, "name")),
        lambda: told.model("a", repository=f"https://x.example.org/{secret}", at=("models", 1)),
    ):
        with pytest.raises(MalformedDocument, match=r"^a\.json:3: a secret") as error:
            refused()
        assert secret not in str(error.value)


def test_an_asset_without_a_name_is_refused_by_its_line(told: Description) -> None:
    with pytest.raises(MalformedDocument, match=r"^a\.json:2: what stands here has no name, and a 'Tool'"):
        told.asset(SG.Tool, None, at=("models", 0))


def test_faults_that_were_noted_are_told_together(told: Description) -> None:
    told.refuse()
    told.note_fault(("models", 1), "second")
    told.note_fault(("models", 0), "first")
    with pytest.raises(MalformedDocument) as refused:
        told.refuse()
    assert str(refused.value).split("\n") == ["a.json:2: first", "a.json:3: second"]


def test_a_fact_is_found_where_it_was_stated_first(told: Description) -> None:
    iri = told.asset(SG.Tool, "t", at=("models", 1))
    told.asset(SG.Tool, "t", at=("models", 0))
    assert str(told.find(Fact(iri, RDF.type, SG.Tool), iri)) == "a.json:3"
    assert str(told.find(None, iri)) == "a.json:3"
    assert told.find(None, "urn:other") is None


@pytest.mark.parametrize(
    ("keys", "iri"),
    [
        ({"name": "gpt-4o"}, "gpt-4o"),
        ({"name": "openai/gpt-4o"}, "gpt-4o"),
        ({"name": "azure/gpt-4o-2024-08-06"}, "gpt-4o-2024-08-06"),
        ({"name": "hosted_vllm/modelforge/base-8b"}, "modelforge%2Fbase-8b"),
        (
            {"name": "bedrock/us.anthropic.claude-3-5-sonnet-v2:0"},
            "anthropic.claude-3-5-sonnet-v2%3A0",
        ),
        ({"name": "base", "repository": "hf://modelforge/base-8b"}, "modelforge%2Fbase-8b"),
        ({"name": "base", "repository": "https://huggingface.co/modelforge/base-8b/tree/main"}, "modelforge%2Fbase-8b"),
        ({"repository": "hf://modelforge/base-8b@abc123"}, "modelforge%2Fbase-8b"),
        ({"repository": "modelforge/base-8b"}, "modelforge%2Fbase-8b"),
        ({"purl": "pkg:huggingface/modelforge/base-8b@abc?x=1#sub"}, "modelforge%2Fbase-8b"),
        ({"purl": "pkg:HuggingFace/modelforge/base-8b", "repository": "other/name"}, "modelforge%2Fbase-8b"),
        ({"purl": "pkg:generic/ipe/claims-triage-8b@2026.11", "name": "claims"}, "ipe%2Fclaims-triage-8b"),
        ({"purl": "pkg:mlflow/claims-triage@3?repository_url=https://x.example.org"}, "claims-triage"),
        ({"purl": "nonsense", "name": "x"}, "x"),
        ({"repository": "models:/claims-triage/3"}, "claims-triage"),
        ({"repository": "models:/claims-triage@champion"}, "claims-triage"),
        ({"repository": "models:/m-0123456789abcdef", "name": "x"}, "x"),
        ({"repository": "s3://models.example.org/letters-lora/"}, "s3%3A%2F%2Fmodels.example.org%2Fletters-lora"),
        ({"repository": "pvc://models/reranker-base", "name": "r"}, "pvc%3A%2F%2Fmodels%2Freranker-base"),
        ({"name": "hf://modelforge/base-8b"}, "modelforge%2Fbase-8b"),
    ],
)
def test_a_model_is_known_by_its_strongest_key(told: Description, keys: dict[str, str], iri: str) -> None:
    assert told.model(**keys) == f"{ASSET_BASE}BaseModel/{iri}"  # type: ignore[arg-type]


def test_a_model_has_its_other_keys_as_attributes(told: Description) -> None:
    iri = told.model(
        "azure/chat",
        kind=SG.FineTunedModel,
        provider="azure_openai",
        purl="pkg:huggingface/ipe/claims-8b@1",
        repository="hf://ipe/claims-8b",
    )
    assert {(fact.predicate, fact.object) for fact in told.facts if fact.subject == iri} >= {
        (RDF.type, SG.FineTunedModel),
        (SG.name, Literal("ipe/claims-8b")),
        (SG.packageUrl, Literal("pkg:huggingface/ipe/claims-8b")),
        (SG.repository, Literal("hf://ipe/claims-8b")),
        (SG.alsoKnownAs, Literal("chat")),
        (SG.requestRoute, Literal("azure/")),
    }
    assert [fact.object for fact in told.facts if fact.predicate == SG.providedBy]


def test_a_model_that_nothing_names_is_refused(told: Description) -> None:
    with pytest.raises(MalformedDocument, match="has no name, and a 'BaseModel'"):
        told.model(None, at=("models", 0))
