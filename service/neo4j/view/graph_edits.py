"""What a run of change sets comes to: for each thing its last state, as rows for the statements that write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Influence, Iri, Literal, Method, Observation, Sighting
from stratagraph.ontology.identity import observation_iri, scope_iri, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, STATEMENT_BASE, compact, local_name
from stratagraph.service.neo4j.view.neo4j_literals import held, plain, shown
from stratagraph.service.neo4j.view.neo4j_names import Neo4jNames
from stratagraph.service.neo4j.view.neo4j_rows import Row, Rows, Tie, ends, row_of
from stratagraph.service.views.nodes import observation_facts, scope_facts

Group = tuple[Iri, str]
"""An attribute and a lower-case language: the values of one property."""

_TYPE: Final = RDF.type
_CLAIM_KEYS: Final = ("sources", "methods", "firstSeen", "seenIn", "statement")


class GraphEdits:
    """The net effect of change sets that follow each other.

    ``fresh``: nothing of ours stands in the database yet, so there is nothing to remove.
    """

    def __init__(self, model: OntologyModel, names: Neo4jNames, *, fresh: bool = False) -> None:
        self._model = model
        self._names = names
        self._fresh = fresh
        self._implied = influence_family(model)
        self._notations = {aspect: info.notation for aspect, info in model.aspects.items()}
        keys = ("aspects", "measured", "justifiedBy", "reasons", *self._notations.values())
        self._no_influence: Row = {} if fresh else dict.fromkeys(keys)
        self.facts: dict[Fact, bool] = {}
        self._returned: set[Fact] = set()
        """What was removed and added again: the database still has what it was."""
        self.claims: dict[Fact, tuple[Claim, ...]] = {}
        self.influences: dict[tuple[Iri, Iri], Influence | None] = {}
        self.observations: dict[tuple[Iri, Iri], Observation | None] = {}
        self.sightings: dict[tuple[str, str], Sighting] = {}

    def take(self, change: ChangeSet) -> None:
        """Add the next change set."""
        # What an influence implies is said by its AFFECTS relationship.
        self.facts.update((fact, False) for fact in change.removed if fact.predicate not in self._implied)
        self._returned.update(fact for fact in change.added if fact in self.facts)
        self.facts.update((fact, True) for fact in change.added if fact.predicate not in self._implied)
        self.claims.update(change.claims_changed)
        # Removals first: of what is both removed and added, the addition is the later one.
        self.influences.update((pair, None) for pair in change.influences_removed)
        self.influences.update(((edge.influencer, edge.influenced), edge) for edge in change.influences)
        self.observations.update(dict.fromkeys(change.observations_removed))
        self.observations.update(((seen.subject, seen.metric), seen) for seen in change.observations)
        self.sightings.update(((seen.source, seen.scope), seen) for seen in change.sightings)

    def parts(self, size: int) -> Iterator[GraphEdits]:
        """Yield edits that come to the same one after the other, each of about so many things.

        What starts at one node stays together.
        """
        if len(self) <= size:
            yield self
            return
        parts: list[GraphEdits] = []
        by_node: dict[Iri, GraphEdits] = {}

        def part(node: Iri) -> GraphEdits:
            found = by_node.get(node)
            if found is None:
                if not parts or len(parts[-1]) >= size:
                    parts.append(self._emptied())
                found = by_node[node] = parts[-1]
            return found

        for fact, holds in self.facts.items():
            part(fact.subject).facts[fact] = holds
        for fact, claims in self.claims.items():
            part(fact.subject).claims[fact] = claims
        for pair, edge in self.influences.items():
            part(pair[0]).influences[pair] = edge
        for key, seen in self.observations.items():
            part(key[0]).observations[key] = seen
        parts[-1].sightings = self.sightings
        yield from parts

    def __len__(self) -> int:
        """Count what a statement may be needed for."""
        return len(self.facts) + len(self.claims) + len(self.influences) + len(self.observations)

    def _emptied(self) -> GraphEdits:
        """Return edits of nothing that know what these know of before."""
        edits = GraphEdits(self._model, self._names, fresh=self._fresh)
        edits._returned = self._returned
        return edits

    def described(self) -> set[Iri]:
        """Return the nodes whose literals change: their present properties have to be known first."""
        return {fact.subject for fact in self.facts if isinstance(fact.object, Literal)}

    def rows(self, present: Mapping[Iri, Mapping[str, Any]]) -> Rows:
        """Return the rows, given the present properties of the nodes whose literals change."""
        rows = Rows()
        nodes = self._nodes(present)
        ties: dict[Tie, Row] = {}
        self._tie_facts(ties, rows)
        self._tie_influences(ties, rows)
        self._measure(nodes, ties, rows)
        self._state(nodes, rows)
        # A relationship is written between nodes that exist: its ends get a row even where nothing is said about them.
        for iri in {iri for start, _, end in ties for iri in (start, end)} - nodes.keys():
            row_of(nodes, iri)
        rows.nodes = list(nodes.values())
        rows.tie(ties)
        loose = self._loosened() | {row["iri"] for row in rows.unstated} | {row["of"] for row in rows.unseen}
        rows.orphans = [{"iri": iri} for iri in sorted(loose)]
        return rows

    # Nodes -----------------------------------------------------------------------------------------------------------

    def _nodes(self, present: Mapping[Iri, Mapping[str, Any]]) -> dict[Iri, Row]:
        nodes: dict[Iri, Row] = {}
        changed: dict[tuple[Iri, Group], list[tuple[Literal, bool]]] = {}
        for (subject, predicate, value), holds in self.facts.items():
            if isinstance(value, Literal):
                group = (predicate, value.language.lower())
                changed.setdefault((subject, group), []).append((value, holds))
            elif predicate == _TYPE:
                row_of(nodes, subject)["add" if holds else "remove"].append(self._names.label(value))
        for (iri, (attribute, language)), literals in changed.items():
            key = self._names.key(attribute, language)
            properties = row_of(nodes, iri)["p"]
            if iri in present:
                properties.update(shown(key, _after(held(key, present[iri], language), literals)))
            else:
                properties.update(_first(key, _after(set(), literals)))
        return nodes

    def _loosened(self) -> set[Iri]:
        """Return the nodes that may have lost their last triple."""
        loose = {fact.subject for fact, holds in self.facts.items() if not holds}
        loose |= {fact.object for fact, holds in self.facts.items() if not holds and isinstance(fact.object, str)}
        for fact, claims in self.claims.items():
            if fact.predicate in self._implied and not claims and isinstance(fact.object, str):
                loose |= {fact.subject, fact.object}
        for pair, edge in self.influences.items():
            loose |= set(pair) if edge is None else set()
        return loose

    # Relationships ---------------------------------------------------------------------------------------------------

    def _tie_facts(self, ties: dict[Tie, Row], rows: Rows) -> None:
        for fact, holds in self.facts.items():
            tie = self._tie(fact)
            if tie is None:
                continue
            if holds:
                ties[tie] = {}
            else:
                rows.gone[tie.type].append(ends(tie))
        for fact, claims in self.claims.items():
            tie = self._tie(fact)
            # False means that the relationship goes. None means that only its claims changed.
            if tie is None or self.facts.get(fact) is False:
                continue
            ties.setdefault(tie, {}).update(_claim_properties(fact, claims))
            if fact.predicate in self._implied and not claims:
                rows.idle[tie.type].append(ends(tie))

    def _tie(self, fact: Fact) -> Tie | None:
        """Return the relationship that stands for a fact, if one does."""
        subject, predicate, end = fact
        if isinstance(end, Literal) or predicate == _TYPE:
            return None
        return Tie(subject, self._names.type(predicate), end)

    def _tie_influences(self, ties: dict[Tie, Row], rows: Rows) -> None:
        affects = self._names.type(SG.affects)
        for (influencer, influenced), edge in self.influences.items():
            tie = Tie(influencer, affects, influenced)
            ties.setdefault(tie, {}).update(self._influence_properties(edge))
            if edge is None:
                rows.idle[tie.type].append(ends(tie))

    def _influence_properties(self, edge: Influence | None) -> Row:
        properties = dict(self._no_influence)
        if edge is None:
            return properties
        why: dict[Fact, None] = {}
        for facts in edge.reasons.values():
            why |= dict.fromkeys(facts)
        for aspect, strength in edge.strengths.items():
            properties[self._notations[aspect]] = float(strength)
        properties["aspects"] = sorted(map(self._notations.__getitem__, edge.strengths))
        properties["measured"] = sorted(map(self._notations.__getitem__, edge.measured))
        properties["justifiedBy"] = [_statement(fact) for fact in why]
        properties["reasons"] = [_sentence(fact) for fact in why]
        return properties

    # Measurements ----------------------------------------------------------------------------------------------------

    def _measure(self, nodes: dict[Iri, Row], ties: dict[Tie, Row], rows: Rows) -> None:
        for (subject, metric), seen in self.observations.items():
            if seen is None:
                rows.unseen.append(
                    {"iri": observation_iri(subject, metric), "of": subject, "p": {weight_key(metric): None}}
                )
                if subject.startswith(STATEMENT_BASE):
                    rows.weights.append({"iri": subject})
                continue
            self._replace(observation_iri(seen.subject, seen.metric), observation_facts(seen), nodes, ties)
            if seen.subject.startswith(STATEMENT_BASE):
                row = row_of(nodes, seen.subject)
                row["add"].append(self._names.label(SG.Statement))
                row["p"][weight_key(seen.metric)] = self._weight(seen)
                rows.weights.append({"iri": seen.subject})
        for sighting in self.sightings.values():
            self._replace(scope_iri(sighting.source, sighting.scope), scope_facts(sighting), nodes, ties)

    def _weight(self, seen: Observation) -> float | None:
        """Return what one number says of a relation's window: the sum of what adds up, else the mean."""
        info = self._model.metrics.get(seen.metric)
        # The Unified Code for Units of Measure writes what is counted in braces: such values add up.
        if seen.metric == SG.callCost or (info is not None and info.unit.startswith("{")):
            return seen.total
        return seen.total / seen.count if seen.count else None

    def _state(self, nodes: dict[Iri, Row], rows: Rows) -> None:
        """Give statements that telemetry made a node of their own, which knows their relationship."""
        for fact, claims in self.claims.items():
            observed = any(claim.method is Method.OBSERVED for claim in claims)
            new = self._fresh or (self.facts.get(fact) and fact not in self._returned)
            if new and not observed:
                continue  # there is no such node
            tie = self._tie(fact)
            if tie is None:
                continue
            node = _statement(fact)
            if observed:
                row = row_of(nodes, node)
                row["add"].append(self._names.label(SG.Statement))
                row["p"] |= {"subject": tie.start, "predicate": fact.predicate, "type": tie.type, "object": tie.end}
                rows.weights.append({"iri": node})
            else:
                rows.unstated.append({"iri": node})

    def _replace(self, node: Iri, facts: Iterable[Fact], nodes: dict[Iri, Row], ties: dict[Tie, Row]) -> None:
        """Make the facts all that is known about a node; its relationships never change."""
        row = row_of(nodes, node)
        row["fresh"] = True
        groups: dict[str, list[Literal]] = {}
        for fact in facts:
            if isinstance(fact.object, Literal):
                groups.setdefault(self._names.key(fact.predicate), []).append(fact.object)
            elif fact.predicate == RDF.type:
                row["add"].append(self._names.label(fact.object))
            else:
                ties[Tie(node, self._names.type(fact.predicate), fact.object)] = {}
        for key, literals in groups.items():
            row["p"].update(shown(key, literals))


