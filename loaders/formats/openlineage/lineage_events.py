"""Files of OpenLineage events: one on each line, a list, or a single one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, ClassVar, Final

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.exact_json import JsonFault, read_json
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.openlineage.job_history import Facet, History, Key, time_of
from stratagraph.loaders.formats.openlineage.lineage import describe
from stratagraph.loaders.kinds import Kind


class OpenLineage:
    """Events of runs, jobs and data sets."""

    kind: ClassVar[Kind] = Kind.OPENLINEAGE

    def recognises(self, document: Document) -> bool:
        """Tell by the first event: a job or a data set with namespace and name, and the time or the schema of it."""
        try:
            if not document.is_json or b"eventTime" not in document.data:
                return False
            first = next((line for line in document.lines if line.strip()), "")
            whole = first.strip()[:1] == "{" and first.rstrip()[-1:] == "}"
            value = read_json(first) if whole else document.json
        except (JsonFault, MalformedDocument):
            return False
        return is_event(value[0] if isinstance(value, list) and value else value)

    def read(self, document: Document, description: Description) -> None:
        """State jobs, data sets and models, what jobs used, and what those made that came to their end.

        Raises:
            MalformedDocument: an event is none, or has no namespace or name.
        """
        history = History()
        reader = _Reader(history, description)
        for event, at in _events(document):
            reader.take(event, at)
        describe(history, description, _names())


def is_event(value: Any) -> bool:
    """Whether a value is an event."""
    if not isinstance(value, Mapping) or "eventTime" not in value:
        return False
    return any(isinstance(value.get(part), Mapping) and "namespace" in value[part] for part in ("job", "dataset"))


def _events(document: Document) -> Iterator[tuple[Any, Path]]:
    """Yield each event with its place: the number of its line or of its entry."""
    if _is_one_value(document):
        value = document.json
        yield from enumerated(value) if isinstance(value, list) else [(value, (0,))]
        return
    document.by_line = True
    for number, line in enumerate(document.lines, 1):
        if not line.strip():
            continue
        try:
            event = read_json(line)
        except JsonFault as fault:
            raise MalformedDocument(file=document.name, line=number, reason=fault.reason) from None
        yield event, (number,)


def enumerated(values: list[Any]) -> Iterator[tuple[Any, Path]]:
    """Yield values with their places in a list."""
    return ((value, (number,)) for number, value in enumerate(values))


def _is_one_value(document: Document) -> bool:
    """Whether a file holds one value, over however many lines, and not one on each."""
    if document.text.lstrip()[:1] == "[":
        return True
    first = next((line for line in document.lines if line.strip()), "")
    try:
        read_json(first)
    except JsonFault:
        # Of a cut line nobody knows, unless others follow that are whole.
        return first.strip() == "{" or not first.rstrip().endswith("}")
    return False


class _Reader:
    """Takes events one by one into a history."""

    def __init__(self, history: History, description: Description) -> None:
        self._history = history
        self._description = description
        self._ends = frozenset(_names()["ends"])
        self._types = frozenset(_names()["types"])

    def take(self, event: Any, at: Path) -> None:
        """Take in one event."""
        if not isinstance(event, Mapping):
            self._description.fault(at, "this is no event: an object with 'eventTime' and a 'job' or a 'dataset'.")
        time = time_of(event.get("eventTime"))
        if "dataset" in event:
            self._dataset(event["dataset"], at, time)
        if "job" in event:
            self._job(event, at, time)
        elif "dataset" not in event:
            self._description.fault(at, "this event is of no job and of no data set.")
        self._rest(event, "event")

    def _job(self, event: Mapping[str, Any], at: Path, time: Any) -> None:
        told = event["job"]
        job = self._history.job(self._key(told, at), at)
        facets = _mapping(told.get("facets"))
        job.tell(Facet.TYPE, _text(_mapping(facets.get("jobType")).get("jobType")), time)
        job.own(_owners(facets), time)
        job.tell(Facet.ABOUT, _documentation(facets), time)
        run = _mapping(event.get("run"))
        parent = _mapping(_mapping(_mapping(run.get("facets")).get("parent")).get("job"))
        if _text(parent.get("namespace")) and _text(parent.get("name")):
            key = _text(parent["namespace"]), _text(parent["name"])
            self._history.job(key, at)
            job.others[key] = None
        for dataset in _list(event.get("inputs")):
            job.inputs[self._dataset(dataset, at, time)] = at
        # An event without a run tells what a job is made for; one of a run what it is about to do, until it has.
        made = "run" not in event or event.get("eventType") in self._ends
        for dataset in _list(event.get("outputs")):
            key = self._dataset(dataset, at, time)
            if made and not _is_dropped(dataset):
                job.outputs[key] = at
        if (kind := event.get("eventType")) is not None and kind not in self._types:
            self._description.unread("eventType")
        self._rest(told, "job")
        self._rest(facets, "job_facets")
        self._rest(run, "run")
        self._rest(_mapping(run.get("facets")), "run_facets")

    def _dataset(self, told: Any, at: Path, time: Any) -> Key:
        key = self._key(told, at)
        dataset = self._history.dataset(key, at)
        facets = _mapping(told.get("facets"))
        dataset.tell(Facet.TYPE, _text(_mapping(facets.get("datasetType")).get("datasetType")).upper(), time)
        dataset.tell(Facet.VERSION, _text(_mapping(facets.get("version")).get("datasetVersion")), time)
        dataset.own(_owners(facets), time)
        dataset.tell(Facet.ABOUT, _documentation(facets), time)
        for other in _list(_mapping(facets.get("symlinks")).get("identifiers")):
            name = _text(_mapping(other).get("namespace")), _text(_mapping(other).get("name"))
            if all(name) and name != key:
                dataset.others[name] = None
        self._rest(told, "dataset")
        self._rest(facets, "dataset_facets")
        return key

    def _key(self, told: Any, at: Path) -> Key:
        key = _text(_mapping(told).get("namespace")), _text(_mapping(told).get("name"))
        if not all(key):
            self._description.fault(at, "a job or a data set needs 'namespace' and 'name'.")
        return key

    def _rest(self, values: Mapping[str, Any], part: str) -> None:
        known, starts = _known(part)
        for name in values.keys() - known:
            if not name.startswith(starts) and values[name] not in (None, "", [], {}):
                self._description.unread(name if part == "event" else f"{part.replace('_', '.')}.{name}")


def _owners(facets: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the teams that own something; people are not kept."""
    people = tuple(_names()["people"])
    named = (_text(_mapping(owner).get("name")) for owner in _list(_mapping(facets.get("ownership")).get("owners")))
    return tuple(
        sorted({name for name in named if name and name.partition(":")[0].lower() not in people and "@" not in name})
    )


def _documentation(facets: Mapping[str, Any]) -> str:
    return _text(_mapping(facets.get("documentation")).get("description"))


def _is_dropped(dataset: Any) -> bool:
    """Whether a run took a data set away, and made none."""
    change = _mapping(_mapping(_mapping(dataset).get("facets")).get("lifecycleStateChange"))
    return change.get("lifecycleStateChange") == "DROP"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


@lru_cache(maxsize=16)
def _known(part: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the names that a part of an event may have, and the beginnings of further ones."""
    names = _names()["ignored"][part]
    return frozenset(names), tuple(name[:-1] for name in names if name.endswith("*"))


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(
        (files("stratagraph.loaders.formats.openlineage") / "names.json").read_text("utf-8")
    )
    return data


FORMAT: Final = OpenLineage()
