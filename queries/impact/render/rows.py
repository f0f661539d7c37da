"""The impact answer as CSV: one row per affected asset, nothing left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stratagraph.queries.csv_rows import csv_rows

Document = dict[str, Any]

COLUMNS: Final = (
    "level",
    "iri",
    "label",
    "class",
    "direction",
    "hops",
    "strength",
    "aspect",
    "aspects",
    "mode",
    "course",
    "basis",
    "path",
    "because",
)


def csv_text(document: Document) -> str:
    """Return RFC 4180 rows under one heading row; a cut answer ends with a row that says so."""
    return csv_rows(COLUMNS, _rows(document))


def _rows(document: Document) -> Iterator[dict[str, object]]:
    for level in document["levels"]:
        for asset in level["assets"]:
            yield _row(level["level"], asset)
    if document["partial"]:
        yield {"level": "partial", "because": document["partialReason"]}


def _row(level: str, asset: Document) -> dict[str, object]:
    path = asset["path"]
    return {
        "level": level,
        "iri": asset["iri"],
        "label": asset["label"],
        "class": asset["classLabel"],
        "direction": asset["direction"],
        "hops": asset["hops"],
        "strength": asset["strength"],
        "aspect": asset["aspect"],
        "aspects": " ".join(f"{name}={strength}" for name, strength in asset["aspects"].items()),
        "mode": asset["mode"],
        "course": asset["course"],
        "basis": " ".join("measured" if hop["measured"] else "declared" for hop in path),
        "path": " > ".join([path[0]["from"]["label"], *(hop["to"]["label"] for hop in path)]),
        "because": " ".join(hop["reason"] for hop in path),
    }
