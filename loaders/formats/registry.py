"""All formats, each loaded when a file may be one: most runs meet one or none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Final

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.format import Format, Including
from stratagraph.loaders.kinds import Kind, UnknownKind

MODULES: Final = {
    Kind.CSV: "csv_table",
    Kind.PROMETHEUS: "prometheus.told_file",
    Kind.LITELLM: "litellm.config",
    Kind.PRICES: "litellm.price_map",
    Kind.KUBERNETES: "kubernetes.manifests",
    Kind.HUGGINGFACE: "huggingface",
    Kind.BACKSTAGE: "backstage.catalogue",
    Kind.OPENLINEAGE: "openlineage.lineage_events",
    Kind.MLBOM: "mlbom",
    Kind.MCP: "mcp",
    Kind.A2A: "a2a",
    Kind.MLFLOW: "mlflow",
    Kind.SPDX: "spdx",
    Kind.CROISSANT: "croissant",
}
"""The module of each format, below this package; its ``FORMAT`` is the format."""


@cache
def format_of(kind: Kind) -> Format:
    """Return the format of a kind, its module loaded.

    Raises:
        UnknownKind: it is no format's.
    """
    if kind not in MODULES:
        raise UnknownKind(kind=kind)
    found: Format = import_module(f"stratagraph.loaders.formats.{MODULES[kind]}").FORMAT
    return found


def inclusions(document: Document) -> list[str]:
    """Return the files that a document includes, as it names them: they have to be loaded with it."""
    form = format_of(Kind.LITELLM) if b"include" in document.data else None
    return form.includes(document) if isinstance(form, Including) else []


def recognised(document: Document, kinds: Iterable[Kind]) -> Kind | None:
    """Return the first of some kinds that a document is of, None where it is of none of them."""
    return next((kind for kind in kinds if kind in MODULES and format_of(kind).recognises(document)), None)
