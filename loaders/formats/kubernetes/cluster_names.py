"""The names of Kubernetes, of KServe and of what runs there, read from data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, Final

from stratagraph.loaders.formats.fields import Ignored, tree

_APART: Final = re.compile(r"[._-]")


class Names:
    """The vocabulary of clusters."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the parsed data."""
        self.amounts = frozenset(data["amounts"])
        self.products = tuple(data["products"])
        self.regions = tuple(data["regions"])
        self.part_of: str = data["part_of"]
        self.no_systems = frozenset(data["no_systems"])
        self.served_by = tuple(data["served_by"])
        self.releases = tuple(data["releases"])
        self.scalers: Mapping[str, list[str]] = data["scalers"]
        self.variables: Mapping[str, list[str]] = data["variables"]
        self.workloads: Mapping[str, list[list[str]]] = data["workloads"]
        self.no_assets = frozenset(data["no_assets"])
        self.versions: Mapping[str, list[str]] = data["versions"]
        self.frameworks = tuple(data["frameworks"])
        self.engines: Mapping[str, list[str]] = data["engines"]
        self._beside = tuple(data["beside_engines"])
        self.images_with_models = tuple(data["images_with_models"])
        self.flags: Mapping[str, list[str]] = data["flags"]
        self._accelerators = tuple(data["accelerators"])
        self._ignored: Mapping[str, list[str]] = data["ignored"]

    def is_accelerator(self, resource: str) -> bool:
        """Whether a resource is counted in accelerators, and not in parts of one."""
        if not self.amounts.isdisjoint(_APART.split(resource.rpartition("/")[2])):
            return False
        return any(_fits(resource, name) for name in self._accelerators)

    def engine(self, words: Iterable[str]) -> str:
        """Return the serving engine that an image or a command names, "" where it names none, or a part beside one."""
        told = " ".join(words).lower()
        if any(part in told for part in self._beside):
            return ""
        return next((engine for engine, parts in self.engines.items() if any(part in told for part in parts)), "")

    @cached_property
    def ignored(self) -> Mapping[str, Ignored]:
        """By kind of object, the fields that say nothing of any asset."""
        return {kind: tree(paths) for kind, paths in self._ignored.items()}


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@lru_cache(maxsize=1)
def load_names() -> Names:
    """Return the vocabulary that ships with the package."""
    text = (files("stratagraph.loaders.formats.kubernetes") / "names.json").read_text("utf-8")
    return Names(json.loads(text))
