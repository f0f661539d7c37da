"""Which of a term's texts a reader gets: the look-up of RFC 4647, then the nearest that there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

FALLBACK_LANGUAGE: Final = "en"


def text_in(texts: Mapping[str, str], lang: str, fallback: str = FALLBACK_LANGUAGE) -> str | None:
    """Return the text for a reader of a language, from texts by language tag; None where there is none at all.

    A tag is shortened from its end until a text has it ("pt-BR", "pt"); failing that, any text of the same language
    serves ("en-GB" for "en"), then the fallback in the same way, then a text without a tag, then whichever comes first.
    """
    if not texts:
        return None
    if exact := texts.get(lang.lower()):
        return exact
    # Backwards, so that of tags that differ in case only the first in order is left.
    tagged = {tag.lower(): text for tag, text in sorted(texts.items(), reverse=True)}
    for wanted in (lang.lower(), fallback.lower()):
        for tag in _lookup(wanted):
            if tag in tagged:
                return tagged[tag]
        language = wanted.partition("-")[0]
        for tag in sorted(tagged):
            if tag.partition("-")[0] == language:
                return tagged[tag]
    return tagged[min(tagged)]


def _lookup(tag: str) -> Iterator[str]:
    """Yield a tag and what is left of it, part by part; a single letter goes with what it introduces."""
    parts = tag.split("-")
    while parts:
        yield "-".join(parts)
        parts.pop()
        while parts and len(parts[-1]) == 1:  # RFC 4647, section 3.4
            parts.pop()
