"""The words around the ontology's own, one JSON file per language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "pt-BR")


@lru_cache
def _texts(tag: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(
        (files("stratagraph.service.reference") / "texts" / f"{tag}.json").read_text("utf-8")
    )
    return found


def texts(lang: str) -> Mapping[str, str]:
    """Return the words in Portuguese where a tag asks for it, else in English."""
    return _texts("pt-br" if lang.lower().partition("-")[0] == "pt" else "en")
