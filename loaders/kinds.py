"""Kinds of files: which there are, what their names end in, and which a folder's load looks into."""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePath
from typing import Final

from stratagraph.ontology.errors import StratagraphError

AUTO: Final = "auto"
RDF_SUFFIXES: Final = (".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".jsonld")
YAML_SUFFIXES: Final = (".yaml", ".yml")
JSON_SUFFIX: Final = ".json"
XML_SUFFIX: Final = ".xml"
LINES_OF_JSON: Final = (".ndjson", ".jsonl")
SHARED_SUFFIXES: Final = (
    *YAML_SUFFIXES,
    JSON_SUFFIX,
    XML_SUFFIX,
    *LINES_OF_JSON,
    ".csv",
    ".tsv",
    ".md",
    ".prom",
    ".metrics",
    ".txt",
)
"""Ends of names that files of several kinds have, or of none of ours: the content says which."""
SUFFIXES: Final = (*RDF_SUFFIXES, *SHARED_SUFFIXES)


class Kind(StrEnum):
    """What a file is, as ``--kind`` says it."""

    RDF = "rdf"
    YAML = "yaml"
    CSV = "csv"
    LITELLM = "litellm"
    PRICES = "prices"
    KUBERNETES = "kubernetes"
    MLFLOW = "mlflow"
    HUGGINGFACE = "huggingface"
    MCP = "mcp"
    A2A = "a2a"
    MLBOM = "mlbom"
    SPDX = "spdx"
    CROISSANT = "croissant"
    BACKSTAGE = "backstage"
    OPENLINEAGE = "openlineage"
    PROMETHEUS = "prometheus"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of names that files of this kind may have."""
        return _SUFFIXES_OF.get(self, (JSON_SUFFIX,))


_SUFFIXES_OF: Final[dict[Kind, tuple[str, ...]]] = {
    # '.json' may be any: JSON-LD is often called so, and JSON is YAML too (since YAML 1.2).
    Kind.RDF: (*RDF_SUFFIXES, JSON_SUFFIX),
    Kind.YAML: (*YAML_SUFFIXES, JSON_SUFFIX),
    Kind.CSV: (".csv", ".tsv"),
    Kind.LITELLM: (*YAML_SUFFIXES, JSON_SUFFIX),
    Kind.KUBERNETES: (*YAML_SUFFIXES, JSON_SUFFIX),
    Kind.BACKSTAGE: (*YAML_SUFFIXES, JSON_SUFFIX),
    Kind.HUGGINGFACE: (".md",),
    Kind.OPENLINEAGE: (*LINES_OF_JSON, JSON_SUFFIX),
    Kind.MLBOM: (JSON_SUFFIX, XML_SUFFIX),
    Kind.MLFLOW: (JSON_SUFFIX, *LINES_OF_JSON),
    Kind.PROMETHEUS: (".prom", ".metrics", ".txt", JSON_SUFFIX),
    # Also what a tool for JSON-LD calls so; these are known by their own names, not as triples.
    Kind.SPDX: (JSON_SUFFIX, ".jsonld"),
    Kind.CROISSANT: (JSON_SUFFIX, ".jsonld"),
}


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


class UnknownContent(StratagraphError, slug="unknown-content", status=415):
    """A file whose name may be that of several kinds, and whose content is of none."""

    text = (
        "{file} is nothing that is known here: no inventory (an object with the list 'assets'), no JSON-LD (with "
        "'@context' or '@graph'), and none of the other formats. Write it as one of them, or say what it is with "
        "--kind: {kinds}."
    )

    file: str
    kinds: str = ", ".join(Kind)


class UnknownJson(UnknownContent, slug="unknown-json", status=415):
    """Such a file that is JSON."""


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
    """Whether the load of a folder looks into a file of this name."""
    return suffix_of(name) in (SUFFIXES if kind is None else kind.suffixes)
