"""A table for a terminal: columns aligned, cut where the terminal ends, nothing in it that could steer the terminal."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import combining, east_asian_width

GAP: Final = "  "
NARROWEST: Final = 8
"""Characters that a column keeps at least, however narrow the terminal."""
ELLIPSIS: Final = "…"


def on_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout.isatty()


def grid(columns: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None) -> str:
    """Return the lines of a table under its headings; without a width nothing is cut."""
    shown = [[_plain(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(map(_width, cells)) for cells in zip(*shown, strict=True)]
    if width is not None:
        widths = _fitted(widths, width - len(GAP) * (len(widths) - 1))
    head, *body = (_line(row, widths) for row in shown)
    rule = GAP.join("─" * each for each in widths)
    return "\n".join([head, rule, *body])


def terminal_width() -> int | None:
    """Return how many characters a line of the terminal has; None where there is no terminal."""
    return shutil.get_terminal_size().columns if on_terminal() else None


def _plain(text: str) -> str:
    """Return the text on one line and without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


def _width(text: str) -> int:
    """Return how many cells of a terminal the text takes."""
    return sum(map(_cells, text))


def _cells(character: str) -> int:
    if combining(character):
        return 0
    # Wide and full-width characters take two cells (Unicode Standard Annex 11).
    return 2 if east_asian_width(character) in "WF" else 1


def _fitted(widths: list[int], room: int) -> list[int]:
    """Take what is too much from the widest columns."""
    fitted = list(widths)
    # One cell at a time, so that columns which are equally wide stay so.
    while sum(fitted) > room and max(fitted) > NARROWEST:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cut = (_cut(cell, width) for cell, width in zip(row, widths, strict=True))
    return GAP.join(cell + " " * (width - _width(cell)) for cell, width in zip(cut, widths, strict=True)).rstrip()


def _cut(text: str, width: int) -> str:
    return text if _width(text) <= width else "".join(_beginning(text, width - 1)) + ELLIPSIS


def _beginning(text: str, width: int) -> Iterator[str]:
    for character in text:
        width -= _cells(character)
        if width < 0:
            return
        yield character
