"""What the figures of the store and of telemetry are to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Limits of one figure: in its own unit, and as a multiple of the bare engines' and of the earlier build's."""

    at_most: float | None = None
    at_least: float | None = None
    of_bare: float | None = None
    of_before: float | None = None

    def __str__(self) -> str:
        """Say it in words."""
        said = (
            (self.at_most, "at most {:g}"),
            (self.at_least, "at least {:g}"),
            (self.of_before, "at most {:.2g} x before"),
            (self.of_bare, "at most {:g} x bare"),
        )
        return ", ".join(text.format(limit) for limit, text in said if limit is not None)

    def met(self, row: Mapping[str, Any]) -> bool | None:
        """Say whether a row keeps to every limit; None where what it is compared with is missing."""
        runs = row.get("runs") or [row.get("ratio")]
        asked: list[bool | None] = []
        if self.at_most is not None:
            asked.append(row["ours"] <= self.at_most)
        if self.at_least is not None:
            asked.append(row["ours"] >= self.at_least)
        if self.of_bare is not None:
            asked.append(None if None in runs else max(runs) <= self.of_bare)
        if self.of_before is not None:
            ratio = row.get("ratio_to_before")
            # An earlier build that did not finish proves nothing of ours.
            asked.append(None if ratio is None else ratio <= self.of_before)
        return False if False in asked else None if None in asked else True


IMPORT: Final = "import, processor time a fact"
QUADS: Final = "quads a fact"
DISK: Final = "disk of the triples a fact"
PEAK: Final = "peak memory of the import"
COMMIT: Final = "durable commit of 10 facts, p95"
LOOK_UP: Final = "name look-up"
ANSWER: Final = "answer of 2,218 assets written"
AUDIT: Final = "full audit"
PROJECTION: Final = "neo4j projection of the same facts, rebuild"
FOLLOWING: Final = "neo4j projection of the same facts, change by change"
NEO4J_DISK: Final = "neo4j store, a fact"

GOALS: Final[Mapping[str, Goal]] = {
    IMPORT: Goal(of_before=1 / 3, of_bare=3),
    QUADS: Goal(at_most=7),
    DISK: Goal(of_before=0.5),
    PEAK: Goal(at_most=600),
    COMMIT: Goal(of_bare=2.5),
    LOOK_UP: Goal(at_most=0.3),
    ANSWER: Goal(at_most=30),
    AUDIT: Goal(of_before=0.25),
    PROJECTION: Goal(of_before=1 / 1.5),
    FOLLOWING: Goal(of_before=1 / 1.5),
    NEO4J_DISK: Goal(of_before=0.5),
    "rich spans in batches of 512": Goal(of_bare=2),
    "mixed spans in batches of 512": Goal(of_bare=2),
    "lean spans in batches of 512": Goal(of_bare=3),
    **{f"{shape} spans in batches of 64": Goal(of_bare=3) for shape in ("rich", "mixed", "lean")},
    "error of quantiles": Goal(at_most=1.0),
    "memory after": Goal(of_bare=1.1),
    "acknowledgement, p99": Goal(at_most=50),
    **{f"{shape} spans in batches of 1": Goal(at_most=1.0) for shape in ("rich", "mixed", "lean")},
}
"""By what the row's name begins with."""


def goal_of(name: str) -> Goal | None:
    """Return the goal of a row."""
    return GOALS.get(name) or next((goal for begins, goal in GOALS.items() if name.startswith(begins)), None)
