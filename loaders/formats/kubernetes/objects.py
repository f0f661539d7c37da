"""The objects of a document: each alone, in a list, or in an answer of the API that leaves out what all have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.document import Document

LIST: Final = "List"
TEMPLATE: Final = "{{"
_OTHERS: Final = "backstage.io/"
"""The end of groups of versions whose files look like Kubernetes' and belong to somebody else."""


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """One object: its kind, group and version, its values and where they stand."""

    kind: str
    group: str
    version: str
    values: Mapping[str, Any]
    at: Path

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What is said of the object itself."""
        return mapping(self.values.get("metadata"))

    @property
    def namespace(self) -> str:
        """The namespace, "" where none is named: where it will be is up to who applies it."""
        return text(self.metadata.get("namespace"))

    @property
    def name(self) -> str:
        """The object's own name."""
        return text(self.metadata.get("name"))

    @property
    def key(self) -> str:
        """Namespace and name."""
        return qualified(self.namespace, self.name)

    @property
    def labels(self) -> Mapping[str, Any]:
        """The labels."""
        return mapping(self.metadata.get("labels"))

    def within(self, path: list[str]) -> Mapping[str, Any]:
        """Return the mapping that a path leads to, an empty one where there is none."""
        value: Any = self.values
        for part in path:
            value = mapping(value).get(part)
        return mapping(value)


def qualified(namespace: str, name: str) -> str:
    """Return a name with its namespace."""
    return f"{namespace}/{name}" if namespace else name


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a value that is a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a value that is a text."""
    return value.strip() if isinstance(value, str) else ""


def is_object(value: Any) -> bool:
    """Whether a value is an object of Kubernetes, or a list of them."""
    if not isinstance(value, Mapping):
        return False
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str) or _OTHERS in version:
        return False
    return isinstance(value.get("metadata"), Mapping) or isinstance(value.get("items"), list)


def objects(document: Document) -> Iterator[KubernetesObject]:
    """Yield every object, those of lists one by one."""
    for number, value in enumerate(document.yaml):
        if isinstance(value, list):
            for place, item in enumerate(value):
                yield from _within(item, (number, place), "", "")
        elif value is not None:
            yield from _within(value, (number,), "", "")


def _within(value: Any, at: Path, kind: str, version: str) -> Iterator[KubernetesObject]:
    values = mapping(value)
    kind = text(values.get("kind")) or kind
    version = text(values.get("apiVersion")) or version
    if kind.endswith(LIST) and isinstance(values.get("items"), list):
        # In an answer of the API the entries of a PodList don't say that each is a Pod.
        listed = kind.removesuffix(LIST)
        for place, item in enumerate(values["items"]):
            yield from _within(item, (*at, "items", place), listed, version if listed else "")
        return
    group, _, number = version.rpartition("/")
    yield KubernetesObject(kind, group, number, values, at)
