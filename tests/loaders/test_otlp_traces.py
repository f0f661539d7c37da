from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai import subjects
from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp_traces import batch_of, reasons
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import RDF, SG
from tests.loaders.spans import (
    BEGIN,
    SECOND,
    SERVICE,
    agent,
    chat,
    fixture,
    names,
    relations,
    request,
    span,
    tool,
    totals,
)
from tests.loaders.transformed import MODEL, PRICES, SYSTEM, iri, of, told


@pytest.mark.shared
def test_langgraph_agents_tools_and_models(shared: Path) -> None:
    folder = shared / "telemetry" / "openinference-langchain-0.1.80-langgraph"
    story = Story()
    batches = [of(sent, story=story).batch for sent in fixture(folder)]
    pairs = {
        relation: {pair for batch in batches for pair in relations(batch, relation)}
        for relation in (SG.delegatesTo, SG.usesTool, SG.usesModel)
    }
    assert pairs[SG.delegatesTo] == {("router_agent", "billing_agent")}
    assert pairs[SG.usesTool] == {
        ("support_agent", "order_status"),
        ("router_agent", "ask_billing"),
        ("billing_agent", "refund"),
    }
    assert {user for user, _ in pairs[SG.usesModel]} == {
        "support_agent",
        "router_agent",
        "billing_agent",
        "unlucky_agent",
    }
    calls, errors = totals(batches, SG.calls), totals(batches, SG.errors)
    tools = {name: subject for batch in batches for subject, name in names(batch, SG.Tool).items()}
    assert {name: (calls[tools[name]], errors[tools[name]]) for name in tools} == {
        "order_status": (3, 0),
        "refund": (1, 1),
        "ask_billing": (1, 0),
    }
    systems = {subject for batch in batches for subject in names(batch, SG.LLMSystem)}
    assert [(calls[system], errors[system]) for system in systems] == [(11, 2)]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("folder", "tokens"),
    [("openai-v2-2.4b0-default", None), ("openinference-openai-0.1.66", None), ("pydantic-ai-2.68.0", 129)],
)
def test_the_fixtures_count_usage_once(shared: Path, folder: str, tokens: int | None) -> None:
    batches = [of(sent).batch for sent in fixture(shared / "telemetry" / folder)]
    by_kind: Counter[str] = Counter()
    for subject, total in totals(batches, SG.inputTokens).items():
        by_kind[subject.split("/")[5] if "/asset/" in subject else "relation"] += total
    assert by_kind["LLMSystem"] == by_kind["BaseModel"] == by_kind["relation"] > 0
    assert tokens is None or by_kind["LLMSystem"] == tokens


@pytest.mark.shared
def test_every_relation_of_the_fixtures_is_allowed_by_the_ontology(shared: Path) -> None:
    for folder in (shared / "telemetry").iterdir():
        for sent in fixture(folder) if list(folder.glob("*-traces.pb")) else []:
            assert_conforms(of(sent).batch)


def assert_conforms(batch: Batch) -> None:
    """Check facts by domain and range, and that every asset has a type and a name."""
    facts = set(batch.facts())
    types = {item.subject: str(item.object) for item in facts if item.predicate == RDF.type}
    for item in facts:
        kinds = MODEL.classes[types[item.subject]].ancestors
        if item.predicate == RDF.type:
            assert any(other.predicate == SG.name for other in facts if other.subject == item.subject)
        elif isinstance(item.object, Literal):
            attribute = MODEL.attributes[item.predicate]
            assert attribute.domain & kinds
            assert item.object.datatype == attribute.datatype
        else:
            relation = MODEL.relations[item.predicate]
            assert relation.domain & kinds
            assert relation.range & MODEL.classes[types[item.object]].ancestors


def test_an_observed_incomplete_batch() -> None:
    batch = told(span(1, chat())).batch
    assert (batch.source, batch.run, batch.method) == ("otlp", "r", Method.OBSERVED)
    assert batch.silence
    assert [(scope.name, scope.complete) for scope in batch.scopes] == [("care/shop/test test.scope@1", False)]


def test_a_system_without_agents_uses_the_model_itself() -> None:
    batch = told(span(1, chat())).batch
    assert relations(batch, SG.usesModel) == {("shop", "gpt-5-mini")}
    assert relations(batch, SG.providedBy) == {("gpt-5-mini", "openai")}


