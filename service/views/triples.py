"""The triples view: the present as RDF in Oxigraph, on disk or in memory."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Fact, Iri, Term
from stratagraph.ontology.grouped import claim_groups, influence_groups
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.store_protocols import Pattern, Row
from stratagraph.service.views import querying
from stratagraph.service.views.books import (
    BOOKS,
    NO_LOOSE,
    NO_MARK,
    is_half_way,
    loose_line,
    mark_lines,
    read_loose,
    read_mark,
    set_half_way,
    told,
)
from stratagraph.service.views.edits import Edits
from stratagraph.service.views.lexical import Writings
from stratagraph.service.views.node_lines import InfluenceGraphs, lines
from stratagraph.service.views.quad_edits import Block, QuadEdits, document, parted, update_of
from stratagraph.service.views.schema_graph import SchemaGraph
from stratagraph.service.views.store_folders import DRAFT, following, newest, open_store, reopened, see_room
from stratagraph.service.views.term_lines import TermLines
from stratagraph.service.views.view import Watermark, follows
from stratagraph.service.views.written_nodes import WrittenNodes

log = logging.getLogger(__name__)

MAPPING_VERSION: Final = 8
"""Raised whenever the triples made of the same present change, so that older stores are rebuilt."""
TRANSACTION: Final = 20_000
"""Triples written in one transaction with the watermark; more are loaded in bulk, before the watermark moves."""
BULK: Final = 200_000
"""Triples that are gathered before they are written, of a rebuild or of a large change."""
PART: Final = 10_000
"""Facts, statements or influences after which it is looked whether enough has gathered."""
BULK_TEXTS: Final = 50_000
"""Texts, of some three triples each, that are loaded at once: bounds the loader's memory at some 100 MB."""

_Item = TypeVar("_Item")


