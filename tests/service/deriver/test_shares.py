from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Claim, Fact, Influence, Iri, LedgerChange, Method, Observation
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from tests.service.worlds import EX, NODES, START, Mirror, claim, world

AGENT, FAST, SLOW = NODES[:3]
FACTS = [Fact(AGENT, EX.uses, FAST), Fact(AGENT, EX.uses, SLOW)]
TYPES = [Fact(node, RDF.type, EX.Thing) for node in (AGENT, FAST, SLOW)]
CLAIMS = tuple(claim(fact, "otel", 1, Method.OBSERVED) for fact in (*FACTS, *TYPES))


def seen(fact: Fact, metric: Iri, total: float, *, hour: int = 0) -> Observation:
    start = START + timedelta(hours=hour)
    return Observation(
        subject=statement_iri(fact),
        metric=metric,
        unit="{call}",
        start=start,
        end=start + timedelta(minutes=1),
        count=1,
        total=total,
        minimum=total,
        maximum=total,
    )


def change(
    sequence: int,
    *observations: Observation,
    hour: int = 0,
    opened: tuple[Claim, ...] = (),
    closed: tuple[Claim, ...] = (),
) -> LedgerChange:
    return LedgerChange(
        sequence=sequence,
        time=START + timedelta(hours=hour),
        batch_hash="",
        opened=opened,
        closed=closed,
        observations=observations,
    )


def edges(*changes: LedgerChange) -> dict[tuple[Iri, Iri], Influence]:
    deriver, mirror = Deriver(world(), compile_rules(world())), Mirror()
    for each in changes:
        mirror.apply(deriver.apply(each))
    return mirror.edges


CALLS = (seen(FACTS[0], SG.calls, 2), seen(FACTS[1], SG.calls, 1))


def test_the_share_of_the_calls_stands_for_the_declared_strength() -> None:
    found = edges(change(1, *CALLS, opened=CLAIMS))
    assert found[FAST, AGENT].strengths[SG.LatencyEffect] == 0.6667
    assert found[SLOW, AGENT].strengths[SG.LatencyEffect] == 0.3333
    assert found[FAST, AGENT].measured == {SG.LatencyEffect}


def test_cost_goes_by_tokens_of_both_kinds() -> None:
    tokens = (
        seen(FACTS[0], SG.inputTokens, 30),
        seen(FACTS[0], SG.outputTokens, 10),
        seen(FACTS[1], SG.inputTokens, 60),
    )
    found = edges(change(1, *tokens, opened=CLAIMS))
    assert found[FAST, AGENT].strengths == {SG.CostEffect: 0.4, SG.LatencyEffect: 0.8}


def test_requirements_keep_their_declared_strength() -> None:
    found = edges(change(1, *CALLS, opened=CLAIMS))
    assert found[AGENT, FAST].strengths == {SG.CostEffect: 0.3}
    assert not found[AGENT, FAST].measured


def test_one_relation_alone_carries_everything_whatever_is_declared_for_the_other() -> None:
    found = edges(change(1, CALLS[0], opened=CLAIMS))
    assert found[FAST, AGENT].strengths[SG.LatencyEffect] == 1.0
    assert found[SLOW, AGENT].strengths[SG.LatencyEffect] == 0.8


def test_calls_of_another_relation_change_this_one_too() -> None:
    found = edges(change(1, *CALLS, opened=CLAIMS), change(2, seen(FACTS[1], SG.calls, 1)))
    assert found[FAST, AGENT].strengths[SG.LatencyEffect] == 0.5


def test_a_relation_that_is_no_longer_observed_but_still_declared_has_its_declared_strength_again() -> None:
    declared = claim(FACTS[0], "registry", 1)
    found = edges(change(1, *CALLS, opened=(*CLAIMS, declared)), change(2, closed=CLAIMS[:1]))
    assert found[FAST, AGENT].strengths[SG.LatencyEffect] == 0.8
    assert not found[FAST, AGENT].measured
    assert found[SLOW, AGENT].strengths[SG.LatencyEffect] == 1.0


def test_calls_of_more_than_a_day_ago_do_not_count() -> None:
    found = edges(change(1, *CALLS, opened=CLAIMS), change(2, hour=30))
    assert found[FAST, AGENT].strengths[SG.LatencyEffect] == 0.8
    assert not found[FAST, AGENT].measured


# Steps that often add up to exactly a day, or to an hour less.
@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([0, 1, 11, 12, 23, 24]), st.integers(0, 1), st.integers(0, 9)), max_size=8))
def test_what_counts_is_the_sum_over_the_last_24_hours_however_the_calls_came(
    happened: list[tuple[int, int, int]],
) -> None:
    deriver, mirror = Deriver(world(), compile_rules(world())), Mirror()
    mirror.apply(deriver.apply(change(1, opened=CLAIMS)))
    hour, calls = 0, []
    for sequence, (later, which, number) in enumerate(happened, 2):
        hour += later
        calls.append((hour, which, number))
        mirror.apply(deriver.apply(change(sequence, seen(FACTS[which], SG.calls, number, hour=hour), hour=hour)))
        recent = [sum(each for at, of, each in calls if of == way and hour - at < 24) for way in (0, 1)]
        for callee, own in zip((FAST, SLOW), recent, strict=True):
            found = mirror.edges[callee, AGENT]
            assert found.strengths[SG.LatencyEffect] == (round(own / sum(recent), 4) if own else 0.8)
            assert (SG.LatencyEffect in found.measured) is bool(own)


def test_a_restored_deriver_measures_the_same() -> None:
    restored, mirror = Deriver(world(), compile_rules(world())), Mirror()
    restored.restore(CLAIMS, sequence=1, time=START, batch_hash="", recent=CALLS)
    for part in restored.snapshot():
        mirror.apply(part)
    assert mirror.edges == edges(change(1, *CALLS, opened=CLAIMS))
