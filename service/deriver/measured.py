"""Which asserted relations telemetry measured: those alone get the node of a statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import STATEMENT_BASE
from stratagraph.service.deriver.numbers import Triple, is_iri


class Measured:
    """The observed relations by the node of their statement, and those of them that show an observation.

    An observation names a statement by a hash, from which no fact can be read. Only what some source observed is hashed
    for that, a small part of an estate.
    """

    def __init__(self) -> None:
        """Know of no relation."""
        self._relations: dict[Iri, Triple] = {}
        self._nodes: dict[Triple, Iri] = {}
        self._shown: dict[Iri, Triple] = {}

    def note(self, triple: Triple, node: Callable[[Triple], Iri], *, observed: bool) -> Iterator[Iri]:
        """Take in whether a source observes a triple; yield its node where that is another answer than before."""
        if observed and triple not in self._nodes and is_iri(triple[2]):
            iri = self._nodes[triple] = node(triple)
            self._relations[iri] = triple
            yield iri
        elif not observed and triple in self._nodes:
            iri = self._nodes.pop(triple)
            del self._relations[iri]
            yield iri

    @property
    def observed(self) -> Collection[Triple]:
        """The relations that are observed, as last noted."""
        return self._nodes.keys()

    def refresh(self, nodes: Iterable[Iri], shows: Callable[[Iri], bool]) -> tuple[list[Triple], list[Triple]]:
        """Look at nodes again; return the relations that have come to be measured and those that no longer are."""
        came: list[Triple] = []
        went: list[Triple] = []
        for node in dict.fromkeys(nodes):
            triple = self._relations.get(node)
            if triple is not None and shows(node):
                if node not in self._shown:
                    self._shown[node] = triple
                    came.append(triple)
            elif node in self._shown:
                went.append(self._shown.pop(node))
        return came, went

    def relation(self, node: Iri) -> Triple | None:
        """Return the relation that shows observations under the node of a statement."""
        return self._shown.get(node)

    def known(self) -> Iterable[Iri]:
        """Return the nodes of all observed relations."""
        return self._relations.keys()

    def __iter__(self) -> Iterator[Triple]:
        """Yield the relations that show an observation."""
        return iter(self._shown.values())


def statements(subjects: Iterable[Iri]) -> Iterator[Iri]:
    """Yield those of the subjects of observations that are statements."""
    return (subject for subject in subjects if subject.startswith(STATEMENT_BASE))
