"""Who says so: the open claims of each asserted triple, as one small number per triple."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from stratagraph.ontology.facts import Claim, Fact, Method, Sighting


class Voice(NamedTuple):
    """A claim without its fact and without when it was last seen; all claims of one run and scope share one."""

    source: str
    scope: str
    run: str
    method: Method
    first_seen: datetime
    opened_at: int


Chorus: TypeAlias = tuple[Voice, ...]
"""The voices that state one triple, by source and scope."""
SILENCE: Final[Chorus] = ()


class Choruses:
    """Numbers for sets of voices, from 1; 0 is silence. A set that no triple uses any more gives its number up.

    A triple is a number in the index, and a million facts of one run share a single set here.
    """

    def __init__(self) -> None:
        """Know only silence."""
        self._members: list[Chorus] = [()]
        self._uses = [0]
        self._numbers: dict[Chorus, int] = {(): 0}
        self._free: list[int] = []

    def __getitem__(self, number: int) -> Chorus:
        """Return the voices of a number."""
        return self._members[number]

    def hold(self, chorus: Chorus) -> int:
        """Return the number of a set of voices, counting one more triple that uses it."""
        number = self._numbers.get(chorus)
        if number is None:
            number = self._numbers[chorus] = self._place(chorus)
        self._uses[number] += 1
        return number

    def release(self, number: int) -> None:
        """Count one triple less."""
        self._uses[number] -= 1
        # Silence keeps its number, however few triples have it.
        if number and not self._uses[number]:
            del self._numbers[self._members[number]]
            self._members[number] = ()
            self._free.append(number)

    def restate(self, change: Callable[[Voice], Voice]) -> None:
        """Change every voice; two that differed must differ afterwards."""
        self._members = [tuple(map(change, chorus)) for chorus in self._members]
        # A number that was given up has an empty set too: it must not become that of silence.
        self._numbers = {chorus: number for number, chorus in enumerate(self._members) if chorus or not number}

    def _place(self, chorus: Chorus) -> int:
        if self._free:
            number = self._free.pop()
            self._members[number] = chorus
            return number
        self._members.append(chorus)
        self._uses.append(0)
        return len(self._members) - 1


def join(chorus: Chorus, claim: Claim) -> Chorus:
    """Return the voices with a claim's added, in place of an older one of its source and scope."""
    voice = Voice(claim.source, claim.scope, claim.run, claim.method, claim.first_seen, claim.opened_at)
    # Sorted, so that the same voices are the same set, in whatever order they came.
    return tuple(sorted((*leave(chorus, claim), voice), key=lambda each: each[:2]))


def leave(chorus: Chorus, claim: Claim) -> Chorus:
    """Return the voices without the one of a claim's source and scope."""
    return tuple(voice for voice in chorus if voice[:2] != (claim.source, claim.scope))


def agreed(voices: Iterable[Voice]) -> Chorus:
    """Return voices that all come to say one thing: of those of one source and scope, the one that spoke first."""
    first: dict[tuple[str, str], Voice] = {}
    for voice in voices:
        place = voice.source, voice.scope
        first[place] = min(first.get(place, voice), voice, key=_by_time)
    return tuple(first[place] for place in sorted(first))


def _by_time(voice: Voice) -> tuple[int, datetime, str]:
    return voice.opened_at, voice.first_seen, voice.run


def claims_of(fact: Fact, chorus: Chorus, sightings: Mapping[tuple[str, str], Sighting]) -> tuple[Claim, ...]:
    """Return the claims that a set of voices makes of one fact; the sightings are by source and scope."""
    return tuple(
        Claim(fact, source, scope, run, method, first_seen, sightings[source, scope].last_seen, opened_at)
        for source, scope, run, method, first_seen, opened_at in chorus
    )
