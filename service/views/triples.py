"""The triples view: the present as RDF in Oxigraph, on disk or in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pyoxigraph as ox

from stratagraph.ontology.facts import ChangeSet, Fact, Iri, Term
from stratagraph.ontology.identity import influence_iri, observation_iri, scope_iri, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import PREFIXES, SG
from stratagraph.ontology.terms import OxTerm, from_ox, to_ox
from stratagraph.queries.stores import Row
from stratagraph.service.views.lexical import WRITINGS, Writings, stored
from stratagraph.service.views.statements import influence_facts, observation_facts, scope_facts, statement_facts
from stratagraph.service.views.view import Watermark, follows

MAPPING_VERSION: Final = 2
"""Raised whenever the triples made of the same present change, so that older stores are rebuilt."""
TRANSACTION: Final = 20_000
"""Quads written at once; a larger change set is several transactions, the last of which moves the watermark."""

_Graph: TypeAlias = ox.NamedNode | ox.DefaultGraph

_META: Final = ox.NamedNode(SG.term("view/meta"))
_MARK: Final = ox.NamedNode(SG.term("view/watermark"))
_DEFAULT: Final = ox.DefaultGraph()
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
        for last in snapshot:
            self._store.bulk_extend(self._quads(last))
        if last is not None:
            self._write(_Edits(self._store), self._mark(last))

    def flush(self) -> None:
        """Make everything written so far survive a loss of power."""
        self._store.flush()

    def checkpoint(self, path: Path) -> None:
        """Make an immutable copy in a folder that must not exist yet; hard links, so it costs next to nothing."""
        self._store.backup(str(path))

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

    def _collect(self, change: ChangeSet, edits: _Edits) -> None:
        added = set(change.added)
        edits.removed.update(_quad(fact) for fact in self._writings.take(change.removed, change.added))
        edits.added.update(map(_quad, change.added))
        for fact, claims in change.claims_changed:
            # A triple that has only now come to hold has no node yet: no need to look for one.
            edits.replace(statement_iri(fact), statement_facts(fact, claims), known=fact not in added)
        for edge in change.influences:
            edits.replace(influence_iri(edge.influencer, edge.influenced), influence_facts(edge, self._model))
        for influencer, influenced in change.influences_removed:
            edits.replace(influence_iri(influencer, influenced), ())
        for seen in change.observations:
            edits.replace(observation_iri(seen.subject, seen.metric), observation_facts(seen))
        for sighting in change.sightings:
            edits.replace(scope_iri(sighting.source, sighting.scope), scope_facts(sighting))
        for node, entry in self._writings.changes():
            edits.replace(node, entry, graph=WRITINGS)

    def _quads(self, change: ChangeSet) -> Iterator[ox.Quad]:
        """Yield the quads of a change set that only adds."""
        self._writings.take((), change.added)
        yield from map(_quad, change.added)
        for fact, claims in change.claims_changed:
            yield from map(_quad, statement_facts(fact, claims))
        for edge in change.influences:
            yield from map(_quad, influence_facts(edge, self._model))
        for seen in change.observations:
            yield from map(_quad, observation_facts(seen))
        for sighting in change.sightings:
            yield from map(_quad, scope_facts(sighting))
        for _, entry in self._writings.changes():
            yield from (_quad(fact, WRITINGS) for fact in entry)

    def _write(self, edits: _Edits, watermark: Watermark) -> None:
        """Write in one transaction, or, where that would be too large, several that can safely be done again."""
        removed, added = sorted(edits.removed - edits.added, key=str), sorted(edits.added, key=str)
        while len(removed) + len(added) > TRANSACTION:
            if removed:
                self._store.update(_data("DELETE", removed[:TRANSACTION]))
                del removed[:TRANSACTION]
            else:
                self._store.extend(added[:TRANSACTION])
                del added[:TRANSACTION]
        mark = [ox.Quad(_MARK, prop, value, _META) for prop, value in _mark_values(watermark)]
        clear = f"DELETE WHERE {{ GRAPH {_META} {{ ?s ?p ?o }} }}"
        self._store.update(";\n".join((_data("DELETE", removed), clear, _data("INSERT", [*added, *mark]))))
        self._watermark = watermark

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
    """Quads to remove and to add, in the form in which the store keeps them; what is added stays."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store
        self.removed: set[ox.Quad] = set()
        self.added: set[ox.Quad] = set()

    def replace(self, node: Iri, facts: Iterable[Fact], *, graph: _Graph = _DEFAULT, known: bool = True) -> None:
        """Make the facts all that there is about a node in a graph; ``known`` is False where there is nothing yet."""
        wanted = {_quad(fact, graph) for fact in facts}
        there = set(self._store.quads_for_pattern(ox.NamedNode(node), None, None, graph)) if known else set()
        self.removed |= there - wanted
        self.added |= wanted - there


def _quad(fact: Fact, graph: _Graph = _DEFAULT) -> ox.Quad:
    """Return the quad that the store will keep for a fact."""
    kept = stored(fact)
    return ox.Quad(ox.NamedNode(kept.subject), ox.NamedNode(kept.predicate), to_ox(kept.object), graph)


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple | None) -> Term | None:
    return None if term is None else from_ox(term)


def _mark_values(watermark: Watermark) -> Iterator[tuple[ox.NamedNode, ox.Literal]]:
    yield _SEQUENCE, ox.Literal(str(watermark.sequence))
    yield _BATCH, ox.Literal(watermark.batch_hash)
    yield _ONTOLOGY, ox.Literal(watermark.ontology_hash)
    yield _MAPPING, ox.Literal(str(watermark.mapping_version))


def _data(verb: str, quads: Iterable[ox.Quad]) -> str:
    """Return the update that inserts or deletes quads. Updates are atomic, which single calls to the store are not."""
    return f"{verb} DATA {{\n" + "\n".join(map(_line, quads)) + "\n}"


def _line(quad: ox.Quad) -> str:
    triple = f"{quad.subject} {quad.predicate} {quad.object} ."
    return triple if quad.graph_name == _DEFAULT else f"GRAPH {quad.graph_name} {{ {triple} }}"
