"""How far each series lies from what is usual within a stretch of rows, in usual deviations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stratagraph.queries.rootcause.metric_kind import Kind
from stratagraph.queries.rootcause.series_table import Floats, Table

MOST: Final = 20.0
"""The most a series can deviate: beyond it more is no better evidence."""
MOST_OF_CONSTANT: Final = 6.0
"""The most of one that never moved before: no spread is not infinite evidence."""
FEWEST_NORMAL: Final = 8
_FLOOR: Final = 0.01
"""The least spread, as a share of the middle: what is the same to a hundredth is the same."""
_MAD: Final = 1.4826
_OUTER: Final = 0.975
_LINEAR: Final = 6.0
"""Beyond this a deviation grows by its logarithm alone."""
_EDGE: Final = 2.0
"""How many deviations the outer quantile lies from the middle."""
_BEFORE: Final = 6
"""Rows just before a stretch that it is compared with."""
_PRIOR: Final = 20.0
_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Rows:
    """The normal rows, the window, and the stretch of it in which the symptom shows."""

    normal: NDArray[np.intp]
    window: NDArray[np.intp]
    stretch: NDArray[np.intp]
    before: NDArray[np.intp]


def normal_rows(inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows that tell what is usual: those before the window, all outside it where these are few."""
    outside = np.flatnonzero(~inside)
    first = int(np.flatnonzero(inside)[0])
    before = outside[outside < first]
    enough = before.size >= max(60, 4 * int(inside.sum()))
    return before if enough else outside


def rolled(values: Floats, width: int) -> Floats:
    """Return means of so many rows that follow one another; NaN where fewer than half are known."""
    if width <= 1 or len(values) < width:
        return values
    known = np.isfinite(values)
    sums = np.cumsum(np.vstack([np.zeros(values.shape[1]), np.where(known, values, 0.0)]), axis=0)
    counts = np.cumsum(np.vstack([np.zeros(values.shape[1]), known]), axis=0)
    total, count = sums[width:] - sums[:-width], counts[width:] - counts[:-width]
    return np.where(count >= width / 2, total / np.maximum(count, 1), np.nan)


def middle(values: Floats) -> Floats:
    """Return the median of each column, NaN for one without a value."""
    return np.asarray(quantiles(values, (0.5,))[0])


def quantiles(values: Floats, shares: tuple[float, ...]) -> Floats:
    """Return quantiles of each column by its known values alone."""
    # By rows that lie together in memory: half the time. NaN last.
    ordered = np.sort(np.ascontiguousarray(values.T), axis=1).T
    count = np.isfinite(values).sum(axis=0)
    last = np.maximum(count - 1, 0)
    out = np.full((len(shares), values.shape[1]), np.nan)
    if not len(values):
        return out
    columns = np.arange(values.shape[1])
    for i, share in enumerate(shares):
        place = share * last
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, last)
        part = place - low
        with np.errstate(invalid="ignore"):
            mixed = ordered[low, columns] * (1 - part) + ordered[high, columns] * part
        out[i] = np.where(count > 0, mixed, np.nan)
    return out


def away(now: Floats, reference: Floats, rows: Floats, scale: Floats) -> Floats:
    """Return how many usual deviations a value lies from the middle of a reference, capped; NaN where unknown."""
    low, centre, high = quantiles(reference, (1 - _OUTER, 0.5, _OUTER))
    spread = _MAD * middle(np.abs(rows - middle(rows)))
    with np.errstate(invalid="ignore", divide="ignore"):
        move = now - centre
        side = np.where(move > 0, high - centre, centre - low) / _EDGE
        least = np.maximum(_FLOOR * scale, 1e-12)
        usual = np.fmax(np.fmax(side, 0.4 * spread), least)
        result = move / usual
    still = (high == low) & (spread == 0)
    most = np.where(still, MOST_OF_CONSTANT, MOST)
    known = np.isfinite(reference).sum(axis=0)
    size = np.abs(result)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.sign(result) * np.where(size > _LINEAR, _LINEAR * (1 + np.log(size / _LINEAR)), size)
    result = np.clip(result, -most, most) * known / (known + _PRIOR)
    return np.where(known >= FEWEST_NORMAL, result, np.nan)


