"""Literals that the store does not keep as written: ``"005"^^xsd:integer`` is kept as ``5``.

Two triples that differ in writing only are one triple in the store. Which ones stand behind it is kept here, so that
closing one does not take the other along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, cast

import pyoxigraph as ox

from stratagraph.ontology.facts import LANG_STRING, XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import CLAIMS_BASE, SG, XSD
from stratagraph.ontology.terms import decode, encode, from_ox, to_ox
from stratagraph.service.views.books import BOOKS

_ENTRIES: Final = ox.NamedNode(SG.term("view/writings"))
_ENTRY: Final = ox.NamedNode(SG.term("view/entry"))

_NODE: Final = ox.NamedNode(SG.term("view/probe"))
_LEAST_WHOLE: Final = 2**53
"""From here on every double is a whole number."""
_COUNT: Final = re.compile(r"-?[1-9][0-9]{0,16}|0")


def stored(fact: Fact) -> Fact:
    """Return the fact as the store keeps it: the fact itself where it is kept as written."""
    kept = stored_term(fact.object)
    return fact if kept is fact.object else fact._replace(object=kept)


def stored_term(term: Term) -> Term:
    """Return the object of a triple as the store keeps it: the term itself where it is kept as written."""
    if isinstance(term, str) or not _varies(term):
        return term
    if term.datatype == LANG_STRING and term.language == term.language.lower():
        return term
    kept = _kept_number(term) or _kept(term)
    return term if kept == term else kept


def _varies(literal: Literal) -> bool:
    """Tell whether a literal may be one of several writings: a plain text is nothing but itself."""
    return literal.datatype != XSD_STRING


def _kept_number(literal: Literal) -> Literal | None:
    """Return what the store makes of a figure as telemetry brings them, ever new ones; None of other literals."""
    value, datatype, _ = literal
    if datatype == XSD.integer:
        return literal if _COUNT.fullmatch(value) else None
    if datatype != XSD.double or not value[-1:].isdecimal() or not value.isascii():
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if repr(number) != value or abs(number) >= _LEAST_WHOLE:
        return None
    # The store writes a double with as few digits as tell it apart, as Python does, but never with an exponent.
    whole = format(Decimal(value), "f") if "e" in value else value
    places = len(whole) - whole.find(".") - 1
    # Half way between two writings the one takes the even digit and the other the higher.
    halfway = number.as_integer_ratio()[1].bit_length() - 1 == places + 1
    return None if halfway else Literal(whole.removesuffix(".0"), datatype)


@lru_cache(maxsize=65_536)
def _kept(literal: Literal) -> Literal:
    """Ask a store of one triple what it makes of the literal: its rules are its own affair, and not repeated here."""
    # A new one each time: in memory, a store looks through all that it ever held, even of what was cleared.
    probe = ox.Store()
    probe.add(ox.Quad(_NODE, _NODE, to_ox(literal)))
    return _literal(from_ox(next(iter(probe)).object))


class Writings:
    """For each stored triple that stands for another writing: all writings of it that hold now.

    Each writing has claims of its own, and so a graph of claims: the triple stands in those of all its writings.
    """

    def __init__(self, store: ox.Store) -> None:
        """Read the book from the store."""
        self._store = store
        self._book: dict[Fact, dict[Literal, Iri]] = {}
        self._written: dict[Fact, set[str]] = {}
        """What the store's book says of a triple: to be known only of those that change."""
        self._touched: dict[Fact, dict[Literal, Iri]] = {}
        for quad in store.quads_for_pattern(_ENTRIES, _ENTRY, None, BOOKS):
            kept, writing, graph = _read(_literal(from_ox(quad.object)).value)
            self._book.setdefault(kept, {})[writing] = graph

    def take(self, removed: Iterable[Fact], added: Sequence[Fact]) -> list[Fact]:
        """Note the writings that went and came; return the stored triples that have to go. All added have to come."""
        leaving = [kept for fact in removed if (kept := self._leave(fact)) is not None]
        gone = set(leaving)
        plain: set[Fact] | None = None
        for fact in added:
            if isinstance(fact.object, str) or not _varies(fact.object):
                continue
            kept = stored(fact)
            if kept is fact and not self._book:
                continue
            if kept is not fact and kept not in self._book:
                # Made only when it is needed: most changes hold no literal in two writings.
                plain = set(added) if plain is None else plain
                # If the store's own writing holds as well, it is one
                # of the writings: the triple stays until all are gone.
                if kept in plain:
                    self._note(kept, _literal(kept.object))
                elif kept not in gone and self._stands(kept):
                    self._note(kept, _literal(kept.object), self._claimed(kept))
            if kept is not fact or kept in self._book:
                self._note(kept, _literal(fact.object))
        return leaving

    def claim(self, facts: Sequence[Fact], graph: Iri) -> Sequence[Fact]:
        """Note the graph of claims of writings, empty for none; return the facts whose triple has one writing alone."""
        if not (self._book or self._touched):
            return facts
        return [
            fact
            for fact in facts
            if isinstance(fact.object, str) or not _varies(fact.object) or not self._claim(fact, graph)
        ]

    def _claim(self, fact: Fact, graph: Iri) -> bool:
        kept = stored(fact)
        if kept not in self._book and kept not in self._touched:
            return False
        writing = _literal(fact.object)
        self._touch(kept)[writing] = graph
        if writing in self._book.get(kept, ()):
            self._book[kept][writing] = graph
        return True

    def claimed(self) -> Iterator[tuple[Fact, set[Iri]]]:
        """Yield the stored triples of which something changed, with the graphs in which each has to stand."""
        for kept, graphs in self._touched.items():
            yield kept, {graph for graph in graphs.values() if graph}

    def come(self) -> list[str]:
        """Return the lines of the book that come, as they are known so far, and take them for written.

        A triple written before its writings would look, after a crash, as if it held in the store's own writing.
        """
        came: list[str] = []
        for kept in self._touched:
            lines = set(map(_line, _entries(kept, self._book.get(kept, {})))) - self._written[kept]
            self._written[kept] |= lines
            came += sorted(lines)
        return came

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the lines of the book that go and those that come, since this was last asked."""
        removed: list[str] = []
        added: list[str] = []
        for kept in self._touched:
            before = self._written.pop(kept, set())
            now = set(map(_line, _entries(kept, self._book.get(kept, {}))))
            removed += sorted(before - now)
            added += sorted(now - before)
        self._touched.clear()
        self._written.clear()
        return removed, added

    def _touch(self, kept: Fact) -> dict[Literal, Iri]:
        """Return the graphs of a triple's writings within this change, of those too that leave the book."""
        if kept not in self._touched:
            book = self._book.get(kept, {})
            self._touched[kept] = dict(book)
            self._written[kept] = set(map(_line, _entries(kept, book)))
        return self._touched[kept]

    def _leave(self, fact: Fact) -> Fact | None:
        """Strike one writing out; return the stored triple unless another writing keeps it."""
        kept = stored(fact)
        writings = self._book.get(kept)
        if writings is None:
            return kept
        self._touch(kept)
        writings.pop(_literal(fact.object), None)
        left = set(writings)
        # If only the store's own writing is left, the triple speaks for itself.
        if not left - {kept.object}:
            del self._book[kept]
        return None if left else kept

    def _note(self, kept: Fact, writing: Literal, graph: Iri = "") -> None:
        touched = self._touch(kept)
        if writing not in self._book.setdefault(kept, {}):
            self._book[kept][writing] = graph
            touched[writing] = graph

    def _stands(self, fact: Fact) -> bool:
        return ox.Quad(ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object)) in self._store

    def _claimed(self, fact: Fact) -> Iri:
        """Return the graph of claims in which a triple stands that has had one writing so far."""
        terms = ox.NamedNode(fact.subject), ox.NamedNode(fact.predicate), to_ox(fact.object)
        names = (str(getattr(quad.graph_name, "value", "")) for quad in self._store.quads_for_pattern(*terms, None))
        return next((name for name in names if name.startswith(CLAIMS_BASE)), "")


def _entries(kept: Fact, writings: Mapping[Literal, Iri]) -> Iterator[str]:
    """Yield what the book says: IRIs and encoded literals hold no raw line break, and so can't run into each other."""
    for writing, graph in writings.items():
        yield "\n".join((kept.subject, kept.predicate, encode(writing), graph))


def _read(entry: str) -> tuple[Fact, Literal, Iri]:
    subject, predicate, writing, graph = entry.split("\n")
    written = _literal(decode(writing))
    return stored(Fact(subject, predicate, written)), written, graph


def _line(entry: str) -> str:
    return f"{_ENTRIES} {_ENTRY} {encode(Literal(entry))}"


def _literal(term: Term) -> Literal:
    """Narrow a term of which it is known that it is a literal."""
    return cast("Literal", term)
