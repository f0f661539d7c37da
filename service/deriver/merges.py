"""Merges: assets that are stated to be the same stand as one, and what was stated of each stands on that one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.service.deriver.claim_sets import NO_CLAIMS, ClaimSet, united
from stratagraph.service.deriver.numbers import Numbers, Triple, is_iri

Changed: TypeAlias = Mapping[Triple, ClaimSet]
"""The new claim set of each triple on which claims change; the empty one where nobody states it any more."""
ClaimsAbout: TypeAlias = Callable[[int], Iterable[tuple[Triple, ClaimSet]]]
"""Gives the asserted triples about a node, at either end, with the claims on each."""
_NOBODY: Final[tuple[int, ...]] = ()


@dataclass(slots=True)
class Restated:
    """What a change of claims makes of the present: new claim sets by triple, and where subjects stand now.

    ``homes`` maps assets and statements to the asset or statement that stands for them.
    """

    claim_sets: dict[Triple, ClaimSet] = field(default_factory=dict)
    homes: dict[Iri, Iri] = field(default_factory=dict)
    tags: dict[Triple, int] = field(default_factory=dict)
    """The numbers of claim sets of before, where they are known."""

    def distinct(self) -> dict[int, ClaimSet]:
        """Return the claim sets by identity: those of a run are mostly one object, and equal ones do no harm."""
        return {id(claim_set): claim_set for claim_set in self.claim_sets.values()}


class Merges:
    """Turns what is stated into what stands: each member of a merge by the one that stands for all of them.

    Merges are symmetric and transitive: the members are what ``sg:sameAssetAs`` connects. The first of them by IRI
    stands for all, for that depends on nothing but who they are. Statements about members are kept as they were, so
    that the merge can be undone; of all else nothing is kept here. A statement of sameness stands as an alias of the
    one that stands, ``sg:mergedFrom``. Classes and predicates are never replaced.
    """

    def __init__(self, numbers: Numbers) -> None:
        """Know of no merge."""
        self._numbers = numbers
        self._same = numbers.number(SG.sameAssetAs)
        self._alias = numbers.number(SG.mergedFrom)
        self._type = numbers.number(RDF.type)
        self._neighbours: dict[int, Counter[int]] = {}
        self._home: dict[int, int] = {}
        self._members: dict[int, tuple[int, ...]] = {}
        self._claim_sets: dict[Triple, ClaimSet] = {}
        self._about: dict[int, set[Triple]] = defaultdict(set)
        self._sources: dict[Triple, set[Triple]] = defaultdict(set)

    def concerns(self, triple: Triple) -> bool:
        """Tell whether the triple is about a merge or about one of its members."""
        return triple[1] == self._same or triple[0] in self._home or triple[2] in self._home

    def claim_set(self, triple: Triple) -> ClaimSet:
        """Return the claims on a triple that concerns a merge."""
        return self._claim_sets.get(triple, NO_CLAIMS)

    def home(self, node: int) -> int:
        """Return the node that stands for a node: itself, where it is no member of a merge."""
        return self._home.get(node, node)

    def members(self, node: int) -> tuple[int, ...]:
        """Return the members of the merge that a node stands for, by IRI; nothing where it stands for no other."""
        return self._members.get(node, _NOBODY)

    def joined(self, node: int) -> tuple[Triple, ...]:
        """Return the fewest statements of sameness by which another node stands for this one."""
        home = self.home(node)
        before: dict[int, int] = {node: node}
        agenda = [node]
        for each in agenda:  # the list grows while it is walked: nearest first
            if each == home:
                break
            fresh = [other for other in sorted(self._neighbours.get(each, ())) if other not in before]
            before.update(dict.fromkeys(fresh, each))
            agenda.extend(fresh)
        way = [home]
        while before[way[-1]] != way[-1]:
            way.append(before[way[-1]])
        links = ((one, self._same, other) for one, other in pairwise(reversed(way)))
        return tuple(link if link in self._claim_sets else link[::-1] for link in links)

    def about(self, node: int) -> Iterable[Triple]:
        """Return what was stated of a member of a merge, at either end."""
        return sorted(self._about.get(node, ()))

    def statements(self, triple: Triple) -> set[Iri]:
        """Return the nodes of what was stated that stands as this triple, its own included."""
        return {self._statement(triple), *map(self._statement, self._sources.get(triple, ()))}

    def restate(self, changed: Changed, claims_about: ClaimsAbout) -> Restated:
        """Take in new claim sets of what is stated; return the new claim sets of what stands."""
        linked = [triple for triple in changed if triple[1] == self._same]
        if not self._home and not linked:
            return Restated(claim_sets=dict(changed))
        # Everything stated about nodes that may move is retracted while the old merges stand, then the merges are found
        # anew, and all of it is stated again: only so do the images that were added and removed belong together.
        moving = self._around(linked, changed)
        self._relink(linked, changed)
        work = self._gathered(moving, claims_about)
        work.update({triple: self.claim_set(triple) for triple in changed if self.concerns(triple)})
        touched = dict.fromkeys(image for triple in work for image in self._retract(triple))
        before = {node: self.home(node) for node in moving}
        self._regroup(moving)
        work.update({triple: claims for triple, claims in changed.items() if triple in work or self.concerns(triple)})
        touched.update(dict.fromkeys(image for triple, claims in work.items() for image in self._state(triple, claims)))
        result = Restated(claim_sets={triple: claims for triple, claims in changed.items() if triple not in work})
        for triple in touched:
            result.claim_sets[triple] = self._standing(triple, work)
        result.homes = dict(self._homes(work, before))
        return result

    # What is stated ----------------------------------------------------------------------------------------------

    def _gathered(self, moving: Iterable[int], claims_about: ClaimsAbout) -> dict[Triple, ClaimSet]:
        """Return all that is stated about nodes whose merges change, with the claims on it before the change."""
        found: dict[Triple, ClaimSet] = {}
        for node in moving:
            found.update((triple, self._claim_sets[triple]) for triple in self._about.get(node, ()))
            if node not in self._home:
                # What others' statements left here by a merge was not stated of this node.
                found.update((triple, claims) for triple, claims in claims_about(node) if triple not in self._sources)
        return found

    def _retract(self, triple: Triple) -> Iterator[Triple]:
        """Forget that a triple is stated; yield what stood for it."""
        if triple not in self._claim_sets:
            if triple[1] != self._same:
                yield triple
            return
        del self._claim_sets[triple]
        for node in _ends(triple):
            about = self._about[node]
            about.discard(triple)
            if not about:
                del self._about[node]
        # By the merges of before: they change only when everything has been taken back.
        for image in self._images(triple):
            sources = self._sources[image]
            sources.discard(triple)
            if not sources:
                del self._sources[image]
            yield image

    def _state(self, triple: Triple, claim_set: ClaimSet) -> Iterator[Triple]:
        """Note what is stated about members; yield what stands for it. Of all else nothing is noted."""
        if not self.concerns(triple):
            yield triple
            return
        if not claim_set:
            return
        self._claim_sets[triple] = claim_set
        for node in _ends(triple):
            self._about[node].add(triple)
        for image in self._images(triple):
            self._sources[image].add(triple)
            yield image

    def _images(self, triple: Triple) -> Iterator[Triple]:
        """Yield what stands for a triple: itself with members replaced; of a statement of sameness, the aliases."""
        subject, prop, obj = triple
        if prop == self._same:
            for node in sorted({*_ends(triple)}):
                if self.home(node) != node:
                    # A literal and no IRI, or a node without anything would stand about (docs/decisions/0006).
                    iri = Literal(self._numbers.iri(node), XSD.anyURI)
                    yield self.home(node), self._alias, self._numbers.number(iri)
        else:
            yield self.home(subject), prop, obj if prop == self._type else self.home(obj)

    def _standing(self, triple: Triple, work: Changed) -> ClaimSet:
        """Return the claims on what stands as the triple."""
        sources = self._sources.get(triple)
        if sources:
            return united(each for source in sources for each in self._claim_sets[source])
        return NO_CLAIMS if self.concerns(triple) else work.get(triple, NO_CLAIMS)

    # Who is one --------------------------------------------------------------------------------------------------

    def _around(self, linked: Iterable[Triple], changed: Changed) -> list[int]:
        """Return every node whose merge may change with what is stated of sameness: the ends and all that they join."""
        found: dict[int, None] = {}
        for triple in linked:
            # One more claim on what is stated already moves no node.
            if bool(changed[triple]) != bool(self.claim_set(triple)) and _joins(triple):
                for node in _ends(triple):
                    found.update(dict.fromkeys(self.members(self.home(node)) or (node,)))
        return list(found)

    def _relink(self, linked: Iterable[Triple], changed: Changed) -> None:
        """Join what is stated to be the same from now on, and part what no longer is."""
        for triple in filter(_joins, linked):
            by = bool(changed[triple]) - bool(self.claim_set(triple))
            if by:
                for node, other in ((triple[0], triple[2]), (triple[2], triple[0])):
                    # Counted, because the same two may be stated to be one in either direction.
                    near = self._neighbours.setdefault(node, Counter())
                    near[other] += by
                    if not near[other]:
                        del near[other]
                    if not near:
                        del self._neighbours[node]

    def _regroup(self, nodes: Iterable[int]) -> None:
        """Find anew which of the nodes are one."""
        for node in nodes:
            self._members.pop(self._home.pop(node, node), None)
        for node in nodes:
            if node not in self._home and node in self._neighbours:
                members = sorted(self._reached(node), key=self._numbers.iri)
                self._members[members[0]] = tuple(members)
                self._home.update(dict.fromkeys(members, members[0]))

    def _reached(self, node: int) -> set[int]:
        reached = {node}
        agenda = [node]
        while agenda:
            fresh = self._neighbours[agenda.pop()].keys() - reached
            reached |= fresh
            agenda.extend(fresh)
        return reached

    # Where observations stand ------------------------------------------------------------------------------------

    def _homes(self, work: Iterable[Triple], before: Mapping[int, int]) -> Iterator[tuple[Iri, Iri]]:
        """Yield where nodes, and statements, stand from now on."""
        for node, home in before.items():
            if self.home(node) != home:
                yield self._numbers.iri(node), self._numbers.iri(self.home(node))
        for triple in work:
            if triple[1] != self._same:
                image = next(self._images(triple)) if triple in self._claim_sets else triple
                yield self._statement(triple), self._statement(image)

    def _statement(self, triple: Triple) -> Iri:
        return statement_iri(self._numbers.fact(triple))


def _ends(triple: Triple) -> tuple[int, ...]:
    """Return the nodes that a triple is about."""
    subject, _, obj = triple
    return (subject, obj) if is_iri(obj) and obj != subject else (subject,)


def _joins(triple: Triple) -> bool:
    """Tell whether a statement of sameness is about two nodes."""
    return len(_ends(triple)) > 1
