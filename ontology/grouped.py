"""What a change set says of many things at once, in groups of those of which the same is said.

Each sequence here reads as the plain tuple that it stands for, whose items are made when somebody asks for them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Generic, NamedTuple, TypeAlias, TypeVar, overload

from stratagraph.ontology.facts import Claim, Fact, Influence, Iri

_Item = TypeVar("_Item")

Claimed: TypeAlias = tuple[Fact, tuple[Claim, ...]]
"""An asserted triple with the claims that are open on it."""
Relation: TypeAlias = tuple[Iri, bool]
"""The property of a relation between two, and whether it runs from the influencer to the influenced."""


class ClaimGroup(NamedTuple):
    """Asserted triples on which the same is claimed; ``claims`` are about the first of them."""

    claims: tuple[Claim, ...]
    facts: Sequence[Fact]

    def claims_on(self, fact: Fact) -> tuple[Claim, ...]:
        """Return the claims on one of the triples."""
        return tuple([Claim(fact, *claim[1:]) for claim in self.claims])


class InfluenceTemplate(NamedTuple):
    """What many edges share: all but their ends.

    ``relations`` are those between the two that justify anything; ``reasons`` has the places of a manner's in them,
    strongest first.
    """

    strengths: tuple[tuple[Iri, float], ...]
    measured: frozenset[Iri]
    relations: tuple[Relation, ...]
    reasons: tuple[tuple[Iri, tuple[int, ...]], ...]

    def between(self, influencer: Iri, influenced: Iri) -> Influence:
        """Return the edge of two."""
        facts = [
            Fact(influencer, prop, influenced) if along else Fact(influenced, prop, influencer)
            for prop, along in self.relations
        ]
        return Influence(
            influencer=influencer,
            influenced=influenced,
            strengths=dict(self.strengths),
            reasons={manner: tuple([facts[place] for place in places]) for manner, places in self.reasons},
            measured=self.measured,
        )


class InfluenceGroup(NamedTuple):
    """Pairs of influencer and influenced whose influence is the same but for the ends."""

    template: InfluenceTemplate
    pairs: Sequence[tuple[Iri, Iri]]


class _Grouped(Sequence[_Item], Generic[_Item]):
    """A sequence that is kept in groups."""

    __slots__ = ()

    @abstractmethod
    def __iter__(self) -> Iterator[_Item]:
        """Yield the items, group by group."""

    @overload
    def __getitem__(self, place: int) -> _Item: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[_Item]: ...

    def __getitem__(self, place: int | slice) -> _Item | Sequence[_Item]:
        """Return what the plain tuple has there."""
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        """Tell whether the plain tuples are equal."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other))  # noqa: B905  # as long as each other

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        """Return the plain tuple as text."""
        return repr(tuple(self))


class ClaimsChanged(_Grouped[Claimed]):
    """The asserted triples whose claims changed, by what is claimed."""

    __slots__ = ("groups",)

    def __init__(self, groups: Iterable[ClaimGroup]) -> None:
        """Take the groups; a triple must be in one alone."""
        self.groups = tuple(groups)

    def __len__(self) -> int:
        """Return the number of triples."""
        return sum(len(group.facts) for group in self.groups)

    def __iter__(self) -> Iterator[Claimed]:
        """Yield each triple with its claims."""
        return ((fact, group.claims_on(fact)) for group in self.groups for fact in group.facts)


class InfluencesChanged(_Grouped[Influence]):
    """Influence edges, by what is the same of them."""

    __slots__ = ("groups",)

    def __init__(self, groups: Iterable[InfluenceGroup]) -> None:
        """Take the groups; a pair must be in one alone."""
        self.groups = tuple(groups)

    def __len__(self) -> int:
        """Return the number of edges."""
        return sum(len(group.pairs) for group in self.groups)

    def __iter__(self) -> Iterator[Influence]:
        """Yield each edge."""
        return (group.template.between(*pair) for group in self.groups for pair in group.pairs)


def claim_groups(claimed: Sequence[Claimed]) -> Sequence[ClaimGroup]:
    """Return claimed triples in groups; those of a plain tuple are each in one of its own."""
    if isinstance(claimed, ClaimsChanged):
        return claimed.groups
    return [ClaimGroup(claims, (fact,)) for fact, claims in claimed]


def influence_groups(influences: Sequence[Influence]) -> Sequence[InfluenceGroup]:
    """Return edges in groups; those of a plain tuple are each in one of its own."""
    if isinstance(influences, InfluencesChanged):
        return influences.groups
    return [InfluenceGroup(template_of(edge), ((edge.influencer, edge.influenced),)) for edge in influences]


def template_of(edge: Influence) -> InfluenceTemplate:
    """Return what other edges may share with this one, whose reasons are relations between its ends."""
    facts = dict.fromkeys(chain.from_iterable(edge.reasons.values()))
    places: Mapping[Fact, int] = {fact: place for place, fact in enumerate(facts)}
    return InfluenceTemplate(
        strengths=tuple(edge.strengths.items()),
        measured=edge.measured,
        relations=tuple((fact.predicate, fact.subject == edge.influencer) for fact in facts),
        reasons=tuple((manner, tuple(places[fact] for fact in why)) for manner, why in edge.reasons.items()),
    )
