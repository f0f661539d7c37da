"""What events tell together: facets come piece by piece and in any order, so nothing is stated before the last one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

from stratagraph.loaders.formats.core_yaml import Path

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""
NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Facet(StrEnum):
    """What is known of a job or a data set, each by its newest event."""

    TYPE = "type"
    VERSION = "version"
    ABOUT = "documentation"


@dataclass(slots=True)
class Thing:
    """A job or a data set as its events tell of it."""

    at: Path
    told: dict[Facet, tuple[datetime, str]] = field(default_factory=dict)
    owners: tuple[datetime, tuple[str, ...]] = (NEVER, ())
    others: dict[Key, None] = field(default_factory=dict)
    """Further names of a data set; the parent of a job."""
    inputs: dict[Key, Path] = field(default_factory=dict)
    outputs: dict[Key, Path] = field(default_factory=dict)

    def tell(self, facet: Facet, value: str, time: datetime) -> None:
        """Take in a value; the newest counts, of two at one time the greater, so that order does not show."""
        if value:
            self.told[facet] = max(self.told.get(facet, (NEVER, "")), (time, value))

    def own(self, owners: tuple[str, ...], time: datetime) -> None:
        """Take in the owners that an event names."""
        if owners:
            self.owners = max(self.owners, (time, owners))

    def known(self, facet: Facet) -> str:
        """Return what is known, "" where nothing is."""
        return self.told.get(facet, (NEVER, ""))[1]


@dataclass(slots=True)
class History:
    """Every job and data set that was told of."""

    jobs: dict[Key, Thing] = field(default_factory=dict)
    datasets: dict[Key, Thing] = field(default_factory=dict)

    def job(self, key: Key, at: Path) -> Thing:
        """Return what is known of a job."""
        return self.jobs.setdefault(key, Thing(at))

    def dataset(self, key: Key, at: Path) -> Thing:
        """Return what is known of a data set."""
        return self.datasets.setdefault(key, Thing(at))


def time_of(text: object) -> datetime:
    """Return a time; one without a zone is taken as UTC, one that is none as before all others."""
    if not isinstance(text, str):
        return NEVER
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return NEVER
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
