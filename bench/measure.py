"""What every benchmark prints: one JSON line per figure, ours beside a baseline measured in the same run."""

from __future__ import annotations

import json
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import Any


def report(name: str, ours: float, *, unit: str, baseline: float | None = None, goal: str = "", **more: object) -> None:
    """Print one figure. ``ratio`` is ours over the baseline; ``goal`` says in words what should hold."""
    ratio = round(ours / baseline, 2) if baseline else None
    figure = {"name": name, "ours": _short(ours), "baseline": None if baseline is None else _short(baseline)}
    print(json.dumps(figure | {"ratio": ratio, "goal": goal, "unit": unit} | more), flush=True)


def report_missing(name: str, why: str) -> None:
    """Print that a figure could not be measured, and why."""
    print(json.dumps({"name": name, "missing": why}), flush=True)


def percentile(values: list[float], q: float) -> float:
    """Return the value at quantile ``q``."""
    return sorted(values)[min(len(values) - 1, int(len(values) * q))]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the processor time of this process, all of its threads, that some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_mib() -> float:
    """Return the largest resident size that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Stopwatch(Counter[str]):
    """Seconds by stage, of wall clock and (under ``cpu <stage>``) of processor time; a stage within another is told
    apart from it.
    """

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self._within: list[tuple[float, float]] = []

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the work, counted."""

        def run(*arguments: Any, **options: Any) -> Any:
            self._within.append((0.0, 0.0))
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return work(*arguments, **options)
            finally:
                self._count(stage, time.perf_counter() - wall, time.process_time() - cpu)

        return run

    def _count(self, stage: str, wall: float, cpu: float) -> None:
        inner_wall, inner_cpu = self._within.pop()
        self[stage] += wall - inner_wall  # type: ignore[assignment]  # a Counter of seconds
        self[f"cpu {stage}"] += cpu - inner_cpu  # type: ignore[assignment]  # as above
        if self._within:
            around_wall, around_cpu = self._within[-1]
            self._within[-1] = (around_wall + wall, around_cpu + cpu)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
