"""What metrics tell of whom: calls, failures, tokens, cost, and of several who tell the same, one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.metrics.account import Account
from stratagraph.loaders.metrics.points import read
from stratagraph.loaders.prices import NO_PRICES
from stratagraph.ontology.facts import Batch, Iri, Observation
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.estates import Estate, estate_of
from tests.loaders.metrics.sent import (
    CALL,
    CHOICES,
    DELTA,
    DURATION,
    EXCEPTIONS,
    MINUTE,
    START,
    TOKENS,
    account,
    batch,
    gauge,
    histogram,
    metric,
    number,
    request,
    seen,
    settled,
)
from tests.loaders.spans import SECOND, SERVICE, chat, span
from tests.loaders.spans import request as spans_of
from tests.loaders.transformed import of

MODEL = "gpt-5-mini-2026-01-15"
FAILED = {**CALL, "error.type": "openai.RateLimitError"}
del FAILED["gen_ai.response.model"]
OLD: Any = {"scope": "opentelemetry.instrumentation.openai.v1", "version": "0.30.0"}


def figure(estate: Estate, name: str, what: str = "calls", cls: Iri = SG.BaseModel) -> float | None:
    return estate.figures.get((estate.one(cls, name), what))


def of_system(estate: Estate, what: str = "calls") -> float | None:
    return figure(estate, "shop", what, SG.LLMSystem)


def tokens(kind: str, *values: int, at: float = 60) -> Any:
    return metric(TOKENS, histogram(values, at, {**CALL, "gen_ai.token.type": kind}), unit="{token}")


def call(number: int, *, at: float = 30, **more: Any) -> Span:
    attributes = chat(**{"input": 10, "output": 5, **more})
    return span(number, attributes, trace=number.to_bytes(16), start=START + int(at * SECOND), seconds=0.5)


def test_durations_and_tokens_tell_of_the_system_the_model_and_the_relation_between_them() -> None:
    estate = seen(
        request(
            metric(DURATION, histogram([0.5, 0.7, 1.5], 60), histogram([0.2], 60, FAILED)),
            tokens("input", 10, 20),
            tokens("output", 5, 6),
        )
    )
    assert of_system(estate) == 4
    assert of_system(estate, "errors") == of_system(estate, "rateLimitErrors") == 1
    assert figure(estate, MODEL) == 3
    assert figure(estate, MODEL, "errors") == 0
    assert figure(estate, MODEL, "callLatency") == pytest.approx(2.7)
    assert figure(estate, MODEL, "inputTokens") == 30
    assert figure(estate, "gpt-5-mini", "errors") == 1, "whom the failed call asked"
    assert estate.related(SG.usesModel)["shop"] == {MODEL, "gpt-5-mini"}
    assert estate.related(SG.providedBy) == {MODEL: {"openai"}}
    assert estate.related(SG.aliasOf) == {"gpt-5-mini": {MODEL}}


def test_every_value_stands_in_the_minute_in_which_it_was_told_and_a_gap_is_one_long_window() -> None:
    told = settled(account(), [request(metric(DURATION, histogram([0.5] * n, at))) for n, at in ((1, 60), (2, 1800))])
    windows = [(one.start, one.end) for each in told for one in each.observations if one.metric == SG.calls]
    begin = datetime.fromtimestamp(START / 1e9, UTC)
    minute = timedelta(minutes=1)
    assert set(windows) == {(begin + minute, begin + 2 * minute), (begin + minute, begin + 31 * minute)}


def test_what_is_told_for_later_than_it_was_heard_happened_when_it_was_heard() -> None:
    into = account()
    into.take(read(request(metric(DURATION, histogram([0.5], 3600)))).points, START)
    (window,) = {one.start for one in into.settle(START).observations}
    assert window == datetime.fromtimestamp(START / 1e9, UTC)


def test_tools_agents_and_workflows_have_durations_of_their_own() -> None:
    estate = seen(
        request(
            metric("gen_ai.execute_tool.duration", histogram([0.5], 60, {"gen_ai.tool.name": "lookup"})),
            metric("gen_ai.agent.invocation.duration", histogram([500], 60, {"gen_ai.agent.name": "vita"}), unit="ms"),
            metric("gen_ai.invoke_workflow.duration", histogram([2], 60, {"gen_ai.workflow.name": "intake"})),
        )
    )
    assert figure(estate, "lookup", "calls", SG.Tool) == 1
    assert figure(estate, "vita", "runs", SG.Agent) == 1
    assert figure(estate, "vita", "callLatency", SG.Agent) == 0.5
    assert figure(estate, "intake", "calls", SG.Pipeline) == 1
    assert estate.related(SG.usesTool) == {"shop": {"lookup"}}
    assert of_system(estate) is None, "no model was called"


def test_a_cost_of_nothing_beside_tokens_is_unknown_and_another_has_its_currency() -> None:
    priced = {**CALL, "gen_ai.response.model": "priced"}
    estate = seen(
        request(metric("gen_ai.usage.cost", histogram([0, 0], 60), histogram([0.25], 60, priced), unit="USD"))
    )
    assert {estate.names[iri] for iri in estate.kinds[SG.BaseModel]} == {"priced"}
    assert figure(estate, "priced", "callCost") == 0.25
    told = settled(account(), [request(metric("litellm_spend_metric_total", number(0.5, 60), unit=""))])
    (seen_,) = {(one.unit, round(one.total, 9), one.estimated) for one in told[0].observations}
    assert seen_ == ("USD", 0.5, False)


def test_no_tokens_at_all_are_no_measurement_but_none_of_them_cached_is() -> None:
    estate = seen(request(tokens("input", 0, 0), tokens("cache_read", 0, 0)))
    assert of_system(estate, "inputTokens") is None
    assert of_system(estate, "cachedInputTokens") == 0


def test_how_answers_ended_and_came() -> None:
    ended = [
        number(count, 60, {**CALL, "gen_ai.response.finish_reason": reason})
        for reason, count in (("stop", 5), ("length", 2), ("content_filter", 1))
    ]
    stream = histogram([0.5, 0.6], 60, {**CALL, "stream": True})
    first = metric("gen_ai.client.operation.time_to_first_chunk", histogram([0.1], 60))
    estate = seen(request(metric(CHOICES, *ended, unit="{choice}"), metric(DURATION, stream), first))
    told = [of_system(estate, what) for what in ("truncatedCalls", "filteredCalls", "streamedCalls")]
    assert told == [2, 1, 2]
    assert of_system(estate, "timeToFirstToken") == 0.1


def test_quantiles_come_from_the_buckets() -> None:
    (told,) = settled(account(), [request(metric(DURATION, histogram([0.5] * 9 + [5.0], 60)))])
    sketches = {one.sketch for one in told.observations if one.metric == SG.callLatency}
    assert all(sketches)
    assert len(sketches) == 1


def spoken(
    order: Iterable[str], sent: dict[str, Any], into: Account | None = None, *, prices: Any = NO_PRICES
) -> Estate:
    """Return what spans and metrics tell together, in that order of their requests."""
    into = into or account()
    story, batches = Story(), []
    for place, name in enumerate(order):
        one = sent[name]
        heard = START + MINUTE + place * SECOND
        if isinstance(one, ExportMetricsServiceRequest):
            found = read(one).points
            heard = max(heard, *(point.time for point in found))
            into.take(found, heard)
        else:
            result = of(one, story=story, prices=prices)
            batches.append(result.batch)
            into.spans_told(result.batch.observations)
        batches.append(batch(into.settle(heard)))
    return estate_of(batches)


def filled(estate: Estate) -> dict[tuple[Iri, str], float]:
    return {key: round(value, 9) for key, value in estate.figures.items() if value}


def test_spans_count_before_metrics_whoever_is_heard_first() -> None:
    sent = {
        "spans": spans_of([call(1), call(2)]),
        "durations": request(metric(DURATION, histogram([0.5, 0.5, 0.5], 60))),
        "tokens": request(tokens("input", 10, 20, 30)),
    }
    alone = filled(spoken(["spans"], sent))
    for order in permutations(sent):
        assert filled(spoken(order, sent)) == alone, order


def test_metrics_count_what_spans_do_not_tell() -> None:
    one = span(1, chat(), start=START + 30 * SECOND)
    sent = {
        "spans": spans_of([one]),
        "metrics": request(metric(DURATION, histogram([0.5], 60)), tokens("input", 70)),
    }
    for order in permutations(sent):
        estate = spoken(order, sent)
        assert (of_system(estate), of_system(estate, "inputTokens")) == (1, 70)


@pytest.mark.parametrize("also", [[], ["durations"]])
def test_failures_that_an_emitter_never_shows_in_spans_count_from_metrics(also: list[str]) -> None:
    failed = {"error.type": "RateLimitError"}
    sent = {
        "spans": spans_of([call(1), call(2)], **OLD),
        "failures": request(metric(EXCEPTIONS, number(3, 60, failed), unit="time"), **OLD),
        "durations": request(metric(DURATION, histogram([0.5, 0.5], 60), histogram([0.1] * 3, 60, failed)), **OLD),
    }
    for order in permutations(["spans", "failures", *also]):
        estate = spoken(order, sent)
        told = [of_system(estate, what) for what in ("calls", "errors", "rateLimitErrors")]
        assert told == [5, 3, 3], order


def test_a_model_that_a_traced_and_an_untraced_system_call_has_the_calls_of_both() -> None:
    sent = {
        "spans": spans_of([call(1, model=MODEL)]),
        "traced": request(metric(DURATION, histogram([0.5], 60))),
        "other": request(metric(DURATION, histogram([0.5, 0.6], 60)), resource={"service.name": "other"}),
    }
    for order in permutations(sent):
        estate = spoken(order, sent)
        assert figure(estate, MODEL) == 3
        assert of_system(estate) == 1
        assert figure(estate, "other", "calls", SG.LLMSystem) == 2


def test_who_serves_a_model_does_not_double_the_calls_of_who_calls_it() -> None:
    served = metric("vllm:e2e_request_latency_seconds", histogram([0.4] * 3, 60, {"model_name": MODEL}), unit="")
    sent = {
        "client": request(metric(DURATION, histogram([0.5, 0.6], 60))),
        "server": request(served, resource={"service.name": "gpu"}),
    }
    for order in permutations(sent):
        estate = spoken(order, sent)
        assert figure(estate, MODEL) == 2
        assert figure(estate, "gpu", "calls", SG.LLMSystem) == 3
    assert figure(spoken(["server"], sent), MODEL) == 3, "who else would tell"


def test_of_several_instruments_of_one_emitter_the_first_counts() -> None:
    new = metric("gen_ai.client.inference.usage.input_tokens", number(30, 60), unit="{token}")
    old = tokens("input", 10, 20)
    for metrics in ((new, old), (old, new)):
        assert of_system(seen(request(*metrics)), "inputTokens") == 30
        assert of_system(seen(*map(request, metrics)), "inputTokens") == 30
    framework = request(old, scope="agent_framework")
    library = request(old, scope="opentelemetry.instrumentation.openai_v2")
    for order in ((framework, library), (library, framework)):
        assert of_system(seen(*order), "inputTokens") == 30


def test_when_a_system_stops_to_send_spans_its_metrics_count_after_an_hour() -> None:
    sent: dict[str, Any] = {"spans": spans_of([call(1)])}
    for place, minutes in enumerate((1, 90, 150), 1):
        sent[f"m{minutes}"] = request(metric(DURATION, histogram([0.5] * place, minutes * 60)))
    assert of_system(spoken(sent, sent)) == 2, "the span, and what was told of after minute 90"


def test_what_spans_told_before_a_restart_is_asked_for() -> None:
    spans = of(spans_of([call(1)]), prices=NO_PRICES).batch

    def past(subject: Iri, since: datetime, until: datetime) -> Iterable[Observation]:
        return [one for one in spans.observations if one.subject == subject and since < one.end and one.start < until]

    durations = {"m": request(metric(DURATION, histogram([0.5], 60)))}
    assert filled(spoken(["m"], durations, account(past=past))) == {}
    assert of_system(spoken(["m"], durations)) == 1


def test_what_another_process_reads_of_spans_is_asked_for_before_it_is_too_late() -> None:
    spans = of(spans_of([call(1)]), prices=NO_PRICES).batch
    ledger: list[Observation] = []

    def past(subject: Iri, since: datetime, until: datetime) -> Iterable[Observation]:
        return [one for one in ledger if one.subject == subject and since < one.end and one.start < until]

    into = account(past=past)
    told = settled(into, [request(metric(DURATION, histogram([0.5], 60)))])
    ledger += spans.observations
    for minutes in (2, 15, 20):
        told.append(batch(into.settle(START + minutes * MINUTE)))
    assert filled(estate_of(told)) == {}
    assert filled(estate_of(told[:1]))


def restarted(first: Account, **more: Any) -> tuple[Account, list[Batch]]:
    told = first.settle(START + MINUTE)
    marks = {name: value for name, value in told.marks.items() if value is not None}
    second = account(**more)
    second.restore(marks)
    return second, [batch(told)]


def test_what_was_counted_before_a_restart_is_taken_away_when_spans_tell_it_after() -> None:
    first = account()
    first.take(read(request(metric(DURATION, histogram([0.5], 60)))).points, START + MINUTE)
    second, batches = restarted(first)
    result = of(spans_of([call(1)]), prices=NO_PRICES)
    second.spans_told(result.batch.observations)
    batches += [result.batch, batch(second.settle(START + 2 * MINUTE))]
    assert filled(estate_of(batches)) == filled(estate_of([result.batch]))
    assert not second.settle(START + 3 * MINUTE).observations


def test_after_a_restart_nothing_is_told_again() -> None:
    sent = request(metric(DURATION, histogram([0.5], 60)), tokens("input", 5))
    first = account()
    first.take(read(sent).points, START + MINUTE)
    second, _ = restarted(first)
    second.take(read(sent).points, START + 2 * MINUTE)
    told = second.settle(START + 2 * MINUTE)
    assert (told.observations, told.scopes, told.repeated) == ((), (), 2)


def test_deltas_and_totals_of_one_history_agree() -> None:
    totals = [request(metric(DURATION, histogram([0.5] * n, 60 * n))) for n in (1, 2, 3)]
    parts = [request(metric(DURATION, histogram([0.5], 60 * n), mode=DELTA)) for n in (1, 2, 3)]
    for each in parts:
        (one,) = each.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points
        one.start_time_unix_nano = one.time_unix_nano - MINUTE
    assert filled(seen(*totals)) == filled(seen(*parts))


def test_one_request_cannot_flood_the_graph() -> None:
    many = [histogram([0.5], 60, {**CALL, "gen_ai.response.model": f"m{place}"}) for place in range(2_100)]
    into = account()
    into.take(read(request(metric(DURATION, *many))).points, START + MINUTE)
    told = into.settle(START + MINUTE)
    assert told.overflow > 0
    estate = estate_of([batch(told)])
    assert len(estate.kinds[SG.BaseModel]) < 2_000
    assert of_system(estate) == 2_100


def test_the_service_of_the_metrics_is_that_of_the_spans() -> None:
    both = [
        settled(account(), [request(metric(DURATION, histogram([0.5], 60)), resource=SERVICE)])[0],
        of(spans_of([call(1, model=MODEL)])).batch,
    ]
    ours, theirs = ({one.subject for one in each.observations if one.metric == SG.calls} for each in both)
    assert ours == theirs
    assert not seen(request(gauge("nobody.knows", 1))).names


def test_lengths_of_calls_of_langchain_by_openllmetry_do_not_show_failures() -> None:
    """Seen with 0.62: a call that fails has no point, so that no error among the others says nothing."""
    estate = seen(request(metric(DURATION, histogram([0.5, 0.5], 1)), scope="opentelemetry.instrumentation.langchain"))
    told = {name for _, name in estate.figures}
    assert "calls" in told
    assert "errors" not in told
