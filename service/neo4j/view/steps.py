"""Statements with their rows, packed into transactions of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Iri

Row: TypeAlias = dict[str, Any]
ROWS: Final = 5_000
"""Most rows of one transaction, where rows are of ordinary size."""
BYTES_PER_ROW: Final = 2_000
"""A row with more text than this counts for several."""
ENDS: Final = ("s", "o", "n")
"""Keys of a row that name a node; they are sent by number."""


class Step(NamedTuple):
    """One statement with its rows; ``told`` are values that many rows share, each sent once."""

    cypher: str
    rows: list[Row]
    told: tuple[Any, ...] = ()
    creates: bool = False
    """Whether it returns the numbers of the nodes that it makes."""

    def parameters(self, numbers: Mapping[Iri, str], base: str) -> dict[str, Any]:
        """Return what the statement is sent with; a row whose nodes are not there is left out."""
        if self.creates:
            return {"rows": self.rows}
        rows = []
        for row in self.rows:
            sent = dict(row)
            for end in ENDS:
                if end in sent:
                    sent[end] = numbers.get(sent[end])
            if None not in (sent.get(end, "") for end in ENDS):
                rows.append(sent)
        return {"rows": rows, "told": self.told, "base": base}


def transactions(steps: Iterable[Step]) -> Iterator[list[Step]]:
    """Pack steps into transactions of bounded size, in order; at least one, for the watermark to go with."""
    packed: list[Step] = []
    size = 0
    for step in steps:
        chunk: list[Row] = []
        for row in step.rows:
            weight = _weight(row)
            if size + weight > ROWS and size:
                yield [*packed, step._replace(rows=chunk)] if chunk else packed
                packed, chunk, size = [], [], 0
            chunk.append(row)
            size += weight
        if chunk:
            packed.append(step._replace(rows=chunk))
    yield packed


def grouped(rows: Iterable[tuple[Any, Row]], statement: Callable[[Any], str], **more: Any) -> Iterator[Step]:
    """Yield one step for each group of rows, which the statement is made for."""
    groups: dict[Any, list[Row]] = {}
    for group, row in rows:
        groups.setdefault(group, []).append(row)
    for group, several in groups.items():
        yield Step(statement(group), several, **more)


def _weight(row: Row) -> int:
    properties = row.get("p")
    if not isinstance(properties, dict):
        return 1
    size = 0
    for value in properties.values():
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            for each in value:
                size += len(each) if isinstance(each, str) else 1
    return 1 + size // BYTES_PER_ROW
