"""What this process has committed and received since it began: counters, which only go up."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from stratagraph.ontology.facts import Iri, LedgerChange, Observation
from stratagraph.ontology.namespaces import STATEMENT_BASE

MOST_ASSETS: Final = 200
"""Assets that are counted one by one; those that come after them are counted together."""
MOST_SOURCES: Final = 200
"""Sources, likewise: whoever sends names them."""
MOST_MEASURES: Final = 20_000
"""Measures that are kept: as many as bounded assets and sources make with a few metrics each."""
MOST_UNMAPPED: Final = 500
"""Names of attributes that nobody knew, likewise: whoever sends chooses them."""
MOST_ASIDES: Final = 50
"""What was set aside that is named."""
OTHERS: Final = "others"
"""Stands for the assets, and the sources, beyond the limit."""


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """One metric in one unit of one asset, according to one source, measured or estimated."""

    metric: Iri
    unit: str
    asset: Iri
    source: str
    estimated: bool


@dataclass(slots=True)
class Amount:
    """How many values of a measure were observed, and their sum; a counter never goes down.

    What was taken away again is owed: of what comes next, as much is not counted.
    """

    count: int = 0
    total: float = 0.0
    owed: int = 0
    owed_total: float = 0.0

    def add(self, count: int, total: float) -> None:
        """Count values, or take some away."""
        count, total = count - self.owed, total - self.owed_total
        self.owed, self.owed_total = max(0, -count), max(0.0, -total)
        self.count += max(0, count)
        self.total += max(0.0, total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What became of the spans, points or log records of a telemetry request.

    ``duplicates`` and ``moved_back`` are among the accepted. ``overflow`` counts names beyond what one request may
    add, ``unmapped`` attributes that the alias table lacks, ``dropped`` what the gate refused after it was
    acknowledged. ``set_aside`` names what could not be told, why, and how many spans or points it has.
    """

    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    moved_back: int = 0
    overflow: int = 0
    dropped: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)
    set_aside: Sequence[tuple[str, str, int]] = ()

    def plus(self, other: Arrival) -> Arrival:
        """Return both together, but for the names."""
        return Arrival(
            accepted=self.accepted + other.accepted,
            rejected=self.rejected + other.rejected,
            duplicates=self.duplicates + other.duplicates,
            moved_back=self.moved_back + other.moved_back,
            overflow=self.overflow + other.overflow,
            dropped=self.dropped + other.dropped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPartition:
    """A partition that this process reads: ``offset`` is the next to be read, what is before ``committed`` is kept."""

    partition: int
    offset: int
    committed: int
    lag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedTopic:
    """A topic of telemetry: the partitions that this process owns now, and its messages since the start.

    ``malformed`` could not be read and were left out, ``unkeyed`` might have gone to any of several partitions.
    """

    topic: str
    signal: str
    partitions: tuple[OwnedPartition, ...]
    messages: int
    malformed: int
    unkeyed: int


class Aside(NamedTuple):
    """Telemetry that was acknowledged and could not be told: when that was found, and what it is."""

    time: float
    signal: str
    what: str
    problem: str
    size: int


class Tally:
    """Counts of one process; may be added to and read from any thread."""

    consumed: Callable[[], tuple[ConsumedTopic, ...]] = staticmethod(tuple)
    """Asked for the topics that telemetry is consumed from; who consumes them puts itself here."""

    def __init__(self) -> None:
        self.since = time.time()
        """When it began: what was before is not in it."""
        self._lock = threading.Lock()
        self._batches: Counter[str] = Counter()
        self._facts: Counter[str] = Counter()
        self._arrived: dict[str, Arrival] = {}
        self._unmapped: dict[str, Counter[str]] = {}
        self._asides: deque[Aside] = deque(maxlen=MOST_ASIDES)
        self._set_aside: Counter[str] = Counter()
        self._observations = 0
        self._assets: set[Iri] = set()
        self._sources: set[str] = set()
        self._amounts: dict[Measure, Amount] = {}

    def batch(self, outcome: str) -> None:
        """Count a batch by what became of it."""
        with self._lock:
            self._batches[outcome] += 1

    def changed(self, change: LedgerChange) -> None:
        """Count what a committed batch brought."""
        with self._lock:
            self._facts["opened"] += len(change.opened)
            self._facts["closed"] += len(change.closed)
            for seen in change.observations:
                self._observations += 1
                if not seen.subject.startswith(STATEMENT_BASE):
                    self._add(seen, change.source)

    def _add(self, seen: Observation, source: str) -> None:
        asset = _among(self._assets, seen.subject, MOST_ASSETS)
        measure = Measure(seen.metric, seen.unit, asset, _among(self._sources, source, MOST_SOURCES), seen.estimated)
        if measure not in self._amounts and len(self._amounts) >= MOST_MEASURES:
            return
        amount = self._amounts.setdefault(measure, Amount())
        amount.add(seen.count, seen.total)

    def telemetry(self, signal: str, arrival: Arrival) -> None:
        """Count what became of a telemetry request."""
        with self._lock:
            self._arrived[signal] = self._arrived.get(signal, Arrival()).plus(arrival)
            self._asides.extend(Aside(time.time(), signal, *one) for one in arrival.set_aside)
            self._set_aside[signal] += len(arrival.set_aside)
            unmapped = self._unmapped.setdefault(signal, Counter())
            for name, count in arrival.unmapped.items():
                known = name in unmapped or len(unmapped) < MOST_UNMAPPED
                unmapped[name if known else OTHERS] += count

    @property
    def batches(self) -> Mapping[str, int]:
        """Batches by outcome."""
        with self._lock:
            return dict(self._batches)

    @property
    def facts(self) -> Mapping[str, int]:
        """Facts opened and closed."""
        with self._lock:
            return dict(self._facts)

    @property
    def arrived(self) -> Arrival:
        """What became of all telemetry."""
        return self.arrived_of(*self._arrived)

    def arrived_of(self, *signals: str) -> Arrival:
        """Return what became of the telemetry of these signals together."""
        total, names = Arrival(), Counter[str]()
        with self._lock:
            for signal in signals:
                total = total.plus(self._arrived.get(signal, Arrival()))
                names.update(self._unmapped.get(signal, {}))
        return replace(total, unmapped=dict(names))

    @property
    def set_aside(self) -> Mapping[str, int]:
        """How many traces, series or requests were set aside, by signal."""
        with self._lock:
            return dict(self._set_aside)

    def asides_of(self, *signals: str) -> list[Aside]:
        """Return the newest of what was set aside of these signals, the newest first."""
        with self._lock:
            return [one for one in reversed(self._asides) if one.signal in signals]

    @property
    def observations(self) -> int:
        """Observations committed."""
        return self._observations

    @property
    def amounts(self) -> Mapping[Measure, tuple[int, float]]:
        """The number of values and the sum of every measure."""
        with self._lock:
            return {measure: (amount.count, amount.total) for measure, amount in self._amounts.items()}


def _among(known: set[str], name: str, most: int) -> str:
    """Return the name, where it is one of the first so many, else the one of all others."""
    if len(known) < most:
        known.add(name)
    return name if name in known else OTHERS
