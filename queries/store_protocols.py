"""The stores that queries need; ``service`` implements them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from stratagraph.ontology.facts import Fact, Influence, Iri, Term

Pattern: TypeAlias = tuple[Iri | None, Iri | None, Term | None]
"""Subject, predicate and object of facts that are looked for; None stands for any."""

Row = dict[str, Term | None]
"""One solution: variable name to term; None where unbound."""


class TripleStore(Protocol):
    """Read access to the triples view at one sequence."""

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""

    def select(self, query: str, bindings: Mapping[str, Term] | None = None) -> Sequence[Row]:
        """Evaluate a SELECT query, with some variables already bound; prefixes of ours are known."""

    def ask(self, query: str, bindings: Mapping[str, Term] | None = None) -> bool:
        """Evaluate an ASK query."""

    def facts_about(self, node: Iri) -> Iterator[tuple[Iri, Term]]:
        """Yield (predicate, object) of every triple with this subject."""

    def matching(self, patterns: Sequence[Pattern]) -> list[list[Fact]]:
        """Return the triples of each pattern, all at one moment: what costs a query more to read than to answer."""


class Adjacency(Protocol):
    """Read access to the influence edges at one sequence."""

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that leave a node."""

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the influence edges that reach a node."""
