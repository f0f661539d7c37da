"""Traces to a batch: assets and relations that calls show, and how the calls went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.sampling import NOTHING_DECLARED, Declared
from stratagraph.loaders.genai.story import Story, Told
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Batch, Method
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import SPANS

SOURCE: Final = SPANS
SILENCE: Final = timedelta(days=30)
"""Longer than a monthly job pauses: what was not called for that long is taken to be gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceResult:
    """What became of a request.

    ``rejections`` gives a reason per rejected span. ``duplicates`` are accepted spans that tell of a call once more.
    ``overflow`` counts names beyond what one request may add. ``unmapped`` counts attribute names that the alias
    table lacks, ``unread`` spans of instrumentations of which not one could be mapped. ``told`` is for the story, to
    be confirmed once the batch is committed.
    """

    batch: Batch
    accepted: int
    rejected: int
    rejections: tuple[str, ...]
    duplicates: int
    overflow: int
    unmapped: Mapping[str, int]
    unread: Mapping[str, int]
    told: Told

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.batch.observations and not any(self.batch.facts())


def transform(
    request: ExportTraceServiceRequest,
    *,
    model: OntologyModel,
    run: str,
    prices: PriceTable = NO_PRICES,
    base: str = ASSET_BASE,
    story: Story | None = None,
    until: datetime | None = None,
    declared: Declared = NOTHING_DECLARED,
) -> TraceResult:
    """Return the batch that a trace request amounts to.

    ``run`` identifies the request: the hash of its body, so that the same body again changes nothing. ``story`` holds
    the spans of earlier requests; with none, only what hangs together inside the request is found. A span that ends
    after ``until`` is rejected. ``declared`` tells the services of which not everything arrives.
    """
    normalised = normalise(request, until=until, declared=declared)
    whole = Story() if story is None else story
    known = whole.take(normalised.records)
    told = whole.settle()
    statements = Statements(model=model, prices=prices, base=base, declared=declared)
    statements.of(told)
    return TraceResult(
        batch=batch_of(statements, run),
        accepted=len(normalised.records),
        rejected=len(normalised.rejections),
        rejections=tuple(normalised.rejections),
        duplicates=known + told.repeated,
        overflow=statements.subjects.overflow,
        unmapped=dict(sorted(normalised.unmapped.items())),
        unread=dict(sorted(normalised.unread.items())),
        told=told,
    )


def batch_of(statements: Statements, run: str) -> Batch:
    """Return the batch of what was stated and measured."""
    return Batch(
        source=SOURCE,
        run=run,
        method=Method.OBSERVED,
        scopes=statements.subjects.scopes(),
        observations=statements.measures.observations(),
        silence=SILENCE,
    )


def reasons(rejections: Iterable[str], most: int = 5) -> str:
    """Return the first reasons in one text for the sender."""
    listed = list(rejections)
    shown = " ".join(listed[:most])
    return f"{shown} ... and {len(listed) - most} more." if len(listed) > most else shown
