"""The sentences of answers that are not the ontology's own, one JSON file per language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

from stratagraph.ontology.errors import StratagraphError

LANGUAGES: Final = ("en", "pt-BR")

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class UnknownLanguage(StratagraphError, slug="unknown-language", status=422):
    """A language that answers are not written in."""

    text = "Answers are not written in {given!r}. Ask for one of: {known}."

    given: str
    known: str = ", ".join(LANGUAGES)


def language(text: str) -> str:
    """Return the supported language that a tag such as ``pt``, ``pt-br`` or ``en-GB`` asks for.

    Raises:
        UnknownLanguage: it asks for another, or is no tag.
    """
    primary = text.partition("-")[0].lower()
    # The first part of the tag decides: what is written for Brazil is there for whoever asks for Portuguese.
    found = next((tag for tag in LANGUAGES if tag.partition("-")[0] == primary), None)
    if found is None or not _TAG.fullmatch(text):
        raise UnknownLanguage(given=text)
    return found


@lru_cache
def messages(topic: str, tag: str) -> Mapping[str, str]:
    """Return the texts of a topic (``impact``) in a language."""
    path = files("stratagraph.queries") / "texts" / f"{topic}.{language(tag).lower()}.json"
    texts: dict[str, str] = json.loads(path.read_text("utf-8"))
    return texts


def plural(texts: Mapping[str, str], key: str, count: int, **values: object) -> str:
    """Return a text about so many things; ``KEY-one`` is about a single one, ``KEY-many`` about any other number."""
    return texts[f"{key}-{'one' if count == 1 else 'many'}"].format(**values, count=count)
