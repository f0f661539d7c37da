"""Statements of the hot path: compiled once, then sent past the statement compiler, at a third of the cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ClauseElement, Connection, Dialect

from stratagraph.service.ledger.driver import send, send_many

Names: TypeAlias = tuple[str, ...] | None
"""The order of the values, for a dialect whose marks have no names; a list stands there once."""


class Prepared:
    """A statement whose values are named; a value for an expanding parameter is a list that is not empty.

    Lists are padded a little, so that a handful of texts serve all lengths and the database keeps them prepared.
    """

    def __init__(self, statement: ClauseElement) -> None:
        """Wait for the first connection, which decides the dialect."""
        self._statement = statement
        self._texts: dict[tuple[object, ...], tuple[str, Names]] = {}

    def __call__(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Execute the statement; return its rows, as the driver gives them."""
        lists = {name: _padded(value) for name, value in values.items() if isinstance(value, list)}
        text, names = self._text(connection.dialect, values, lists)
        if names is not None:
            return send(connection, text, _ordered(names, values | lists))
        for name, items in lists.items():
            del values[name]
            values.update((f"{name}_{place}", item) for place, item in enumerate(items, 1))
        return send(connection, text, values)

    def each(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute the statement for each row of values, none of which is a list."""
        if rows:
            text, names = self._text(connection.dialect, rows[0], {})
            send_many(connection, text, [_ordered(names, row) for row in rows])

    def _text(self, dialect: Dialect, values: dict[str, Any], lists: dict[str, list[Any]]) -> tuple[str, Names]:
        shape = (dialect.name, *map(len, lists.values()))
        known = self._texts.get(shape)
        if known is None:
            filled = self._statement.params(values | lists) if lists else self._statement
            # A list has no marks until its length is known.
            compiled: Any = filled.compile(dialect=dialect, compile_kwargs={"render_postcompile": bool(lists)})
            names = None if compiled.positiontup is None else _together(compiled.positiontup, lists)
            known = self._texts[shape] = (str(compiled), names)
        return known


def _together(marks: Sequence[str], lists: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the marks, those of one list as one."""
    of_list = {mark: name for name in lists for mark in marks if mark.startswith(f"{name}_")}
    return tuple(of_list.get(mark, mark) for mark in marks if mark not in of_list or mark == f"{of_list[mark]}_1")


def _ordered(names: Names, values: dict[str, Any]) -> Any:
    if names is None:
        return values
    found: list[Any] = []
    for name in names:
        value = values[name]
        if isinstance(value, list):
            found += value
        else:
            found.append(value)
    return found


def _padded(items: list[Any]) -> list[Any]:
    """Return the list with its last item repeated up to the next eighth of a power of two."""
    step = 1 << max(0, (len(items) - 1).bit_length() - 4)
    # A value that stands twice in a list after IN changes nothing.
    return items + items[-1:] * (-len(items) % step)
