"""What stands in the database beside what should: nodes whole, of relationships who states them and how strongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import neo4j

from stratagraph.ontology.facts import Iri
from stratagraph.service.neo4j.mapping.graph_names import MEASURED, REASONS, STRENGTH
from stratagraph.service.neo4j.view.graph_edits import GraphEdits
from stratagraph.service.neo4j.view.graph_rows import GraphRows, Needs
from stratagraph.service.neo4j.view.graph_writer import Places
from stratagraph.service.neo4j.view.lookups import Lookups
from stratagraph.service.neo4j.view.node_rows import NodeRow, Standing
from stratagraph.service.neo4j.view.tie_rows import Tie

NAMED: Final = 3
"""Differences that are named; more say no more."""


class GraphCheck:
    """Compares parts of the present, each thing whole, with what stands."""

    def __init__(self, rows: GraphRows, lookups: Lookups) -> None:
        self._rows = rows
        self._lookups = lookups

    def differences(self, session: neo4j.Session, edits: GraphEdits) -> Iterator[str]:
        """Yield in a few words each what differs."""
        nodes, ties = self._nodes(edits), self._ties(edits)
        ends = {end for tie in ties for end in (tie.start, tie.end)}
        places = Places()
        standing = self._lookups.standing(session, Needs({*nodes, *ends}), places)
        for iri, row in nodes.items():
            yield from _of_node(row, standing.get(iri))
        present = self._lookups.ties(session, Needs(ties={tie: {} for tie in ties}), places)
        for tie, properties in ties.items():
            yield from _of_tie(tie, properties, present.get(tie))

    def _nodes(self, edits: GraphEdits) -> dict[Iri, NodeRow]:
        maker = self._rows.nodes
        rows = [*maker.rows(edits, {})]
        rows += [maker.observation(seen) for seen in edits.observations.values() if seen is not None]
        rows += [maker.scope(seen) for seen in edits.sightings.values()]
        return {row.iri: row for row in rows}

    def _ties(self, edits: GraphEdits) -> dict[Tie, dict[str, Any]]:
        # What is stated in several ways would need all of them at once.
        plain, _ = self._rows.ties.split(edits.claims, self._rows.otherwise)
        ties = {tie: said.properties() for tie, said in plain.items() if said is not None}
        for (influencer, influenced), edge in edits.influences.items():
            for kind, strength in (self._rows.ties.influence(edge) if edge else {}).items():
                told = dict(zip((STRENGTH, MEASURED, REASONS), strength, strict=True))
                ties.setdefault(Tie(influencer, kind, influenced), {}).update(told)
        return ties


def _of_node(row: NodeRow, standing: Standing | None) -> Iterator[str]:
    if standing is None:
        yield f"the node {row.iri} is not there"
        return
    if standing.labels != row.labels:
        yield f"the labels of {row.iri}"
    for key in sorted(row.properties.keys() | standing.properties.keys()):
        if not _same(row.properties.get(key), standing.properties.get(key)):
            yield f"the property {key} of {row.iri}"


def _of_tie(tie: Tie, told: Mapping[str, Any], present: Mapping[str, Any] | None) -> Iterator[str]:
    pattern = f"{tie.start} -[:{tie.type}]-> {tie.end}"
    if present is None:
        yield f"the relationship {pattern} is not there"
        return
    for key in sorted(told):
        if not _same(told[key], present.get(key)):
            yield f"the property {key} of {pattern}"


def _same(told: Any, present: Any) -> bool:
    if isinstance(told, list) and isinstance(present, list):
        return len(told) == len(present) and all(map(_same, told, present))
    if isinstance(told, datetime) and hasattr(present, "to_native"):
        return bool(told == present.to_native())
    # What is no number differs from itself.
    return type(told) is type(present) and (told == present or str(told) == str(present))
