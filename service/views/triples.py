"""The triples view: the present as RDF in Oxigraph, on disk or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Iri, Term
from stratagraph.ontology.identity import influence_iri, observation_iri, scope_iri, statement_iri
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import PREFIXES, RDF, SG
from stratagraph.ontology.terms import OxTerm, encode, from_ox, to_ox
from stratagraph.queries.stores import Row
from stratagraph.service.views.lexical import WRITINGS, Writings, stored
from stratagraph.service.views.statements import influence_facts, observation_facts, scope_facts, told
from stratagraph.service.views.view import Watermark, follows

MAPPING_VERSION: Final = 3
"""Raised whenever the triples made of the same present change, so that older stores are rebuilt."""
TRANSACTION: Final = 20_000
"""Triples written in one transaction with the watermark; more are loaded in bulk, before the watermark moves."""
BULK: Final = 200_000
"""Triples loaded at once: bounds the memory of the texts at some 50 MB."""

_Line: TypeAlias = str
"""A triple in N-Triples without its full stop, as it is about to be written."""

_META: Final = ox.NamedNode(SG.term("view/meta"))
_MARK: Final = ox.NamedNode(SG.term("view/watermark"))
_DEFAULT: Final = ox.DefaultGraph()
_SUBJECT, _PREDICATE, _OBJECT = (f"<{part}>" for part in (RDF.subject, RDF.predicate, RDF.object))
_SEQUENCE, _BATCH, _ONTOLOGY, _MAPPING = (
    ox.NamedNode(SG.term(f"view/{part}")) for part in ("sequence", "batchHash", "ontologyHash", "mappingVersion")
)


class TriplesView:
    """Every triple of the closure once, in the default graph, and the nodes that say what is known about them.

    One writer; any thread may read, and each query sees one state. The watermark and the book of writings stand in
    named graphs that ``select`` and ``ask`` do not show.
    """

    name = "triples"
    mapping_version = MAPPING_VERSION

    def __init__(self, path: Path | None, model: OntologyModel) -> None:
        """Open or create the store in a folder; without a folder it lives in memory."""
        self._model = model
        self._store = ox.Store() if path is None else ox.Store(str(path))
        self._writings = Writings(self._store)
        self._watermark = self._read_watermark()

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
        edits = _Edits(self._store)
        try:
            self._collect(change, edits)
            self._write(edits, self._mark(change))
        except BaseException:
            # What did not reach the store must not stay in the book either.
            self._writings = Writings(self._store)
            raise

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything away and take the present in; the watermark comes last."""
        self._store.clear()
        self._writings = Writings(self._store)
        self._watermark = None
        last = None
        edits = _Edits(self._store)
        for last in snapshot:
            self._collect(last, edits, empty=True)
            if len(edits) > BULK:
                self._load(edits)
        if last is not None:
            self._write(edits, self._mark(last))

    def flush(self) -> None:
        """Make everything written so far survive a loss of power."""
        self._store.flush()

    def checkpoint(self, path: Path) -> None:
        """Make an immutable copy in a folder that must not exist yet; hard links, so it costs next to nothing."""
        self._store.backup(str(path))

    def dump(self, path: Path) -> None:
        """Write the triples that queries see to a file, as N-Triples."""
        self._store.dump(str(path), ox.RdfFormat.N_TRIPLES, from_graph=_DEFAULT)

    def close(self) -> None:
        """Flush and let go of the store, so that its folder can be opened again."""
        self._store.flush()
        del self._writings, self._store

    # A triple store ----------------------------------------------------------------------------------------------

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at; in the middle of a change, the one before."""
        return self._watermark.sequence if self._watermark else 0

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        """Evaluate a SELECT query; a bound variable must be one of those that it selects."""
        found = self._query(query, bindings)
        if not isinstance(found, ox.QuerySolutions):
            raise TypeError(f"not a SELECT query: {query}")
        names = [variable.value for variable in found.variables]
        return [{name: _term(row[name]) for name in names} for row in found]

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        """Evaluate an ASK query; a bound variable must occur in its outermost group."""
        return bool(self._query(query, bindings))

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (predicate, object) of every triple with this subject."""
        for quad in self._store.quads_for_pattern(ox.NamedNode(node), None, None, _DEFAULT):
            yield quad.predicate.value, from_ox(quad.object)

    def _query(
        self, query: str, bindings: Mapping[str, Term] | None
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        substitutions: dict[ox.Variable, OxTerm] = {
            ox.Variable(name): to_ox(term) for name, term in (bindings or {}).items()
        }
        return self._store.query(query, prefixes=PREFIXES, named_graphs=[], substitutions=substitutions)

    # Writing -----------------------------------------------------------------------------------------------------

    def _collect(self, change: ChangeSet, edits: _Edits, *, empty: bool = False) -> None:
        """Turn a change set into edits; in an empty store there is nothing to replace."""
        added = frozenset() if empty else frozenset(change.added)
        edits.removed.update(_line(stored(fact)) for fact in self._writings.take(change.removed, change.added))
        edits.added.update(_line(stored(fact)) for fact in change.added)
        for fact, claims in change.claims_changed:
            # A triple that has only now come to hold has no node yet: no need to look for one.
            new = empty or fact in added
            edits.replace(statement_iri(fact), _statement_lines(fact, claims), known=not new)
        for edge in change.influences:
            node = influence_iri(edge.influencer, edge.influenced)
            edits.replace(node, _lines(influence_facts(edge, self._model)), known=not empty)
        for influencer, influenced in change.influences_removed:
            edits.replace(influence_iri(influencer, influenced), ())
        for seen in change.observations:
            node = observation_iri(seen.subject, seen.metric)
            edits.replace(node, _lines(observation_facts(seen)), known=not empty)
        for sighting in change.sightings:
            edits.replace(scope_iri(sighting.source, sighting.scope), _lines(scope_facts(sighting)))
        for node, entry in self._writings.changes():
            edits.replace(node, _lines(entry), book=True)

    def _write(self, edits: _Edits, watermark: Watermark) -> None:
        """Write in one transaction, or, where that would be too large, in steps that can safely be done again."""
        if len(edits) > TRANSACTION:
            for removed in chunked(sorted(edits.removed), TRANSACTION):
                self._store.update(_data("DELETE", removed))
            edits.removed.clear()
            self._load(edits)
        book = f"GRAPH {WRITINGS}"
        mark = [f"{_MARK} {prop} {value}" for prop, value in _mark_values(watermark)]
        steps = (
            _data("DELETE", edits.removed),
            _data("DELETE", edits.book_removed, book),
            f"DELETE WHERE {{ GRAPH {_META} {{ ?s ?p ?o }} }}",
            _data("INSERT", edits.added),
            _data("INSERT", edits.book_added, book),
            _data("INSERT", mark, f"GRAPH {_META}"),
        )
        self._store.update(";\n".join(steps))
        self._watermark = watermark

    def _load(self, edits: _Edits) -> None:
        """Bring in what the edits add, past the transactions: five times as fast, and safe to do again."""
        for lines in chunked(edits.added, BULK):
            # Our own terms, checked when they came in: no need to check each IRI anew.
            self._store.bulk_load((" .\n".join(lines) + " .\n").encode(), ox.RdfFormat.N_TRIPLES, lenient=True)
        edits.added.clear()

    def _mark(self, change: ChangeSet) -> Watermark:
        return Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )

    def _read_watermark(self) -> Watermark | None:
        values = {
            quad.predicate: str(getattr(quad.object, "value", ""))
            for quad in self._store.quads_for_pattern(_MARK, None, None, _META)
        }
        if not values:
            return None
        return Watermark(
            sequence=int(values[_SEQUENCE]),
            batch_hash=values[_BATCH],
            ontology_hash=values[_ONTOLOGY],
            mapping_version=int(values[_MAPPING]),
        )


