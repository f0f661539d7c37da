"""Marks: notes of who commits on how far it is, which move if and only if its batch does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, text

from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import marks as table

_OF_OWNER: Final = Prepared(select(table.c.name, table.c.value).where(table.c.owner == bindparam("of")))
_ONE: Final = Prepared(select(table.c.value).where(table.c.owner == bindparam("of"), table.c.name == bindparam("mark")))
_FORGET: Final = Prepared(delete(table).where(table.c.owner == bindparam("of"), table.c.name == bindparam("mark")))
# As text, for SQLAlchemy has a class for it in each dialect, and a process loads one of them at most.
_KEEP: Final = Prepared(
    text(
        "INSERT INTO marks (owner, name, value) VALUES (:of, :mark, :now) "
        "ON CONFLICT (owner, name) DO UPDATE SET value = excluded.value"
    )
)


def marks_of(connection: Connection, owner: str) -> dict[str, bytes]:
    """Return an owner's marks by name."""
    return {name: bytes(value) for name, value in _OF_OWNER(connection, of=owner)}


def mark_of(connection: Connection, owner: str, name: str) -> bytes | None:
    """Return one of an owner's marks, None where there is none."""
    return next((bytes(value) for (value,) in _ONE(connection, of=owner, mark=name)), None)


def keep_marks(connection: Connection, owner: str, marks: Mapping[str, bytes | None]) -> None:
    """Write an owner's marks, and delete those without a value; what is not named stays."""
    gone = [{"of": owner, "mark": name} for name, value in marks.items() if value is None]
    kept = [{"of": owner, "mark": name, "now": value} for name, value in marks.items() if value is not None]
    _FORGET.each(connection, gone)
    _KEEP.each(connection, kept)


def expect_marks(connection: Connection, owner: str, expected: Mapping[str, bytes | None]) -> None:
    """Refuse to go on where a mark is not what it was; asked in the transaction that moves it.

    Raises:
        MarksMoved: naming the first that is another.
    """
    if not expected:
        return
    for mark, value in expected.items():
        # One by one: an owner may have many marks beside the one or two that it goes on from.
        found = [bytes(standing) for (standing,) in _ONE(connection, of=owner, mark=mark)]
        if found != ([] if value is None else [value]):
            raise MarksMoved(owner=owner, mark=mark)