def influence_family(model: OntologyModel) -> frozenset[Iri]:
    """Return the properties whose triples influence edges imply: affects, its aspects' sub-properties, inverses."""
    family = {SG.affects, SG.affectedBy, *(info.influence_property for info in model.aspects.values())}
    family |= {info.inverse for iri in family if (info := model.relations.get(iri)) and info.inverse}
    return frozenset(family)


def weight_key(metric: Iri) -> str:
    """Return the property of a relationship that holds its newest value of a metric."""
    return local_name(metric)


def _first(key: str, values: set[Literal]) -> Row:
    """Return the properties of values where there were none: nothing has to be removed."""
    text = plain(values)
    if text is not None:
        return {key: text}
    return {name: value for name, value in shown(key, values).items() if value is not None}


def _after(values: set[Literal], changes: Iterable[tuple[Literal, bool]]) -> set[Literal]:
    for literal, holds in changes:
        known = Literal(literal.value, language=literal.language.lower()) if literal.language else literal
        (values.add if holds else values.discard)(known)
    return values


def _claim_properties(fact: Fact, claims: tuple[Claim, ...]) -> Row:
    if not claims:
        return dict.fromkeys(_CLAIM_KEYS)
    return {
        "sources": sorted({claim.source for claim in claims}),
        "methods": sorted({claim.method.value for claim in claims}),
        "firstSeen": min(claim.first_seen for claim in claims),
        "seenIn": sorted({_scope(claim.source, claim.scope) for claim in claims}),
        "statement": _statement(fact),
    }


def _sentence(fact: Fact) -> str:
    end = fact.object if isinstance(fact.object, str) else fact.object.value
    return f"{_short(fact.subject)} {_short(fact.predicate)} {_short(end)}"


# The same facts justify edges of several aspects and directions, between the same few nodes.
_statement: Final = lru_cache(maxsize=1 << 15)(statement_iri)
_scope: Final = lru_cache(maxsize=1 << 10)(scope_iri)
_short: Final = lru_cache(maxsize=1 << 15)(compact)