def deviations(values: Floats, rows: Rows) -> Floats:
    """Return the signed deviation of each column in the stretch: from what is usual, and from what was just before."""
    normal = values[rows.normal]
    width = len(rows.stretch)
    width = max(1, min(width, len(normal) // 4))
    now = middle(values[rows.stretch])
    scale = np.fmax(np.abs(middle(normal)), 0.0)
    usual = away(now, rolled(normal, width), normal, scale)
    if not rows.before.size:
        return usual
    earlier = max(1, min(len(rows.before), len(normal) // 4))
    means, past = rolled(normal, width), rolled(normal, earlier)
    steps = len(normal) - width - earlier + 1
    if steps < FEWEST_NORMAL:
        return usual
    changes = means[earlier : earlier + steps] - past[:steps]
    base = middle(values[rows.before])
    change = away(now - base, changes, normal - middle(normal), scale)
    return combined(usual, change)


def combined(usual: Floats, change: Floats) -> Floats:
    """Return what both comparisons agree on: a level that was there before is no news, nor one that is usual."""
    both = np.where(np.sign(usual) == np.sign(change), np.sign(usual), 0.0)
    least = np.minimum(np.abs(usual), np.abs(change))
    mixed = both * np.sqrt(least * (0.5 * np.abs(usual) + 0.5 * np.abs(change)))
    return np.where(np.isfinite(change), np.where(np.isfinite(usual), mixed, change), usual)


def before_stretch(table: Table, stretch: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows just before a stretch that follow one another without a gap in time."""
    step = _usual_step(table)
    found: list[int] = []
    row = int(stretch[0])
    while row > 0 and len(found) < _BEFORE:
        if step is not None and table.times[row] - table.times[row - 1] > 2 * step:
            break
        row -= 1
        found.append(row)
    return np.array(found[::-1], dtype=np.intp)


def _usual_step(table: Table) -> Any:
    try:
        steps = sorted(later - earlier for earlier, later in zip(table.times, table.times[1:], strict=False))
    except TypeError:
        return None
    return steps[len(steps) // 2] if steps else None


def stretch_of(
    values: Floats, kinds: list[Kind], normal: NDArray[np.intp], window: NDArray[np.intp]
) -> tuple[NDArray[np.intp], float]:
    """Return the part of the window in which the symptom is worst, and how unusual so bad a part of a window is."""
    size = len(window)
    least = max(1, int(np.ceil(_SHARE * size)))
    usual = values[normal]
    low, centre, high = quantiles(usual, (1 - _OUTER, 0.5, _OUTER))
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.fmax(
            np.fmax((high - low) / (2 * _EDGE), 0.4 * _MAD * middle(np.abs(usual - centre))),
            np.fmax(_FLOOR * np.abs(centre), 1e-12),
        )
        standard = np.clip((values - centre) / spread, -MOST, MOST)
    side = np.array([kind.worse or 1 for kind in kinds])
    free = any(kind.worse == 0 for kind in kinds)
    known = np.isfinite(standard)
    line = np.where(known.any(axis=1), np.nansum(standard * side, axis=1) / np.maximum(known.sum(axis=1), 1), np.nan)
    place, worst = _worst(line[window][None, :], least, free=free)
    start, length = place[0]
    runs = line[normal]
    if len(runs) >= size + FEWEST_NORMAL:
        _, usually = _worst(sliding_window_view(runs, size), least, free=free)
        usually = usually[np.isfinite(usually)]
    else:
        usually = np.array([])
    return window[start : start + length], _unusual(float(worst[0]), usually)


def _worst(lines: Floats, least: int, *, free: bool) -> tuple[list[tuple[int, int]], Floats]:
    """Return for each line the start and length of its worst run, and how bad that is."""
    known = np.isfinite(lines)
    zero = np.zeros((len(lines), 1))
    sums = np.cumsum(np.hstack([zero, np.where(known, lines, 0.0)]), axis=1)
    counts = np.cumsum(np.hstack([zero, known]), axis=1)
    size = lines.shape[1]
    best = np.full(len(lines), -np.inf)
    start, length = np.zeros(len(lines), dtype=int), np.full(len(lines), size)
    widths = sorted({least, size} | {round(least + (size - least) * part / 8) for part in range(1, 8)})
    for width in widths:
        total, count = sums[:, width:] - sums[:, :-width], counts[:, width:] - counts[:, :-width]
        mean = np.where(count >= max(1, width / 2), total / np.maximum(count, 1), -np.inf if not free else 0.0)
        scored = (np.abs(mean) if free else mean) * width**0.35
        top = scored.argmax(axis=1)
        found = scored[np.arange(len(lines)), top]
        better = found > best
        best = np.where(better, found, best)
        start, length = np.where(better, top, start), np.where(better, width, length)
    return list(zip(start.tolist(), length.tolist(), strict=True)), best


def _unusual(worst: float, usually: Floats) -> float:
    """Return how far a worst run lies beyond the worst runs of normal windows: 1 at their outer twentieth."""
    if not np.isfinite(worst):
        return 0.0
    if usually.size < FEWEST_NORMAL:
        return worst / (2 * _EDGE)
    centre, outer = np.quantile(usually, (0.5, 0.95))
    return float(np.clip((worst - centre) / max(outer - centre, 0.5), 0.0, MOST))
