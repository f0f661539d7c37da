"""Figures as the table of ``docs/benchmarks.md``."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_MET: Final[Mapping[bool | None, str]] = {True: "yes", False: "no", None: ""}
_HEAD: Final = """
| work | before | now | bare | now / before | now / bare | goal | met |
|---|---|---|---|---|---|---|---|"""


def markdown(rows: Iterable[Mapping[str, Any]], assets: int, commit: str) -> str:
    """Return the figures as a table, with the day, the machine and what was compared."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    beside = f", beside commit {commit} in the same run" if commit else ""
    lines = [f"\n## {day}, {assets:,} assets, {15 * assets:,} facts{beside}\n", machine(), _HEAD]
    lines += [_line(row) for row in rows if "ours" in row]
    return "\n".join(lines)


def telemetry_markdown(rows: Iterable[Mapping[str, Any]], spans: int, commit: str) -> str:
    """Return the figures of telemetry as a table, stages left out that have nothing beside them."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    beside = f", beside commit {commit} in the same run" if commit else ""
    lines = [f"\n## Telemetry, {day}, {spans:,} spans{beside}\n", machine("bench-telemetry"), _HEAD]
    lines += [_line(row) for row in rows if row.get("baseline") is not None]
    return "\n".join(lines)


def machine(target: str = "bench-store") -> str:
    """Say what the figures were taken on."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    size = round(int(memory.split()[1]) / (1 << 20))
    load = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores, {size} GiB, a load of {load:.1f} in the last quarter of an hour; "
        f"Python {platform.python_version()}. `make {target} SIZE=...`; processor time, unless a row says else."
    )


def _line(row: Mapping[str, Any]) -> str:
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    before = f"{row['before']:g}{unit}" if "before" in row else row.get("before_missing", "")
    bare = f"{row['baseline']:g}{unit}" if row.get("baseline") is not None else ""
    runs = row.get("runs")
    beside = f"{min(runs):g} to {max(runs):g}" if runs else _short(row.get("ratio"))
    cells = (
        row["name"],
        before,
        f"{row['ours']:g}{unit}",
        bare,
        _short(row.get("ratio_to_before")),
        beside,
        row.get("goal") or "",
        _MET[row.get("met")],
    )
    return f"| {' | '.join(cells)} |"


def _short(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.3g}"
