"""Who says so: the open claims of each asserted triple, as one small number per triple."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Claim, Fact, Method, Sighting
from stratagraph.service.deriver.numbers import Numbers, Triple


class ClaimOrigin(NamedTuple):
    """A claim without its fact and without when it was last seen; all claims of one run and scope share one."""

    source: str
    scope: str
    run: str
    method: Method
    first_seen: datetime
    opened_at: int


ClaimSet: TypeAlias = tuple[ClaimOrigin, ...]
"""The claims on one triple, without the triple, by source and scope."""
NO_CLAIMS: Final[ClaimSet] = ()


class ClaimSets:
    """Numbers for claim sets, from 1; 0 is the empty one. A set that no triple has any more gives its number up.

    A triple is a number in the index, and a million facts of one run share a single set here.
    """

    def __init__(self) -> None:
        """Know only the empty set."""
        self._members: list[ClaimSet] = [()]
        self._uses = [0]
        self._numbers: dict[ClaimSet, int] = {(): 0}
        self._free: list[int] = []

    def __getitem__(self, number: int) -> ClaimSet:
        """Return the claim set of a number."""
        return self._members[number]

    def hold(self, claim_set: ClaimSet, triples: int = 1) -> int:
        """Return the number of a claim set, counting more triples that have it."""
        number = self._numbers.get(claim_set)
        if number is None:
            number = self._numbers[claim_set] = self._place(claim_set)
        self._uses[number] += triples
        return number

    def release(self, number: int, triples: int = 1) -> None:
        """Count so many triples less."""
        self._uses[number] -= triples
        # The empty set keeps its number, however few triples have it.
        if number and not self._uses[number]:
            del self._numbers[self._members[number]]
            self._members[number] = ()
            self._free.append(number)

    def restate(self, change: Callable[[ClaimOrigin], ClaimOrigin]) -> None:
        """Change the origin of every claim; two that differed must differ afterwards."""
        self._members = [tuple(map(change, claim_set)) for claim_set in self._members]
        # A number that was given up has an empty set too: it must not become 0.
        self._numbers = {claim_set: number for number, claim_set in enumerate(self._members) if claim_set or not number}

    def _place(self, claim_set: ClaimSet) -> int:
        if self._free:
            number = self._free.pop()
            self._members[number] = claim_set
            return number
        self._members.append(claim_set)
        self._uses.append(0)
        return len(self._members) - 1


def with_claim(claim_set: ClaimSet, claim: Claim) -> ClaimSet:
    """Return the set with a claim added, in place of an older one of its source and scope."""
    added = ClaimOrigin(claim.source, claim.scope, claim.run, claim.method, claim.first_seen, claim.opened_at)
    # Sorted, so that the same claims are the same set, in whatever order they came.
    return tuple(sorted((*without_claim(claim_set, claim), added), key=lambda each: each[:2]))


def without_claim(claim_set: ClaimSet, claim: Claim) -> ClaimSet:
    """Return the set without the claim of this one's source and scope."""
    return tuple(each for each in claim_set if each[:2] != (claim.source, claim.scope))


def retell(
    changed: dict[Triple, ClaimSet],
    claims: Iterable[Claim],
    numbers: Numbers,
    before: Callable[[Triple], ClaimSet],
    change: Callable[[ClaimSet, Claim], ClaimSet],
) -> None:
    """Note the new claim sets of the triples that claims are about; ``before`` gives those not noted yet.

    A run's claims mostly differ in their fact alone: what they make of one set is made once, and is one object.
    """
    told = None
    # Each with the set that it was made of, whose identity is its key only as long as it lives.
    made: dict[int, tuple[ClaimSet, ClaimSet]] = {}
    for claim in claims:
        if claim[1:] != told:
            told, made = claim[1:], {}
        triple = numbers.triple(claim.fact)
        known = changed.get(triple)
        if known is None:
            known = before(triple)
        pair = made.get(id(known))
        if pair is None:
            pair = made[id(known)] = known, change(known, claim)
        changed[triple] = pair[1]


def united(claims: Iterable[ClaimOrigin]) -> ClaimSet:
    """Return one set of claims that have come to be about one triple: of those of one source and scope, the first."""
    first: dict[tuple[str, str], ClaimOrigin] = {}
    for each in claims:
        place = each.source, each.scope
        first[place] = min(first.get(place, each), each, key=_by_time)
    return tuple(first[place] for place in sorted(first))


def _by_time(each: ClaimOrigin) -> tuple[int, datetime, str]:
    return each.opened_at, each.first_seen, each.run


def claims_of(fact: Fact, claim_set: ClaimSet, sightings: Mapping[tuple[str, str], Sighting]) -> tuple[Claim, ...]:
    """Return the claims of a set with the fact that they are about; the sightings are by source and scope."""
    return tuple(
        Claim(fact, source, scope, run, method, first_seen, sightings[source, scope].last_seen, opened_at)
        for source, scope, run, method, first_seen, opened_at in claim_set
    )
