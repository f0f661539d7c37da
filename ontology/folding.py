"""Names as people type them: case and accents do not matter."""

from __future__ import annotations

import unicodedata
from typing import Final

_STROKES: Final = str.maketrans("łøđħŧ", "lodht")
"""Letters that Unicode does not part into a letter and its mark, as those with an accent."""


def fold(text: str) -> str:
    """Return the text without case and accents."""
    if text.isascii():  # the same in all the steps below, and most texts are
        return text.casefold().strip()
    lowered = unicodedata.normalize("NFKD", text).casefold()
    # Once more, for letters may part further when their case is folded (Unicode Standard, section 3.13).
    decomposed = unicodedata.normalize("NFKD", lowered).translate(_STROKES)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip()
