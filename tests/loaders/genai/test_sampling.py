"""A sampled span stands for as many as it is one of."""

from __future__ import annotations

from typing import Any

import pytest

from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import figure
from tests.loaders.spans import agent, chat, span
from tests.loaders.transformed import told


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
