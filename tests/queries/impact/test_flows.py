"""Flows: patterns of levels that run through influence edges on one aspect."""

from __future__ import annotations

from itertools import pairwise

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import FlowInfo, load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import Cards
from stratagraph.queries.impact.flows import FlowAnswer, find_flow
from stratagraph.queries.impact.impact import impact
from tests.queries.plain import PlainAdjacency, PlainStore, described, edge, influences, iri

MODEL = load_model()
LAW, ORG, SYSTEM, PROMPT, OTHER, TOKEN, VECTOR = "law", "org", "system", "prompt", "other", "token", "vector"
CLASSES = {
    LAW: SG.Law,
    ORG: SG.Organisation,
    SYSTEM: SG.LLMSystem,
    PROMPT: SG.TaskPrompt,
    OTHER: SG.TaskPrompt,
    TOKEN: SG.Token,
    VECTOR: SG.Embedding,
}
STORE = PlainStore(MODEL, [fact for name, cls in CLASSES.items() for fact in described(name, cls)])
BOTH = {SG.PrivacyRequirement: 0.9, SG.ComplianceRequirement: 0.8}
PATTERN = (SG.L12, SG.L10, SG.L5)
CHAIN = [(LAW, ORG, BOTH), (ORG, PROMPT, BOTH), (PROMPT, TOKEN, BOTH), (PROMPT, VECTOR, BOTH)]


def look(edges: list[tuple[str, str, dict[Iri, float]]], *steps: frozenset[Iri]) -> FlowAnswer:
    flow = FlowInfo(iri=SG.PrivacyRuleFlow, steps=steps)
    return find_flow(
        PlainAdjacency([edge(*each) for each in edges]),
        Cards(STORE, MODEL),
        MODEL,
        flow,
        change=SG.RegulationChange,
        start=iri(LAW),
        manners=(SG.PrivacyRequirement, SG.ComplianceRequirement),
    )


def steps(*levels: Iri | set[Iri]) -> tuple[frozenset[Iri], ...]:
    return tuple(frozenset(each if isinstance(each, set) else {each}) for each in levels)


def ends(answer: FlowAnswer) -> list[tuple[Iri, Iri]]:
    return [(hop.influencer, hop.influenced) for hop in answer.hops]


def test_a_chain_along_the_levels_is_the_witness_on_its_strongest_aspect() -> None:
    answer = look(CHAIN, *steps(*PATTERN))
    assert answer.shown
    assert ends(answer) == [(iri(LAW), iri(ORG)), (iri(ORG), iri(PROMPT))]
    assert answer.aspect == SG.PrivacyAspect


def test_a_last_step_of_two_levels_needs_both_from_one_asset() -> None:
    answer = look(CHAIN, *steps(*PATTERN, {SG.L1, SG.L2}))
    assert set(ends(answer)[2:]) == {(iri(PROMPT), iri(TOKEN)), (iri(PROMPT), iri(VECTOR))}


def test_two_levels_reached_from_two_different_assets_are_no_branch() -> None:
    edges = [*CHAIN[:3], (ORG, OTHER, BOTH), (OTHER, VECTOR, BOTH)]
    answer = look(edges, *steps(*PATTERN, {SG.L1, SG.L2}))
    assert answer.broken_at is not None
    assert (answer.broken_at.step, answer.broken_at.missing) == (3, frozenset())


def test_after_a_branch_the_chain_goes_on_from_any_of_its_assets() -> None:
    edges = [(LAW, PROMPT, BOTH), (LAW, VECTOR, BOTH), (VECTOR, SYSTEM, BOTH)]
    answer = look(edges, *steps(SG.L12, {SG.L5, SG.L2}, SG.L8))
    assert answer.shown
    assert set(ends(answer)) == {(iri(a), iri(b)) for a, b, _ in edges}


def test_a_hop_without_the_common_aspect_breaks_the_flow() -> None:
    edges = [(LAW, ORG, {SG.PrivacyRequirement: 0.9}), (ORG, PROMPT, {SG.ComplianceRequirement: 0.9})]
    answer = look(edges, *steps(*PATTERN))
    assert not answer.shown
    assert answer.broken_at is not None
    assert (answer.broken_at.step, answer.broken_at.missing) == (2, frozenset({SG.L5}))


def test_the_witness_need_not_be_the_shortest_path() -> None:
    edges = [*CHAIN, (LAW, PROMPT, BOTH)]
    assert look(edges, *steps(*PATTERN)).shown


def test_a_start_on_another_level_breaks_at_once() -> None:
    answer = look(CHAIN, *steps(SG.L10, SG.L5))
    assert answer.broken_at is not None
    assert answer.broken_at.step == 0


def small_estate() -> list[Fact]:
    """The least estate through which a privacy rule runs from a law down to tokens and vectors."""
    classes = {
        "law": SG.Law,
        "org": SG.Organisation,
        "system": SG.LLMSystem,
        "evals": SG.EvaluationPipeline,
        "agent": SG.TaskAgent,
        "prompt": SG.RAGPrompt,
        "token": SG.Token,
        "index": SG.VectorIndex,
    }
    links = ["law", "org", "system", "evals", "agent", "prompt"]
    facts = [fact for name, cls in classes.items() for fact in described(name, cls)]
    facts += [Fact(iri(a), SG.affectsPrivacy, iri(b)) for a, b in pairwise(links)]
    return [*facts, *(Fact(iri("prompt"), SG.affectsPrivacy, iri(end)) for end in ("token", "index"))]


def ask_law(facts: list[Fact], **options: object) -> list[bool]:
    adjacency = PlainAdjacency(influences(MODEL, facts))
    answer = impact(adjacency, PlainStore(MODEL, facts), MODEL, iri("law"), **options)  # type: ignore[arg-type]  # impact's own
    return [flow.shown for flow in answer.flows]


def test_impact_shows_the_flows_that_start_on_the_assets_level() -> None:
    assert ask_law(small_estate()) == [True]


def test_any_removed_relation_makes_the_flow_disappear() -> None:
    facts = small_estate()
    for link in [fact for fact in facts if fact.predicate == SG.affectsPrivacy]:
        assert ask_law([fact for fact in facts if fact != link]) == [False], link


def test_a_flow_beyond_the_depth_of_the_answer_is_not_shown() -> None:
    assert ask_law(small_estate(), depth=5) == [False]


def test_a_flow_on_other_aspects_than_the_one_asked_for_is_not_looked_at() -> None:
    assert ask_law(small_estate(), aspect=SG.CostAspect) == []
    assert ask_law(small_estate(), aspect=SG.ComplianceAspect) == [False]


def test_the_checklist_keeps_steps_whose_level_is_not_reached() -> None:
    facts = [*described("layer", SG.Layer), *described("model", SG.BaseModel)]
    facts.append(Fact(iri("layer"), SG.partOf, iri("model")))
    adjacency = PlainAdjacency(influences(MODEL, facts))
    answer = impact(adjacency, PlainStore(MODEL, facts), MODEL, iri("layer"), change=SG.Quantisation)
    items = {item.step.iri: item.reached for item in answer.checklist}
    assert items[SG.term("Quantisation-evals-before-after")] is False
    assert items[SG.term("Quantisation-check-conformity")] is False
    assert [item.step.order for item in answer.checklist] == sorted(item.step.order for item in answer.checklist)
    narrowed = impact(adjacency, PlainStore(MODEL, facts), MODEL, iri("layer"), aspect=SG.CostAspect)
    assert {item.step.aspect for item in narrowed.checklist} == {SG.CostAspect}
