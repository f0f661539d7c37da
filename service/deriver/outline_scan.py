"""What the estate consists of, counted from the arrays of the closure: kinds, attributes, relations, metrics."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final

from stratagraph.ontology.facts import Iri, Literal, Method, Observation
from stratagraph.ontology.model import CORE_SOURCE, OntologyModel
from stratagraph.ontology.namespaces import ONTOLOGY_IRI
from stratagraph.queries.schema.outline import AttributeUse, Outline, RelationUse
from stratagraph.service.deriver.claim_sets import ClaimSets
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers, Triple

SLICE: Final = 1_000
"""Nodes that are looked through at a time: some 50 ms for which a commit has to wait."""
FEW: Final = 12
"""Values of an attribute that are kept apart; of more only the number of statements is told."""


class OutlineScan:
    """Counts slice by slice; each thing as it stands when its slice is looked through."""

    def __init__(self, model: OntologyModel, closure: Closure, claim_sets: ClaimSets, numbers: Numbers) -> None:
        """Look at the triples of a closure, whose tags are numbers of claim sets."""
        self._closure = closure
        self._numbers = numbers
        self._attributes: dict[tuple[Iri, int], AttributeUse] = defaultdict(AttributeUse)
        self._relations: dict[tuple[Iri, int, Iri], RelationUse] = defaultdict(RelationUse)
        self._kinds: Counter[Iri] = Counter()
        tables = closure.tables

        @cache
        def kind(mask: int) -> Iri:
            return model.narrowest(map(numbers.iri, tables.members(mask))) or ""

        @cache
        def methods(tag: int) -> tuple[bool, bool]:
            """Whether somebody other than the ontology declares, and observes, what has this tag."""
            told = {origin.method for origin in claim_sets[tag] if origin.source != CORE_SOURCE}
            return Method.DECLARED in told, Method.OBSERVED in told

        self._kind, self._methods = kind, methods

    def forget_tags(self) -> None:
        """Take note that something changed: a claim set that nobody has any more gave its number to another."""
        self._methods.cache_clear()

    def slices(self) -> Iterator[None]:
        """Look through the nodes that there are, stopping after every slice."""
        for start in range(0, len(self._numbers), SLICE):
            for place in range(start, min(start + SLICE, len(self._numbers))):
                self._look_at(place << 1)
            yield

    def _look_at(self, node: int) -> None:
        stated = [
            (prop, obj, methods)
            for prop, obj, tag in self._closure.asserted.leaving(node)
            if any(methods := self._methods(tag))
        ]
        kind = self._kind(self._closure.types(node)) if stated else ""
        if not kind:
            return
        # What the ontology knows is no thing of the estate, even where somebody says more about it.
        if any(prop == self._closure.tables.type for prop, _, _ in stated):
            self._kinds[kind] += 1
        before = -1
        for prop, obj, (declared, observed) in stated:
            if obj & 1:
                self._say(kind, prop, obj, first=prop != before)
            elif prop != self._closure.tables.type:
                self._relate(kind, prop, obj, declared=declared, observed=observed)
            before = prop

    def _relate(self, kind: Iri, prop: int, obj: int, *, declared: bool, observed: bool) -> None:
        use = self._relations[kind, prop, self._kind(self._closure.types(obj))]
        use.count += 1
        use.declared += declared
        use.observed += observed
        if use.values is not None and (iri := self._numbers.iri(obj)).startswith(ONTOLOGY_IRI):
            use.values[iri] = use.values.get(iri, 0) + 1
            if len(use.values) > FEW:
                use.values = None

    def _say(self, kind: Iri, prop: int, value: int, *, first: bool) -> None:
        use = self._attributes[kind, prop]
        use.count += 1
        use.holders += first
        literal = self._numbers.term(value)
        assert isinstance(literal, Literal)  # its number is odd
        use.languages.add(literal.language)
        if use.values is not None:
            use.values[literal] = use.values.get(literal, 0) + 1
            if len(use.values) > FEW:
                use.values = None

    def outline(
        self, sequence: int, newest: Iterable[Observation], relation: Callable[[Iri], Triple | None]
    ) -> Outline:
        """Return what was counted, with what is measured: on things, and on the relation that a node stands for."""
        iri = self._numbers.iri
        metrics: Counter[tuple[Iri, Iri]] = Counter()
        for seen in newest:
            if (triple := relation(seen.subject)) is not None:
                metrics[seen.metric, iri(triple[1])] += 1
            elif (node := self._numbers.known(seen.subject)) is not None:
                metrics[seen.metric, self._kind(self._closure.types(node))] += 1
        return Outline(
            sequence=sequence,
            kinds=dict(self._kinds),
            attributes={(kind, iri(prop)): use for (kind, prop), use in self._attributes.items()},
            relations={(start, iri(prop), end): use for (start, prop, end), use in self._relations.items()},
            metrics=dict(metrics),
        )
