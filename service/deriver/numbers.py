"""Terms as small numbers: even ones are IRIs, odd ones are literals."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple, TypeAlias

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.packing import Packed, pack, unpack

Triple: TypeAlias = tuple[int, int, int]
"""A fact in numbers: subject, predicate, object."""


class _State(NamedTuple):
    """All terms; of each literal which of the kinds it is of: datatype and language."""

    iris: Packed
    values: Packed
    kind_of: array[int]
    kinds: list[tuple[Iri, str]]


def is_iri(number: int) -> bool:
    """Tell whether a number stands for an IRI, and so can be a subject."""
    return not number & 1


class Numbers:
    """Gives every term one number and takes the number back to the term. Numbers are never given up."""

    def __init__(self) -> None:
        """Know no term."""
        self._numbers: dict[Term, int] = {}
        self._iris: list[Iri] = []
        self._literals: list[Literal] = []

    def __getstate__(self) -> _State:
        """Return all terms as a few byte strings: a pickle of each would take ten times as long to read."""
        # There are few datatypes and languages.
        kinds: dict[tuple[Iri, str], int] = {}
        kind_of = array("I", (kinds.setdefault((each.datatype, each.language), len(kinds)) for each in self._literals))
        return _State(pack(self._iris), pack(literal.value for literal in self._literals), kind_of, list(kinds))

    def __setstate__(self, state: _State) -> None:
        """Be what was kept."""
        iris, values, kind_of, kinds = state
        self._iris = list(unpack(iris))
        self._literals = [Literal(value, *kinds[kind]) for value, kind in zip(unpack(values), kind_of, strict=True)]
        self._numbers = {}
        self._numbers.update(zip(self._iris, count(0, 2)))
        self._numbers.update(zip(self._literals, count(1, 2)))

    def __len__(self) -> int:
        """Return how many IRIs have a number."""
        return len(self._iris)

    def number(self, term: Term) -> int:
        """Return the term's number, a new one where it has none."""
        known = self._numbers.get(term)
        if known is not None:
            return known
        if isinstance(term, str):
            # Each kind has numbers without gaps, so that arrays by node have no holes where literals would be.
            number = len(self._iris) << 1
            self._iris.append(term)
        else:
            number = len(self._literals) << 1 | 1
            self._literals.append(term)
        self._numbers[term] = number
        return number

    def known(self, term: Term) -> int | None:
        """Return the term's number, None where it has none."""
        return self._numbers.get(term)

    def iri(self, number: int) -> Iri:
        """Return the IRI of an even number."""
        return self._iris[number >> 1]

    def term(self, number: int) -> Term:
        """Return the term of a number."""
        return self._literals[number >> 1] if number & 1 else self._iris[number >> 1]

    def triple(self, fact: Fact) -> Triple:
        """Return the fact in numbers."""
        numbers = self._numbers
        try:
            return numbers[fact[0]], numbers[fact[1]], numbers[fact[2]]
        except KeyError:
            return self.number(fact.subject), self.number(fact.predicate), self.number(fact.object)

    def fact(self, triple: Triple) -> Fact:
        """Return the fact that a triple of numbers stands for."""
        subject, predicate, obj = triple
        return Fact(self._iris[subject >> 1], self._iris[predicate >> 1], self.term(obj))

    def facts(self, triples: Iterable[Triple]) -> list[Fact]:
        """Return the facts of many triples."""
        iris, literals = self._iris, self._literals
        new = tuple.__new__  # a named tuple's own way takes twice the time
        return [
            new(Fact, (iris[subject >> 1], iris[predicate >> 1], literals[obj >> 1] if obj & 1 else iris[obj >> 1]))
            for subject, predicate, obj in triples
        ]
