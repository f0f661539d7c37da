"""A sampled span stands for as many as it is one of."""

from __future__ import annotations

from typing import Any

import pytest

from stratagraph.loaders.genai.record import RecordKind, Service
from stratagraph.loaders.genai.sampling import Declared
from stratagraph.loaders.otlp_logs import normalise_logs
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import figure
from tests.loaders.logs import log, logs
from tests.loaders.spans import agent, chat, request, span
from tests.loaders.transformed import of, told


@pytest.mark.parametrize(
    ("state", "sent", "weight"),
    [
        ("ot=th:8", {}, 2),
        ("ot=th:c", {}, 4),
        ("vendor=x,ot=rv:1234;th:c", {}, 4),
        ("ot=th:0", {}, 1),
        ("ot=th:nonsense", {}, 1),
        ("ot=p:3", {}, 8),
        ("", {"sampler.ratio": 0.25}, 4),
        ("", {"sampler.ratio": "0.1"}, 10),
        ("", {"SampleRate": 20}, 20),
        ("", {"sampler.ratio": 0}, 1),
        ("", {"sampler.ratio": -1}, 1),
    ],
)
def test_sampled_calls_stand_for_as_many_as_they_are_one_of(state: str, sent: dict[str, Any], weight: float) -> None:
    root = span(1, {**agent("a"), **sent})
    root.trace_state = state
    batch = told(root, span(2, chat(input=10), parent=1)).batch
    estate = estate_of([batch])
    assert figure(estate, SG.LLMSystem, "shop", "calls") == weight
    assert figure(estate, SG.LLMSystem, "shop", "inputTokens") == 10 * weight
    assert figure(estate, SG.LLMSystem, "shop", "callLatency") == 1
    marked = {one.estimated for one in batch.observations if one.metric in {SG.calls, SG.inputTokens, SG.runs}}
    assert marked == {weight != 1}


@pytest.mark.parametrize("name", ["shop", "care/shop/test", "*"])
def test_what_is_declared_sampled_is_scaled_and_marked(name: str) -> None:
    declared = Declared.of({name: 0.25, "other": 0.5})
    batch = of(request([span(1, chat(input=10))]), declared=declared).batch
    estate = estate_of([batch])
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 4
    assert figure(estate, SG.LLMSystem, "shop", "inputTokens") == 40
    assert {one.estimated for one in batch.observations if one.metric == SG.calls} == {True}


def test_what_a_span_says_of_itself_comes_before_what_is_declared() -> None:
    one = span(1, {**chat(), "sampler.ratio": 0.5})
    estate = estate_of([of(request([one]), declared=Declared.of({"shop": 0.1})).batch])
    assert figure(estate, SG.LLMSystem, "shop", "calls") == 2


def test_the_most_exact_name_counts() -> None:
    declared = Declared.of({"*": "outcome", "shop": 0.5, "care/shop/test": 1})
    service = Service(name="shop", namespace="care", environment="test")
    assert (declared.weight(service), declared.partly(service)) == (1, False)
    assert (declared.weight(Service(name="shop")), declared.partly(Service(name="shop"))) == (2, False)
    assert declared.partly(Service(name="desk"))


def test_of_a_service_that_is_declared_sampled_logs_alone_prove_no_call() -> None:
    one = logs([log("gen_ai.user.message")])
    assert normalise_logs(one).records[0].kind is RecordKind.LLM
    assert normalise_logs(one, declared=Declared.of({"shop": 0.5})).records[0].kind is RecordKind.OTHER
