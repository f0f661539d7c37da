"""Cards of the Hugging Face Hub: the repository is told by where the card lies, and nothing is guessed."""

from __future__ import annotations

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind, UnknownContent
from stratagraph.loaders.recognition import kind_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.namespaces import ASSET_BASE
from tests.core import MODEL
from tests.loaders.formats.described import Described
from tests.loaders.formats.estate import estate, samples, shared

SAMPLE = "huggingface/letters.README.md"
TRIAGE = "hf-card/claims-triage-8b.README.md"
MERGE = "hf-card/no-name-in-model-index.README.md"


def card(front: str, name: str = "ipe/a/README.md", scope: str | None = None) -> Described:
    return estate({name: f"---\n{front}\n---\n# Card\n"}, scopes={name: scope} if scope else None)


def test_the_ground_truth_of_a_fine_tuned_model() -> None:
    read = estate(shared(TRIAGE), scopes={TRIAGE: "ipe/claims-triage-8b"})
    assert read.kind is Kind.HUGGINGFACE
    model, base = "BaseModel/ipe%2Fclaims-triage-8b", "BaseModel/modelforge%2Fbase-8b"
    assert (model, "FineTunedModel") in read.assets
    assert {
        (model, "derivedFrom", base),
        (model, "trainedWith", "Dataset/ipe%2Fclaims-2025-labelled"),
        (model, "trainedWith", "Dataset/public-forms"),
    } <= read.relations
    scores = {fact.subject: fact.object for fact in read.facts if fact.predicate.endswith("#score")}
    assert [getattr(score, "value", "") for score in scores.values()] == ["0.87"]
    assert all("f1" in result for result in scores)
    assert read.unread == {"eu_ai_act_class": 1}


def test_the_ground_truth_of_a_merge_without_a_name() -> None:
    read = estate(shared(MERGE), scopes={MERGE: "ipe/letters"})
    model = "BaseModel/ipe%2Fletters"
    assert (model, "FineTunedModel") in read.assets
    assert read.of(model, "derivedFrom") == ["BaseModel/ipe%2Fclaims-triage-8b", "BaseModel/modelforge%2Fbase-8b"]
    assert {one for one, relation, other in read.relations if (relation, other) == ("evaluatedAsset", model)}
    assert read.unread == {}


def test_a_card_of_ones_own() -> None:
    read = estate(samples(SAMPLE), scopes={SAMPLE: "acme/letters"})
    model = "BaseModel/acme%2Fletters"
    assert (model, "QuantizedModel") in read.assets
    assert read.of(model, "license") == ["acme-community-1"]
    assert read.of(model, "trainedWith") == ["Dataset/acme%2Fletters"]
    assert read.of(model, "purpose") == ["text-generation"]
    scores = [getattr(fact.object, "value", "") for fact in read.facts if fact.predicate.endswith("#score")]
    assert sorted(scores) == ["0.41", "12", "27.5"]
    labels = [getattr(fact.object, "value", "") for fact in read.facts if fact.predicate.endswith("#label")]
    assert sorted(labels) == ["latency 320 ms"]
    assert read.unread == {"mood": 1}


@pytest.mark.parametrize(
    ("front", "classes"),
    [
        ("base_model: acme/base\nbase_model_relation: finetune", {"FineTunedModel"}),
        ("base_model: [acme/base]\nbase_model_relation: adapter", {"FineTunedModel"}),
        ("base_model: acme/base", {"BaseModel"}),
        ("base_model: acme/base\nbase_model_relation: cousin", {"BaseModel"}),
        ("pipeline_tag: text-generation", {"BaseModel"}),
    ],
)
def test_a_relation_that_is_not_said_is_not_guessed(front: str, classes: set[str]) -> None:
    read = card(front)
    assert {cls for asset, cls in read.assets if asset == "BaseModel/ipe%2Fa"} == classes


@pytest.mark.parametrize(
    ("name", "scope", "model"),
    [
        ("ipe/claims/README.md", None, "ipe%2Fclaims"),
        ("cards/ipe/claims/README.md", None, "ipe%2Fclaims"),
        ("somewhere/README.md", "ipe/claims", "ipe%2Fclaims"),
        ("hub/models--ipe--claims/snapshots/0f3a/README.md", None, "ipe%2Fclaims"),
        ("/data/cards/claims/README.md", "claims/README.md", "claims"),
        ("cards/ipe/claims/README.md", "estate", "ipe%2Fclaims"),
        ("/data/cards/claims/README.md", "estate/claims/README.md", "claims"),
        ("/data/ipe/claims/README.md", "estate/eu/ipe/claims/README.md", "ipe%2Fclaims"),
        ("claims.README.md", "estate", "claims"),
        ("README.md", "estate", "inside"),
        ("claims.README.md", None, "claims"),
        ("README.md", None, "inside"),
    ],
)
def test_which_repository_a_card_is_of(name: str, scope: str | None, model: str) -> None:
    read = card("license: mit\nmodel-index: [{name: inside, results: []}]", name, scope)
    assert {asset for asset, _ in read.assets} == {f"BaseModel/{model}"}


def test_a_card_of_nobody_is_told() -> None:
    with pytest.raises(MalformedDocument, match="Load it with --scope OWNER/NAME"):
        card("license: mit", "README.md")
    with pytest.raises(MalformedDocument, match="Load it with --scope OWNER/NAME"):
        card("license: mit", "README.md", "estate")


def test_a_data_set_has_a_card_too() -> None:
    read = card(
        "pretty_name: Claims\ntask_categories: [text-classification]\nlicense: cc-by-4.0\nsize_categories: 1K<n<10K"
    )
    assert read.assets == {("Dataset/ipe%2Fa", "Dataset")}
    assert read.of("Dataset/ipe%2Fa", "rdfs:label") == ["Claims"]
    assert read.unread == {}


@pytest.mark.parametrize(
    "front", ["title: Home\nlayout: page\ntags: [a]", "author: x", "- a\n- b", "tags: [a]\ntitle: x"]
)
def test_other_pages_with_a_front_matter_are_none(front: str) -> None:
    with pytest.raises(UnknownContent):
        kind_of(Document("README.md", f"---\n{front}\n---\n".encode()), None)


@pytest.mark.parametrize(
    ("front", "licence"),
    [
        ("license: apache-2.0", ["Apache-2.0"]),
        ("license: [mit, apache-2.0]", ["MIT AND Apache-2.0"]),
        ("license: [mit]", ["MIT"]),
        ("license: llama3.1", ["llama3.1"]),
        ("license: unknown", []),
        ("license: [other]\nlicense_name: acme-1", ["acme-1"]),
        ("license: mit\nlicense_name: acme-1", ["MIT"]),
        ("license_name: acme-1\nlicense_link: LICENSE\npipeline_tag: x", ["acme-1"]),
    ],
)
def test_licences_are_those_that_bills_of_materials_write(front: str, licence: list[str]) -> None:
    assert card(front).of("BaseModel/ipe%2Fa", "license") == licence


@pytest.mark.parametrize(
    ("value", "score", "label"),
    [
        ("0.5", ["0.5"], []),
        ('"0.87"', ["0.87"], []),
        ("91.2 %", [], ["f1 91.2 %"]),
        ("12e-2", ["0.12"], []),
        ("true", [], []),
        ("[1, 2]", [], []),
        ("", [], []),
    ],
)
def test_a_number_in_quotes_is_one_and_a_unit_is_not_guessed(value: str, score: list[str], label: list[str]) -> None:
    metrics = f"[{{type: f1, value: {value}}}]"
    read = card(f"model-index: [{{name: a, results: [{{dataset: {{type: d}}, metrics: {metrics}}}]}}]")
    result = "Document/ipe%2Fa%3A%20f1%20%28d%29"
    assert (read.of(result, "score"), read.of(result, "rdfs:label")) == (score, label)


def test_a_front_matter_without_an_end_is_told() -> None:
    file = SourceFile(scope="ipe/a/README.md", data=b"---\nlicense: mit\n", kind=Kind.HUGGINGFACE)
    with pytest.raises(MalformedDocument) as refused:
        transform([file], model=MODEL, base=ASSET_BASE, source="test")
    assert str(refused.value) == "ipe/a/README.md:1: the front matter has no end: a line '---'."


@pytest.mark.parametrize("base", ["/srv/ana/base", "~/base", "./out/base", "file:///srv/base", "C:\\models\\base"])
def test_a_place_on_a_machine_is_no_model_and_is_not_kept(base: str) -> None:
    read = card(f"base_model: '{base}'\nbase_model_relation: finetune")
    assert {asset for asset, _ in read.assets} == {"BaseModel/ipe%2Fa"}
    assert read.unread == {"base_model": 1}
    assert "ana" not in str(read.facts)


def test_data_sets_as_mappings_and_addresses() -> None:
    named = "[acme/a, {name: B, id: acme/b}, {name: acme/c, split: train}, 'hf://datasets/acme/d', {type: text}]"
    read = card(f"datasets: {named}")
    assert read.of("BaseModel/ipe%2Fa", "trainedWith") == [f"Dataset/acme%2F{name}" for name in "abcd"]
    assert read.unread == {"datasets[]": 1}


def test_an_index_that_is_no_list() -> None:
    read = card("model-index: {name: a, results: [{dataset: {type: d}, metrics: [{type: f1, value: 0.5}]}]}")
    assert read.of("Document/ipe%2Fa%3A%20f1%20%28d%29", "score") == ["0.5"]
    assert read.unread == {}


METRICS = {
    "by the metric's name": ("{type: d}", "[{type: f1, name: macro, value: 1}, {type: f1, name: micro, value: 2}]"),
    "by its settings": (
        "{type: d}",
        "[{type: f1, args: {shots: 0}, value: 1}, {type: f1, args: {shots: 5}, value: 2}]",
    ),
    "by nothing": ("{type: d}", "[{type: f1, value: 1}, {type: f1, value: 2}]"),
}


@pytest.mark.parametrize(("dataset", "metrics"), METRICS.values(), ids=list(METRICS))
def test_figures_of_one_metric_on_the_same_data_are_told_apart(dataset: str, metrics: str) -> None:
    read = card(f"model-index: [{{name: a, results: [{{dataset: {dataset}, metrics: {metrics}}}]}}]")
    results = {asset for asset, cls in read.assets if cls == "EvaluationResult"}
    assert sorted(value for result in results for value in read.of(result, "score")) == ["1", "2"]
    assert len(results) == 2


def test_results_of_several_entries_are_told_apart() -> None:
    entry = "{name: %s, results: [{dataset: {type: d}, metrics: [{type: f1, value: %s}]}]}"
    read = card(f"model-index: [{entry % ('small', 1)}, {entry % ('large', 2)}]")
    assert read.of("Document/ipe%2Fa%3A%20f1%20%28d%3B%20small%29", "score") == ["1"]
    assert read.of("Document/ipe%2Fa%3A%20f1%20%28d%3B%20large%29", "score") == ["2"]
    assert {one for one, relation, _ in read.relations if relation == "evaluatedAsset"} == {"Event/ipe%2Fa%3A%20d"}
