"""Kinds of files: which there are, how a name or a content tells them, and which a folder's load reads."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.syntax.parsing import RdfSyntax

AUTO: Final = "auto"
RDF_SUFFIXES: Final = (".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".jsonld")
YAML_SUFFIXES: Final = (".yaml", ".yml")
JSON_SUFFIX: Final = ".json"
SUFFIXES: Final = (*RDF_SUFFIXES, *YAML_SUFFIXES, JSON_SUFFIX)


class Kind(StrEnum):
    """What a file is, as ``--kind`` says it."""

    RDF = "rdf"
    YAML = "yaml"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of names that files of this kind may have."""
        # '.json' may be either: JSON-LD is often called so, and JSON is YAML too (since YAML 1.2).
        return (*RDF_SUFFIXES, JSON_SUFFIX) if self is Kind.RDF else (*YAML_SUFFIXES, JSON_SUFFIX)


class UnknownKindOfFile(StratagraphError, slug="unknown-kind-of-file", status=415):
    """A file whose kind can't be told from its name."""

    text = "What is {file}? Its name ends in none of {suffixes}. Say it with --kind: {kinds}."

    file: str
    suffixes: str = ", ".join(SUFFIXES)
    kinds: str = ", ".join(Kind)


class UnknownKind(StratagraphError, slug="unknown-kind", status=400):
    """A kind of file that does not exist."""

    text = "There is no kind of file '{kind}'. Say --kind {kinds}, or leave it out."

    kind: str
    kinds: str = ", ".join(Kind)


class UnknownJson(StratagraphError, slug="unknown-json", status=415):
    """A JSON file that is neither an inventory nor JSON-LD."""

    text = (
        "{file} is neither an inventory (an object with the list 'assets') nor JSON-LD (with '@context' or '@graph'). "
        "Write it as one of them, or say what it is with --kind: {kinds}."
    )

    file: str
    kinds: str = ", ".join(Kind)


def kind_named(name: str) -> Kind | None:
    """Return the kind that ``--kind`` names; None where each file's name decides.

    Raises:
        UnknownKind: there is none of this name.
    """
    if name == AUTO:
        return None
    try:
        return Kind(name)
    except ValueError:
        raise UnknownKind(kind=name) from None


def suffix_of(name: str) -> str:
    """Return the end of a file's name, in lower case: a file system may keep either case."""
    return PurePath(name).suffix.lower()


def is_read(name: str, kind: Kind | None) -> bool:
    """Whether the load of a folder reads a file of this name."""
    return suffix_of(name) in (SUFFIXES if kind is None else kind.suffixes)


def kind_of(data: bytes, name: str, kind: Kind | None) -> tuple[Kind, RdfSyntax]:
    """Return what a file is, and the syntax to read it in where it is RDF.

    Raises:
        UnknownKindOfFile: neither ``kind`` nor the name says it.
        UnknownJson: a JSON file that is none of ours.
    """
    suffix = suffix_of(name)
    if suffix == JSON_SUFFIX:
        return kind or _kind_of_json(data, name), RdfSyntax.JSONLD
    # Where the name does not tell, Turtle, which takes N-Triples as well.
    syntax = RdfSyntax.of_file(name) if suffix in RDF_SUFFIXES else RdfSyntax.TURTLE
    if kind is not None:
        return kind, syntax
    if suffix in YAML_SUFFIXES:
        return Kind.YAML, syntax
    if suffix in RDF_SUFFIXES:
        return Kind.RDF, syntax
    raise UnknownKindOfFile(file=name)


def _kind_of_json(data: bytes, name: str) -> Kind:
    """Tell an inventory from JSON-LD by its names; a file that is no JSON is told as an inventory."""
    if not data.strip():
        return Kind.YAML
    try:
        root = json.loads(data)
    # Also where it nests too deep for this parser: the reader of inventories says so with a line.
    except (ValueError, RecursionError):
        return Kind.YAML
    entries = root if isinstance(root, list) else [root]
    if root == {} or (isinstance(root, dict) and "assets" in root):
        return Kind.YAML
    if any(isinstance(entry, dict) and any(key.startswith("@") for key in entry) for entry in entries):
        return Kind.RDF
    raise UnknownJson(file=name)
