"""Literals that the store does not keep as written: ``"005"^^xsd:integer`` is kept as ``5``.

Two triples that differ in writing only are one triple in the store. Which ones stand behind it is kept here, so that
closing one does not take the other along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, Final, cast

import pyoxigraph as ox

from stratagraph.ontology.facts import LANG_STRING, XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.terms import decode, encode, from_ox, to_ox

WRITINGS: Final = ox.NamedNode(SG.term("view/writings"))
"""The named graph that holds the book, out of sight of queries on the default graph."""
_WRITTEN_AS: Final = SG.term("view/writtenAs")
_KEPT_AS_WRITTEN: Final = frozenset({XSD_STRING, LANG_STRING})

# How the store writes a literal is its own affair: it is asked, and its rules are not repeated here.
_probe: Final = ox.Store()
_probe_lock: Final = Lock()
_NODE: Final = ox.NamedNode(SG.term("view/probe"))


def stored(fact: Fact) -> Fact:
    """Return the fact as the store keeps it: the fact itself where it is kept as written."""
    kept = stored_term(fact.object)
    return fact if kept is fact.object else fact._replace(object=kept)


def stored_term(term: Term) -> Term:
    """Return the object of a triple as the store keeps it: the term itself where it is kept as written."""
    if isinstance(term, str):
        return term
    if term.datatype in _KEPT_AS_WRITTEN and term.language == term.language.lower():
        return term
    kept = _kept(term)
    return term if kept == term else kept


@lru_cache(maxsize=65_536)
def _kept(literal: Literal) -> Literal:
    """Ask a store of one triple what it makes of the literal."""
    with _probe_lock:
        _probe.add(ox.Quad(_NODE, _NODE, to_ox(literal)))
        kept = next(iter(_probe)).object
        _probe.clear()
    return _literal(from_ox(kept))


class Writings:
    """For each stored triple that stands for another writing: all writings of it that hold now."""

    def __init__(self, store: ox.Store) -> None:
        """Read the book from the store."""
        self._store = store
        self._book: dict[Fact, set[Literal]] = {}
        self._changed: set[Fact] = set()
        for quad in store.quads_for_pattern(None, ox.NamedNode(_WRITTEN_AS), None, WRITINGS):
            kept = Fact(*(_value(store, quad.subject, part) for part in (RDF.subject, RDF.predicate, RDF.object)))
            writing = _literal(from_ox(quad.object)).value
            self._book.setdefault(kept, set()).add(_literal(decode(writing)))

    def take(self, removed: Iterable[Fact], added: Sequence[Fact]) -> list[Fact]:
        """Note the writings that went and came; return the stored triples that have to go. All added have to come."""
        leaving = [kept for fact in removed if (kept := self._leave(fact)) is not None]
        gone = set(leaving)
        plain: set[Fact] | None = None
        for fact in added:
            if isinstance(fact.object, str):
                continue  # only literals have more than one writing
            kept = stored(fact)
            if kept is fact and not self._book:
                continue
            if kept is not fact and kept not in self._book:
                # Made only when it is needed: most changes hold no literal in two writings.
                plain = set(added) if plain is None else plain
                # If the store's own writing holds as well, it is one
                # of the writings: the triple stays until all are gone.
                if kept in plain or (kept not in gone and self._stands(kept)):
                    self._note(kept, _literal(kept.object))
            if kept is not fact or kept in self._book:
                self._note(kept, _literal(fact.object))
        return leaving

    def changes(self) -> Iterator[tuple[Iri, list[Fact]]]:
        """Yield the node and triples of every entry that changed since this was last asked."""
        for kept in self._changed:
            node = statement_iri(kept)
            writings = sorted(self._book.get(kept, ()))
            entry = [Fact(node, _WRITTEN_AS, Literal(encode(writing))) for writing in writings]
            if entry:
                entry.append(Fact(node, RDF.subject, kept.subject))
                entry.append(Fact(node, RDF.predicate, kept.predicate))
                entry.append(Fact(node, RDF.object, kept.object))
            yield node, entry
        self._changed.clear()

    def _leave(self, fact: Fact) -> Fact | None:
        """Strike one writing out; return the stored triple unless another writing keeps it."""
        kept = stored(fact)
        writings = self._book.get(kept)
        if writings is None:
            return kept
        self._changed.add(kept)
        writings.discard(_literal(fact.object))
        left = set(writings)
        # If only the store's own writing is left, the triple speaks for itself.
        if not left - {kept.object}:
            del self._book[kept]
        return None if left else kept

    def _note(self, kept: Fact, writing: Literal) -> None:
        writings = self._book.setdefault(kept, set())
        if writing not in writings:
            writings.add(writing)
            self._changed.add(kept)

    def _stands(self, fact: Fact) -> bool:
        return ox.Quad(ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object)) in self._store


def _value(store: ox.Store, node: ox.NamedNode | ox.BlankNode | ox.Triple, part: Iri) -> Any:
    return from_ox(next(store.quads_for_pattern(node, ox.NamedNode(part), None, WRITINGS)).object)


def _literal(term: Term) -> Literal:
    """Narrow a term of which it is known that it is a literal."""
    return cast("Literal", term)
