"""The form of an asset's health."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class ComparedWindow(Document):
    """The time that a compared number is about."""

    start: str
    end: str


class Expected(Document):
    """What is usual. A side without an end is null: less of what is better when it is less is never too little."""

    low: float | None
    high: float | None
    middle: float


class MetricHealth(Document):
    """One metric of one source beside its own past."""

    metric: str
    notation: str
    label: str
    figure: Literal["amount", "p95", "ratio"] = Field(description="What of the metric is compared")
    unit: str
    unit_label: str
    sources: list[str]
    state: str | None = Field(description="normal, degraded, anomalous or silent; null where there is a reason")
    state_label: str | None
    reason: str | None = Field(description="too-little-history or too-few-values, where there is no state")
    reason_label: str | None
    window: ComparedWindow
    value: float | None
    count: float = Field(description="How many values the number is made of")
    expected: Expected | None
    basis: str | None = Field(description="What is usual was read from: hour-of-week or last-day")
    windows: int = Field(description="How many values what is usual was read from")
    since: str | None = Field(
        description="When the first of the spans on end began that show this state or a worse one"
    )


class AssetHealth(Document):
    """How an asset is beside its own past: the worst state of its metrics."""

    state: str | None = Field(description="normal, degraded, anomalous or silent; null where too little is known")
    state_label: str | None
    at: str = Field(description="The end of the newest five minutes that were looked at")
    worst: MetricHealth | None
    metrics: list[MetricHealth]
