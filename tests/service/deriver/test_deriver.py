from __future__ import annotations

import pytest
from hypothesis import given, settings

from stratagraph.ontology.facts import ChangeSet, Claim, Fact, LedgerChange
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver, OutOfStep
from tests.service.naive import as_one, naive_homes, naive_influences, naive_merged, naive_present
from tests.service.worlds import EX, NODES, START, Event, History, Mirror, claim, events, world


def new_deriver() -> Deriver:
    return Deriver(world(), compile_rules(world()))


def replayed(happened: list[list[Event]]) -> tuple[Deriver, History, Mirror]:
    deriver, history, mirror = new_deriver(), History(), Mirror()
    for step in happened:
        mirror.apply(deriver.apply(history.step(step)))
    return deriver, history, mirror


@settings(max_examples=300, deadline=None)
@given(events)
def test_after_every_step_the_present_equals_a_naive_model(happened: list[list[Event]]) -> None:
    deriver, history, mirror = new_deriver(), History(), Mirror()
    for step in happened:
        mirror.apply(deriver.apply(history.step(step)))
        assert mirror.facts == naive_present(naive_merged(history.facts()))
        assert mirror.edges == naive_influences(naive_merged(history.facts()))


@settings(max_examples=60, deadline=None)
@given(events)
def test_claims_are_those_that_are_open(happened: list[list[Event]]) -> None:
    deriver, history, mirror = replayed(happened)
    homes = naive_homes(history.facts())
    expected: dict[Fact, dict[str, Claim]] = {}
    for (fact, source), each in history.open.items():
        for one in as_one(fact, homes):
            # Of what one source says of several members, what it said first counts.
            first = min(expected.get(one, {}).get(source, each), each, key=lambda claim: claim.opened_at)
            expected.setdefault(one, {})[source] = first._replace(fact=one)
    assert mirror.claims == {
        fact: tuple(claims[source] for source in sorted(claims)) for fact, claims in expected.items()
    }
    for fact, claims in mirror.claims.items():
        seen = tuple(each._replace(last_seen=history.sightings[each.source].last_seen) for each in claims)
        assert deriver.claims(fact) == seen


@settings(max_examples=60, deadline=None)
@given(events)
def test_a_restored_deriver_equals_the_incremental_one(happened: list[list[Event]]) -> None:
    deriver, history, mirror = replayed(happened)
    restored = new_deriver()
    restored.restore(
        history.open.values(),
        sequence=history.sequence,
        time=START,
        batch_hash=f"hash{history.sequence}",
        sightings=history.sightings.values(),
    )
    for source in (deriver, restored):
        rebuilt = Mirror()
        for part in source.snapshot(size=3):
            rebuilt.apply(part)
        assert vars(rebuilt) == vars(mirror)


@settings(max_examples=60, deadline=None)
@given(events)
def test_what_was_only_supposed_leaves_nothing_behind(happened: list[list[Event]]) -> None:
    deriver, history, mirror = replayed(happened[:-1])
    with deriver.supposing(history.step(happened[-1])):
        pass
    rebuilt = Mirror()
    for part in deriver.snapshot():
        rebuilt.apply(part)
    assert vars(rebuilt) == vars(mirror)


def change(history: History, *happened: Event) -> ChangeSet:
    deriver = new_deriver()
    return deriver.apply(history.step(happened))


def test_a_cycle_that_loses_its_support_goes_altogether() -> None:
    a, b, c = NODES[:3]
    ring = [Fact(a, EX.partOf, b), Fact(b, EX.partOf, c), Fact(c, EX.partOf, a)]
    deriver, history, mirror = replayed([[(True, "a", fact) for fact in ring]])
    assert deriver.holds(Fact(a, EX.partOf, a))
    mirror.apply(deriver.apply(history.step([(False, "a", ring[2])])))
    assert not deriver.holds(Fact(a, EX.partOf, a))
    assert deriver.holds(Fact(c, EX.hasPart, a))


def test_a_second_source_keeps_a_fact_and_what_follows() -> None:
    fact = Fact(NODES[0], EX.usesFast, NODES[1])
    deriver, history, _ = replayed([[(True, "a", fact), (True, "b", fact)]])
    result = deriver.apply(history.step([(False, "a", fact)]))
    assert not result.added
    assert not result.removed
    assert [[claim.source for claim in claims] for _, claims in result.claims_changed] == [["b"]]
    result = deriver.apply(history.step([(False, "b", fact)]))
    assert Fact(NODES[1], EX.usedBy, NODES[0]) in result.removed


def test_an_edge_needs_two_assets_and_comes_with_the_type() -> None:
    a, b = NODES[:2]
    deriver, history, mirror = replayed([[(True, "a", Fact(a, EX.partOf, b))]])
    assert not mirror.edges
    types = [(True, "a", Fact(node, RDF.type, EX.Thing)) for node in (a, b)]
    mirror.apply(deriver.apply(history.step(types)))
    assert list(mirror.edges) == [(b, a)]
    mirror.apply(deriver.apply(history.step([(False, *types[0][1:])])))
    assert not mirror.edges


def test_parallel_edges_combine_by_maximum_and_keep_every_reason() -> None:
    a, b = NODES[:2]
    weak, strong = Fact(a, EX.uses, b), Fact(a, EX.usesFast, b)
    types = [(True, "a", Fact(node, RDF.type, EX.Thing)) for node in (a, b)]
    _, _, mirror = replayed([[(True, "a", weak), (True, "b", strong), *types]])
    edge = mirror.edges[b, a]
    assert edge.strengths[SG.LatencyEffect] == 0.9
    assert edge.reasons[SG.LatencyEffect] == (strong, weak)


@pytest.mark.parametrize("sequence", [0, 2])
def test_a_sequence_out_of_order_is_refused(sequence: int) -> None:
    with pytest.raises(OutOfStep):
        new_deriver().apply(LedgerChange(sequence=sequence, time=START, batch_hash=""))


def test_a_claim_seen_again_takes_the_place_of_the_older_one() -> None:
    fact = Fact(NODES[0], EX.near, NODES[1])
    deriver, history, _ = replayed([[(True, "a", fact)]])
    again = LedgerChange(sequence=2, time=START, batch_hash="", opened=(claim(fact, "a", 2),))
    assert deriver.apply(again).claims_changed == ((fact, (claim(fact, "a", 2),)),)
    assert history.facts() == {fact}
