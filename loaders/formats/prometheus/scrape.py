"""Scrapes of exporters and answers of Prometheus, turned into facts and observations.

A counter tells a total of which it is not known when it was counted. So one scrape tells what there is, and what gauges
show; what was counted follows from the next one. What must be remembered from one to the next is handed in and out as
marks, and kept in the ledger with what they led to: a run that fails leaves none, and the next one goes on from what
was committed.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from stratagraph.loaders.clock_skew import TOLERATED
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.exposition import (
    Exposition,
    Labels,
    Sample,
    is_within_braces,
    read_exposition,
)
from stratagraph.loaders.formats.prometheus.families import Broken, Native, Part, Role, Series, Shape, put_together
from stratagraph.loaders.formats.prometheus.mapping import TARGET, Figure, MappingSet, MappingTable, plainly
from stratagraph.loaders.formats.prometheus.named_things import Seen, Sightings
from stratagraph.loaders.formats.prometheus.query_answers import Answer, labels_of_target, read_answer
from stratagraph.loaders.formats.prometheus.tallies import Figures
from stratagraph.loaders.genai.normalise import EARLIEST, LATEST
from stratagraph.loaders.metrics.increments import MOST_SERIES, Increments
from stratagraph.loaders.metrics.points import Mode, Point
from stratagraph.ontology.facts import Observation, Scope
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE

STARTED: Final = "process_start_time_seconds"
DESCRIBED: Final = "target_info"
STARTS: Final = "prometheus/start/"
_OF_TARGETS: Final = {
    STARTED: (Role(STARTED, Shape.GAUGE, Part.VALUE),),
    DESCRIBED: (Role(DESCRIBED, Shape.INFO, Part.VALUE),),
}
_SAME_START: Final = 60 * 10**9
"""A start that is worked out anew from the clock may move by so much, and is the same one."""
_SECOND: Final = 10**9
_START: Final = struct.Struct("<Q")
_WAYS: Final = ("http", "https")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What scrapes tell: facts, observations, and the marks with which the next ones are read.

    ``unread`` counts the samples of names that no mapping knows, ``broken`` are series that cannot be right,
    ``nameless`` those that a function of a query made, ``overflow`` what there was too much of.
    """

    scopes: tuple[Scope, ...]
    observations: tuple[Observation, ...]
    marks: Mapping[str, bytes | None]
    unread: Mapping[str, int]
    broken: tuple[Broken, ...] = ()
    warnings: tuple[str, ...] = ()
    nameless: int = 0
    overflow: int = 0
    series: int = 0


class Tracked(NamedTuple):
    """One series of a target, as ``Increments`` knows it, with what it says and on what."""

    key: bytes
    resource: bytes
    service: bytes
    figures: tuple[Figure, ...]
    on: Seen
    single: bool = True
    listed: bool = True


@dataclass(slots=True)
class _Target:
    """What is known of one target of a document."""

    name: str
    resource: bytes
    start: int = 0
    described: dict[str, str] = field(default_factory=dict)
    families: set[str] = field(default_factory=set)


def transform(
    documents: Sequence[Document],
    *,
    model: OntologyModel,
    mappings: MappingSet,
    heard: datetime,
    marks: Mapping[str, bytes] | None = None,
    base: str = ASSET_BASE,
) -> Taken:
    """Read scrapes and answers that were heard at a time; ``marks`` are those of the runs before.

    Raises:
        MalformedDocument: one is no exposition and no answer of Prometheus, or was cut: then nothing of any counts.
    """
    run = _Run(model, mappings, round(heard.timestamp() * _SECOND), marks or {}, base)
    for document in documents:
        run.read(document)
    return run.taken()


def shown(document: Document, *, model: OntologyModel, mappings: MappingSet, base: str = ASSET_BASE) -> Taken:
    """Read one document for what there is alone: it is not known when it was told, so no figure of it counts.

    Raises:
        MalformedDocument: as above.
    """
    run = _Run(model, mappings, LATEST, {}, base)
    run.read(document)
    return replace(run.taken(), observations=(), marks={})


