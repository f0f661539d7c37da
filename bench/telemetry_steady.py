"""``make bench-telemetry-steady``: what telemetry takes in the long run: memory, disk, and the error of its quantiles.

Usage: telemetry_steady.py [SPANS [TIMES [SHAPE]]]        default 200,000, 10 and lean
One engine takes SPANS synthetic spans and then more until there are TIMES as many: its resident memory must not have
grown. Prints one JSON line per figure.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Final

from goals import goal_of
from measure import report
from telemetry_parts import MICROSECONDS, Stream, as_served, bare
from telemetry_spans import BETWEEN, bodies

from stratagraph.ontology.sketches import encode, merge, quantiles, sketch_of
from stratagraph.service.engine.engine import Engine
from stratagraph.service.gc_pause import LARGE, paused
from stratagraph.service.settings import Settings

SPANS: Final = 200_000
TIMES: Final = 10
SIZE: Final = 512
PART: Final = 20_000
"""Spans that are made at once, so that those to come take no memory that would be measured."""
VALUES: Final = 100_000
WINDOWS: Final = 50
QUANTILES: Final = (0.5, 0.9, 0.95, 0.99, 0.999)
NANOSECONDS: Final = 10**9


def main() -> None:
    """Measure the error of sketches, then the long run."""
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else SPANS
    times = int(sys.argv[2]) if len(sys.argv) > 2 else TIMES
    shape = sys.argv[3] if len(sys.argv) > 3 else "lean"
    _report("error of quantiles", 100 * worst_error(), unit="%", values=VALUES, windows=WINDOWS)
    as_served()
    with tempfile.TemporaryDirectory() as home:
        long_run(Path(home), shape, spans, times)


def _report(name: str, ours: float, *, unit: str, baseline: float | None = None, **more: object) -> None:
    goal = goal_of(name)
    ratio = round(ours / baseline, 3) if baseline else None
    met = {} if goal is None else {"met": goal.met({"ours": ours, "ratio": ratio})}
    report(name, ours, unit=unit, baseline=baseline, goal=str(goal or ""), **met, **more)


def worst_error() -> float:
    """Return the largest relative error of a quantile of merged windows, beside the exact one of the upper rank."""
    dice, worst = random.Random(4711), 0.0
    for draw in (
        lambda: dice.lognormvariate(0, 1.5),
        lambda: dice.expovariate(0.5),
        lambda: dice.paretovariate(1.1),
        lambda: dice.uniform(0.001, 60),
        lambda: dice.choice((dice.gauss(0.2, 0.02), dice.gauss(8, 1))),
    ):
        values = [abs(draw()) for _ in range(VALUES)]
        whole = merge([encode(sketch_of(values[at::WINDOWS])) for at in range(WINDOWS)])
        values.sort()
        exact = [values[ceil(q * (len(values) - 1) - 1e-9)] for q in QUANTILES]
        told = quantiles(whole, QUANTILES)
        worst = max(worst, *(abs((one or 0.0) / other - 1) for one, other in zip(told, exact, strict=True)))
    return worst


def long_run(folder: Path, shape: str, spans: int, times: int) -> None:
    """Report the memory after so many spans and after times as many, and what a span takes on the disk between."""
    with Engine(Settings(data=folder)) as engine:
        stream, sent, seconds = Stream(engine), 0, 0.0
        marks = {}
        # Time goes on with the spans, up to now.
        begin = time.time_ns() - NANOSECONDS - times * spans * BETWEEN
        for goal in (spans, times * spans):
            while sent < goal:
                some = min(PART, goal - sent)
                part = list(bodies(shape, SIZE, some, begin + (sent + some) * BETWEEN, seed=sent))
                seconds += stream.send(part).total()
                sent += sum(map(bare, part))
            marks[sent] = resident(), disk(folder)
        (first, (memory, taken)), (last, (grown, more)) = marks.items()
        name = f"memory after {times} times as many spans"
        _report(name, grown, baseline=memory, unit="MiB", shape=shape, spans=[first, last], commits=stream.commits)
        for part in sorted(more):
            bytes_a_span = (more[part] - taken.get(part, 0)) / (last - first)
            _report(f"disk a span, {part}", bytes_a_span, unit="By", shape=shape, spans=last - first)
        _report(f"{shape} spans, the long run", seconds / sent * MICROSECONDS, unit="us a span", spans=sent)


def resident() -> float:
    """Return the resident memory of this process in MiB, once what is free has gone back to the system."""
    gc.collect()
    with paused(LARGE):
        pass
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def disk(folder: Path) -> dict[str, int]:
    """Return the bytes on the disk by the first part of the name of what stands in the folder."""
    found: dict[str, int] = {}
    for part, size in _sizes(folder):
        found[part] = found.get(part, 0) + size
    return found


def _sizes(folder: Path) -> Iterator[tuple[str, int]]:
    for file in folder.rglob("*"):
        if file.is_file():
            yield file.relative_to(folder).parts[0].partition("-")[0], file.stat().st_blocks * 512


if __name__ == "__main__":
    main()
