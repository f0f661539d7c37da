"""No cell of a table for spreadsheets is a formula, whoever chose the name in it; tables say what they were given."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from itertools import dropwhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.queries import csv_rows
from stratagraph.queries.audit.report import COLUMNS as AUDIT
from stratagraph.queries.csv_rows import delimited, harmless
from stratagraph.queries.impact.render.rows import COLUMNS as IMPACT
from tests.conftest import FOLDERS, ROOT

FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "a;=1+1",  # a spreadsheet in Portuguese ends a cell here
    'a\n=1+1"',
    "\uff1d1+1",
    " =1+1",
    "\xa0 =1+1",
    "\x00=1+1",
    "\x01\u200b\ufeff@SUM(1)",
    "\u2028-2+3",
    " \x7f\u3000\uff1d1+1",
]
UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""General categories of characters that show nothing by themselves."""


def seen(cell: str) -> str:
    """What is left of a cell when whatever shows nothing is taken from its beginning."""
    return "".join(dropwhile(lambda letter: unicodedata.category(letter) in UNSEEN, cell))


def cells(text: str, separator: str) -> list[str]:
    """What a spreadsheet reads that takes this character for the end of a cell, and knows no quotes within a line."""
    return [cell for line in re.split(r"[\r\n]", text) for cell in line.split(separator)]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_cell_begins_as_a_formula_does(hostile: str) -> None:
    text = delimited(["name", "note"], [["a", hostile], [hostile, "b"]])
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(FORMULA.match(cell) or FORMULA.match(seen(cell)) for cell in row)
    assert not any(FORMULA.match(cell) for cell in cells(text, ";"))


@pytest.mark.parametrize("number", ["-1", "-0.25", "1e-05", "-3.2E+7", "12"])
def test_a_number_stays_one(number: str) -> None:
    assert harmless(number) == number
    assert harmless(float(number)) == float(number)


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"])), min_size=1, max_size=4))
def test_apostrophes_are_all_that_is_added(row: list[str]) -> None:
    text = delimited(["x"] * len(row), [row])
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [cell.replace("'", "") for cell in (read[0] if read else [""])] == [cell.replace("'", "") for cell in row]


@pytest.mark.parametrize("columns", [AUDIT, IMPACT])
def test_headings_are_written_as_they_are(columns: tuple[str, ...]) -> None:
    assert delimited(columns, []) == ",".join(columns) + "\r\n"


def test_every_table_is_written_by_the_one_writer() -> None:
    """So a new door for CSV is as safe as these; the standard library's writer is called nowhere else."""
    own = csv_rows.__name__.removeprefix("stratagraph.").replace(".", "/") + ".py"
    writing = re.compile(r"csv\.(Dict)?[Ww]riter")
    sources = {path.relative_to(ROOT).as_posix(): path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    mappings = "ontology/mappings.py"  # SSSOM, a standard's table of our own terms, for programs
    assert {name for name, path in sources.items() if writing.search(path.read_text("utf-8"))} == {own, mappings}
