"""Entities of a catalogue: which asset each is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from stratagraph.loaders.formats.backstage.entity_references import DEFAULT, Reference
from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.document import Document
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

ANY: Final = "*"
_APART: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity with its place; ``cls`` is the class of its asset, "" where it is none."""

    reference: Reference
    cls: Iri
    values: Mapping[str, Any]
    at: Path


def entities(document: Document) -> Iterator[tuple[Any, Path]]:
    """Yield the values of each entity: one to a document, or a list as the catalogue's API answers."""
    for number, value in enumerate(document.yaml):
        if isinstance(value, list):
            yield from ((item, (number, place)) for place, item in enumerate(value))
        elif isinstance(value, Mapping) and isinstance(value.get("items"), list):
            yield from ((item, (number, "items", place)) for place, item in enumerate(value["items"]))
        elif value is not None:
            yield value, (number,)


def is_entity(value: Any) -> bool:
    """Whether a value is an entity of Backstage."""
    return (
        isinstance(value, Mapping)
        and isinstance(version := value.get("apiVersion"), str)
        and version.startswith(load_names()["group"])
        and isinstance(value.get("kind"), str)
    )


def is_foreign(value: Any) -> bool:
    """Whether a value is of a catalogue, but of a group of kinds that a plugin brings."""
    version = value.get("apiVersion") if isinstance(value, Mapping) else None
    return isinstance(version, str) and f".{load_names()['group']}" in version and isinstance(value.get("kind"), str)


def entity_of(values: Mapping[str, Any], at: Path) -> Entity | None:
    """Return an entity; None where it has no name."""
    metadata, spec = values.get("metadata"), values.get("spec")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = metadata.get("name"), metadata.get("namespace") or DEFAULT
    if not isinstance(name, str) or not name.strip() or not isinstance(namespace, str):
        return None
    kind = str(values["kind"]).lower()
    type_ = spec.get("type") if isinstance(spec, Mapping) else ""
    reference = Reference(kind, namespace.strip().lower(), name.strip().lower())
    return Entity(reference, class_of(kind, type_ if isinstance(type_, str) else ""), values, at)


def class_of(kind: str, type_: str) -> Iri:
    """Return the class of what is of a kind and a type, "" for what is no asset."""
    types: Mapping[str, str] = load_names()["classes"].get(kind, {ANY: ""})
    name = types.get(_APART.sub("", type_.lower())) or types.get(ANY, "")
    return SG.term(name) if name else ""


def known_kind(kind: str) -> bool:
    """Whether a kind of entities is one that Backstage has itself."""
    return kind in load_names()["classes"]


def described(documents: Iterable[Document]) -> dict[str, Entity]:
    """Return the entities of several documents by their full references."""
    found: dict[str, Entity] = {}
    for document in documents:
        for value, at in entities(document):
            if is_entity(value) and (entity := entity_of(value, at)):
                found.setdefault(str(entity.reference), entity)
    return found


@lru_cache(maxsize=1)
def load_names() -> Mapping[str, Any]:
    """Return the kinds, types and fields that the package knows."""
    data: Mapping[str, Any] = json.loads(
        (files("stratagraph.loaders.formats.backstage") / "names.json").read_text("utf-8")
    )
    return data
