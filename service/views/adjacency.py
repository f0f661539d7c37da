"""The adjacency view: influence edges both ways, in memory, for walking."""

from __future__ import annotations

import logging
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import ChangeSet, Influence, Iri
from stratagraph.ontology.frozen import Frozen, code_hash, thaw
from stratagraph.ontology.grouped import InfluenceTemplate, influence_groups
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.number_rows import Row, Rows
from stratagraph.ontology.packing import Packed, pack, unpack
from stratagraph.service.views.view import Watermark, follows

log = logging.getLogger(__name__)

MAPPING_VERSION: Final = 1
_SHIFT: Final = 32
_LOW: Final = (1 << _SHIFT) - 1
_MANY: Final = 8
"""A row is gone through when more than one in so many of its edges change."""
_NO_EDGES: Final[Row] = array("Q")

_Kept: TypeAlias = tuple[Packed, list[tuple[Any, ...]], Rows, Rows]
"""A table for a file: nodes, templates, and the rows both ways."""


class _Layer(NamedTuple):
    """The rows that a change did away with: readers of an earlier sequence still need them."""

    sequence: int
    leaving: Mapping[int, Row]
    arriving: Mapping[int, Row]


class _Table:
    """The edges of the newest sequence, and the layers that lead back from it, oldest first.

    Each node has a row of those that its edges lead to, with the number of the edge's template. A row is never changed
    in place: a reader that has taken one may keep it. A rebuild begins a table of its own: readers of an earlier one go
    on with that.
    """

    def __init__(self, since: int = 0) -> None:
        self.since = since
        """The sequence at which it began: nothing leads back further."""
        self.nodes: list[Iri] = []
        self._numbers: dict[Iri, int] = {}
        self.templates: list[InfluenceTemplate] = []
        self._known: dict[InfluenceTemplate, int] = {}
        self.leaving = Rows()
        self.arriving = Rows()
        self.layers: tuple[_Layer, ...] = ()

    def number(self, node: Iri) -> int | None:
        """Return the number of a node; None for one that never had an edge."""
        return self._numbers.get(node)

    def take(self, change: ChangeSet, *, undoable: bool = True) -> None:
        """Take in the edges of a change, and keep what was before, unless nobody can have read it."""
        leaving: dict[int, dict[int, int | None]] = defaultdict(dict)
        arriving: dict[int, dict[int, int | None]] = defaultdict(dict)
        for influencer, influenced in change.influences_removed:
            source, target = self._numbered(influencer), self._numbered(influenced)
            leaving[source][target] = arriving[target][source] = None
        for group in influence_groups(change.influences):
            template = self._template(group.template)
            for influencer, influenced in group.pairs:
                source, target = self._numbered(influencer), self._numbered(influenced)
                leaving[source][target] = arriving[target][source] = template
        if undoable:
            # Before any row is replaced: a reader that finds a new one finds the layer that leads back from it.
            before = _Layer(change.sequence, _before(self.leaving, leaving), _before(self.arriving, arriving))
            self.layers = (*self.layers, before)
        for rows, changed in ((self.leaving, leaving), (self.arriving, arriving)):
            for node, ends in changed.items():
                rows.put(node, _edited(rows.row(node), ends))
            rows.settle()

    def kept(self) -> _Kept:
        """Return the edges as plain values and arrays that nobody changes any more."""
        return pack(self.nodes), list(map(tuple, self.templates)), self.leaving, self.arriving

    @classmethod
    def of(cls, kept: _Kept, since: int) -> _Table:
        """Return the table that was kept at a sequence."""
        nodes, templates, leaving, arriving = kept
        table = cls(since)
        table.nodes = list(unpack(nodes))
        table._numbers = {node: number for number, node in enumerate(table.nodes)}
        table.templates = [InfluenceTemplate(*each) for each in templates]
        table._known = {template: number for number, template in enumerate(table.templates)}
        table.leaving, table.arriving = leaving, arriving
        return table

    def _numbered(self, node: Iri) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = len(self.nodes)
            self.nodes.append(node)
            # Last: who finds a number finds the node.
            self._numbers[node] = number
        return number

    def _template(self, template: InfluenceTemplate) -> int:
        number = self._known.get(template)
        if number is None:
            number = self._known[template] = len(self.templates)
            self.templates.append(template)
        return number