class TriplesView:
    """Every triple of the closure once, in the default graph, and once more in the graph of those who state it.

    The default graph describes those graphs and tells what was observed. One writer; any thread may read, and each
    query sees one state. The store's own books stand in a graph of which nothing else speaks.
    """

    name = "triples"
    mapping_version = MAPPING_VERSION
    edges_only = False

    def __init__(self, path: Path | None, model: OntologyModel) -> None:
        """Open or create the store in a folder; without a folder it lives in memory. A damaged one is begun anew."""
        self._model = model
        self._influence_graphs = InfluenceGraphs(model)
        self._terms = TermLines(model)
        self._path = None if path is None else newest(path)
        self._store = ox.Store() if self._path is None else open_store(self._path)
        self._watermark: Watermark | None = None
        self._half_way = False
        """Whether the store holds parts of a change that was cut off."""
        self._take_in()
        self._before_writing: Callable[[bool], None] = lambda _: None
        self._whole = True
        self._loose = self._read_loose()
        """Texts that were loaded in bulk since the store was compacted."""
        self._marking = threading.Lock()
        """Held while the marks are written: a change and what keeps house do it, in threads of their own."""

    # A view ------------------------------------------------------------------------------------------------------

    def watermark(self) -> Watermark | None:
        """Return how far this view has come, or None when it is empty."""
        return self._watermark

    def apply(self, change: ChangeSet) -> None:
        """Apply the next change set; one that was applied already changes nothing.

        Raises:
            ViewOutOfStep: when one is missing in between.
        """
        if not follows(self.name, self._watermark, change.sequence):
            return
        edits = self._edits()
        try:
            self._collect(change, edits)
            self._write(edits, self._mark(change))
        except BaseException:
            # What did not reach the store must not stay in the book either.
            self._writings = Writings(self._store)
            self._schema = SchemaGraph(self._store, self._model)
            self._observed.clear()
            raise

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in; the watermark comes last."""
        self._before_writing(True)
        self._whole = False
        self._store.clear()
        self._take_in()
        last = None
        edits = self._edits()
        for last in snapshot:
            self._collect(last, edits, empty=True)
        if last is not None:
            self._write(edits, self._mark(last))

    def renew(self, snapshot: Iterable[ChangeSet]) -> None:
        """Take the present into new files, and remove the old ones with all that they still held.

        A store keeps what was removed until it compacts its files, and the name of every term for good: what must be
        gone needs other files. They get another name, for whoever still reads the old store holds its lock.
        """
        if self._path is None:
            self.rebuild(snapshot)
            return
        self._before_writing(True)
        old, new = self._path, following(self._path)
        draft = new.with_name(f"{new.name}{DRAFT}")
        shutil.rmtree(draft, ignore_errors=True)
        made = TriplesView(draft, self._model)
        made.rebuild(snapshot)
        made.close()
        # Whole before it has its name: whoever is killed on the way goes on with the old one, or begins anew.
        draft.rename(new)
        self._let_go()
        self._path = new
        self._store = open_store(new)
        self._take_in()
        self._loose = self._read_loose()
        self._whole = True
        shutil.rmtree(old, ignore_errors=True)

    def reopen(self) -> None:
        """Open the store anew: its library writes nothing more after a write that failed, until it is opened again.

        Raises:
            OSError: the disk takes nothing; the store stays as it is, for it can still be read.
        """
        if self._path is None:
            return
        see_room(self._path)
        self._before_writing(True)  # nobody may read it now, as while it is rebuilt
        self._let_go()
        self._store = reopened(self._path)
        before = self._watermark
        self._take_in()
        self._loose = self._read_loose()
        self._whole &= self._watermark == before  # a store that was damaged has been begun anew

    def compact(self) -> bool:
        """Put in order on disk what was loaded in bulk, if that was much; return whether it was.

        A bulk load leaves files beside each other that every join then looks into: in order, joins cost an eighth to a
        fifth less. It takes seconds for millions of triples, in which queries and changes go on.
        """
        if self._path is None or self._loose < BULK:
            return False
        store = self._store
        # Reset first: where the disk has no room for it, the next round has none either.
        self._loose = 0
        store.optimize()
        with self._marking:
            if store is self.__dict__.get("_store"):  # not another one, which was made anew meanwhile
                # What was loaded meanwhile counts on. Whoever opens the store next need not do all of it again.
                store.update(f"{NO_LOOSE} ;\n{update_of('INSERT', [loose_line(self._loose)])}")
        return True

    def flush(self) -> None:
        """Make everything written so far survive a loss of power."""
        self._store.flush()

    def checkpoint(self, path: Path) -> None:
        """Make an immutable copy in a folder that must not exist yet; hard links, so it costs next to nothing."""
        self._store.backup(str(path))

    def seed(self, path: Path) -> None:
        """Make a copy that stands before the first sequence, for another ledger's first change to be applied to."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.checkpoint(path)
        copy = TriplesView(path, self._model)
        assert copy._watermark is not None
        copy._write(copy._edits(), replace(copy._watermark, sequence=0, batch_hash=""))
        copy.close()

    def dump(self, path: Path) -> None:
        """Write all graphs but the store's own books to a file, as N-Quads."""
        ox.serialize(told(self._store), str(path), ox.RdfFormat.N_QUADS)

    def close(self) -> None:
        """Flush and let go of the store, so that its folder can be opened again."""
        store = self._let_go()
        if store is None:
            return
        try:
            store.flush()
        except OSError as error:
            # The next process finds the view where it was written last, and follows from there.
            log.warning("the triples can't be flushed: %s", error)

    def _let_go(self) -> ox.Store | None:
        """Keep no hold on the store, without which its folder can't be opened anew; return the last one, if any."""
        # The library closes a store when nothing refers to it any more, and has no other way to.
        self.__dict__.pop("_writings", None)
        self.__dict__.pop("_schema", None)
        store: ox.Store | None = self.__dict__.pop("_store", None)  # missing where opening it anew failed
        return store

    # A triple store ----------------------------------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at; in the middle of a change, the one before."""
        return self._watermark.sequence if self._watermark else 0

    @property
    def is_whole(self) -> bool:
        """Whether the store holds one sequence and nothing of another, even after a write that failed."""
        return self._whole and "_store" in self.__dict__

    @property
    def is_half_way(self) -> bool:
        """Whether the store holds parts of a change that was cut off."""
        return self._half_way

    @property
    def store(self) -> ox.Store:
        """The store itself, for snapshots; only this view writes to it."""
        return self._store

    def before_writing(self, watch: Callable[[bool], None]) -> None:
        """Let a function be called before the store changes; told whether that takes more than one transaction."""
        self._before_writing = watch

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        """Evaluate a SELECT query; a bound variable must be one of those that it selects."""
        return querying.select(self._store, query, bindings)

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        """Evaluate an ASK query; a bound variable must occur in its outermost group."""
        return querying.ask(self._store, query, bindings)

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (predicate, object) of every triple with this subject."""
        return iter(querying.facts_about(self._store, node))

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        """Return the triples of each pattern."""
        return querying.matching(self._store, patterns)

    # Writing -----------------------------------------------------------------------------------------------------

    def _collect(self, change: ChangeSet, edits: Edits, *, empty: bool = False) -> None:
        """Turn a change set into edits; in an empty store there is nothing to replace."""
        self._schema.see(change)
        edits.quads.remove(lines(self._writings.take(change.removed, change.added)))
        edits.quads.remove(self._terms.of(change.removed))
        # What has only now come to hold stands in no graph yet: no need to look for one.
        came: set[str] | None = None if empty else set()
        for facts in chunked(change.added, PART):
            texts = lines(facts)
            edits.quads.add(texts)
            edits.quads.add(self._terms.of(facts))
            if came is not None:
                came.update(texts)
            self._relieve(edits.quads)
        for stated in claim_groups(change.claims_changed):
            for facts in chunked(stated.facts, PART):
                edits.claim(stated.claims, facts, came)
                self._relieve(edits.quads)
        edits.claim_writings(known=not empty)
        for alike in influence_groups(change.influences):
            for pairs in chunked(alike.pairs, PART):
                edits.influence(alike.template, pairs, came)
                self._relieve(edits.quads)
        for pair in change.influences_removed:
            edits.influence_removed(*pair)
        edits.see(change, known=not empty)
        edits.settle()

    def _edits(self) -> Edits:
        return Edits(self._store, self._writings, self._influence_graphs, self._observed)

    def _write(self, edits: Edits, watermark: Watermark) -> None:
        """Write in one transaction, or, where that would be too large, in steps that can safely be done again."""
        quads = edits.quads
        if self._half_way:
            edits.sweep()
        if len(quads) > TRANSACTION:
            self._load(quads)
        # With the watermark and in no part before it: a change that is cut off is counted when it is done again.
        obsolete, counts = self._schema.settle(watermark.sequence)
        steps = (
            update_of("DELETE", (*quads.removals(), obsolete)),
            NO_MARK,
            update_of("INSERT", (*quads.additions(), counts, mark_lines(watermark), loose_line(self._loose))),
        )
        self._before_writing(False)
        with self._marking:
            self._store.update(";\n".join(steps))
        self._watermark = watermark
        self._whole = True
        self._half_way = False

    def _relieve(self, quads: QuadEdits) -> None:
        """Write what has gathered of a large change, so that a million facts need no memory for all their texts."""
        if len(quads) > BULK:
            self._load(quads)

    def _load(self, quads: QuadEdits) -> None:
        """Write past the transactions, before the watermark moves: five times as fast, and safe to do again."""
        # From here on the store is at no sequence at all until the watermark has moved.
        self._before_writing(True)
        self._whole = False
        if not self._half_way:
            with self._marking:
                set_half_way(self._store)
            self._half_way = True
            self._load_all([(BOOKS.value, self._writings.come())])
        self._loose += len(quads)
        for removed in parted(quads.removals(), TRANSACTION):
            self._store.update(update_of("DELETE", removed))
        self._load_all(quads.additions())
        quads.clear()

    def _load_all(self, blocks: Iterable[Block]) -> None:
        for part in parted(blocks, BULK_TEXTS):
            # Our own terms, checked when they came in: no need to check each IRI anew.
            self._store.bulk_load(document(part), ox.RdfFormat.TRIG, lenient=True)

    def _mark(self, change: ChangeSet) -> Watermark:
        return Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )

    def _read_loose(self) -> int:
        """Return how much was loaded in bulk since the store was compacted; of a store that does not tell: enough."""
        told = read_loose(self._store)
        if told is None:
            return 0 if self._watermark is None else BULK
        return told

    def _take_in(self) -> None:
        """Read what the store says of itself."""
        self._writings = Writings(self._store)
        self._schema = SchemaGraph(self._store, self._model)
        self._observed = WrittenNodes()
        self._watermark = read_mark(self._store)
        self._half_way = is_half_way(self._store)


def chunked(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Yield the items in lists of bounded length."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
