"""What load explains of each series: when all are asked more, what grows with it is no fault."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from stratagraph.queries.rootcause.deviation import middle
from stratagraph.queries.rootcause.metric_kind import kind_of
from stratagraph.queries.rootcause.series_table import Floats, Table

TRAFFIC: Final = "traffic"
_FEWEST: Final = 3
"""Assets whose traffic must be known: that of one may be its own fault."""
_FEWEST_ROWS: Final = 30
_EXPLAINED: Final = 0.06
"""The least share of its usual changes by which a series must have followed the load."""
_DOUBT: Final = 0.2
"""What share of a rise with a load that was never seen may be wrong."""


def without_load(table: Table, normal: NDArray[np.intp]) -> Floats:
    """Return the values less what follows from the load of the whole, as each series followed it in normal rows."""
    driver = _load(table, normal)
    if driver is None:
        return table.values
    followers = np.array([kind_of(column[1]).name != TRAFFIC for column in table.columns])
    usual, load = table.values[normal], driver[normal][:, None]
    known = np.isfinite(usual) & np.isfinite(load)
    count = np.maximum(known.sum(axis=0), 1)
    level = np.where(known, usual, 0.0).sum(axis=0) / count
    mean = np.where(known, load, 0.0).sum(axis=0) / count
    moved, away = np.where(known, usual - level, 0.0), np.where(known, load - mean, 0.0)
    together, spread, own = (moved * away).sum(axis=0), (away**2).sum(axis=0), (moved**2).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = together**2 / (spread * own)
        slope = np.where(followers & (share >= _EXPLAINED) & (count >= _FEWEST_ROWS), together / spread, 0.0)
    rise = np.where(np.isfinite(driver), driver - middle(driver[normal][:, None]), 0.0)[:, None]
    followed = np.nan_to_num(slope) * rise
    left = table.values - followed - level
    # Beyond any load that was seen a line is a guess: what lies near it is no news.
    doubt = np.where(np.abs(rise) > np.abs(rise[normal]).max(), _DOUBT * np.abs(followed), 0.0)
    adjusted: Floats = level + np.sign(left) * np.maximum(np.abs(left) - doubt, 0.0)
    return adjusted


def _load(table: Table, normal: NDArray[np.intp]) -> Floats | None:
    """Return the load of the whole at each row, 1 being usual; None where too few say what they are asked."""
    places: dict[object, int] = {}
    for place, column in enumerate(table.columns):
        if kind_of(column[1]).name == TRAFFIC:
            places.setdefault(column[0], place)
    columns = list(places.values())
    if len(columns) < _FEWEST or len(normal) < _FEWEST_ROWS:
        return None
    values = table.values[:, columns]
    usual = middle(values[normal])
    asked = values[:, usual > 0] / usual[usual > 0]
    return middle(asked.T) if asked.shape[1] >= _FEWEST else None
