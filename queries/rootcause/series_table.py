"""Time series of many assets as one array: a row for each step, a column for each asset, metric and statistic."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stratagraph.queries.rootcause.cause import RootCauseQuestionError

Column = tuple[Hashable, str, str]
Floats = NDArray[np.float64]
_PARTS: Final = 3
_HEADER_ROWS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Values at ascending times; NaN where nothing is known. Units are each column's own."""

    times: Sequence[Any]
    columns: Sequence[Column]
    values: Floats
    given: Sequence[int] = ()
    """For each row its place as it was handed over."""

    @classmethod
    def read_csv(cls, *paths: Path | str) -> Table:
        """Read files with three header rows (asset, metric, statistic) and one that names the index, joined by time."""
        times: list[float] = []
        parts: list[tuple[list[Column], Floats]] = []
        for path in paths:
            with Path(path).open(encoding="utf-8", newline="") as file:
                heads, body = _split(list(csv.reader(file)))
            parts.append(
                (heads, np.array([[_number(cell) for cell in row[1:]] for row in body]).reshape(len(body), len(heads)))
            )
            times += [_number(row[0]) for row in body]
        columns = list(dict.fromkeys(column for heads, _ in parts for column in heads))
        place = {column: i for i, column in enumerate(columns)}
        values = np.full((len(times), len(columns)), np.nan)
        first = 0
        for heads, block in parts:
            values[first : first + len(block), [place[head] for head in heads]] = block
            first += len(block)
        return cls(times, columns, values)._checked()  # noqa: SLF001

    @classmethod
    def of(cls, series: Any, times: Sequence[Any] | None = None) -> Table:
        """Return the table of a file, a mapping, a data frame, or (asset, metric, statistic, time, value) rows."""
        if isinstance(series, Path):
            return cls.read_csv(series)
        if isinstance(series, Table):
            read = series
        elif hasattr(series, "columns") and hasattr(series, "index"):
            columns = [_column(column) for column in series.columns]
            read = cls(
                list(series.index),
                columns,
                _matrix([series.iloc[:, i] for i in range(len(columns))], len(series.index)),
            )
        elif isinstance(series, Mapping):
            lists = [list(values) for values in series.values()]
            if len({len(values) for values in lists}) > 1:
                raise RootCauseQuestionError(
                    reason="the series differ in length, where each should have one value a step"
                )
            length = len(lists[0]) if lists else 0
            read = cls(
                list(range(length)) if times is None else list(times),
                [_column(key) for key in series],
                _matrix(lists, length),
            )
        else:
            return cls.of_rows(series)
        return read._checked()

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> Table:
        """Return the table of (asset, metric, statistic, time, value) rows in any order; the last of the same cell counts."""  # noqa: E501
        cells: dict[tuple[Column, Any], float] = {}
        for row in rows:
            if len(row) != _PARTS + 2:
                raise RootCauseQuestionError(reason="a row needs an asset, a metric, a statistic, a time and a value")
            cells[_column(row[:_PARTS]), row[_PARTS]] = _number(row[_PARTS + 1])
        columns = list(dict.fromkeys(column for column, _ in cells))
        times = sorted({time for _, time in cells})
        rank, place = {time: i for i, time in enumerate(times)}, {column: i for i, column in enumerate(columns)}
        values = np.full((len(times), len(columns)), np.nan)
        for (column, time), value in cells.items():
            values[rank[time], place[column]] = value
        return cls(times, columns, values)._checked()  # noqa: SLF001

    def _checked(self) -> Table:
        if self.values.shape != (len(self.times), len(self.columns)):
            raise RootCauseQuestionError(reason="the values do not fit the times and columns")
        if len(set(self.columns)) < len(self.columns):
            raise RootCauseQuestionError(reason="two series have the same asset, metric and statistic")
        order = sorted(range(len(self.times)), key=lambda row: self.times[row])
        # By name, so that the order in which columns were handed over decides nothing.
        places = sorted(range(len(self.columns)), key=lambda i: tuple(map(str, self.columns[i])))
        values = np.where(np.isfinite(self.values), self.values, np.nan)[np.ix_(order, places)]
        return Table([self.times[row] for row in order], [self.columns[i] for i in places], values, self.given or order)

    def rows(self, window: Any) -> NDArray[np.bool_]:
        """Return which rows lie within a window: a slice of rows, or its first and last time, both included."""
        inside = np.zeros(len(self.times), dtype=bool)
        if isinstance(window, slice):
            # The rows are counted as they were handed over, and stand by their times.
            inside[np.isin(self.given, range(*window.indices(len(self.times))))] = True
            return inside
        try:
            start, end = window
            if end < start:
                raise RootCauseQuestionError(reason="the window ends before it begins")
            inside[:] = [start <= time <= end for time in self.times]
        except (TypeError, ValueError) as error:
            raise RootCauseQuestionError(reason="the window is neither a slice nor two times of the index") from error
        return inside


def _split(rows: list[list[str]]) -> tuple[list[Column], list[list[str]]]:
    """Return the columns that three header rows name, and the rows that begin with a time."""
    heads = [_column(head) for head in zip(*(row[1:] for row in rows[: _HEADER_ROWS - 1]), strict=True)]
    return heads, [row for row in rows[_HEADER_ROWS - 1 :] if row and isfinite(_number(row[0]))]


def _column(key: Any) -> Column:
    if not isinstance(key, Sequence) or isinstance(key, str) or len(key) != _PARTS:
        raise RootCauseQuestionError(reason="a series is named by asset, metric and statistic")
    return key[0], str(key[1]), str(key[2])


def _matrix(lists: Sequence[Iterable[Any]], length: int) -> Floats:
    if not lists:
        return np.empty((length, 0))
    return np.array([_numbers(values) for values in lists]).reshape(len(lists), length).T


def _numbers(values: Iterable[Any]) -> Floats:
    """Return values as numbers: all at once where the library takes them, else one by one."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return np.array([_number(value) for value in values])


def _number(value: Any) -> float:
    if value is None or value == "":
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
