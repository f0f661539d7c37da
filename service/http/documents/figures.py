"""The form of an asset's figures."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.graph import Card


class FigureWindow(Document):
    """The time that observations really cover."""

    start: str
    end: str


class MetricFigure(Document):
    """One metric in one unit according to one source. What is unknown is absent."""

    metric: str
    notation: str | None = None
    label: str
    unit: str = Field(description="UCUM code, or a currency")
    window: FigureWindow
    count: int | None = Field(default=None, description="Number of values observed")
    total: float | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    p50: float | None = None
    p95: float | None = None
    sources: list[str]
    basis: str = Field(description="measured, estimated or partly-estimated")


class DerivedFigure(Document):
    """A ratio of two figures of one source; calls and knownCalls tell what it is about."""

    metric: str
    notation: str | None = None
    label: str
    unit: str = Field(description="UCUM code, or a currency")
    window: FigureWindow
    value: float
    calls: float | None = None
    known_calls: float | None = None
    sources: list[str]
    basis: str = Field(description="measured, estimated or partly-estimated")


class AssetMetrics(Document):
    """The figures of an asset over a span of time."""

    asset: Card
    start: str = Field(alias="from")
    to: str
    sequence: int
    figures: list[MetricFigure]
    derived: list[DerivedFigure]
