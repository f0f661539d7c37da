"""The mappings that ship, and one's own before them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from weakref import WeakKeyDictionary

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.mapping import MappingSet, MappingTable
from stratagraph.loaders.formats.prometheus.mapping_reader import Finding, read_mapping
from stratagraph.ontology.model import OntologyModel

_SHIPPED: WeakKeyDictionary[OntologyModel, tuple[MappingTable, ...]] = WeakKeyDictionary()


def shipped(model: OntologyModel) -> tuple[MappingTable, ...]:
    """Return the mappings that ship with the package, by name."""
    if model not in _SHIPPED:
        folder = files("stratagraph.loaders.formats.prometheus") / "mappings"
        found = sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name)
        _SHIPPED[model] = tuple(read_mapping(Document(each.name, each.read_bytes()), model)[0] for each in found)
    return _SHIPPED[model]


def mappings(model: OntologyModel, own: Iterable[Document] = ()) -> MappingSet:
    """Return the mappings that ship behind one's own.

    Raises:
        MalformedDocument: one of one's own has a mistake.
    """
    tables = []
    for document in own:
        table, findings = read_mapping(document, model)
        if findings:
            first = findings[0]
            raise MalformedDocument(file=document.name, line=first.line, reason=first.reason)
        tables.append(table)
    return MappingSet((*tables, *shipped(model)))


def check_mapping(path: Path, model: OntologyModel) -> tuple[Finding, ...]:
    """Return what is wrong with the mapping of a file, each with its line.

    Raises:
        MalformedDocument: it is no YAML.
    """
    return read_mapping(Document(str(path), path.read_bytes()), model)[1]
