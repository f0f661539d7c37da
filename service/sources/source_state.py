"""How a source is doing: what became of its last run, and what is known of what it held then."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Outcome(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    COMMITTED = "committed"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    WAITING = "waiting"
    """It would close too much, and waits for a person."""


SUCCESSES = frozenset({Outcome.COMMITTED, Outcome.UNCHANGED})


class Fingerprint(BaseModel):
    """What tells that a source holds what it held when it was committed last, as sequence ``sequence``."""

    model_config = ConfigDict(frozen=True)

    content: str
    sequence: int
    etag: str | None = None
    modified: str | None = None


class LastChange(BaseModel):
    """The last run that opened or closed something."""

    model_config = ConfigDict(frozen=True)

    ended: datetime
    seconds: float
    opened: int
    closed: int


class SourceState(BaseModel):
    """One source's state, as it is kept beside the ledger."""

    model_config = ConfigDict(frozen=True)

    paused: bool = False
    outcome: Outcome | None = None
    run: str = ""
    started: datetime | None = None
    """When the last run began."""
    ended: datetime | None = None
    succeeded: datetime | None = None
    """When the last run ended that got all that the source holds."""
    seconds: float | None = None
    """How long the last run took."""
    error: str | None = None
    opened: int = 0
    """Statements that the last committed run opened."""
    closed: int = 0
    change: LastChange | None = None
    closing: int | None = None
    """Statements that the run which waits would close."""
    runs: dict[Outcome, int] = {}
    """How many runs there were, by what became of them."""
    fingerprint: Fingerprint | None = None

    def dump(self) -> bytes:
        """Return it as it is kept."""
        return self.model_dump_json().encode()

    @classmethod
    def load(cls, kept: bytes | None) -> SourceState:
        """Return a state that was kept; a new one where none was."""
        return cls.model_validate_json(kept) if kept else cls()

    def began(self, run: str) -> SourceState:
        """Return the state at the start of a run."""
        return self.model_copy(update={"outcome": Outcome.RUNNING, "run": run, "started": _now(), "ended": None})

    def ended_as(self, outcome: Outcome, **changed: object) -> SourceState:
        """Return the state at the end of a run that has begun."""
        now = _now()
        seconds = (now - self.started).total_seconds() if self.started else None
        told = {
            "outcome": outcome,
            "ended": now,
            "seconds": seconds,
            "runs": {**self.runs, outcome: self.runs.get(outcome, 0) + 1},
            "error": None,
            "closing": None,
            **({"succeeded": now} if outcome in SUCCESSES else {}),
        }
        ended = self.model_copy(update={**told, **changed})
        if outcome is not Outcome.COMMITTED or not (ended.opened or ended.closed):
            return ended
        change = LastChange(ended=now, seconds=seconds or 0, opened=ended.opened, closed=ended.closed)
        return ended.model_copy(update={"change": change})


def _now() -> datetime:
    return datetime.now(UTC)
