"""The engine over real telemetry: a restart changes nothing, and the figures answer over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

import anyio
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.otlp_traces import transform
from stratagraph.loaders.samples import read_sample, shifted
from stratagraph.ontology.facts import Fact, Influence, Iri, Observation
from stratagraph.ontology.identity import observation_iri
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import DERIVER_FILE, TRIPLES_FOLDER, Settings
from tests.opened import Opened

Present: TypeAlias = tuple[list[Fact], dict[tuple[Iri, Iri], Influence]]
KNOWN = """
SELECT ?s ?p ?o {
  { VALUES ?kind { sg:Observation sg:Scope sg:Influence } ?s a ?kind } UNION { ?s sg:source "otlp" }
  ?s ?p ?o
}
"""
"""All but the core ontology, which no telemetry changes."""


@pytest.fixture(name="stories", scope="module")
def _stories(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[tuple[Present, Engine]]:
    """What stood in the views after telemetry in pieces, and the engine reopened without its triples."""
    settings = Settings(data=opened(tmp_path_factory.mktemp("data")))
    with Engine(settings) as engine:
        for number, request in enumerate(shifted(read_sample("porklog"), datetime.now(UTC))[:4]):
            for piece, part in enumerate(halves(request)):
                told = transform(part, model=engine.model, run=f"{number}.{piece}")
                if not told.empty:
                    engine.commit(told.batch)
        before = present(engine)
    shutil.rmtree(settings.data / TRIPLES_FOLDER)
    (settings.data / DERIVER_FILE).unlink()
    with Engine(settings) as engine:
        yield before, engine


@pytest.fixture(name="engine")
def _engine(stories: tuple[Present, Engine]) -> Engine:
    return stories[1]


def halves(request: ExportTraceServiceRequest) -> Iterator[ExportTraceServiceRequest]:
    """Split a request as an exporter might, so that one minute arrives in several batches."""
    for start in (0, 1):
        part = ExportTraceServiceRequest.FromString(request.SerializeToString())
        for resource in part.resource_spans:
            for scope in resource.scope_spans:
                kept = list(scope.spans)[start::2]
                del scope.spans[:]
                scope.spans.extend(kept)
        yield part


def present(engine: Engine) -> Present:
    """Return what is known about statements, observations, scopes and influences, and every influence edge."""
    edges = {
        (edge.influencer, edge.influenced): edge
        for row in engine.triples.select("SELECT DISTINCT ?s { GRAPH ?i { ?s sg:affects ?o } ?i a sg:Influence }")
        for edge in engine.adjacency.influences_from(str(row["s"]))
    }
    rows = engine.triples.select(KNOWN)
    return [Fact(str(row["s"]), str(row["p"]), row["o"] or "") for row in rows], edges


def test_a_restart_that_rebuilds_every_view_gives_the_same(stories: tuple[Present, Engine]) -> None:
    (facts, edges), after = stories[0], present(stories[1])
    assert any(edge.measured for edge in edges.values())
    # Differences alone: a comparison of everything would take minutes to explain.
    assert set(after[0]) ^ set(facts) == set()
    assert [pair for pair in edges | after[1] if edges.get(pair) != after[1].get(pair)] == []


def test_pieces_of_the_newest_minute_stand_together_in_the_graph(engine: Engine) -> None:
    for subject in observed(engine):
        (newest,) = [seen for seen in engine.ledger.newest_observations() if matches(seen, subject)]
        about = dict(engine.triples.facts_about(observation_iri(subject, SG.calls)))
        assert float(getattr(about[SG.sum], "value", "nan")) == newest.total
        assert getattr(about[SG.source], "value", "") == newest.source == "otlp"


def matches(seen: Observation, subject: Iri) -> bool:
    return (seen.subject, seen.metric) == (subject, SG.calls)


def observed(engine: Engine) -> list[Iri]:
    """Return the assets with a count of calls."""
    rows = engine.triples.select("SELECT ?a { ?o sg:observedOn ?a ; sg:metric sg:calls . ?a a sg:LLMSystem }")
    found = [str(row["a"]) for row in rows]
    assert found
    return found


def ask(engine: Engine, **params: str) -> dict[str, Any]:
    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/api/metrics", params=params)

    answer = anyio.run(get)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_calls_add_up_over_the_day_whatever_pieces_they_came_in(engine: Engine) -> None:
    system = observed(engine)[0]
    document = ask(engine, asset=system)
    calls = next(figure for figure in document["figures"] if figure["notation"] == "calls")
    everything = engine.ledger.observations(system, SG.calls, datetime(2000, 1, 1, tzinfo=UTC), datetime.now(UTC))
    assert calls["total"] == sum(seen.total for seen in everything)
    assert document["asset"]["iri"] == system
    assert document["sequence"] == engine.sequence


def test_every_number_carries_unit_window_source_and_basis(engine: Engine) -> None:
    document = ask(engine, asset=observed(engine)[0], lang="pt-BR")
    assert {"error-rate", "input-tokens-per-call"} <= {one["notation"] for one in document["derived"]}
    for one in (*document["figures"], *document["derived"]):
        assert one["unit"]
        assert document["from"] < one["window"]["end"]
        assert one["window"]["start"] < one["window"]["end"]
        assert one["sources"] == ["otlp"]
        assert one["basis"] in {"measured", "estimated", "partly-estimated"}
        assert one["label"]
    assert "Chamadas" in {one["label"] for one in document["figures"]}


def test_without_a_price_no_cost_is_shown(engine: Engine) -> None:
    notations = {
        one["notation"] for part in ("figures", "derived") for one in ask(engine, asset=observed(engine)[0])[part]
    }
    assert not {"cost", "mean-call-cost"} & notations


def test_an_asset_without_telemetry_has_no_figures(engine: Engine) -> None:
    document = ask(engine, asset="sg:calls")
    assert document["figures"] == document["derived"] == []
