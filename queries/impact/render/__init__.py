"""The impact answer, as plain data, written as a table, JSON, CSV or a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from stratagraph.ontology.json_text import json_bytes
from stratagraph.queries.impact.render.mermaid import mermaid
from stratagraph.queries.impact.render.rows import csv_text
from stratagraph.queries.impact.render.table import table

Document = dict[str, Any]


def _json(document: Document) -> str:
    return json_bytes(document).decode()


FORMATS: Final[Mapping[str, Callable[[Document], str]]] = {
    "table": table,
    "json": _json,
    "csv": csv_text,
    "mermaid": mermaid,
}


def render(document: Document, form: str) -> str:
    """Return the text of an impact document in one of ``FORMATS``, ending in a newline."""
    return FORMATS[form](document)


def rendered(document: Document, form: str) -> bytes:
    """Return the text as it is sent. A large answer's is megabytes long: it is not decoded to be encoded again."""
    return json_bytes(document) if form == "json" else render(document, form).encode()
