"""A ledger in plain containers, and the pictures that it gives with the naive answers: none of the service's logic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from stratagraph.ontology.facts import Claim, Fact, Iri, Method
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.views.nodes import statement_facts
from tests.service.happenings import KINDS, OBSERVER, Run
from tests.service.naive import Share, as_one, naive_homes, naive_influences, naive_merged, naive_present
from tests.service.views.node_facts import Quad, claim_quads, influence_quads, quad
from tests.service.worlds import EX, Prop

Figures: TypeAlias = tuple[int, float, float, float]
"""Count, sum, minimum, maximum."""
Edges: TypeAlias = dict[tuple[Iri, Iri], dict[Iri, tuple[float, bool]]]
"""Pair -> aspect -> strength, and whether it was measured."""
TOKENS = (SG.inputTokens, SG.outputTokens)


@dataclass(frozen=True)
class Picture:
    """What a view shows: facts about the nodes, who states them, influence edges, newest metrics."""

    facts: frozenset[Fact]
    sources: dict[Fact, frozenset[str]]
    edges: Edges
    newest: dict[tuple[Iri, Iri], Figures]


Sight: TypeAlias = tuple[Iri | Fact, Iri, datetime, str, float]


@dataclass
class NaiveLedger:
    """Who says what, and every observation: what it is about, metric, start, source, value."""

    open: set[tuple[str, str, Fact]] = field(default_factory=set)
    since: dict[tuple[str, str, Fact], datetime] = field(default_factory=dict)
    seen: list[Sight] = field(default_factory=list)

    def taken(self, run: Run) -> list[Sight]:
        """Return what a run takes back of what its source saw."""
        mine = [each for each in self.seen if each[3] == run.source]
        return [mine.pop(place % len(mine)) for place in run.takes if mine]

    def take(self, run: Run, now: datetime, committed: datetime) -> None:
        """Do what a run says, which the ledger dates by its own clock."""
        said = set(run.stated)
        moods = {fact.subject for fact in said if fact.predicate == EX.mood}
        self.open = {
            (source, scope, fact)
            for source, scope, fact in self.open
            if source != run.source
            or (fact in said and scope == run.scope)
            or not (
                (scope == run.scope and (run.complete or fact in run.withdrawn))
                or (fact.predicate == EX.mood and fact.subject in moods and fact not in said)
            )
        } | {(run.source, run.scope, fact) for fact in said}
        self.since = {claim: self.since.get(claim, committed) for claim in self.open}
        for each in self.taken(run):
            self.seen.remove(each)
        self.seen += [
            (seen.about, seen.metric, now - timedelta(minutes=seen.ago), run.source, seen.value) for seen in run.seen
        ]

    def picture(self, props: Mapping[Iri, Prop], now: datetime) -> Picture:
        """Return what follows from it under these properties, when the ledger's newest entry is of that time."""
        asserted = naive_merged(self.stated)
        sources: dict[Fact, set[str]] = {}
        for source, _, fact in self.open:
            for one in as_one(fact, self.homes):
                sources.setdefault(one, set()).add(source)
        edges = naive_influences(asserted, props, self.shares(props, now))
        return Picture(
            facts=frozenset(naive_present(asserted, props, edges.values())),
            sources={fact: frozenset(those) for fact, those in sources.items()},
            edges={
                pair: {aspect: (strength, aspect in edge.measured) for aspect, strength in edge.strengths.items()}
                for pair, edge in edges.items()
            },
            newest=self.newest(),
        )

    def quads(self, model: OntologyModel, props: Mapping[Iri, Prop], now: datetime) -> set[Quad]:
        """Return what stands in named graphs, what is said of these, and the nodes of measured relations."""
        told: dict[Fact, dict[tuple[str, str], datetime]] = {}
        for (source, scope, fact), since in self.since.items():
            for one in as_one(fact, self.homes):
                places = told.setdefault(one, {})
                places[source, scope] = min(since, places.get((source, scope), since))
        quads = {
            each
            for fact, places in told.items()
            for each in claim_quads(fact, tuple(_claim(fact, *place, places[place]) for place in sorted(places)))
        }
        for edge in naive_influences(naive_merged(self.stated), props, self.shares(props, now)).values():
            quads.update(influence_quads(edge, model))
        measured = {node for node, _ in self.newest()}
        for fact in self.observed():
            if isinstance(fact.object, str) and statement_iri(fact) in measured:
                quads.update(map(quad, statement_facts(fact)))
        return quads

    def shares(self, props: Mapping[Iri, Prop], now: datetime) -> dict[Fact, Share]:
        """Return what part of a node's calls went over each relation that was observed, this hour and the 23 before."""
        since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
        observed = {fact for fact in self.observed() if fact.subject != fact.object and fact.predicate in props}

        def part(fact: Fact, *metrics: Iri) -> float | None:
            own = self._sum(fact, metrics, since)
            beside = [each for each in observed if (each.subject, each.predicate) == (fact.subject, fact.predicate)]
            whole = sum(self._sum(each, metrics, since) for each in beside)
            return max(0.0001, round(own / whole, 4)) if own else None

        return {fact: Share(part(fact, SG.calls), part(fact, *TOKENS)) for fact in observed}

    def _sum(self, fact: Fact, metrics: Iterable[Iri], since: datetime) -> float:
        return sum(
            value
            for about, metric, start, _, value in self.seen
            if self.where(about) == fact and metric in metrics and start >= since
        )

    @property
    def stated(self) -> set[Fact]:
        """What is stated, by whomsoever."""
        return {fact for _, _, fact in self.open}

    @property
    def homes(self) -> dict[Iri, Iri]:
        """The nodes that are stated to be another, and which one stands for them."""
        return naive_homes(self.stated)

    def observed(self) -> set[Fact]:
        """What the observer's statements come to."""
        return {one for source, _, fact in self.open if source == OBSERVER for one in as_one(fact, self.homes)}

    def where(self, about: Iri | Fact) -> Iri | Fact:
        """Say where an observation stands: on what stands for its node, or for its relation while that is stated."""
        if not isinstance(about, Fact):
            return self.homes.get(about, about)
        if about in self.stated and about.predicate != SG.sameAssetAs:
            (about,) = as_one(about, self.homes)
        return about

    def newest(self) -> dict[tuple[Iri, Iri], Figures]:
        """Return count, sum, minimum and maximum of the newest window; of several sources, the last by name."""
        last: dict[tuple[Iri, Iri], tuple[datetime, str]] = {}
        values: dict[tuple[Iri, Iri, datetime, str], list[float]] = {}
        for told, metric, start, source, value in self.seen:
            about = self.where(told)
            node = statement_iri(about) if isinstance(about, Fact) else about
            last[node, metric] = max((start, source), last.get((node, metric), (start, source)))
            values.setdefault((node, metric, start, source), []).append(value)
        found = {}
        for (node, metric), (start, source) in last.items():
            each = values[node, metric, start, source]
            found[node, metric] = (len(each), sum(each), min(each), max(each))
        return found

    def weights(self) -> dict[tuple[Fact, Iri], float]:
        """Return the newest sum of calls and tokens of each relation that is observed."""
        newest = self.newest()
        return {
            (fact, metric): newest[statement_iri(fact), metric][1]
            for fact in self.observed()
            for metric in (SG.calls, *TOKENS)
            if (statement_iri(fact), metric) in newest
        }


def _claim(fact: Fact, source: str, scope: str, since: datetime) -> Claim:
    method = Method.OBSERVED if source == OBSERVER else Method.DECLARED
    return Claim(fact, source, scope, "", method, since, since, 0)


def about_nodes(facts: Iterable[Fact]) -> frozenset[Fact]:
    """Return the facts about the nodes of the history: not the books, not the ontology."""
    return frozenset(fact for fact in facts if fact.subject in KINDS)
