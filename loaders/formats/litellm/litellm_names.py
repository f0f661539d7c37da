"""What LiteLLM calls its providers and fields, read from data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from stratagraph.loaders.formats.fields import Ignored, tree
from stratagraph.loaders.genai.meanings import load_meanings


@dataclass(frozen=True, slots=True)
class Route:
    """What stands before a model's name: whose it is, and which engine of one's own answers; "" where nobody."""

    prefix: str
    provider: str
    engine: str


class Names:
    """The vocabulary of LiteLLM."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Take the parsed data."""
        self.marks = frozenset(data["marks"])
        self.own = frozenset(data["own"])
        self.compatible = frozenset(data["compatible"])
        self.public_hosts = tuple(data["public_hosts"])
        self.named_by_users = frozenset(data["named_by_users"])
        self.no_models = frozenset(data["no_models"])
        self._engines: Mapping[str, str] = data["engines"]
        self._nobody = frozenset(data["nobody"])
        self._providers = frozenset(data["providers"])
        self._data = data

    def route(self, prefix: str) -> Route:
        """Return what a prefix of a model, or ``custom_llm_provider``, stands for."""
        engine = self._engines.get(prefix, "")
        nobody = not prefix or engine or prefix in self._nobody
        return Route(prefix, "" if nobody else load_meanings().provider(prefix), engine)

    def split(self, model: str) -> tuple[str, str]:
        """Return the prefix that only LiteLLM knows, "" where there is none, and the rest of a model's name."""
        prefix, slash, rest = model.partition("/")
        return (prefix, rest) if slash and prefix in self._providers else ("", model)

    def prefix(self, model: str) -> str:
        """Return the provider that a model's name begins with, "" where it begins with none."""
        prefix, slash, _ = model.partition("/")
        known = prefix in self._providers or prefix in self._engines or bool(load_meanings().model(model).route)
        return prefix if slash and (known or prefix in self.no_models) else ""

    @cached_property
    def ignored(self) -> Ignored:
        """The fields of a configuration that say nothing of any asset."""
        within = [f"model_list.{part}.{name}" for part in ("litellm_params", "model_info") for name in self._data[part]]
        answered = [path.replace("model_list.", "data.", 1) for path in within]
        return tree([*self._data["ignored"], *within, *answered, *self._data["page"]])


@lru_cache(maxsize=1)
def load_names() -> Names:
    """Return the vocabulary that ships with the package."""
    text = (files("stratagraph.loaders.formats.litellm") / "names.json").read_text("utf-8")
    return Names(json.loads(text))
