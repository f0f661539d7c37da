"""In which direction a relation is written, where the ontology has a word for either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, SG

_TRUE: Final = ("true", "1")


class Direction(NamedTuple):
    """A relation as it is written: by which property, and whether subject and object change places."""

    relation: Iri
    turned: bool


class Directions:
    """Of a relation and its inverse the primary one is written, and of equivalent ones always the same.

    Primary is ours before another vocabulary's, then the one on which the ontology states how influence runs, then the
    one that is declared to carry none, then the one that is used in the ontology itself, then the one that declares
    the other as its inverse. The order of IRIs decides what is left.
    """

    def __init__(self, model: OntologyModel) -> None:
        """Read the declarations."""
        self._model = model
        self._used = {fact.predicate for fact in model.triples}
        self._inverses: dict[Iri, set[Iri]] = {}
        for prop, info in model.relations.items():
            if info.inverse:
                self._inverses.setdefault(prop, set()).add(info.inverse)
                self._inverses.setdefault(info.inverse, set()).add(prop)
        self._known: dict[Iri, Direction] = {}

    def of(self, relation: Iri) -> Direction:
        """Return how a relation is written."""
        known = self._known.get(relation)
        if known is None:
            alike = self._alike(relation)
            primary = min(alike, key=self._rank)
            known = self._known[relation] = Direction(primary, alike[primary])
        return known

    def written(self, fact: Fact) -> tuple[Iri, Iri, Iri]:
        """Return the ends of a relation and between them the property by which it is written: start, property, end."""
        subject, end = fact.subject, str(fact.object)
        relation, turned = self.of(fact.predicate)
        if turned or (self.is_symmetric(relation) and end < subject):
            subject, end = end, subject
        return subject, relation, end

    def is_symmetric(self, relation: Iri) -> bool:
        """Say whether a relation and its inverse are one."""
        info = self._model.relations.get(relation)
        return info is not None and "symmetric" in info.characteristics

    def _alike(self, relation: Iri) -> dict[Iri, bool]:
        """Return the properties that say the same, each with whether it says it the other way round."""
        found = {relation: False}
        agenda = [relation]
        while agenda:
            current = agenda.pop()
            for other, turns in self._steps(current):
                if other not in found:
                    found[other] = found[current] != turns
                    agenda.append(other)
        return found

    def _steps(self, relation: Iri) -> Iterator[tuple[Iri, bool]]:
        yield from ((other, True) for other in sorted(self._inverses.get(relation, ())))
        info = self._model.relations.get(relation)
        for other in sorted(info.ancestors - {relation}) if info else ():
            above = self._model.relations.get(other)
            if above is not None and relation in above.ancestors:
                yield other, False

    def _rank(self, relation: Iri) -> tuple[bool, bool, bool, bool, bool, bool, Iri]:
        graph = self._model.graph
        inverses = self._inverses.get(relation, set())
        declares = bool(graph.iri(relation, OWL.inverseOf))
        alone = declares and not any(graph.iri(other, OWL.inverseOf) for other in inverses)
        carries = any(True for _ in graph.iris(relation, SG.transmits))
        return (
            not relation.startswith(SG),
            graph.value(relation, OWL.deprecated) in _TRUE,
            not carries,
            graph.value(relation, SG.transmitsNothing) not in _TRUE and not carries,
            relation not in self._used,
            not alone,
            relation,
        )
