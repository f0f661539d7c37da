"""The form of answers about sources that are read by themselves."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class LivingSourceState(Document):
    """Where a source is, when it is read, and how its runs go."""

    kind: str
    place: str = Field(description="The address, path or program, without parameters")
    schedule: str | None = Field(description="How often, or the cron expression in UTC; null: by hand only")
    configured: bool = Field(description="Whether it stands in the configuration, and was not added")
    paused: bool
    status: str = Field(description="never, running, committed, unchanged, failed, waiting or interrupted")
    last_run: str | None
    last_success: str | None
    next_run: str | None
    seconds: float | None = Field(description="How long the last run took")
    lag_seconds: float | None = Field(description="How long ago the last run ended that went well")
    opened: int = Field(description="Statements that the last committed run opened")
    closed: int
    closing: int | None = Field(description="Statements that the run which waits for a person would close")
    reason: str | None = Field(description="Why the last run failed, or waits")
    runs: dict[str, int] = Field(description="How many runs there were, by what became of them")
    description: dict[str, object] = Field(description="What was said of it; of a secret only where it is")


class NamedSource(Document):
    """A source that was added or changed."""

    source: str
    living: LivingSourceState


class RemovedSource(Document):
    """A source that is not read any more; what it said stays until it is withdrawn."""

    source: str
    statements: int = Field(description="What it said that still stands")