class AdjacencySnapshot:
    """The edges as they were at one sequence, whatever the view takes in meanwhile; holds no lock."""

    def __init__(self, table: _Table, sequence: int) -> None:
        self._table = table
        self.sequence = sequence

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node, by IRI of what they reach."""
        number = self._table.number(node)
        if number is None:
            return []
        # The row comes before the look at the layers: a change publishes its layer before it replaces any row, so a row
        # that comes too late is taken back by a layer that is there by then.
        row = self._table.leaving.row(number)
        for layer in self._later():
            row = layer.leaving.get(number, row)
        return [template.between(node, other) for other, template in self._edges(row)]

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node, by IRI of where they come from."""
        number = self._table.number(node)
        if number is None:
            return []
        row = self._table.arriving.row(number)  # before the layers, as above
        for layer in self._later():
            row = layer.arriving.get(number, row)
        return [template.between(other, node) for other, template in self._edges(row)]

    def _edges(self, row: Row) -> list[tuple[Iri, InfluenceTemplate]]:
        """Return where the edges of a row lead, by IRI, and what each is like."""
        nodes, templates = self._table.nodes, self._table.templates
        return sorted(((nodes[key >> _SHIFT], templates[key & _LOW]) for key in row), key=lambda edge: edge[0])

    def _later(self) -> list[_Layer]:
        """Return the layers of the changes after this sequence, newest first."""
        return [layer for layer in reversed(self._table.layers) if layer.sequence > self.sequence]


class AdjacencyView:
    """Influence edges by influencer and by influenced. One writer; readers take the snapshot of a sequence."""

    name = "adjacency"
    mapping_version = MAPPING_VERSION
    edges_only = True

    def __init__(self, model: OntologyModel, path: Path | None = None) -> None:
        """Know the ontology; there are no edges before the first rebuild or change, or what a file keeps of them."""
        self._model = model
        self._path = path
        self._watermark: Watermark | None = None
        self._table = _Table()

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""
        return self._watermark.sequence if self._watermark else 0

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node now, by IRI of what they reach."""
        return self.snapshot().influences_from(node)

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node now, by IRI of where they come from."""
        return self.snapshot().influences_to(node)

    def snapshot(self) -> AdjacencySnapshot:
        """Return the edges as they are now, for good: until ``forget`` says that nobody reads this sequence."""
        return AdjacencySnapshot(self._table, self.sequence)

    def at(self, sequence: int) -> AdjacencySnapshot | None:
        """Return the edges as they were at a sequence that was not forgotten; None where nothing leads back to it."""
        reached = self._table.since <= sequence <= self.sequence
        return AdjacencySnapshot(self._table, sequence) if reached else None

    def forget(self, before: int) -> None:
        """Let go of what only readers of sequences before this one need."""
        self._table.layers = tuple(layer for layer in self._table.layers if layer.sequence > before)

    def watermark(self) -> Watermark | None:
        """Return how far this view has come, or None when it is empty."""
        return self._watermark

    def apply(self, change: ChangeSet) -> None:
        """Apply the next change set; one that was applied already changes nothing.

        Raises:
            ViewOutOfStep: when one is missing in between.
        """
        if follows(self.name, self._watermark, change.sequence):
            self._table.take(change)
            self._mark(change)

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in."""
        self._watermark = None
        self._table = _Table()
        last = None
        for last in snapshot:
            self._table.take(last, undoable=False)
        if last is not None:
            self._mark(last)
            self._table.since = last.sequence

    def renew(self, snapshot: Iterable[ChangeSet]) -> None:
        """Take the present in: there are no files."""
        self.rebuild(snapshot)

    @property
    def key(self) -> str:
        """What the file says of the edges in it: this version of the program wrote them, for this ontology."""
        return f"{_code()} {self._model.hash}"

    def load(self) -> None:
        """Take the edges in that the file keeps, as far as this version of the program wrote them."""
        if self._path is None or not self._path.exists():
            return
        found = thaw(self._path, self.key)
        if found is None:
            log.info("the edges kept in %s are of another version, or damaged; they are made anew", self._path.name)
            return
        mark, table = found
        self._watermark = Watermark(**mark)
        self._table = _Table.of(table, self._watermark.sequence)

    def taken(self) -> Frozen:
        """Return the edges as they stand now, to be written under their key."""
        assert self._watermark is not None  # the view was opened, and stands somewhere
        return Frozen((asdict(self._watermark), self._table.kept()))

    def reopen(self) -> None:
        """Have nothing to open; a change that was applied half-way can be applied again."""

    def close(self) -> None:
        """Have nothing to release."""

    def _mark(self, change: ChangeSet) -> None:
        self._watermark = Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )


def _before(rows: Rows, changed: Iterable[int]) -> dict[int, Row]:
    # Nearly all nodes of a large import are new ones: these share one row.
    return {node: rows.row(node) or _NO_EDGES for node in changed}


def _edited(row: Row, ends: Mapping[int, int | None]) -> Row:
    """Return a row with other templates towards some ends; None for an end that no edge leads to any more."""
    if len(ends) > len(row) // _MANY:
        kept = [key for key in row if key >> _SHIFT not in ends]
        kept += [end << _SHIFT | template for end, template in ends.items() if template is not None]
        return array("Q", sorted(kept))
    edited = row[:]  # much is known and little new: no need to look at all of it
    for end, template in ends.items():
        at = bisect_left(edited, end << _SHIFT)
        known = at < len(edited) and edited[at] >> _SHIFT == end
        edited[at : at + known] = array("Q") if template is None else array("Q", [end << _SHIFT | template])
    return edited


@cache
def _code() -> str:
    return code_hash("stratagraph.ontology", "stratagraph.service.views")
