"""The impact answer, as plain data, written as a table, JSON, CSV or a Mermaid diagram."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from stratagraph.queries.impact.render.mermaid import mermaid
from stratagraph.queries.impact.render.rows import csv_text
from stratagraph.queries.impact.render.table import table

Document = dict[str, Any]


def _json(document: Document) -> str:
    # The standard library writes what is indented in pure Python: half a second where this takes 15 ms.
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


FORMATS: Final[Mapping[str, Callable[[Document], str]]] = {
    "table": table,
    "json": _json,
    "csv": csv_text,
    "mermaid": mermaid,
}


def render(document: Document, form: str) -> str:
    """Return the text of an impact document in one of ``FORMATS``, ending in a newline."""
    return FORMATS[form](document)
