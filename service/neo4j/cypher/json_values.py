"""Neo4j's values as JSON."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any, Final

import orjson
from neo4j.graph import Node, Path, Relationship
from neo4j.spatial import Point
from neo4j.time import Date, DateTime, Duration, Time


def row_json(values: list[Any]) -> bytes:
    """Return one row as a JSON array."""
    return orjson.dumps([plain(value) for value in values])


def plain(value: Any) -> Any:
    """Return a value as JSON; one that JSON lacks becomes an object with ``_type``, or text."""
    # JSON has no such numbers, and orjson would write null.
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    convert = next((convert for kind, convert in _CONVERSIONS.items() if isinstance(value, kind)), None)
    return convert(value) if convert else value


def _node(node: Node) -> dict[str, Any]:
    return {
        "_type": "node",
        "id": node.element_id,
        "labels": sorted(node.labels),
        "properties": plain(dict(node)),
    }


def _relationship(tie: Relationship) -> dict[str, Any]:
    start, end = tie.nodes
    return {
        "_type": "relationship",
        "id": tie.element_id,
        "type": tie.type,
        "start": start.element_id if start else None,
        "end": end.element_id if end else None,
        "properties": plain(dict(tie)),
    }


def _path(path: Path) -> dict[str, Any]:
    return {
        "_type": "path",
        "nodes": [_node(node) for node in path.nodes],
        "relationships": [_relationship(tie) for tie in path.relationships],
    }


def _point(point: Point) -> dict[str, Any]:
    return {"_type": "point", "srid": point.srid, "coordinates": list(point)}


def _iso(value: Any) -> str:
    return str(value.iso_format())


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


_CONVERSIONS: Final[dict[Any, Callable[[Any], Any]]] = {
    Node: _node,
    Relationship: _relationship,
    Path: _path,
    Point: _point,
    (Date, DateTime, Time, Duration): _iso,
    (bytes, bytearray): _bytes,
}
