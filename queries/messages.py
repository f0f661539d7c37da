"""The sentences of answers that are not the ontology's own, one JSON file per language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "pt-BR")


def language(text: str) -> str:
    """Return the supported language that a tag such as ``pt``, ``pt-br`` or ``en-GB`` asks for; English by default."""
    primary = text.partition("-")[0].lower()
    return next((tag for tag in LANGUAGES if tag.partition("-")[0] == primary), LANGUAGES[0])


@lru_cache
def messages(topic: str, tag: str) -> Mapping[str, str]:
    """Return the texts of a topic (``impact``) in a language."""
    path = files("stratagraph.queries") / "texts" / f"{topic}.{language(tag).lower()}.json"
    texts: dict[str, str] = json.loads(path.read_text("utf-8"))
    return texts
