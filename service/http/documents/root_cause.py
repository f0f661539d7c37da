"""The form of an answer about causes."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.graph import Card


class MetricName(Document):
    """A metric by its names."""

    metric: str
    notation: str
    label: str


class CauseHop(Document):
    """How unusual one asset on the way from the symptom to a cause is."""

    asset: str
    label: str
    metric: MetricName
    deviation: float = Field(description="In usual deviations; positive where it is worse")
    explained: float = Field(ge=0, le=1, description="The share that what influences it explains")


class RecentChange(Document):
    """A statement about the asset that is new, right before or within the window."""

    predicate: str
    label: str
    object: str
    source: str
    first_seen: str


class RankedCause(Card):
    """An asset that may have caused the symptom, with the evidence."""

    score: float
    confidence: float = Field(ge=0, le=1)
    metric: MetricName | None = Field(description="What deviates most there; null where it shows in its callers alone")
    evidence: list[CauseHop]
    changes: list[RecentChange]


class RootCauseAnswer(Document):
    """What may have caused a symptom, the likeliest first; empty when nothing is unusual."""

    sequence: int
    asset: Card
    metric: MetricName
    start: str = Field(alias="from")
    to: str
    since: str = Field(description="From here to the window the normal period lies")
    looked: int = Field(description="Number of assets that were looked at")
    silent: list[Card] = Field(description="Those of them of which nothing was observed")
    partial: bool
    note: str | None = Field(description="Said where nothing is named")
    causes: list[RankedCause]
