"""From edits to the statements that write them, given what stands in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from stratagraph.ontology.facts import Fact, Iri, Observation
from stratagraph.ontology.identity import observation_iri, scope_iri, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, STATEMENT_BASE
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import HAS_LEVEL, KEY, LABEL, MARKER, Names, weight_key
from stratagraph.service.neo4j.view import cypher_texts as texts
from stratagraph.service.neo4j.view.graph_edits import GraphEdits
from stratagraph.service.neo4j.view.node_rows import NodeMaker, NodeRow, Standing
from stratagraph.service.neo4j.view.steps import ENDS, Row, Step, grouped
from stratagraph.service.neo4j.view.tie_rows import (
    AS_WRITTEN,
    STATED_AS,
    TELLS,
    Tie,
    TieMaker,
    Told,
    merged,
)

_RELATION: Final = ("subject", "predicate", "type", "object")
"""What the node of a measured statement says of its relation."""
_OF_STATEMENT: Final = frozenset({KEY, MARKER, LABEL, *_RELATION})
FEW: Final = 200
"""Rows for which no statement of their own is planned."""
_NOT_TOLD: Final = dict.fromkeys((*TELLS, STATED_AS))


@dataclass(slots=True)
class Needs:
    """What has to be looked up before edits can be written."""

    nodes: set[Iri] = field(default_factory=set)
    ties: dict[Tie, dict[str, Told | None]] = field(default_factory=dict)


class GraphRows:
    """Makes the statements for edits. ``fresh``: none of what they are about stands in the database."""

    def __init__(self, model: OntologyModel, names: Names, labels: Labels) -> None:
        self._names = names
        self._labels = labels
        self._model = model
        self.nodes = NodeMaker(model, names, labels)
        self.ties = TieMaker(model, names)
        self.otherwise: set[str] = set()
        """The types of relationships of which some are stated in other ways than they are written."""
        self.observed_on, self.of_metric = names.type(SG.observedOn), names.type(SG.metric)

    def needs(self, edits: GraphEdits) -> Needs:
        """Return what to look up for edits that are not fresh."""
        plain, careful = self.ties.split(edits.claims, self.otherwise)
        nodes = {fact.subject for fact in edits.facts}
        for tie in (*plain, *careful):
            nodes |= {tie.start, tie.end}
        for pair in edits.influences:
            nodes |= set(pair)
        for subject, metric in edits.observations:
            nodes |= {subject, metric, observation_iri(subject, metric)}
        nodes |= {scope_iri(*key) for key in edits.sightings}
        for fact in edits.measured:
            nodes |= {statement_iri(fact), fact.subject, str(fact.object)}
        nodes |= {level.iri for level in self._model.levels} if edits.facts else set()
        return Needs(nodes, careful)

    def stated_otherwise(self, needs: Needs) -> set[str]:
        """Return the types of relationships that are stated in other ways than they are written."""
        return {tie.type for tie, ways in needs.ties.items() if ways.keys() - {AS_WRITTEN}}

    def steps(
        self,
        edits: GraphEdits,
        standing: Mapping[Iri, Standing],
        present_ties: Mapping[Tie, Mapping[str, Any]],
        *,
        fresh: bool,
    ) -> Work:
        """Return what has to be done: nodes are made first, then everything else.

        What makes nodes and what leads to them is done once; after a failure they stand, and all can be done twice.
        """
        work = Work(self, edits, standing, fresh=fresh)
        plain, careful = self.ties.split(edits.claims, self.otherwise)
        work.write_nodes()
        work.write_observed()
        work.write_ties(plain)
        work.write_careful(careful, present_ties)
        work.write_influences()
        return work


class Work:
    """The rows of one part."""

    def __init__(self, maker: GraphRows, edits: GraphEdits, standing: Mapping[Iri, Standing], *, fresh: bool) -> None:
        self._maker = maker
        self._edits = edits
        self._standing = standing
        self._fresh = fresh
        self.made: dict[Iri, NodeRow] = {}
        self._changed: list[Row] = []
        self._replaced: list[Row] = []
        self._relabelled: list[Row] = []
        self._places: dict[Any, int] = {}
        self._shared: list[Mapping[str, Any]] = []
        self._gone: list[tuple[str, Row]] = []
        self._unstated: list[tuple[str, Row]] = []
        self._new: list[tuple[str, Row]] = []
        self._told: list[tuple[str, Row]] = []
        self._bare: list[tuple[str, Row]] = []
        self._weights: list[tuple[str, Row]] = []
        self._new_influences: list[tuple[tuple[str, ...], Row]] = []
        self._influences: list[tuple[tuple[str, ...], Row]] = []
        self._careful: set[tuple[Iri, Iri]] = set()
        self._unaffected: list[tuple[str, Row]] = []
        self._gone_nodes: list[Row] = []
        self.loose: set[Iri] = set()
        self._ends: set[Iri] = set()

    # Nodes -----------------------------------------------------------------------------------------------------------

    def write_nodes(self) -> None:
        for row in self._maker.nodes.rows(self._edits, self._standing):
            self._node(row)
            if row.level != row.level_before:
                if row.level_before:
                    self._gone.append((HAS_LEVEL, _row(Tie(row.iri, HAS_LEVEL, row.level_before))))
                if row.level:
                    self._bare.append((HAS_LEVEL, self._row(Tie(row.iri, HAS_LEVEL, row.level))))
        self.loose |= {fact.subject for fact, holds in self._edits.facts.items() if not holds}

    def _node(self, row: NodeRow) -> None:
        before = self._standing.get(row.iri)
        if before is None:
            self.made[row.iri] = row
            return
        if row.properties:
            self._changed.append({"n": row.iri, "p": row.properties})
        gained = row.labels - before.labels
        if gained or row.lost:
            labels = {"n": row.iri, "add": sorted(gained), "remove": sorted(row.lost)}
            self._relabelled.append(labels)

    def _replace(self, row: NodeRow) -> bool:
        """Let a row be all that is known about a node; return whether the node is new."""
        before = self._standing.get(row.iri)
        if before is None:
            self.made[row.iri] = row
            return True
        self._replaced.append({"n": row.iri, "p": row.properties})
        return False

    # Measurements ----------------------------------------------------------------------------------------------------

    def write_observed(self) -> None:
        weights: dict[Iri, dict[str, float | None]] = {}
        for (subject, metric), seen in self._edits.observations.items():
            node = observation_iri(subject, metric)
            if subject.startswith(STATEMENT_BASE):
                weights.setdefault(subject, {})[weight_key(metric)] = self._maker.ties.weight(seen) if seen else None
            if seen is None:
                self._gone_nodes.append({"n": node})
                self.loose |= {subject, metric}
            elif self._replace(self._maker.nodes.observation(seen)):
                self._observe(node, seen)
        for sighting in self._edits.sightings.values():
            self._replace(self._maker.nodes.scope(sighting))
        measured = {statement_iri(fact): (fact, holds) for fact, holds in self._edits.measured.items()}
        for node in {**weights, **measured}:
            self._statement(node, weights.get(node, {}), measured.get(node))

    def _observe(self, node: Iri, seen: Observation) -> None:
        for kind, end in ((self._maker.observed_on, seen.subject), (self._maker.of_metric, seen.metric)):
            self._bare.append((kind, self._row(Tie(node, kind, end))))

    def _statement(self, node: Iri, weights: dict[str, float | None], measured: tuple[Fact, bool] | None) -> None:
        before = self._standing.get(node)
        stood = dict(before.properties) if before else {}
        known = {key: value for key, value in {**stood, **weights}.items() if key not in _OF_STATEMENT}
        properties: dict[str, Any] = dict(weights)
        tie = Tie(stood["subject"], stood["type"], stood["object"]) if "type" in stood else None
        if measured is not None:
            fact, holds = measured
            now = self._maker.ties.tie(fact)
            if holds:
                properties |= dict(zip(_RELATION, (now.start, fact.predicate, now.type, now.end), strict=True))
                self._weights.append((now.type, {**_row(now), "p": known}))
            else:
                properties |= dict.fromkeys(_RELATION)
                self._weights.append((now.type, {**_row(now), "p": dict.fromkeys(known)}))
        elif tie is not None:
            self._weights.append((tie.type, {**_row(tie), "p": weights}))
        row = self._maker.nodes.statement(node, properties)
        if before is None:
            held = {key: value for key, value in row.properties.items() if value is not None}
            self.made[node] = row._replace(properties=held)
        else:
            self._changed.append({"n": node, "p": properties})
        self.loose.add(node)

    # Relationships ---------------------------------------------------------------------------------------------------

    def write_ties(self, ties: Mapping[Tie, Told | None]) -> None:
        for tie, said in ties.items():
            if said is None:
                self._gone.append((tie.type, _row(tie)))
                self.loose |= {tie.start, tie.end}
            else:
                told = self._new if self._is_new(tie) else self._told
                told.append((tie.type, {**self._row(tie), "c": self._place(said, said.properties)}))

    def write_careful(
        self, ties: Mapping[Tie, dict[str, Told | None]], present: Mapping[Tie, Mapping[str, Any]]
    ) -> None:
        told = self._new if self._fresh else self._told
        for tie, changes in ties.items():
            self._careful.add((tie.start, tie.end))
            said, ways = merged(present.get(tie, {}), changes)
            if said is None:
                self._unstated.append((tie.type, {**_row(tie), "p": _NOT_TOLD}))
                self.loose |= {tie.start, tie.end}
            else:
                properties = {**said.properties(), STATED_AS: ways}
                place = self._place((said, *(ways or ())), partial(dict, properties))
                told.append((tie.type, {**self._row(tie), "c": place}))

    def write_influences(self) -> None:
        every = self._maker.ties.affecting
        for (influencer, influenced), edge in self._edits.influences.items():
            strengths = self._maker.ties.influence(edge) if edge else {}
            row = _row(tie := Tie(influencer, "", influenced))
            # An influence may stand on a relationship that somebody states: that one was told before.
            new = self._is_new(tie) and (self._fresh or (influencer, influenced) not in self._careful)
            if strengths:
                self._ends |= {influencer, influenced}
                told = self._new_influences if new else self._influences
                told.append((tuple(strengths), {**row, "p": [list(each) for each in strengths.values()]}))
            else:
                self.loose |= {influencer, influenced}
            if not new:
                others = "|".join(name for name in every if name not in strengths)
                if others:
                    self._unaffected.append((others, dict(row)))

    def _is_new(self, tie: Tie) -> bool:
        """Tell whether a relationship can't stand yet, as one of its ends does not."""
        return tie.start not in self._standing or tie.end not in self._standing

    def _row(self, tie: Tie) -> Row:
        """Return the row of a relationship that has to be there, so that its ends have to be there too."""
        self._ends |= {tie.start, tie.end}
        return _row(tie)

    def _place(self, key: Any, properties: Callable[[], Mapping[str, Any]]) -> int:
        """Return the place of properties among those that rows share."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._shared)
            self._shared.append(properties())
        return place

    # Statements ------------------------------------------------------------------------------------------------------

    def creating(self) -> list[Step]:
        """Return what makes the nodes that are not there, the ends of relationships included."""
        if not self._fresh:
            for iri in self._ends - self._standing.keys() - self.made.keys():
                self.made[iri] = self._maker.nodes.bare(iri)
        return creating(self.made.values())

    def doing(self) -> list[Step]:
        """Return everything else."""
        shared = tuple(self._shared)
        bare = texts.NEW_BARE_TIES if self._fresh else texts.BARE_TIES
        return [
            Step(texts.CHANGE, self._changed),
            Step(texts.REPLACE, self._replaced),
            Step(texts.RELABEL, self._relabelled),
            *grouped(self._gone, partial(_typed, texts.GONE)),
            *grouped(self._unstated, partial(_typed, texts.UNSTATED)),
            *_new_ties(self._new, shared),
            *grouped(self._told, partial(_typed, texts.TIES), told=shared),
            *grouped(self._bare, partial(_typed, bare)),
            *grouped(self._unaffected, partial(_typed, texts.UNAFFECTED)),
            *grouped(self._new_influences, texts.new_influences),
            *grouped(self._influences, texts.influences),
            *grouped(self._weights, partial(_typed, texts.WEIGHTS)),
            Step(texts.GONE_NODES, self._gone_nodes),
        ]


def creating(rows: Iterable[NodeRow]) -> list[Step]:
    """Return the statements that make nodes."""
    groups: dict[frozenset[str], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.labels, []).append({"p": row.properties})
    few: list[Row] = []
    steps = []
    for labels, several in groups.items():
        names = sorted(labels)
        if len(several) < FEW:
            few += [{**row, "labels": names} for row in several]
        else:
            steps.append(Step(texts.CREATE.replace("{labels}", ":".join(names)), several, creates=True))
    return [*steps, Step(texts.CREATE_ANY, few, creates=True)]


def _new_ties(rows: Iterable[tuple[str, Row]], shared: tuple[Any, ...]) -> list[Step]:
    groups: dict[str, list[Row]] = {}
    for kind, row in rows:
        groups.setdefault(kind, []).append(row)
    few = [{**row, "type": kind} for kind, several in groups.items() if len(several) < FEW for row in several]
    many = {kind: several for kind, several in groups.items() if len(several) >= FEW}
    steps = [Step(_typed(texts.NEW_TIES, kind), several, told=shared) for kind, several in many.items()]
    return [*steps, Step(texts.NEW_TIES_ANY, few, told=shared)]


def bare(rows: GraphRows, steps: Iterable[Step], numbers: Mapping[Iri, str]) -> list[Step]:
    """Return what makes the nodes that rows speak of and that are not there."""
    ends = {row[end] for step in steps for row in step.rows for end in ENDS if end in row}
    return creating(map(rows.nodes.bare, sorted(ends - numbers.keys())))


def _typed(statement: str, kind: str) -> str:
    return statement.replace("{type}", kind)


def _row(tie: Tie) -> Row:
    return {"s": tie.start, "o": tie.end}
