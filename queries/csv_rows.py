"""The one writer of tables for spreadsheets: whatever a cell says, no spreadsheet runs it.

Names in an inventory and in telemetry are chosen by whoever sends them, and a spreadsheet takes a cell that begins with
an equals sign for a formula. SPARQL's own CSV and TSV are not written here: they are a standard's, for programs.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TextIO

_SIGN: Final = r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]"
"""What a formula begins with; the wide signs count where Chinese or Japanese is spoken."""
_UNSEEN: Final = r"[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
"""What a spreadsheet, or whatever a table passes through, may take away from before a cell's text."""
_BEGINS: Final = re.compile(rf"\A(?={_UNSEEN}*{_SIGN})|(?<=[;\t\r\n])(?={_SIGN})")
"""Where a formula begins: with a cell, or behind what a spreadsheet of another language takes for the cell's end."""
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def csv_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Return rows under a heading (RFC 4180); a column that a row lacks stays empty."""
    return delimited(columns, ([row.get(column) for column in columns] for row in rows))


def delimited(columns: Sequence[str], rows: Iterable[Sequence[object]], *, tabs: bool = False) -> str:
    """Return rows under a heading, separated by commas, or by tabs."""
    text = io.StringIO()
    write_delimited(text, columns, rows, tabs=tabs)
    return text.getvalue()


def write_delimited(
    text: TextIO, columns: Sequence[str], rows: Iterable[Sequence[object]], *, tabs: bool = False
) -> None:
    """Write rows under a heading one by one, for tables that are too long to be held."""
    # SPARQL 1.1 ends the lines of TSV with a line feed, RFC 4180 those of CSV with both characters.
    writer = csv.writer(text, "excel-tab" if tabs else "excel", lineterminator="\n" if tabs else "\r\n")
    writer.writerow(map(harmless, columns))
    writer.writerows([harmless(cell) for cell in row] for row in rows)


def harmless(cell: object) -> object:
    """Return a cell with an apostrophe before whatever a spreadsheet would run; numbers stay what they are."""
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    return _BEGINS.sub("'", cell)
