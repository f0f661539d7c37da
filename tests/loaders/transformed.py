"""Spans of a made-up service, transformed as the receiver does it, with a price for one model."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp_traces import TraceResult, transform
from stratagraph.loaders.prices import Price, PriceTable
from stratagraph.ontology.facts import Batch, Iri, Observation
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from tests.loaders.spans import (
    request,
)

MODEL: Final = load_model()
PRICES: Final = PriceTable.of(
    [
        Price(
            model="gpt-5-mini",
            currency="BRL",
            source="contract",
            valid_from=datetime(2026, 1, 1, tzinfo=UTC),
            input=Decimal(2),
            output=Decimal(10),
        )
    ]
)


def told(*spans: Span, prices: PriceTable = PRICES, story: Story | None = None) -> TraceResult:
    return of(request(spans), prices=prices, story=story)


def of(
    sent: ExportTraceServiceRequest,
    *,
    prices: PriceTable = PRICES,
    story: Story | None = None,
    declared: Declared = NOTHING_DECLARED,
) -> TraceResult:
    whole = Story() if story is None else story
    result = transform(sent, model=MODEL, run="r", prices=prices, story=whole, declared=declared)
    whole.confirm(result.told)
    return result


def seen(batch: Batch, subject: Iri, metric: Iri) -> Observation:
    return next(one for one in batch.observations if (one.subject, one.metric) == (subject, metric))


def iri(cls: Iri, name: str) -> Iri:
    return mint(
        MODEL,
        cls,
        {SG.name: name, SG.serviceName: "shop", SG.serviceNamespace: "care", SG.environment: "test"},
    )


SYSTEM = iri(SG.LLMSystem, "shop")
