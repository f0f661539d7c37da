"""What stands in the database of the nodes and relationships that edits are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import neo4j

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import OBSERVATION_BASE, SCOPE_BASE, STATEMENT_BASE
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import ASSET, RESOURCE
from stratagraph.service.neo4j.view import cypher_texts as texts
from stratagraph.service.neo4j.view.graph_rows import Needs
from stratagraph.service.neo4j.view.graph_writer import Places
from stratagraph.service.neo4j.view.node_rows import Standing
from stratagraph.service.neo4j.view.tie_rows import Tie

LOOKED_UP: Final = 20_000
"""Nodes that are asked for at once."""
_DATA: Final = f"{ASSET}|{RESOURCE}"


class Lookups:
    """Finds nodes and relationships of ours."""

    def __init__(self, labels: Labels) -> None:
        self._labels = labels
        self._vocabulary_labels = "|".join(labels.of_vocabulary())
        self._vocabulary: dict[Iri, str] | None = None

    def forget(self) -> None:
        """Ask again where the terms of the vocabulary are."""
        self._vocabulary = None

    def standing(self, session: neo4j.Session, needs: Needs, places: Places) -> dict[Iri, Standing]:
        """Return the nodes that stand, of those needed."""
        found: dict[Iri, Standing] = {}
        known = self._vocabulary_numbers(session)
        groups: dict[str, list[Iri]] = {}
        for iri in sorted(needs.nodes):
            groups.setdefault("" if iri in known else _label(iri), []).append(iri)
        for label, iris in groups.items():
            statement = texts.present(label) if label else texts.PRESENT_BY_ID
            for start in range(0, len(iris), LOOKED_UP):
                some = iris[start : start + LOOKED_UP]
                asked = some if label else [known[iri] for iri in some]
                for record in session.execute_read(_all, statement, {"iris": asked}):
                    number = places.note(record["iri"], record["id"])
                    found[record["iri"]] = Standing(number, frozenset(record["labels"]), record["properties"])
        return found

    def ties(self, session: neo4j.Session, needs: Needs, places: Places) -> dict[Tie, Mapping[str, Any]]:
        """Return what stands on those relationships that are stated in several ways."""
        found: dict[Tie, Mapping[str, Any]] = {}
        by_type: dict[str, list[Tie]] = {}
        for tie in needs.ties:
            if tie.start in places.numbers and tie.end in places.numbers:
                by_type.setdefault(tie.type, []).append(tie)
        for kind, ties in by_type.items():
            rows = [
                {"s": places.numbers[tie.start], "o": places.numbers[tie.end], "i": place}
                for place, tie in enumerate(ties)
            ]
            statement = texts.PRESENT_TIES.replace("{type}", kind)
            for record in session.execute_read(_all, statement, {"rows": rows, "base": places.base}):
                found[ties[record["i"]]] = record["p"]
        return found

    def _vocabulary_numbers(self, session: neo4j.Session) -> dict[Iri, str]:
        if self._vocabulary is None:
            statement = texts.vocabulary(self._vocabulary_labels)
            found = session.execute_read(_all, statement, {})
            self._vocabulary = {
                record["iri"]: record["id"] for record in found if self._labels.is_vocabulary(record["iri"])
            }
        return self._vocabulary


def _all(work: neo4j.ManagedTransaction, statement: str, parameters: dict[str, Any]) -> list[neo4j.Record]:
    return list(work.run(statement, parameters))


def _label(iri: Iri) -> str:
    for base, label in ((OBSERVATION_BASE, "Observation"), (STATEMENT_BASE, "Statement"), (SCOPE_BASE, "Scope")):
        if iri.startswith(base):
            return label
    return _DATA
