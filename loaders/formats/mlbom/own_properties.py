"""Properties in which our own export writes down what CycloneDX has no word for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from stratagraph.ontology.namespaces import MLBOM_PROPERTY

if TYPE_CHECKING:
    from stratagraph.loaders.formats.fields import Fields

KIND: Final = "kind"
"""The property by which our own export says of which class a component is; no type of CycloneDX does."""


def property_of(fields: Fields, name: str) -> str:
    """Return the value of a property of ours, "" where there is none."""
    return next((value for found, value in own_properties(fields) if found == name), "")


def own_properties(fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield the properties that our own export has written, without what their names begin with."""
    for each in listed(fields.values.get("properties")):
        name, value = each.get("name"), each.get("value")
        if isinstance(name, str) and isinstance(value, str) and name.startswith(MLBOM_PROPERTY):
            yield name.removeprefix(MLBOM_PROPERTY), value


def listed(value: Any) -> list[Any]:
    """Return the mappings of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
