from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.otlp_traces import transform
from stratagraph.loaders.prices import PriceTable
from stratagraph.loaders.samples import SAMPLES, load_samples, read_sample, shifted, spans
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import merge, quantile
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.shapes.gate import Gate
from tests.loaders.spans import names, totals

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FOLDER = files("stratagraph.loaders.samples")


def bodies(now: datetime) -> list[ExportTraceServiceRequest]:
    return [ExportTraceServiceRequest.FromString(body) for body in load_samples(now)]


@given(st.datetimes(datetime(1980, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # zone given apart
def test_shifting_keeps_durations_and_ends_now(now: datetime) -> None:
    before = read_sample("porklog")
    after = shifted(before, now)
    pairs = [pair for old, new in zip(before, after, strict=True) for pair in zip(spans(old), spans(new), strict=True)]
    lengths = {
        (old.end_time_unix_nano - old.start_time_unix_nano) - (new.end_time_unix_nano - new.start_time_unix_nano)
        for old, new in pairs
    }
    assert lengths == {0}
    assert len({new.start_time_unix_nano - old.start_time_unix_nano for old, new in pairs}) == 1
    newest = max(new.end_time_unix_nano for _, new in pairs)
    assert newest // 1000 == int(now.timestamp()) * 10**6 + now.microsecond


def test_the_samples_are_the_same_for_the_same_moment() -> None:
    assert list(load_samples(NOW)) == list(load_samples(NOW))


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_manifest_lists_every_body(sample: str) -> None:
    folder = FOLDER / sample
    listed = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    assert {line["file"] for line in listed} == {file.name for file in folder.iterdir() if file.name.endswith(".pb")}


def test_one_sample_at_least_comes_from_a_real_instrumentation() -> None:
    scopes = {
        scope.scope.name
        for sample in SAMPLES
        for sent in read_sample(sample)
        for resource in sent.resource_spans
        for scope in resource.scope_spans
    }
    assert scopes == {"openinference.instrumentation.langchain", "pydantic-ai", "stratagraph.synthetic"}


def test_the_samples_hold_no_content_and_nothing_of_the_machine_that_recorded_them() -> None:
    kept = {alias.key for names in load_aliases().attributes.values() for alias in names}
    for sent in bodies(NOW):
        for resource in sent.resource_spans:
            keys = {item.key for item in resource.resource.attributes}
            assert not {key for key in keys if key.startswith(("host.", "process.", "os.", "service.instance"))}
        for told in spans(sent):
            content = {item.key for item in told.attributes if item.key in load_aliases().content} - kept
            assert content <= {"tool.description"}
            assert not any(item.key == "exception.message" for event in told.events for item in event.attributes)


def test_what_the_samples_show() -> None:
    model = load_model()
    batches = []
    for number, sent in enumerate(bodies(NOW)):
        result = transform(sent, model=model, run=str(number))
        assert not result.rejected
        assert not result.unmapped
        batches.append(result.batch)
    seen = {
        cls: {name for batch in batches for name in names(batch, cls).values()}
        for cls in (SG.LLMSystem, SG.Agent, SG.ComputeCluster, SG.VectorIndex)
    }
    assert seen == {
        SG.LLMSystem: {"Plataforma_LLMOps_Ask4Me", "assistente-credito", "planejador-de-rotas"},
        SG.Agent: {
            "tutor_matematica",
            "orientador_curso",
            "agente_financeiro_eduvest",
            "analista_credito",
            "planejador_rotas",
            "cotador_frete",
        },
        SG.ComputeCluster: {"Cluster_GPU_BR-1"},
        SG.VectorIndex: {"Index_Rotas_PorkLog"},
    }
    for system, calls in totals(batches, SG.calls).items():
        if "LLMSystem" in system:
            assert calls >= 20
    assert sum(totals(batches, SG.errors).values()) > 0


def test_percentiles_of_the_samples_differ() -> None:
    parts: dict[str, list[bytes]] = {}
    for sent in bodies(NOW):
        for seen in transform(sent, model=load_model(), run="r").batch.observations:
            if seen.metric == SG.callLatency and "LLMSystem" in seen.subject:
                parts.setdefault(seen.subject, []).append(seen.sketch)
    assert len(parts) == 3
    for sketches in parts.values():
        median, late = quantile(merge(sketches), 0.5), quantile(merge(sketches), 0.95)
        assert median is not None
        assert late is not None
        assert 0 < median < late < 30


def test_kinds_of_span_in_each_sample() -> None:
    counted = {
        sample: Counter(span.name.split()[0] for sent in read_sample(sample) for span in spans(sent))
        for sample in SAMPLES
    }
    assert counted["eduvest"]["ChatOpenAI"] > 40
    assert counted["banco-aureo"]["chat"] > 20
    assert counted["porklog"]["chat"] > 60


def test_the_gate_takes_every_sample_into_the_estate() -> None:
    model = load_model()
    estates = files("stratagraph.ontology") / "estates"
    known = [
        fact
        for file in sorted(estates.iterdir(), key=lambda file: file.name)
        for fact in parse_rdf(file.read_bytes(), RdfSyntax.TURTLE, SG, file.name)
    ]
    prices = PriceTable.from_facts(known)
    gate, costs = Gate(model), set()
    for sent in bodies(NOW):
        batch = transform(sent, model=model, run="r", prices=prices).batch
        assert not gate.check(batch, open_facts(known)).violations
        known += batch.facts()
        costs |= {one.subject.rpartition("/")[2] for one in batch.observations if one.metric == SG.callCost}
    assert {"gpt-5-2025-08-07", "gpt-5-mini-2025-08-07", "gpt-5-nano-2025-08-07"} <= costs
    assert "Modelo_Llama3_8B" not in costs


def open_facts(known: list[Fact]) -> Callable[[Iterable[Iri]], list[Fact]]:
    """Return the gate's window on facts that are already known."""

    def about(nodes: Iterable[Iri]) -> list[Fact]:
        touched = set(nodes)
        return [fact for fact in known if fact.subject in touched]

    return about
