"""``make bench-store``: the store beside the build before its cost was cut, and beside the bare engines, in one run.

Usage: store.py [ASSETS [PART...]]        default 100,000, which is 1.5 million facts, and all parts
Prints one JSON line per figure, and at the end the table for ``docs/benchmarks.md``. ``BEFORE=COMMIT`` compares with
another commit, ``BEFORE=`` with none. Each part runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from earlier import Tree, earlier
from goals import goal_of
from store_parts import BESIDE_BEFORE, PARTS, write_documents
from table import markdown

ASSETS: Final = 100_000
BEFORE_ISSUE: Final = "1e31cf4"
"""The last commit before the work on what the store costs."""
PATIENCE: Final = 6.0
"""How many times as long as ours a part of the earlier build may take; then it is ended, and said so."""
LEAST_SECONDS: Final = 60.0

Row = dict[str, Any]


def main() -> None:
    """Run every part over both trees, and print each figure beside the other."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    commit = os.environ.get("BEFORE", BEFORE_ISSUE)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        folder = Path(home)
        write_documents(assets, folder)
        before = stack.enter_context(earlier(commit, folder)) if commit else None
        for part in sys.argv[2:] or PARTS:
            for row in measured(part, assets, folder, before):
                print(json.dumps(row), flush=True)
                rows.append(row)
    print(markdown(rows, assets, commit))


def measured(part: str, assets: int, folder: Path, before: Tree | None) -> list[Row]:
    """Return the rows of a part: ours, and beside them those of the earlier build."""
    began = time.perf_counter()
    ours = _rows(Tree("ours"), part, assets, folder)
    limit = max(LEAST_SECONDS, PATIENCE * (time.perf_counter() - began))
    theirs: dict[str, Row] = {}
    why = ""
    if before is not None and part in BESIDE_BEFORE:
        try:
            theirs = {row["name"]: row for row in _rows(before, part, assets, folder, seconds=limit)}
        except subprocess.TimeoutExpired:
            why = f"not done in {limit:.0f} s"
        except subprocess.CalledProcessError as error:
            why = f"ended with {error.returncode}"
    return [_beside(row, theirs.get(row["name"]), why) for row in ours]


def _rows(tree: Tree, part: str, assets: int, folder: Path, seconds: float | None = None) -> list[Row]:
    arguments = (str(assets), part, str(folder), tree.name)
    return [json.loads(line) for line in tree.lines("store_parts.py", *arguments, seconds=seconds)]


def _beside(row: Row, earlier_row: Row | None, why: str) -> Row:
    """Add the figure of the earlier build to a row, and whether its goal is met."""
    if earlier_row is not None and "ours" in earlier_row:
        before = earlier_row["ours"]
        row |= {"before": before, "ratio_to_before": round(row["ours"] / before, 3) if before else None}
        if earlier_row.get("ratio") is not None:
            row["before_ratio"] = earlier_row["ratio"]
    elif why:
        row["before_missing"] = why
    if goal := goal_of(row["name"]):
        row |= {"goal": str(goal), "met": goal.met(row)}
    return row


if __name__ == "__main__":
    main()
