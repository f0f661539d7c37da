"""Who is who, as tables for spreadsheets: a line for each pair that may be one, and for each witness of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from stratagraph.queries.csv_rows import csv_rows

SUGGESTIONS: Final = ("id", "first", "firstName", "second", "secondName", "reason", "text")
FINDINGS: Final = ("asset", "name", "attribute", "label", "value", "source", "method", "firstSeen")


def suggestions_csv(answer: Mapping[str, Any]) -> str:
    """Return the suggestions of an answer of ``/api/suggestions``."""
    return csv_rows(SUGGESTIONS, map(_pair, answer["suggestions"]))


def findings_csv(answer: Mapping[str, Any]) -> str:
    """Return the findings of an answer of ``/api/findings``."""
    return csv_rows(FINDINGS, (row for found in answer["findings"] for row in _said(found)))


def _pair(found: Mapping[str, Any]) -> dict[str, object]:
    first, second = found["assets"]
    return {
        **{name: found[name] for name in ("id", "reason", "text")},
        "first": first["iri"],
        "firstName": first["name"],
        "second": second["iri"],
        "secondName": second["name"],
    }


def _said(found: Mapping[str, Any]) -> Iterator[dict[str, object]]:
    asset = {"asset": found["asset"]["iri"], "name": found["asset"]["name"]}
    for said in found["values"]:
        for witness in said["witnesses"]:
            yield {**asset, "attribute": found["attribute"], "label": found["label"], "value": said["value"], **witness}
