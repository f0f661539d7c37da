"""What a file is: by what was said, by its name where that is enough, else by its content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.registry import mixed, recognised
from stratagraph.loaders.kinds import (
    JSON_SUFFIX,
    RDF_SUFFIXES,
    SHARED_SUFFIXES,
    YAML_SUFFIXES,
    Kind,
    UnknownContent,
    UnknownJson,
    UnknownKindOfFile,
    suffix_of,
)
from stratagraph.ontology.syntax.parsing import RdfSyntax

_SECTIONS: Final = frozenset({"assets", "prefixes"})
_OF_OBJECTS: Final = frozenset(
    {Kind.LITELLM, Kind.KUBERNETES, Kind.BACKSTAGE, Kind.MLBOM, Kind.MCP, Kind.A2A, Kind.SPDX, Kind.CROISSANT}
)
"""Kinds that are known by the names in an object, of which one object may have those of two."""
_NEXT: Final = b"\n---"
"""What stands between two documents of one file."""
_SECTION: Final = re.compile(rb"^(?:\xef\xbb\xbf)?(?:assets|prefixes)[ \t]*:", re.MULTILINE)
"""A section of an inventory at the beginning of a line, where only the outermost names of a YAML file stand."""


def kind_of(document: Document, kind: Kind | None, *, meant: bool = True) -> Kind:
    """Return what a file is; one that is ``meant``, not only found, is whatever its name allows alone.

    Raises:
        UnknownKindOfFile: neither ``kind`` nor the name says it.
        UnknownContent: the name may be that of several kinds, and the content is of none.
        MalformedDocument: it is no JSON, whose kind can't be known then.
    """
    if kind is not None:
        return kind
    suffix = suffix_of(document.name)
    if suffix in SHARED_SUFFIXES:
        return _by_content(document, suffix, meant=meant)
    if suffix in RDF_SUFFIXES:
        return recognised(document, _kinds_named(suffix)) or Kind.RDF
    found = content_of(document)
    if found is None:
        raise UnknownKindOfFile(file=document.name)
    return found


def content_of(document: Document) -> Kind | None:
    """Return what a document without a telling name is, None where its content does not say."""
    if not document.data.strip():
        return None
    try:
        return _by_content(document, JSON_SUFFIX if document.is_json else "")
    except (UnknownContent, MalformedDocument):
        return None


def syntax_of(name: str) -> RdfSyntax:
    """Return the syntax in which a file of RDF is read; where its name does not tell, Turtle, which takes N-Triples."""
    suffix = suffix_of(name)
    if suffix == JSON_SUFFIX:
        return RdfSyntax.JSONLD
    return RdfSyntax.of_file(name) if suffix in RDF_SUFFIXES else RdfSyntax.TURTLE


def _kinds_named(suffix: str) -> tuple[Kind, ...]:
    """Return the kinds whose names may end so; all where there is no such end."""
    return tuple(kind for kind in Kind if not suffix or suffix in kind.suffixes)


def _by_content(document: Document, suffix: str, *, meant: bool = False) -> Kind:
    kinds = _kinds_named(suffix)
    if Kind.YAML in kinds and _is_inventory(document):
        if _NEXT in document.data and (others := mixed(document, kinds)):
            raise _of_several(document, [(Kind.YAML, 1), *others])
        return Kind.YAML
    if found := recognised(document, kinds):
        if found in _OF_OBJECTS and (second := recognised(document, _OF_OBJECTS - {found})):
            raise _of_several(document, [(found, 1), (second, 1)])
        return found
    if len(several := mixed(document, kinds)) > 1:
        raise _of_several(document, several)
    if document.is_json and Kind.RDF in kinds and _is_json_ld(document.json):
        return Kind.RDF
    # Its reader says what is wrong with it.
    if meant and suffix in Kind.CSV.suffixes:
        return Kind.CSV
    if suffix in YAML_SUFFIXES and not document.values:
        return Kind.YAML  # its reader says with a line what is wrong with it
    raise (UnknownJson if document.is_json else UnknownContent)(file=document.name)


def _of_several(document: Document, parts: Sequence[tuple[Kind, int]]) -> MalformedDocument:
    """Return the refusal of a file that is of two kinds."""
    (first, before), (second, after) = parts[:2]
    return MalformedDocument(
        file=document.name,
        line=max(after, 1),
        reason=f"this is of the kind '{second}', and what stands on line {max(before, 1)} is of the kind '{first}'; "
        f"put each in a file of its own.",
    )


def _is_inventory(document: Document) -> bool:
    """Whether a document is an inventory of ours, by its sections; an empty one is."""
    data = document.data
    if not data.strip():
        return True
    if document.is_json and suffix_of(document.name) not in YAML_SUFFIXES:
        return _has_sections(document.json) or document.json == {}
    if _SECTION.search(data):
        return True
    values = document.values
    return values in ([None], [{}]) or (len(values) == 1 and _has_sections(values[0]))


def _has_sections(value: object) -> bool:
    return isinstance(value, dict) and not _SECTIONS.isdisjoint(value)


def _is_json_ld(root: object) -> bool:
    entries = root if isinstance(root, list) else [root]
    return any(isinstance(entry, dict) and any(key.startswith("@") for key in entry) for entry in entries)
