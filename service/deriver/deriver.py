"""The deriver: turns what a ledger sequence changed into what every view must change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeVar

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import ChangeSet, Claim, Fact, Iri, LedgerChange, Method, Observation, Sighting
from stratagraph.ontology.grouped import ClaimGroup, ClaimsChanged
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.reasoning.axiom_reasons import axiom_reasons
from stratagraph.ontology.rules import RuleSet
from stratagraph.queries.schema.outline import Outline
from stratagraph.service.deriver.claim_sets import (
    ClaimSet,
    ClaimSets,
    claims_of,
    retell,
    with_claim,
    without_claim,
)
from stratagraph.service.deriver.closure import Closure, Delta
from stratagraph.service.deriver.influence import Edge, Influences
from stratagraph.service.deriver.justifications import Justifications
from stratagraph.service.deriver.measured import Measured, statements
from stratagraph.service.deriver.merges import Merges, Restated
from stratagraph.service.deriver.namesakes import Namesakes, NearMiss
from stratagraph.service.deriver.newest import Newest
from stratagraph.service.deriver.numbers import Numbers, Triple
from stratagraph.service.deriver.outline_scan import OutlineScan
from stratagraph.service.deriver.pair_table import Pair
from stratagraph.service.deriver.shares import Group, Shares
from stratagraph.service.deriver.supposition import Supposition
from stratagraph.service.deriver.tables import Tables

_Item = TypeVar("_Item")

CHUNK: Final = 5_000
"""Claims taken in, or things handed out, at a time."""


class OutOfStep(StratagraphError, slug="out-of-step", status=500):
    """A change that does not follow the last one applied."""

    text = (
        "Sequence {got} cannot be derived after sequence {at}. Apply every sequence in order, or restore the "
        "deriver from the ledger's open claims."
    )

    at: int
    got: int


class Deriver:
    """Holds the present in memory: asserted triples with their claims, what follows from them, influence edges.

    All of it is about those that stand for what is stated to be the same (``Merges``): views know of no merge.

    One writer; readers of a snapshot must keep the writer out meanwhile. A change of the ontology needs a new
    deriver, restored from the ledger.
    """

    def __init__(self, model: OntologyModel, rules: RuleSet) -> None:
        """Start at sequence 0 with nothing known."""
        self._model = model
        self._numbers = Numbers()
        tables = Tables(rules, self._numbers)
        self._closure = Closure(tables)
        self._merges = Merges(self._numbers)
        self._namesakes = Namesakes(model, self._closure, self._numbers)
        self._claim_sets = ClaimSets()
        self._shares = Shares()
        self._influences = Influences(model, self._closure, self._shares, self._numbers)
        self._newest = Newest()
        self._measured = Measured()
        self._sightings: dict[tuple[str, str], Sighting] = {}
        self.sequence = 0
        self._time = datetime.fromtimestamp(0, UTC)
        self.batch_hash = ""

    def __len__(self) -> int:
        """Return the number of asserted triples."""
        return len(self._closure.asserted)

    def restore(
        self,
        claims: Iterable[Claim],
        *,
        sequence: int,
        time: datetime,
        batch_hash: str,
        observations: Iterable[Observation] = (),
        recent: Iterable[Observation] = (),
        sightings: Iterable[Sighting] = (),
    ) -> None:
        """Take in the ledger's open claims at a sequence; the deriver must be new.

        ``observations`` are the newest of each subject and metric. ``recent`` are, for observed strengths, all those
        on statements since ``shares.horizon(time)``. ``sightings`` say when each scope was seen last.
        """
        if self.sequence or len(self):
            raise OutOfStep(at=self.sequence, got=sequence)
        # Before observations are taken in, or those of yesterday would count.
        self._shares.advance(time)
        remaining = iter(claims)
        while chunk := list(islice(remaining, CHUNK)):
            self._see(_sightings(chunk))
            restated = self._restated(chunk, ())
            self._newest.move(restated.homes)
            self._note_observed(restated)
            self._take(restated, groups=set())
        # Behind those of the claims, which do not know of any run: these take their place.
        self._see(sightings)
        self._newest.keep(observations)
        self._measured.refresh(self._measured.known(), self._newest.shows)
        # Once, when all relations are known: a share depends on all of its group.
        self._influences.refresh(dict.fromkeys(self._pairs_of(self._shares.observe(recent))))
        self.sequence, self._time, self.batch_hash = sequence, time, batch_hash

    def adopt(self, *, time: datetime, batch_hash: str, sightings: Iterable[Sighting]) -> ChangeSet:
        """Be the present of another ledger that states the same in its first batch, and nothing else.

        Return what the triples of that ledger have to change.
        """
        self._claim_sets.restate(lambda each: each._replace(first_seen=time))
        self._shares.advance(time)
        self._time, self.batch_hash = time, batch_hash
        return self._change(sightings=self._see(sightings))

    def apply(self, change: LedgerChange) -> ChangeSet:
        """Return what the change does to the present, and make it the present.

        Raises:
            OutOfStep: when the sequence is not the next one.
        """
        if change.sequence != self.sequence + 1:
            raise OutOfStep(at=self.sequence, got=change.sequence)
        # Time first: what is observed now must not be added to hours that have dropped out.
        groups = self._shares.advance(change.time)
        groups |= self._shares.observe(change.observations)
        # A change tells of a scope's run, its claims only of the scope: of the two, the later one stands.
        sightings = self._see((*_sightings(change.opened), *change.sightings))
        restated = self._restated(change.opened, change.closed)
        # First where subjects stand, then the new figures: these are shown where their subject stands now.
        shown = self._newest.move(restated.homes) | self._shown_by(change)
        observed = self._note_observed(restated)
        measured, unmeasured = self._measured.refresh(
            (*observed, *statements(subject for subject, _ in shown)), self._newest.shows
        )
        claims, delta, edges = self._take(restated, groups=groups)
        self.sequence, self._time, self.batch_hash = change.sequence, change.time, change.batch_hash
        added, removed = self._net(delta, edges)
        kept = [pair for pair in edges if self._influences.edge(pair)]
        lost = [pair for pair in edges if not self._influences.edge(pair)]
        return self._change(
            added=tuple(self._numbers.facts(added)),
            removed=tuple(self._numbers.facts(removed)),
            influences=self._influences.grouped(kept),
            influences_removed=tuple((self._numbers.iri(a), self._numbers.iri(b)) for a, b in lost),
            claims_changed=self._claims_changed(claims),
            observations=tuple(filter(None, map(self._newest.shown, shown))),
            observations_removed=tuple(key for key in shown if self._newest.shown(key) is None),
            sightings=sightings,
            measured=tuple(self._numbers.facts(measured)),
            measured_removed=tuple(self._numbers.facts(unmeasured)),
        )

    def _shown_by(self, change: LedgerChange) -> dict[tuple[Iri, Iri], None]:
        """Take in what was observed; return what may be shown otherwise now."""
        known = {(subject, metric) for subject, metric, _ in change.remaining}
        kept = self._newest.keep(seen for seen in change.observations if (seen.subject, seen.metric) not in known)
        return kept | self._newest.restate(change.remaining)

    @contextmanager
    def supposing(self, change: LedgerChange) -> Iterator[Supposition]:
        """Let asserted triples and merges be as after a change for the length of a block; no view may follow."""
        _, delta, _ = self._take(self._restated(change.opened, change.closed), groups=set())
        try:
            yield Supposition(self._closure, delta.retyped)
        finally:
            # With opened and closed changed over, the claim sets come back that there were before.
            self._take(self._restated(change.closed, change.opened), groups=set())

    def defined(self) -> frozenset[Iri]:
        """Return the classes with a name that things can be in by what classes are made of."""
        return frozenset(map(self._numbers.iri, self._closure.tables.members(self._closure.tables.rules.told)))

    def snapshot(self, size: int = CHUNK, *, edges_only: bool = False) -> Iterator[ChangeSet]:
        """Yield the present as change sets that only add, each of about ``size`` triples, claims or edges.

        ``edges_only`` leaves out all but the influence edges, which are a small part of it.
        """
        if not edges_only:
            yield from self._snapshot_triples(size)
            yield from self._snapshot_seen(size)
        for pairs in _chunks(self._influences.pairs(), size):
            yield self._change(influences=self._influences.grouped(pairs))
        yield self._change()  # even where there is nothing, a view learns where it stands

    def _snapshot_seen(self, size: int) -> Iterator[ChangeSet]:
        for seen in _chunks(self._newest, size):
            yield self._change(observations=tuple(seen))
        for scopes in _chunks(self._sightings.values(), size):
            yield self._change(sightings=tuple(scopes))
        for triples in _chunks(self._measured, size):
            yield self._change(measured=tuple(self._numbers.facts(triples)))

    def extent(self) -> int:
        """Return about how many things ``portion`` hands out on the way through all of them."""
        return 2 * len(self._numbers) + len(self._sightings)  # of nodes, and of the edges that leave them

    def portion(self, kind: int, passed: int, size: int) -> tuple[ChangeSet, tuple[int, int]]:
        """Return so many things of a kind of the present, and the kind and place where the next ones begin.

        That is the beginning, 0 and 0, after the last. A node comes with all that is said of it, later with its edges.
        """
        end = passed + size
        change, count = self._portions[kind](passed, end)
        if count == size:
            return change, (kind, end)
        return change, ((kind + 1) % len(self._portions), 0)

    @property
    def _portions(self) -> tuple[Callable[[int, int], tuple[ChangeSet, int]], ...]:
        return self._some_nodes, self._some_influences, self._some_observations, self._some_sightings

    def _some_nodes(self, start: int, end: int) -> tuple[ChangeSet, int]:
        # The even numbers are those of IRIs.
        nodes = range(2 * start, 2 * min(end, len(self._numbers)), 2)
        added = [fact for node in nodes for fact in self._numbers.facts(self._closure.about(node))]
        claimed = {(node, p, o): tag for node in nodes for p, o, tag in self._closure.asserted.leaving(node)}
        return self._change(added=tuple(added), claims_changed=self._claims_changed(claimed)), len(nodes)

    def _some_influences(self, start: int, end: int) -> tuple[ChangeSet, int]:
        nodes = range(2 * start, 2 * min(end, len(self._numbers)), 2)
        return self._change(influences=self._influences.grouped(self._influences.pairs_from(nodes))), len(nodes)

    def _some_observations(self, start: int, end: int) -> tuple[ChangeSet, int]:
        seen = tuple(islice(self._newest, start, end))
        return self._change(observations=seen), len(seen)

    def _some_sightings(self, start: int, end: int) -> tuple[ChangeSet, int]:
        scopes = tuple(islice(self._sightings.values(), start, end))
        return self._change(sightings=scopes), len(scopes)

    def holds(self, fact: Fact) -> bool:
        """Tell whether the fact is asserted or follows."""
        triple = self._numbers.triple(fact)
        return self._closure.holds(triple) or self._influences.implies(triple)

    def justifications(self, *, bare: bool = False) -> Justifications:
        """Return what tells why facts hold, until the next change; ``bare`` for proofs without domains and ranges."""
        return Justifications(self._closure, axiom_reasons(self._model), self._merged, bare=bare)

    def _merged(self, node: int) -> tuple[Fact, ...]:
        return tuple(self._numbers.facts(self._merges.joined(node)))

    def claims(self, fact: Fact) -> tuple[Claim, ...]:
        """Return the open claims of a fact."""
        claim_set = self._claim_sets[self._tag(self._numbers.triple(fact))]
        return claims_of(fact, claim_set, self._sightings)

    def outline(self, model: OntologyModel) -> Iterator[Outline | None]:
        """Yield what the estate consists of, at last: before that nothing, after every part of the way.

        Changes may come between two parts. It is of the sequence at which it began, with some of what came meanwhile.
        """
        begun = seen = self.sequence
        scan = OutlineScan(model, self._closure, self._claim_sets, self._numbers)
        for _ in scan.slices():
            yield None
            if seen != self.sequence:
                seen = self.sequence
                scan.forget_tags()
        yield scan.outline(begun, self._newest, self._measured.relation)

    def members(self, asset: Iri) -> tuple[Iri, ...]:
        """Return the assets that are one with this one, itself included."""
        node = self._numbers.known(asset)
        members = () if node is None else self._merges.members(self._merges.home(node))
        return tuple(map(self._numbers.iri, members)) or (asset,)

    def near_misses(self, asset: Iri) -> tuple[NearMiss, ...]:
        """Return the assets that may be one with this one, by their keys, and are not stated to be."""
        return tuple(self._namesakes.near(asset))

    def sources_of(self, asset: Iri) -> list[str]:
        """Return the sources that say what an asset is."""
        stated = self._closure.asserted.leaving(self._numbers.number(asset))
        kind = self._closure.tables.type
        return sorted({each.source for prop, _, tag in stated if prop == kind for each in self._claim_sets[tag]})

    def told_by_members(self, asset: Iri) -> dict[Iri, list[Fact]]:
        """Return what was said of each of the assets that are one with this one, as it was said."""
        return {
            member: [
                fact
                for fact in self._numbers.facts(self._merges.about(self._numbers.number(member)))
                if fact.subject == member
            ]
            for member in self.members(asset)
        }

    # Taking in -------------------------------------------------------------------------------------------------

    def _restated(self, opened: Iterable[Claim], closed: Iterable[Claim]) -> Restated:
        """Return the new claim set of every triple that the claims are about, once merges are resolved."""
        changed: dict[Triple, ClaimSet] = {}
        tags: dict[Triple, int] = {}

        def claim_set(triple: Triple) -> ClaimSet:
            """Return the claims on a triple, as it was stated."""
            if self._merges.concerns(triple):
                return self._merges.claim_set(triple)
            tag = tags[triple] = self._tag(triple)
            return self._claim_sets[tag]

        # Closed first: a claim that takes another's place has its source and scope, by which claims are found.
        for claims, change in ((closed, without_claim), (opened, with_claim)):
            retell(changed, claims, self._numbers, claim_set, change)
        restated = self._merges.restate(changed, self._standing)
        restated.tags = tags
        return restated

    def _standing(self, node: int) -> Iterator[tuple[Triple, ClaimSet]]:
        """Yield the asserted triples about a node, at either end, and the claims on each."""
        asserted = self._closure.asserted
        for prop, obj, tag in asserted.leaving(node):
            yield (node, prop, obj), self._claim_sets[tag]
        for prop, subject in asserted.arriving(node):
            triple = (subject, prop, node)
            yield triple, self._claim_sets[self._tag(triple)]

    def _take(self, restated: Restated, *, groups: set[Group]) -> tuple[dict[Triple, int], Delta, dict[Pair, Edge]]:
        """Apply new claim sets; return the tags of triples that changed, the closure's delta and the edges before."""
        known = restated.tags
        before = [known[triple] if triple in known else self._tag(triple) for triple in restated.claim_sets]
        # Held before the old ones are released: a set that stays in use must not lose its number in between.
        tags = self._hold(restated)
        added: dict[Triple, int] = {}
        removed: list[Triple] = []
        changed: dict[Triple, int] = {}
        for triple, old, tag in zip(restated.claim_sets, before, tags, strict=True):
            if old == tag:
                continue
            changed[triple] = tag
            if not old:
                added[triple] = tag
            elif not tag:
                removed.append(triple)
            else:
                # Nothing follows from who says a triple: where only that changes, a new tag is all.
                self._closure.asserted.put(triple, tag)
        delta = self._closure.update(added, removed, self._moved(restated))
        self._namesakes.note(added)
        for tag, triples in Counter(before).items():
            self._claim_sets.release(tag, triples)
        pairs = self._influences.touched(added, removed, delta)
        pairs.update(dict.fromkeys(self._pairs_of(groups) | self._register(restated)))
        return changed, delta, self._influences.refresh(pairs)

    def _hold(self, restated: Restated) -> list[int]:
        """Return the number of each triple's new claim set, counting one more triple that has it."""
        uses = Counter(map(id, restated.claim_sets.values()))
        numbers = {key: self._claim_sets.hold(each, uses[key]) for key, each in restated.distinct().items()}
        return [numbers[id(claim_set)] for claim_set in restated.claim_sets.values()]

    def _moved(self, restated: Restated) -> dict[int, int]:
        """Return which of the things that rules name stand elsewhere now."""
        named = self._closure.members.named
        if not named or not restated.homes:
            return {}
        homes = {self._numbers.known(iri): home for iri, home in restated.homes.items()}
        return {thing: self._numbers.number(homes[thing]) for thing in named if thing in homes}

    def _tag(self, triple: Triple) -> int:
        return self._closure.asserted.tag(triple)

    def _register(self, restated: Restated) -> set[Pair]:
        """Let observed relations take part in observed strengths; return the pairs whose strengths may change."""
        groups: set[Group] = set()
        pairs: set[Pair] = set()
        for triple, observed in self._observed(restated, self._shares.relations):
            if not self._influences.is_measurable(triple):
                continue
            if observed:
                self._shares.register(triple, self._merges.statements(triple))
                groups.add(triple[:2])
            elif self._shares.unregister(triple):
                groups.add(triple[:2])
                # It left the group, but where others still declare it, it is an edge.
                pairs.add((triple[2], triple[0]))
        return pairs | self._pairs_of(groups)

    def _note_observed(self, restated: Restated) -> list[Iri]:
        """Note which triples are observed; return the statements of which that has become another answer."""
        return [
            node
            for triple, observed in self._observed(restated, self._measured.observed)
            for node in self._measured.note(triple, self._statement, observed=observed)
        ]

    def _observed(self, restated: Restated, known: Collection[Triple]) -> list[tuple[Triple, bool]]:
        """Return the triples that are observed now, and those that are known to have been, each with whether."""
        observed = {key: _is_observed(claim_set) for key, claim_set in restated.distinct().items()}
        if not known and not any(observed.values()):
            return []
        return [
            (triple, observed[id(claim_set)])
            for triple, claim_set in restated.claim_sets.items()
            if observed[id(claim_set)] or triple in known
        ]

    def _statement(self, triple: Triple) -> Iri:
        return statement_iri(self._numbers.fact(triple))

    def _pairs_of(self, groups: Iterable[Group]) -> set[Pair]:
        return {(triple[2], triple[0]) for group in groups for triple in self._shares.members(group)}

    def _see(self, sightings: Iterable[Sighting]) -> tuple[Sighting, ...]:
        """Take in when scopes were seen; return the last that was told of each."""
        last = {(seen.source, seen.scope): seen for seen in sightings}
        self._sightings.update(last)
        return tuple(last.values())

    # Handing out -----------------------------------------------------------------------------------------------

    def _net(self, delta: Delta, edges: dict[Pair, Edge]) -> tuple[list[Triple], list[Triple]]:
        """Return the triples that came to hold and ceased to, by closure and by influence together."""
        # These properties can be asserted too: what came or went is only what holds by neither way now, or did before.
        shared, implies = self._influences.implied, self._influences.implies
        came, went = ({each for each in triples if each[1] in shared} for triples in (delta.added, delta.removed))
        if not (edges or came or went):
            return delta.added, delta.removed
        doubtful = {prop for prop in shared if self._closure.may_hold(prop)} | {each[1] for each in came | went}
        change = self._influences.changes(edges, doubtful)
        for triple in came | went:
            if triple not in change.told:
                change.told[triple] = implies(triple, edges), implies(triple)
        added = [triple for triple in delta.added if triple[1] not in shared] + change.came
        removed = [triple for triple in delta.removed if triple[1] not in shared] + change.went
        for triple, (was, is_) in change.told.items():
            closed_now = self._closure.holds(triple)
            closed_before = triple in went or (closed_now and triple not in came)
            now, before = closed_now or is_, closed_before or was
            if now != before:
                (added if now else removed).append(triple)
        return added, removed

    def _snapshot_triples(self, size: int) -> Iterator[ChangeSet]:
        # From both ends: an inverse of influence leaves from the influenced.
        leaving: dict[int, list[Pair]] = {}
        for pair in self._influences.pairs():
            for node in pair:
                leaving.setdefault(node, []).append(pair)
        added: list[Fact] = []
        claimed: dict[Triple, int] = {}
        # The even numbers are those of IRIs.
        for node in range(0, 2 * len(self._numbers), 2):
            triples = self._closure.about(node)
            for pair in leaving.get(node, ()):
                manners = self._influences.manners(self._influences.edge(pair))
                triples.update(t for t in self._influences.triples(pair, manners) if t[0] == node)
            added.extend(self._numbers.facts(triples))
            claimed.update(((node, p, o), tag) for p, o, tag in self._closure.asserted.leaving(node))
            if len(added) >= size:
                yield self._change(added=tuple(added), claims_changed=self._claims_changed(claimed))
                added, claimed = [], {}
        yield self._change(added=tuple(added), claims_changed=self._claims_changed(claimed))

    def _claims_changed(self, tags: Mapping[Triple, int]) -> ClaimsChanged:
        """Return what is claimed of triples, given the number of each one's claim set."""
        alike: dict[int, list[Triple]] = {}
        for triple, tag in tags.items():
            alike.setdefault(tag, []).append(triple)
        return ClaimsChanged([self._claim_group(tag, self._numbers.facts(triples)) for tag, triples in alike.items()])

    def _claim_group(self, tag: int, facts: list[Fact]) -> ClaimGroup:
        return ClaimGroup(claims_of(facts[0], self._claim_sets[tag], self._sightings), facts)

    def _change(self, **parts: Any) -> ChangeSet:
        """Return a change set at the present sequence."""
        return ChangeSet(sequence=self.sequence, time=self._time, batch_hash=self.batch_hash, **parts)


def _is_observed(claim_set: ClaimSet) -> bool:
    return any(each.method is Method.OBSERVED for each in claim_set)


def _sightings(claims: Iterable[Claim]) -> Iterator[Sighting]:
    """Yield when the scopes of claims were seen, each once, by the last claim of it."""
    last = {(claim[1], claim[2]): claim for claim in claims}
    return (Sighting(source=claim.source, scope=claim.scope, last_seen=claim.last_seen) for claim in last.values())


def _chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk
