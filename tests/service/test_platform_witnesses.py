"""One model of a whole platform is one asset with all its witnesses, in whatever order they come.

A gateway routes to it, a registry has what was tuned from it, a card describes it, a cluster serves it, a scrape
measures it and calls saw it; what they disagree on stands side by side.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Final

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.recognition import kind_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.queries.conflicts import conflicts
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.withdrawal import withdrawal
from tests.core import MODEL
from tests.loaders.formats.described import short
from tests.loaders.formats.prometheus.told import scraped
from tests.loaders.spans import chat, request, span
from tests.loaders.transformed import of
from tests.opened import Opened

FILES: Final[Mapping[str, tuple[Kind, str]]] = {
    "config.yaml": (
        Kind.LITELLM,
        """model_list:
- model_name: letters
  litellm_params: {model: hosted_vllm/casa/base-8b, api_base: "http://letters.desk.svc:8000/v1"}
  model_info: {max_input_tokens: 8192}
- model_name: spare
  litellm_params: {model: openai/gpt-5-mini}
router_settings: {context_window_fallbacks: [{letters: [spare]}]}
""",
    ),
    "registry.json": (
        Kind.MLFLOW,
        """[{"registered_model": {"name": "urgency", "creation_timestamp": 1,
  "tags": [{"key": "owner", "value": "claims"}],
  "latest_versions": [{"name": "urgency", "version": "1", "source": "models:/m-00ff00ff", "run_id": "r1"}]}},
 {"run": {"info": {"run_id": "r1", "run_name": "tune"},
          "data": {"params": [{"key": "base_model", "value": "casa/base-8b"}]}}}]
""",
    ),
    "casa/base-8b/README.md": (
        Kind.HUGGINGFACE,
        "---\nlicense: apache-2.0\npipeline_tag: text-generation\ndatasets: casa/letters\n---\n# Base\n",
    ),
    "services.yaml": (
        Kind.KUBERNETES,
        """apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: letters, namespace: desk}
spec: {predictor: {model: {modelFormat: {name: vllm}, storageUri: "hf://casa/base-8b"}}}
""",
    ),
    "estate.yaml": (
        Kind.YAML,
        """assets:
- {kind: BaseModel, name: casa/base-8b, license: mit, contextWindowTokens: 32768}
- {kind: FineTunedModel, name: urgency, responsible: triage}
""",
    ),
}
SCRAPE: Final = "scrape"
TRACES: Final = "traces"
SOURCES: Final = (*FILES, SCRAPE, TRACES)
EXPOSITION: Final = """# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="casa/base-8b"} 2
"""

BASE: Final = "BaseModel/casa%2Fbase-8b"
TUNED: Final = "BaseModel/urgency"
GATEWAY, REGISTRY, CARD, CLUSTER, ESTATE = FILES
EXPECTED: Final = {
    (BASE, "rdf:type", "BaseModel"): set(SOURCES),
    (BASE, "name", "casa/base-8b"): set(SOURCES),
    (BASE, "license", "Apache-2.0"): {CARD},
    (BASE, "license", "mit"): {ESTATE},
    (BASE, "contextWindowTokens", "8192"): {GATEWAY},
    (BASE, "contextWindowTokens", "32768"): {ESTATE},
    (BASE, "fallsBackTo", "BaseModel/gpt-5-mini"): {GATEWAY},
    (BASE, "trainedWith", "Dataset/casa%2Fletters"): {CARD},
    (BASE, "modelFormat", "vllm"): {CLUSTER},
    (BASE, "implementedIn", "Infrastructure/http%3A%2F%2Fletters.desk.svc%3A8000"): {GATEWAY},
    (BASE, "implementedIn", "Infrastructure/desk%2Fletters"): {CLUSTER},
    (BASE, "implementedIn", "Infrastructure/letters.desk.svc%3A8000"): {SCRAPE},
    (BASE, "providedBy", "EcosystemActor/openai"): {TRACES},
    (TUNED, "rdf:type", "FineTunedModel"): {REGISTRY, ESTATE},
    (TUNED, "name", "urgency"): {REGISTRY, ESTATE},
    (TUNED, "derivedFrom", BASE): {REGISTRY},
    (TUNED, "responsible", "claims"): {REGISTRY},
    (TUNED, "responsible", "triage"): {ESTATE},
}
"""What is said of the model and of what was tuned out of it, and by whom."""
DISAGREED: Final = {
    (BASE, "license"): {"Apache-2.0": {CARD}, "mit": {ESTATE}},
    (BASE, "contextWindowTokens"): {"8192": {GATEWAY}, "32768": {ESTATE}},
    ("BaseModel/urgency", "responsible"): {"claims": {REGISTRY}, "triage": {ESTATE}},
}
"""What an asset has one of, and two who are said to answer for one and have nobody in common."""
SAMPLED: Final = 40


def orders() -> list[object]:
    """One order that has nothing to do with the list's, and in the night a sample of all of them."""
    drawn = random.Random(15).sample(list(permutations(SOURCES)), SAMPLED)
    return [drawn[0], *(pytest.param(order, marks=pytest.mark.nightly) for order in drawn[1:])]


def batch(source: str) -> Batch:
    """What a source says, as one run of it."""
    if source == TRACES:
        told = of(request([span(2, chat("casa/base-8b", input=1, output=1))], resource={"service.name": "desk"})).batch
        return replace(told, source=TRACES, run=str(uuid.uuid4()), observations=(), marks={}, marks_owner="")
    if source == SCRAPE:
        (taken,) = scraped(EXPOSITION, name="http://letters.desk.svc:8000/metrics")
        empty = transform([], model=MODEL, base=ASSET_BASE, source=SCRAPE).batch
        return replace(empty, scopes=taken.scopes)
    kind, text = FILES[source]
    file = SourceFile(scope=source, data=text.encode())
    assert kind_of(Document(source, file.data), None) is kind
    return transform([file], model=MODEL, base=ASSET_BASE, source=source).batch


@pytest.fixture(name="engine", scope="module")
def _engine(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("platform")))) as engine:
        yield engine


def said(engine: Engine) -> Mapping[tuple[str, str, str], set[str]]:
    """Who says what of the two, as the ledger has it."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    predicates = {predicate for _, predicate, _ in EXPECTED}
    for claim in engine.ledger.open_claims():
        subject, predicate, value = (short(term) for term in claim.fact)
        if subject in (BASE, TUNED) and predicate in predicates:
            found[subject, predicate, value].add(claim.source)
    return found


def shown(engine: Engine) -> set[tuple[str, str, str]]:
    """What of all this stands in the triples."""
    with engine.reading() as snapshot:
        return {
            key
            for node in (BASE, TUNED)
            for predicate, value in snapshot.triples.facts_about(ASSET_BASE + node)
            if (key := (node, short(predicate), short(value))) in EXPECTED
        }


def disagreed(engine: Engine) -> Mapping[tuple[str, str], Mapping[str, set[str]]]:
    """What the sources say differently of the two, as it is shown to people."""
    with engine.reading() as snapshot:
        found, _ = conflicts(snapshot.triples, snapshot.model, most=100)
    return {
        (short(each.asset), short(each.attribute)): {
            short(value): {witness.source for witness in witnesses} for value, witnesses in each.values.items()
        }
        for each in found
        if short(each.asset) in (BASE, TUNED)
    }


@pytest.mark.parametrize("order", orders(), ids=lambda order: order[0])
def test_a_model_has_all_its_witnesses_in_any_order_and_loses_each_alone(engine: Engine, order: Sequence[str]) -> None:
    for source in order:
        engine.commit(batch(source))
    assert said(engine) == EXPECTED
    assert disagreed(engine) == DISAGREED
    for place, source in enumerate(order):
        engine.commit(withdrawal(engine.ledger, source))
        left = set(order[place + 1 :])
        remaining = {fact: witnesses & left for fact, witnesses in EXPECTED.items() if witnesses & left}
        assert said(engine) == remaining
        assert shown(engine) == remaining.keys()
