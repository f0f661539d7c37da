"""Services whose owner declares that their metrics count, not their spans."""

from __future__ import annotations

from collections import Counter

import pytest

from stratagraph.loaders.genai.sampling import Declared
from stratagraph.ontology.facts import Observation
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, local_name
from stratagraph.service.settings import Settings
from stratagraph.service.telemetry.metrics import Metrics
from stratagraph.service.telemetry.reader import Settled
from stratagraph.service.telemetry.traces import Traces
from tests.core import MODEL
from tests.loaders.metrics.sent import CALL, DELTA, DURATION, TOKENS, histogram, metric
from tests.loaders.metrics.sent import request as points_of
from tests.loaders.spans import BEGIN, SECOND, agent, chat, request, span, tool

HEARD = BEGIN + 60 * SECOND
SPANS = request(
    [
        span(1, agent("clerk")),
        span(2, {**chat("gpt-5-mini-2026-01-15", input=10, output=5), "input.value": "to ana@example.org"}, parent=1),
        span(3, tool("drill"), parent=1),
    ]
)
"""One call of ten: the rest is not sampled."""
POINTS = points_of(
    metric(DURATION, histogram([0.5] * 10, 1), mode=DELTA),
    metric(TOKENS, histogram([10.0] * 10, 1, {**CALL, "gen_ai.token.type": "input"}), unit="{token}", mode=DELTA),
)


def settled(*, by_metrics: tuple[str, ...], spans_first: bool = True) -> dict[str, Settled]:
    """What spans and metrics of the same calls tell, by signal."""
    metrics = Metrics(model=MODEL)
    traces = Traces(model=MODEL, declared=Declared.of({}, by_metrics), told=metrics.hear)
    told: dict[str, Settled] = {}
    for reader, sent in ((traces, SPANS), (metrics, POINTS)) if spans_first else ((metrics, POINTS), (traces, SPANS)):
        found = reader.judge(sent, HEARD).found  # type: ignore[arg-type]  # each its own
        assert found is not None
        reader.take(found, HEARD, 0, 1)  # type: ignore[arg-type]
        told[reader.signal] = reader.settle(HEARD, None)
    return told


def figures(*told: Settled) -> Counter[tuple[str, str]]:
    """Totals by class and metric."""
    found: Counter[tuple[str, str]] = Counter()
    for seen in (one for each in told for one in each.observations):
        found[kind(seen), local_name(seen.metric)] += seen.total  # type: ignore[assignment]  # a float
    return found


def kind(seen: Observation) -> str:
    return seen.subject.removeprefix(ASSET_BASE).partition("/")[0]


@pytest.mark.parametrize("name", ["shop", "care/shop/test", "*"])
@pytest.mark.parametrize("spans_first", [True, False])
def test_model_calls_are_those_of_metrics_and_all_else_is_of_spans(name: str, *, spans_first: bool) -> None:
    told = settled(by_metrics=(name,), spans_first=spans_first)
    both = figures(*told.values())
    assert both["LLMSystem", "calls"] == both["BaseModel", "calls"] == 10
    assert both["LLMSystem", "inputTokens"] == 100
    assert both["Agent", "runs"] == both["Tool", "calls"] == 1
    spans = figures(told["traces"])
    assert not {"calls", "inputTokens", "outputTokens"} & {metric for of, metric in spans if of == "LLMSystem"}
    assert spans["LLMSystem", "emailFindings"] == 1, "what only spans show is theirs to tell"
    assert {fact.predicate for scope in told["traces"].scopes for fact in scope.stated} >= {RDF.type, SG.usesModel}


@pytest.mark.parametrize("by_metrics", [(), ("another",)])
def test_of_all_others_spans_come_first(by_metrics: tuple[str, ...]) -> None:
    told = settled(by_metrics=by_metrics)
    both = figures(*told.values())
    assert (both["LLMSystem", "calls"], both["LLMSystem", "inputTokens"]) == (1, 10)


def test_it_is_a_setting() -> None:
    assert Settings(telemetry_metrics_first=("shop",)).telemetry_metrics_first == ("shop",)