class _Edits:
    """Triples to remove and to add, as the store keeps them, in the default graph and in the book of writings."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self.removed: set[_Line] = set()
        self.added: set[_Line] = set()
        self.book_removed: set[_Line] = set()
        self.book_added: set[_Line] = set()

    def __len__(self) -> int:
        return len(self.removed) + len(self.added)

    def replace(self, node: Iri, lines: Iterable[_Line], *, book: bool = False, known: bool = True) -> None:
        """Make the lines all that there is about a node in a graph; ``known`` is False where there is nothing yet."""
        graph = WRITINGS if book else _DEFAULT
        removed, added = (self.book_removed, self.book_added) if book else (self.removed, self.added)
        if not known:
            added.update(lines)
            return
        wanted = set(lines)
        quads = self._store.quads_for_pattern(ox.NamedNode(node), None, None, graph)
        there = {f"<{node}> <{quad.predicate.value}> {encode(from_ox(quad.object))}" for quad in quads}
        removed |= there - wanted
        added |= wanted - there


def _line(kept: Fact) -> _Line:
    return f"<{kept.subject}> <{kept.predicate}> {encode(kept.object)}"


def _lines(facts: Iterable[Fact]) -> Iterator[_Line]:
    return (_line(stored(fact)) for fact in facts)


def _statement_lines(fact: Fact, claims: tuple[Claim, ...]) -> Iterator[_Line]:
    """Yield what ``statement_facts`` says, without making a fact of each triple of every statement.

    What only the ontology itself says gets no node: it would be most of a small graph, to say one thing of all of it.
    """
    if all(claim.source == CORE_SOURCE for claim in claims):
        return
    node = statement_iri(fact)
    yield f"<{node}> {_SUBJECT} <{fact.subject}>"
    yield f"<{node}> {_PREDICATE} <{fact.predicate}>"
    yield f"<{node}> {_OBJECT} {encode(stored(fact).object)}"
    for tail in _tails(told(claims)):
        yield f"<{node}> {tail}"


@lru_cache(maxsize=4096)
def _tails(told_: tuple[tuple[Iri, Term], ...]) -> tuple[str, ...]:
    return tuple(f"<{prop}> {encode(stored(Fact(prop, prop, value)).object)}" for prop, value in told_)


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> Term | None:
    return None if term is None else from_ox(term)


def _mark_values(watermark: Watermark) -> Iterator[tuple[ox.NamedNode, ox.Literal]]:
    yield _SEQUENCE, ox.Literal(str(watermark.sequence))
    yield _BATCH, ox.Literal(watermark.batch_hash)
    yield _ONTOLOGY, ox.Literal(watermark.ontology_hash)
    yield _MAPPING, ox.Literal(str(watermark.mapping_version))


def _data(verb: str, lines: Iterable[_Line], graph: str = "") -> str:
    """Return the update that inserts or deletes triples. Updates are atomic, single calls to the store are not."""
    data = "\n".join(f"{line} ." for line in lines)
    return f"{verb} DATA {{ {graph} {{\n{data}\n}} }}" if graph else f"{verb} DATA {{\n{data}\n}}"


def chunked(lines: Iterable[_Line], size: int) -> Iterator[list[_Line]]:
    """Yield the lines in lists of bounded length."""
    remaining = iter(lines)
    while chunk := list(islice(remaining, size)):
        yield chunk