class _Run:
    """Reads the documents of one run."""

    def __init__(
        self, model: OntologyModel, mappings: MappingSet, heard: int, marks: Mapping[str, bytes], base: str
    ) -> None:
        self._mappings = mappings
        self._heard = heard
        self._marks = marks
        self._increments = Increments(MOST_SERIES)
        self._increments.restore(marks)
        self._starts: dict[str, bytes | None] = {}
        self._sightings = Sightings(model, base)
        self._figures = Figures(model)
        self._unread: Counter[str] = Counter()
        self._broken: list[Broken] = []
        self._warnings: list[str] = []
        self._nameless = self._series = 0
        # Other mappings read other series: what they begin to read was there before.
        self._read = hashlib.blake2b("\0".join(sorted(mappings.roles)).encode(), digest_size=8).digest()

    def read(self, document: Document) -> None:
        """Read one document."""
        if document.is_json and not is_within_braces(document.text):
            found: Exposition = read_answer(document, self._mappings)
        else:
            found = read_exposition(document.data, document.name, _Wanted(self._mappings))
        self._series += found.series
        self._unread.update({name: count for name, count in found.unwanted.items() if not self._mappings.ignores(name)})
        samples: list[Sample | Native] = [self._named(sample) for sample in found.samples]
        if isinstance(found, Answer):
            samples += [self._named(native) for native in found.natives]
            self._warnings += found.warnings
            self._nameless += found.nameless
        self._take(document, samples)

    def _named(self, sample: Sample | Native) -> Sample | Native:
        """Return a sample by the name that mappings have for it, at the time when it was heard if it tells none."""
        name = sample.name if sample.name in _OF_TARGETS else self._mappings.role_of(sample.name) or sample.name
        if name != sample.name or not sample.time:
            return sample._replace(name=name, time=sample.time or self._heard)
        return sample

    def _take(self, document: Document, samples: list[Sample | Native]) -> None:
        """Take the samples of a document, in the order of their times."""
        targets = self._targets(document, samples)
        by_time: dict[int, list[Series]] = defaultdict(list)
        for series in put_together(samples, {**self._mappings.roles, **_OF_TARGETS}):
            if isinstance(series, Broken):
                self._broken.append(series)
            elif series.family not in _OF_TARGETS:
                self._check(document, series)
                targets[labels_of_target(series.labels)].families.add(series.family)
                by_time[series.time].append(series)
        for time in sorted(by_time):
            points = [
                point
                for series in by_time[time]
                if (point := self._point(targets[labels_of_target(series.labels)], series)) is not None
            ]
            for increment in self._increments.take(points):
                on = increment.series
                self._figures.add(on.figures, on.on, increment.amount, increment.since, increment.time)

    def _targets(self, document: Document, samples: Iterable[Sample | Native]) -> dict[str, _Target]:
        """Return the targets that samples are of, with what they say of themselves."""
        found: dict[str, _Target] = {}
        for sample in samples:
            key = labels_of_target(sample.labels)
            if key not in found:
                resource = _digest(document.name, key) + self._read
                found[key] = _Target(_host(document.name), resource)
            if isinstance(sample, Native):
                continue
            if sample.name == DESCRIBED:
                found[key].described |= {plainly(name): value for name, value in sample.labels}
            elif sample.name == STARTED:
                found[key].start = self._start(found[key], sample.value)
        return found

    def _start(self, target: _Target, seconds: float) -> int:
        """Return since when a target counts, the same as before where it only moved with the clock."""
        start = round(seconds * _SECOND) if 0 < seconds < LATEST / _SECOND else 0
        mark = STARTS + target.resource.hex()
        before = _START.unpack(self._marks[mark])[0] if mark in self._marks else 0
        if before and abs(before - start) <= _SAME_START:
            return int(before)
        if start:
            self._starts[mark] = _START.pack(start)
        return start

    def _check(self, document: Document, series: Series) -> None:
        """Refuse a time that can be none. Raises MalformedDocument."""
        if not EARLIEST <= series.time <= self._heard + TOLERATED.total_seconds() * _SECOND:
            reason = "a sample is told for a time that is to come, or long gone: is a clock off?"
            raise MalformedDocument(file=document.name, line=series.line, reason=reason)

    def _point(self, target: _Target, series: Series) -> Point[Tracked] | None:
        """State what a series shows; return what it counts, None where that is nothing."""
        table = self._mappings.table_of[series.family]
        labels = self._labels(target, series.labels)
        on = self._sightings.of(target.name or table.name, table, labels)
        figures = tuple(self._told(table, target, series, labels)) if on else ()
        if not figures:
            return None
        if series.shape is Shape.GAUGE:
            if isinstance(series.amount, float):
                self._figures.show(figures, on, series.amount, series.time)
            return None
        if isinstance(series.amount, float) and not isfinite(series.amount):
            return None
        start = series.created or target.start
        key = _digest(series.family, *(part for pair in series.labels for part in pair)) + target.resource
        tracked = Tracked(hashlib.blake2b(key, digest_size=16).digest(), target.resource, target.resource, figures, on)
        return Point(tracked, start if start <= series.time else 0, series.time, Mode.CUMULATIVE, series.amount)

    def _labels(self, target: _Target, labels: Labels) -> dict[str, str]:
        """Return labels by their plain names, with those that describe the target."""
        return {**target.described, **{plainly(name): value for name, value in labels}, TARGET: target.name}

    def _told(
        self, table: MappingTable, target: _Target, series: Series, labels: Mapping[str, str]
    ) -> Iterator[Figure]:
        """Yield what a series tells, where nothing that comes before it tells the same."""
        for figure in table.figures_of(series.family):
            place = figure.names.index(series.family)
            before = {*figure.names[:place], *figure.unless}
            if figure.shape is series.shape and figure.of(labels) and not before & target.families:
                yield figure

    def taken(self) -> Taken:
        """Return what was read."""
        return Taken(
            scopes=self._sightings.scopes(),
            observations=self._figures.observations(),
            marks={**self._starts, **self._increments.changes()},
            unread=dict(self._unread),
            broken=tuple(self._broken),
            warnings=tuple(self._warnings),
            nameless=self._nameless,
            overflow=self._increments.overflow + self._sightings.overflow,
            series=self._series,
        )


class _Wanted:
    """The names of samples that are read."""

    def __init__(self, mappings: MappingSet) -> None:
        self._mappings = mappings

    def __contains__(self, name: object) -> bool:
        return name in _OF_TARGETS or name in self._mappings


def _host(name: str) -> str:
    """Return host and port of what a document was fetched from, "" of a file."""
    parts = urlsplit(name)
    if parts.scheme not in _WAYS or parts.hostname is None:
        return ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname}{port}"


def _digest(*parts: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8))
        digest.update(data)
    return digest.digest()
