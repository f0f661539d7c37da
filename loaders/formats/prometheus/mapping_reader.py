"""A mapping read from YAML: what in it names nothing is told with its line and the names that were perhaps meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import yaml

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.prometheus.families import PARTS, Shape
from stratagraph.loaders.formats.prometheus.mapping import (
    TARGET,
    As,
    Figure,
    Link,
    MappingTable,
    Of,
    Tells,
    Thing,
    Value,
)
from stratagraph.loaders.genai.instruments import load_instruments
from stratagraph.ontology.errors import in_short
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, compact, expand

Path: TypeAlias = tuple[str | int, ...]
MONEY: Final = "{currency}"
_SUGGESTIONS: Final = 3
_LONGEST_QUOTE: Final = 80
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LABEL: Final = re.compile(r"[a-zA-Z_][\w.]*")
_NAME: Final = re.compile(r"[a-zA-Z_:][\w:.]*")
_RESERVED: Final = frozenset({"le", "quantile", "__name__"})
_TOP: Final = ("mapping", "prefixes", "things", "links", "figures", "shows", "ignored")
_THING: Final = ("class", "key", "attributes")
_VALUE: Final = ("labels", "else", "before", "after", "each", "as")
_LINK: Final = ("from", "by", "to")
_FIGURE: Final = ("names", "shape", "on", "tells", "where", "parts", "unless")
_TELLS: Final = ("metric", "unit", "of", "value", "most")
_NO_CLASS: Final = "'{written}' is no class. Known: {near}"
_NO_PART: Final = "'{written}' is no part of its key. Known: {near}"
_NO_ATTRIBUTE: Final = "'{written}' is no attribute. Known: {near}"
_NO_RELATION: Final = "'{written}' is no relation. Known: {near}"
_NO_METRIC: Final = "'{written}' is no metric. Known: {near}"
_Word = TypeVar("_Word", Of, As, Shape)


class Finding(NamedTuple):
    """What is wrong with a mapping, and on which line, counted from 1."""

    line: int
    reason: str


def read_mapping(document: Document, model: OntologyModel) -> tuple[MappingTable, tuple[Finding, ...]]:
    """Return the mapping that a document holds, as far as it can be read, and everything that is wrong with it.

    Raises:
        MalformedDocument: it is no YAML.
    """
    values = document.yaml
    reader = _MappingReader(document, model)
    return reader.read(values[0] if values else None), tuple(sorted(set(reader.found)))


@lru_cache(maxsize=1)
def units() -> Mapping[str, Mapping[str, float]]:
    """Return the factors by the unit of the metric and the unit that is told."""
    text = (files("stratagraph.loaders.formats.prometheus") / "units.yaml").read_text(encoding="utf-8")
    read: dict[str, Mapping[str, float]] = yaml.safe_load(text)
    return {**read, "s": load_instruments().seconds}


class _MappingReader:
    """Reads one mapping, and notes what is wrong with it."""

    def __init__(self, document: Document, model: OntologyModel) -> None:
        self._document = document
        self._model = model
        self.found: list[Finding] = []

    def read(self, data: Any) -> MappingTable:
        """Read all of it."""
        top = self._fields((), data, _TOP)
        if "mapping" not in top:
            self._tell((), "a mapping says its name: mapping: NAME")
        told_things, told_links = self._named(("things",), top.get("things")), self._named(("links",), top.get("links"))
        things = {
            name: thing
            for name, told in told_things.items()
            if (thing := self._thing(("things", name), told)) is not None
        }
        links = {
            name: link
            for name, told in told_links.items()
            if (link := self._link(("links", name), told, told_things, things)) is not None
        }
        # What has a mistake of its own is there all the same.
        figures = [
            figure
            for place, told in enumerate(self._list(("figures",), top.get("figures")))
            if (figure := self._figure(("figures", place), told, {**told_things, **told_links})) is not None
        ]
        return MappingTable(
            name=str(top.get("mapping", "")),
            prefixes=self._texts(("prefixes",), top.get("prefixes")),
            things=things,
            links=links,
            figures=tuple(figures),
            shows=self._names(("shows",), top.get("shows")),
            ignored=self._texts(("ignored",), top.get("ignored")),
        )

    def _thing(self, path: Path, told: Any) -> Thing | None:
        fields = self._fields(path, told, _THING)
        cls = self._term((*path, "class"), fields.get("class"), self._model.classes, _NO_CLASS)
        if cls is None:
            return None
        keys = self._model.classes[cls].key_properties
        if not keys:
            self._tell((*path, "class"), f"'{compact(cls)}' has no key, so that one of it cannot be told from another")
            return None
        key = self._values((*path, "key"), fields.get("key"), dict.fromkeys(keys), _NO_PART)
        if not any(prop == keys[0] for prop, _ in key):
            self._tell(path, f"what the key begins with is missing: '{compact(keys[0])}'")
            return None
        # Values are put in the order of the key, whatever their order here.
        key = tuple(sorted(key, key=lambda part: keys.index(part[0])))
        told = fields.get("attributes")
        attributes = self._values((*path, "attributes"), told, self._model.attributes, _NO_ATTRIBUTE)
        return Thing(cls=cls, key=key, attributes=attributes)

    def _values(
        self, path: Path, told: Any, known: Mapping[Iri, object], unknown: str
    ) -> tuple[tuple[Iri, Value], ...]:
        """Read properties with where their values come from."""
        return tuple(
            (prop, value)
            for name, each in self._named(path, told).items()
            if (prop := self._term((*path, name), name, known, unknown)) is not None
            if (value := self._value((*path, name), each)) is not None
        )

    def _value(self, path: Path, told: Any) -> Value | None:
        """Read where a value comes from: one label, several, or objects that say more, one after another."""
        if isinstance(told, list) and any(isinstance(each, Mapping) for each in told):
            following: Value | None = None
            for place, each in reversed(list(enumerate(told))):
                value = self._value((*path, place), each)
                following = replace(value, next=following) if value is not None else following
            return following
        if isinstance(told, str | list):
            told = {"labels": told}
        fields = self._fields(path, told, _VALUE)
        labels = self._texts((*path, "labels"), fields.get("labels"))
        for label in labels:
            if label != TARGET and (not _LABEL.fullmatch(label) or label in _RESERVED):
                self._tell(
                    (*path, "labels"),
                    f"'{in_short(label, _LONGEST_QUOTE)}' names no asset: write a label of the exporter, or {TARGET} "
                    "for host and port of what is scraped",
                )
        if not labels and not fields.get("else"):
            self._tell(path, "a value comes from labels: write labels: [NAME]")
            return None
        return Value(
            labels=labels,
            otherwise=str(fields.get("else", "")),
            before=str(fields.get("before", "")),
            after=str(fields.get("after", "")),
            each=str(fields.get("each", "")),
            reading=self._word((*path, "as"), fields.get("as"), As, As.NAME),
        )

    def _link(self, path: Path, told: Any, declared: Mapping[str, object], things: Mapping[str, Thing]) -> Link | None:
        fields = self._fields(path, told, _LINK)
        predicate = self._term((*path, "by"), fields.get("by"), self._model.relations, _NO_RELATION)
        ends = [self._known((*path, end), fields.get(end), declared) for end in ("from", "to")]
        if predicate is None or not all(end in things for end in ends):
            return None
        info, (subject, target) = self._model.relations[predicate], map(str, ends)
        for end, name, allowed in (("from", subject, info.domain), ("to", target, info.range)):
            cls = things[name].cls
            if allowed and not allowed & self._model.ancestors(cls):
                wanted = ", ".join(sorted(map(compact, allowed)))
                self._tell((*path, end), f"'{compact(predicate)}' takes no '{compact(cls)}' here, but one of: {wanted}")
        return Link(subject=subject, predicate=predicate, object=target)

    def _figure(self, path: Path, told: Any, subjects: Mapping[str, object]) -> Figure | None:
        fields = self._fields(path, told, _FIGURE)
        names = self._names((*path, "names"), fields.get("names"))
        if not names:
            self._tell(path, "a figure says by which names its families go: names: [NAME]")
        shape = self._word((*path, "shape"), fields.get("shape"), Shape, Shape.GAUGE)
        if "shape" not in fields:
            self._tell(path, f"a figure says its shape, one of: {', '.join(Shape)}")
        on = [
            name
            for place, each in enumerate(self._texts((*path, "on"), fields.get("on")))
            if (name := self._known((*path, "on", place), each, subjects)) is not None
        ]
        if not fields.get("on"):
            self._tell(path, "a figure says on which things it counts: on: [NAME]")
        tells = [
            one
            for place, each in enumerate(self._list((*path, "tells"), fields.get("tells")))
            if (one := self._tells((*path, "tells", place), each, shape)) is not None
        ]
        if not fields.get("tells"):
            self._tell(path, "a figure says which metric it tells, in a list with metric and unit: tells")
        where = {
            label: self._texts((*path, "where", label), words)
            for label, words in self._named((*path, "where"), fields.get("where")).items()
        }
        parts = self._named((*path, "parts"), fields.get("parts"))
        known = [each.value.removeprefix("_") for each in PARTS[shape] if each.value]
        for part in parts:
            if part not in known:
                near = _near(part, known)
                self._tell((*path, "parts", part), f"'{part}' is no part of what is a {shape}. Known: {near}")
        return Figure(
            names=names,
            shape=shape,
            on=tuple(on),
            tells=tuple(tells),
            where=tuple(where.items()),
            parts=tuple((part, str(name)) for part, name in parts.items()),
            unless=self._names((*path, "unless"), fields.get("unless")),
        )

    def _tells(self, path: Path, told: Any, shape: Shape) -> Tells | None:
        fields = self._fields(path, told, _TELLS)
        metric = self._term((*path, "metric"), fields.get("metric"), self._model.metrics, _NO_METRIC)
        if metric is None:
            return None
        of = self._word((*path, "of"), fields.get("of"), Of, Of.VALUES)
        if of is Of.NUMBER and shape not in {Shape.HISTOGRAM, Shape.SUMMARY}:
            self._tell((*path, "of"), "only a histogram or a summary tells the number of its values")
        unit = self._model.metrics[metric].unit
        written = str(fields.get("unit", "")) or unit
        found = self._factor((*path, "unit"), written, unit, metric) if of is Of.VALUES else (unit, 1.0)
        value, most = fields.get("value", 1), fields.get("most")
        for name, number in (("value", value), ("most", most)):
            if number is not None and (isinstance(number, bool) or not _is_number(number)):
                self._tell((*path, name), "write a number")
                return None
        if found is None:
            return None
        return Tells(
            metric=metric,
            unit=found[0],
            factor=found[1],
            of=of,
            value=float(value),
            most=None if most is None else float(most),
        )

    def _factor(self, path: Path, written: str, unit: str, metric: Iri) -> tuple[str, float] | None:
        """Return the unit of the metric and what brings the written one to it."""
        if unit == MONEY:
            if _CURRENCY.fullmatch(written):
                return written, 1.0
            self._tell(path, f"'{compact(metric)}' is money: write the currency by its ISO 4217 code, as in USD")
            return None
        known = units().get(unit, {unit: 1.0})
        factor = known.get(written)
        if factor is None:
            self._tell(
                path,
                f"'{in_short(written, _LONGEST_QUOTE)}' is no unit of '{compact(metric)}', which is in {unit}. "
                f"Known: {_near(written, known)}",
            )
            return None
        return unit, float(factor)

    def _term(self, path: Path, written: Any, known: Mapping[Iri, object], unknown: str) -> Iri | None:
        """Return the term that a name stands for; ``unknown`` says that there is none."""
        if not isinstance(written, str) or not written:
            self._tell(path, "write a name of the ontology here")
            return None
        iri = self._expanded(written)
        if iri in known:
            return iri
        near = _near(_prefixed(written), [compact(each) for each in known])
        self._tell(path, unknown.format(written=in_short(written, _LONGEST_QUOTE), near=near))
        return None

    def _expanded(self, written: str) -> Iri | None:
        prefix, colon, local = written.partition(":")
        if not colon:
            return SG.term(written)
        for namespace in self._model.prefixes.get(prefix, ()):
            return namespace + local
        return expand(written) or written

    def _known(self, path: Path, written: Any, known: Mapping[str, object]) -> str | None:
        if isinstance(written, str) and written in known:
            return written
        shown = in_short(str(written), _LONGEST_QUOTE)
        self._tell(path, f"nothing here is called '{shown}'. Known: {_near(str(written), known)}")
        return None

    def _word(self, path: Path, written: Any, words: type[_Word], default: _Word) -> _Word:
        if written is None:
            return default
        try:
            return words(written)
        except ValueError:
            known = [each.value for each in words]
            shown = in_short(str(written), _LONGEST_QUOTE)
            self._tell(path, f"'{shown}' is none of: {', '.join(known)}")
            return default

    def _fields(self, path: Path, told: Any, known: Iterable[str]) -> Mapping[str, Any]:
        """Return an object whose fields are all known."""
        fields = self._named(path, told)
        for name in fields:
            if name not in known:
                shown = in_short(name, _LONGEST_QUOTE)
                self._tell((*path, name), f"there is no field '{shown}' here. Known: {_near(name, known)}")
        return fields

    def _named(self, path: Path, told: Any) -> Mapping[str, Any]:
        if told is None:
            return {}
        if isinstance(told, Mapping):
            return {str(name): each for name, each in told.items()}
        self._tell(path, "write names with their values here, one a line: NAME: VALUE")
        return {}

    def _list(self, path: Path, told: Any) -> list[Any]:
        if told is None:
            return []
        if isinstance(told, list):
            return told
        self._tell(path, "write a list here, each entry behind a dash")
        return []

    def _texts(self, path: Path, told: Any) -> tuple[str, ...]:
        return tuple(str(each) for each in ([told] if isinstance(told, str) else self._list(path, told)))

    def _names(self, path: Path, told: Any) -> tuple[str, ...]:
        names = self._texts(path, told)
        for place, name in enumerate(names):
            if not _NAME.fullmatch(name):
                self._tell((*path, place), f"'{in_short(name, _LONGEST_QUOTE)}' is no name of a family")
        return names

    def _tell(self, path: Path, reason: str) -> None:
        self.found.append(Finding(self._document.line_of((0, *path)), reason))


def _near(written: str, known: Iterable[str]) -> str:
    """Return the names that were perhaps meant."""
    listed = sorted(known)
    near = difflib.get_close_matches(written, listed, _SUGGESTIONS, cutoff=0.4) or listed[:_SUGGESTIONS]
    return ", ".join(near)


def _prefixed(written: str) -> str:
    return written if ":" in written else compact(SG.term(written))


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True