@pytest.mark.parametrize("sent", ["vllm", "hosted_vllm", "VLLM"])
def test_a_model_on_a_serving_engine_runs_there_and_nobody_provides_it(sent: str) -> None:
    batch = told(span(1, {**chat(), "gen_ai.provider.name": sent})).batch
    assert relations(batch, SG.implementedIn) >= {("gpt-5-mini", "vllm")}
    assert relations(batch, SG.providedBy) == set()
    server = mint(MODEL, SG.ModelServer, {SG.name: "vllm"})
    assert Fact(server, RDF.type, SG.ModelServer) in set(batch.facts())


def test_spans_of_other_work_make_no_assets() -> None:
    result = told(span(1, {"http.route": "/chat"}), span(2, {"db.system": "sqlite"}, parent=1))
    assert result.empty
    assert result.accepted == 2


def test_offered_tools_are_told_from_used_ones() -> None:
    offer = {**chat(), "gen_ai.tool.definitions": '[{"name": "a"}, {"type": "function", "function": {"name": "b"}}]'}
    batch = told(span(1, agent("boss")), span(2, offer, parent=1), span(3, tool("a"), parent=1)).batch
    assert relations(batch, SG.mayUseTool) == {("boss", "a"), ("boss", "b")}
    assert relations(batch, SG.usesTool) == {("boss", "a")}


def test_a_delegate_is_found_through_the_tool_that_calls_it() -> None:
    spans = [span(1, agent("boss")), span(2, tool("ask"), parent=1), span(3, agent("aide"), parent=2)]
    assert relations(told(*spans).batch, SG.delegatesTo) == {("boss", "aide")}
    nested = [span(1, agent("boss")), span(2, agent("boss"), parent=1)]
    assert relations(told(*nested).batch, SG.delegatesTo) == set()


def test_an_alias_is_linked_to_the_model_that_answered() -> None:
    batch = told(span(1, chat("gpt-5", answered="gpt-5-2026-01-15"))).batch
    assert relations(batch, SG.aliasOf) == {("gpt-5", "gpt-5-2026-01-15")}
    assert Fact(iri(SG.BaseModel, "gpt-5-2026-01-15"), SG.seenAs, Literal("answered")) in set(batch.facts())


def test_a_model_that_never_answered_stays_unverified_and_unprovided() -> None:
    batch = told(span(1, chat("gtp-5", answered=""), failed=True)).batch
    told_of = {item.object for item in batch.facts() if item.predicate == SG.seenAs}
    assert told_of == {Literal("requested")}
    assert not names(batch, SG.Provider)


def test_where_a_system_runs() -> None:
    place = {
        **SERVICE,
        "k8s.cluster.name": "c1",
        "cloud.region": "br-1",
        "cloud.provider": "cloudx",
        "k8s.pod.name": "p-1",
    }
    batch = of(request([span(1, chat())], resource=place)).batch
    assert relations(batch, SG.implementedIn) == {("shop", "c1")}
    assert ("c1", "br-1") in relations(batch, SG.locatedIn)
    assert ("br-1", "cloudx") in relations(batch, SG.providedBy)
    assert "p-1" not in repr(batch)


def test_staging_and_production_stay_apart() -> None:
    sent = request([span(1, chat())])
    sent.MergeFrom(request([span(2, chat())], resource={**SERVICE, "deployment.environment.name": "production"}))
    assert len(names(of(sent).batch, SG.LLMSystem)) == 2


def test_of_several_versions_of_a_service_the_one_seen_last_is_stated() -> None:
    sent = request([span(1, chat(), start=BEGIN + SECOND)], resource={**SERVICE, "service.version": "2"})
    sent.MergeFrom(request([span(2, chat())], resource={**SERVICE, "service.version": "1"}))
    assert [item.object for item in of(sent).batch.facts() if item.predicate == SG.version] == [Literal("2")]


def test_prompts_workflows_and_data_sources() -> None:
    retrieval = {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "docs"}
    workflow = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "night"}
    managed = {**chat(), "gen_ai.prompt.name": "greeting", "traceloop.prompt.version": "3"}
    batch = told(
        span(1, agent("boss")), span(2, retrieval, parent=1), span(3, managed, parent=1), span(4, workflow)
    ).batch
    assert relations(batch, SG.retrievesFrom) == {("boss", "docs")}
    assert {("greeting", "boss"), ("night", "shop")} <= relations(batch, SG.partOf)
    assert Fact(iri(SG.Prompt, "greeting"), SG.version, Literal("3")) in set(batch.facts())
    assert_conforms(batch)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_relations_whose_agent_comes_in_another_request_are_still_stated(order: Sequence[int]) -> None:
    spans = [span(1, agent("boss")), span(2, {}, parent=1), span(3, tool("drill"), parent=2)]
    story = Story()
    batches = [told(spans[index], story=story).batch for index in order]
    stated = {item for batch in batches for item in batch.facts() if item.predicate == SG.usesTool}
    assert Fact(iri(SG.Agent, "boss"), SG.usesTool, iri(SG.Tool, "drill")) in stated


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_one_call_seen_twice_in_two_requests_is_counted_once(order: Sequence[int]) -> None:
    spans = [span(1, chat(input=5)), span(2, chat(input=5), parent=1)]
    story = Story()
    batches = [told(spans[index], story=story).batch for index in order]
    assert totals(batches, SG.calls)[SYSTEM] == 1


