"""``make bench-telemetry``: what a span costs from the request to the ledger and the views, in processor time.

Usage: telemetry.py [SPANS [SHAPE...]]        default 60,000, and the shapes rich, mixed and lean
Prints one JSON line per figure, and at the end the table for ``docs/benchmarks.md``. Beside each figure stands what
parsing the same requests costs in the same process ("bare"), and what an earlier commit needs (``BEFORE=COMMIT``, none
with ``BEFORE=``). Single spans are a tenth of the number.
Each shape and size is one stream into one engine, which commits after each second of processor time.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from earlier import Tree, earlier
from goals import goal_of
from table import telemetry_markdown
from telemetry_parts import LENGTH, SINGLE
from telemetry_spans import SHAPES, bodies

SPANS: Final = 60_000
BEFORE_ISSUE: Final = "abcd0ed"
"""The last commit before the work on live telemetry."""
SIZES: Final = (512, 64, SINGLE)
MOST_SINGLE: Final = 10
"""Of single spans there are so many times fewer: an earlier build commits each by itself."""
NANOSECONDS: Final = 10**9

Row = dict[str, Any]


def main() -> None:
    """Measure every shape in batches of every size, ours and the earlier build's."""
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else SPANS
    commit = os.environ.get("BEFORE", BEFORE_ISSUE)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        folder = Path(home)
        before = stack.enter_context(earlier(commit, folder)) if commit else None
        for shape in sys.argv[2:] or SHAPES:
            for size in SIZES:
                for row in measured(shape, size, spans // MOST_SINGLE if size == SINGLE else spans, folder, before):
                    print(json.dumps(row), flush=True)
                    rows.append(row)
    print(telemetry_markdown(rows, spans, commit))


def measured(shape: str, size: int, spans: int, folder: Path, before: Tree | None) -> list[Row]:
    """Return the rows of a shape and size, beside those of the earlier build."""
    file = folder / f"{shape}-{size}.bin"
    with file.open("wb") as written:
        for body in bodies(shape, size, spans, time.time_ns() - NANOSECONDS):
            written.write(LENGTH.pack(len(body)) + body)
    ours = _rows(Tree("ours"), shape, size, file, "stages")
    theirs = {} if before is None else {row["name"]: row for row in _rows(before, shape, size, file)}
    return [_beside(row, theirs.get(row["name"])) for row in ours]


def _rows(tree: Tree, shape: str, size: int, file: Path, *more: str) -> list[Row]:
    arguments = (shape, str(size), str(file), str(file.parent / f"{file.stem}-{tree.name}"), *more)
    return [json.loads(line) for line in tree.lines("telemetry_parts.py", *arguments)]


def _beside(row: Row, earlier_row: Row | None) -> Row:
    if earlier_row is not None:
        row |= {"before": earlier_row["ours"], "ratio_to_before": round(row["ours"] / earlier_row["ours"], 3)}
        row["before_ratio"] = earlier_row["ratio"]
    if goal := goal_of(row["name"]):
        row |= {"goal": str(goal), "met": goal.met(row)}
    return row


if __name__ == "__main__":
    main()
