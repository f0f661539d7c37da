"""Names as people type them: case and accents do not matter."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():  # the same in all the steps below, and most texts are
        return text.casefold().strip()
    lowered = unicodedata.normalize("NFKD", text).casefold()
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()