def test_names_beyond_the_limit_become_one_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "MOST_ASSETS", 5)
    result = told(*(span(number, chat(f"m{number}")) for number in range(1, 20)))
    assert result.overflow > 0
    assert "(other)" in names(result.batch, SG.BaseModel).values()
    assert len(names(result.batch, SG.BaseModel)) < 6


def test_reasons_are_cut_short_and_say_so() -> None:
    assert reasons(["a", "b"]) == "a b"
    assert reasons(str(number) for number in range(7)) == "0 1 2 3 4 ... and 2 more."


KINDS = st.sampled_from(["llm", "tool", "agent", "other"])
NAMES = st.sampled_from(["a", "b"])


@st.composite
def traces(draw: st.DrawFn) -> list[Span]:
    """Spans of up to three traces; a model call has no model call right above it."""
    spans: list[Span] = []
    parents: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for number in range(1, draw(st.integers(1, 12)) + 1):
        trace = draw(st.integers(0, 2))
        parent = draw(st.sampled_from([0, *parents[trace]]))
        kind = draw(KINDS)
        told_of: dict[str, Any] = {}
        if kind == "llm":
            counts = draw(st.dictionaries(st.sampled_from(["input", "output"]), st.integers(0, 10**6)))
            told_of = {
                **chat(draw(NAMES)),
                **{f"gen_ai.usage.{which}_tokens": count for which, count in counts.items()},
            }
        elif kind != "other":
            told_of = {"tool": tool, "agent": agent}[kind](draw(NAMES))
        if kind != "llm":
            parents[trace].append(number)
        made = span(
            number,
            told_of,
            parent=parent,
            trace=bytes([trace + 1]) * 16,
            start=BEGIN + draw(st.integers(0, 150)) * SECOND,
            seconds=draw(st.floats(0, 100)),
            failed=draw(st.booleans()),
        )
        spans.append(made)
    return spans


@given(traces(), st.randoms(use_true_random=False))
def test_the_order_of_spans_does_not_matter(spans: list[Span], chance: object) -> None:
    shuffled = list(spans)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert told(*shuffled).batch == told(*spans).batch


@given(traces(), st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=25)
def test_how_spans_are_split_into_requests_does_not_matter(spans: list[Span], chance: object, parts: int) -> None:
    split: list[list[Span]] = [[] for _ in range(parts)]
    for one in spans:
        split[chance.randrange(parts)].append(one)  # type: ignore[attr-defined]  # hypothesis gives a Random
    story = Story()
    for part in split:
        story.take(normalise(request(part)).records)
    statements = Statements(model=MODEL, prices=PRICES)
    statements.of(story.settle())
    assert batch_of(statements, "r") == told(*spans).batch


@given(traces(), st.randoms(use_true_random=False), st.integers(1, 5))
@settings(max_examples=25)
def test_calls_that_are_told_at_once_are_counted_once(spans: list[Span], chance: object, parts: int) -> None:
    split: list[list[Span]] = [[] for _ in range(parts)]
    for one in spans:
        split[chance.randrange(parts)].append(one)  # type: ignore[attr-defined]  # hypothesis gives a Random
    story = Story()
    batches = [told(*part, story=story).batch for part in split]
    whole = told(*spans).batch
    for metric in (SG.inputTokens, SG.outputTokens):
        assert of_kind(batches, metric, "LLMSystem") == of_kind([whole], metric, "LLMSystem")
        assert of_kind(batches, metric, "BaseModel") == of_kind([whole], metric, "BaseModel")


def of_kind(batches: list[Batch], metric: Iri, kind: str) -> dict[Iri, float]:
    """Return sums by asset of a kind."""
    return {subject: total for subject, total in totals(batches, metric).items() if f"/asset/{kind}/" in subject}
