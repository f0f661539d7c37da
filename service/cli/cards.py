"""Assets in a list: what ``search`` and ``list`` print."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from stratagraph.queries.messages import messages
from stratagraph.service.cli.grid import grid, terminal_width


class Format(StrEnum):
    """How assets are written."""

    TABLE = "table"
    JSON = "json"


Listed = Annotated[Format, typer.Option("--format", help="How to write the answer.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most assets to show.")]


def cards_table(cards: Sequence[dict[str, Any]], lang: str) -> str:
    """Return a line for each asset: level, label, class, and the name that other commands take."""
    texts = messages("assets", lang)
    columns = [texts[f"column-{name}"] for name in ("level", "asset", "class", "name")]
    rows = [[level(card, lang), card["label"], card["classLabel"] or "-", card["name"]] for card in cards]
    return grid(columns, rows, width=terminal_width())


def level(card: dict[str, Any], lang: str) -> str:
    """Return a card's level as it is shown."""
    known = str(card["level"])
    return messages("assets", lang).get(known, known)
