"""What a change set says in groups reads as the plain tuple that it stands for."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Claim, Fact, Influence, Method
from stratagraph.ontology.grouped import (
    ClaimGroup,
    ClaimsChanged,
    InfluenceGroup,
    InfluencesChanged,
    claim_groups,
    influence_groups,
    template_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = st.sampled_from("abcde")
FACTS = st.builds(Fact, NAMES, NAMES, NAMES)


def claim(fact: Fact, source: str) -> Claim:
    return Claim(fact, source, "scope", "run", Method.DECLARED, NOW, NOW, 1)


@st.composite
def edges(draw: st.DrawFn) -> Influence:
    a, b = draw(st.permutations("xyz"))[:2]
    relation = st.tuples(NAMES, st.booleans()).map(lambda each: Fact(a, each[0], b) if each[1] else Fact(b, each[0], a))
    reasons = draw(st.dictionaries(NAMES, st.lists(relation, min_size=1, max_size=3, unique=True).map(tuple)))
    return Influence(
        influencer=a,
        influenced=b,
        strengths=dict.fromkeys(reasons, 0.5),
        reasons=reasons,
        measured=frozenset(draw(st.sets(st.sampled_from(sorted(reasons)))) if reasons else ()),
    )


@given(
    st.lists(st.tuples(st.lists(NAMES, max_size=2, unique=True), st.lists(FACTS, min_size=1, max_size=3)), max_size=4)
)
def test_claims_read_as_their_plain_tuple(told: list[tuple[list[str], list[Fact]]]) -> None:
    plain = tuple((fact, tuple(claim(fact, each) for each in sources)) for sources, facts in told for fact in facts)
    groups = [ClaimGroup(tuple(claim(facts[0], each) for each in sources), facts) for sources, facts in told]
    changed = ClaimsChanged(groups)
    assert changed == plain
    assert tuple(changed) == plain
    assert len(changed) == len(plain)
    assert pickle.loads(pickle.dumps(changed)) == plain  # noqa: S301  # our own bytes
    assert list(claim_groups(changed)) == groups
    assert ClaimsChanged(claim_groups(plain)) == plain
    assert changed[1:3] == plain[1:3]
    assert changed != (*plain, plain)


@given(st.lists(edges(), max_size=4))
def test_influences_read_as_their_plain_tuple(told: list[Influence]) -> None:
    changed = InfluencesChanged(influence_groups(tuple(told)))
    assert changed == tuple(told)
    assert len(changed) == len(told)
    assert pickle.loads(pickle.dumps(changed)) == tuple(told)  # noqa: S301  # as above


def test_pairs_of_one_template_differ_in_their_ends_alone() -> None:
    edge = template_of(
        Influence(
            influencer="a",
            influenced="b",
            strengths={"cost": 0.5},
            reasons={"cost": (Fact("b", "uses", "a"), Fact("a", "runs", "b"))},
        )
    )
    (_, other) = InfluencesChanged([InfluenceGroup(edge, [("a", "b"), ("c", "d")])])
    assert (other.influencer, other.influenced) == ("c", "d")
    assert other.reasons == {"cost": (Fact("d", "uses", "c"), Fact("c", "runs", "d"))}
