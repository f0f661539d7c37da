"""All formats, each loaded when a file may be one: most runs meet one or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, Final

from stratagraph.loaders.formats.core_yaml import Path
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
    Kind.MLBOM: "mlbom.bill",
    Kind.MCP: "mcp",
    Kind.A2A: "a2a",
    Kind.MLFLOW: "mlflow",
    Kind.SPDX: "spdx",
    Kind.CROISSANT: "croissant",
}
"""The module of each format, below this package; its ``FORMAT`` is the format."""


_MOST_PARTS: Final = 100
"""Parts of a document of no kind that are looked at, to tell what is the matter with it."""


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


def mixed(document: Document, kinds: Iterable[Kind]) -> list[tuple[Kind, int]]:
    """Return the kinds of the parts of a document that is of none as a whole, with their lines, each once."""
    known = [kind for kind in kinds if kind in MODULES]
    found: dict[Kind, int] = {}
    for at, value in islice(_parts(document), _MOST_PARTS):
        kind = recognised(Document(document.name, json.dumps(value, default=str).encode()), known)
        if kind:
            found.setdefault(kind, document.line_of(at))
    return list(found.items())


def _parts(document: Document) -> Iterator[tuple[Path, Any]]:
    """Yield the documents of a file, or the entries of its only list."""
    values = document.values
    if len(values) == 1 and isinstance(values[0], list):
        yield from (((0, place), value) for place, value in enumerate(values[0]))
    else:
        yield from (((number,), value) for number, value in enumerate(values))


def recognised(document: Document, kinds: Iterable[Kind]) -> Kind | None:
    """Return the first of some kinds that a document is of, None where it is of none of them."""
    return next((kind for kind in kinds if kind in MODULES and format_of(kind).recognises(document)), None)
