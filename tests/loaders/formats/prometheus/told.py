"""Expositions, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from math import fsum

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.prometheus.mapping import MappingSet
from stratagraph.loaders.formats.prometheus.scrape import Taken, transform
from stratagraph.loaders.formats.prometheus.shipped import mappings
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import local_name
from tests.core import MODEL

BEGIN = datetime(2026, 11, 30, 12, 0, 10, tzinfo=UTC)
URL = "http://vllm-1:8000/metrics"


class Everything:
    """Names of which each is wanted."""

    def __contains__(self, name: object) -> bool:
        return True


@cache
def shipped_set() -> MappingSet:
    """Return the mappings that ship."""
    return mappings(MODEL)


def scraped(
    *texts: str | Sequence[str], name: str = URL, using: MappingSet | None = None, seconds: float = 60
) -> list[Taken]:
    """Return what scrapes tell that come one after another, each a text or several of one run."""
    marks: dict[str, bytes] = {}
    found = []
    for number, told in enumerate(texts):
        documents = [Document(name, text.encode()) for text in ([told] if isinstance(told, str) else told)]
        taken = transform(
            documents,
            model=MODEL,
            mappings=using or shipped_set(),
            heard=BEGIN + timedelta(seconds=number * seconds),
            marks=marks,
        )
        marks |= {key: value for key, value in taken.marks.items() if value is not None}
        found.append(taken)
    return found


def facts(taken: Taken) -> set[Fact]:
    """Return all facts."""
    return {fact for scope in taken.scopes for fact in scope.stated}


def totals(*told: Taken) -> Mapping[tuple[str, str], float]:
    """Return the sum of each figure, by the last part of its subject and its metric."""
    found: dict[tuple[str, str], list[float]] = {}
    for taken in told:
        for seen in taken.observations:
            found.setdefault((last(seen.subject), local_name(seen.metric)), []).append(seen.total)
    return {key: fsum(values) for key, values in found.items()}


def last(iri: Iri) -> str:
    """Return what stands behind the last slash."""
    return iri.rpartition("/")[2]
