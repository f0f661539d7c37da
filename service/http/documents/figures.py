"""The form of an asset's figures."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.graph import Card
from stratagraph.service.http.documents.health import AssetHealth


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
    unit_label: str = Field(description="The unit in words, in the language asked for; empty where nothing is counted")
    window: FigureWindow
    count: int | None = Field(default=None, description="Number of values observed")
    total: float | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    sources: list[str]
    basis: str = Field(description="measured, estimated or partly-estimated")


class DerivedFigure(Document):
    """A ratio of two figures of one source; calls and knownCalls tell what it is about."""

    metric: str
    notation: str | None = None
    label: str
    unit: str = Field(description="UCUM code, or a currency")
    unit_label: str = Field(description="The unit in words, in the language asked for; empty where nothing is counted")
    window: FigureWindow
    value: float
    calls: float | None = None
    known_calls: float | None = None
    sources: list[str]
    basis: str = Field(description="measured, estimated or partly-estimated")


class SeriesPoint(Document):
    """One step of a series, or several that no observation tells apart. Of an empty one, nothing is known."""

    start: str
    end: str
    empty: bool = Field(default=False, description="Whether nothing is known of it: no number is given, not even 0")
    running: bool = Field(default=False, description="Whether it has not ended yet: more may come in")
    window: FigureWindow | None = None
    count: int | None = None
    total: float | None = None
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    value: float | None = Field(default=None, description="Of a derived series")
    calls: float | None = None
    known_calls: float | None = None
    basis: str | None = Field(default=None, description="measured, estimated or partly-estimated")


class MetricSeries(Document):
    """One metric in one unit according to one source, over time."""

    metric: str
    notation: str | None = None
    label: str
    unit: str = Field(description="UCUM code, or a currency")
    unit_label: str = Field(description="The unit in words, in the language asked for; empty where nothing is counted")
    sources: list[str]
    derived: bool = Field(description="Whether its points are ratios of two figures")
    points: list[SeriesPoint]


class AssetMetrics(Document):
    """The figures of an asset over a span of time."""

    asset: Card
    together: list[Card] = Field(description="Other names of the same model, whose figures are among these")
    start: str = Field(alias="from")
    to: str
    sequence: int
    health: AssetHealth | None = Field(default=None, description="null where nothing was observed in that time")
    figures: list[MetricFigure]
    derived: list[DerivedFigure]
    step: int | None = Field(default=None, description="Seconds of a step; only where steps were asked for")
    series: list[MetricSeries] | None = Field(default=None, description="Only where steps were asked for")
