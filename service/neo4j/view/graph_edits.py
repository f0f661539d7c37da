"""What a run of change sets comes to: for each thing its last state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Influence, Iri, Literal, Observation, Sighting
from stratagraph.ontology.namespaces import RDF, STATEMENT_BASE

Pair = tuple[Iri, Iri]


@dataclass(slots=True)
class GraphEdits:
    """The net effect of change sets that follow each other.

    ``facts`` are types and literals with whether they hold, ``claims`` who states a relation now, ``measured`` the
    relations with whether telemetry measured them. What is None, or has no claims, is gone.
    """

    facts: dict[Fact, bool] = field(default_factory=dict)
    claims: dict[Fact, tuple[Claim, ...]] = field(default_factory=dict)
    influences: dict[Pair, Influence | None] = field(default_factory=dict)
    observations: dict[Pair, Observation | None] = field(default_factory=dict)
    sightings: dict[tuple[str, str], Sighting] = field(default_factory=dict)
    measured: dict[Fact, bool] = field(default_factory=dict)

    def take(self, change: ChangeSet, is_hidden: Callable[[Iri], bool]) -> None:
        """Add the next change set, without what is hidden."""
        for facts, holds in ((change.removed, False), (change.added, True)):
            self.facts.update(
                (fact, holds)
                for fact in facts
                if (isinstance(fact.object, Literal) or fact.predicate == RDF.type) and not is_hidden(fact.subject)
            )
        for fact, claims in change.claims_changed:
            end = fact.object
            if isinstance(end, Literal) or fact.predicate == RDF.type or is_hidden(fact.subject) or is_hidden(end):
                continue
            self.claims[fact] = claims
        # Removals first: of what is both removed and added, the addition is the later one.
        self.influences.update((pair, None) for pair in change.influences_removed)
        self.influences.update(((edge.influencer, edge.influenced), edge) for edge in change.influences)
        self.observations.update(dict.fromkeys(change.observations_removed))
        self.observations.update(((seen.subject, seen.metric), seen) for seen in change.observations)
        self.sightings.update(((seen.source, seen.scope), seen) for seen in change.sightings)
        self.measured.update(dict.fromkeys(change.measured_removed, False))
        self.measured.update(dict.fromkeys(change.measured, True))

    def parts(self, size: int) -> Iterator[GraphEdits]:
        """Yield edits that come to the same one after the other, each of about so many things.

        What is said of one node stays together, and so is who relates two.
        """
        if len(self) <= size:
            yield self
            return
        parts: list[GraphEdits] = [GraphEdits()]
        by_node: dict[Iri, GraphEdits] = {}

        def part(node: Iri) -> GraphEdits:
            found = by_node.get(node)
            if found is None:
                if len(parts[-1]) >= size:
                    parts.append(GraphEdits())
                found = by_node[node] = parts[-1]
            return found

        for fact, holds in self.facts.items():
            part(fact.subject).facts[fact] = holds
        for fact, claims in self.claims.items():
            # Both ways to state a relation come to one relationship.
            part(min(fact.subject, str(fact.object))).claims[fact] = claims
        for pair, edge in self.influences.items():
            part(pair[0]).influences[pair] = edge
        # At the end, together: the relations that they are about are there by then.
        parts.append(GraphEdits(observations=self.observations, sightings=self.sightings, measured=self.measured))
        yield from parts

    def __len__(self) -> int:
        """Count what a row may be needed for."""
        return len(self.facts) + len(self.claims) + len(self.influences) + len(self.observations)

    def statements(self) -> set[Iri]:
        """Return the statements that observations are about."""
        return {subject for subject, _ in self.observations if subject.startswith(STATEMENT_BASE)}
