"""How the description speaks of bodies that are no JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

REF: Final = "#/components/schemas/{model}"
"""Where the description keeps the form of a model."""

_JSON: Final = "application/json"


def texts(media_types: Iterable[str]) -> dict[str, Any]:
    """Return the content of an answer or a body in these media types; that of JSON is told by its model."""
    plain = (media_type.partition(";")[0] for media_type in media_types)
    return {media_type: {"schema": _form(media_type)} for media_type in plain if media_type != _JSON}


def _form(media_type: str) -> dict[str, Any]:
    """Return the form of a text; that of YAML and JSON may be anything that their readers make of it."""
    return {} if media_type.endswith(("yaml", "json")) else {"type": "string"}
