"""The self-assessment: an organisation's answers in, shares and levels out."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG, XSD, local_name
from stratagraph.queries.maturity import StageMaturity, maturity, weakest
from tests.queries.plain import PlainStore

MODEL = load_model()
ACME, OTHER = "https://example.org/acme", "https://example.org/other"
FRAMEWORK = [
    fact
    for name, facts in MODEL.modules.items()
    if name.startswith(("framework", "maturity"))
    for fact in facts
    if fact.predicate.startswith((SG, RDF))
]
STAGE_OF = {f.subject: str(f.object) for f in MODEL.triples if f.predicate == SG.assessesStage}
KIND_OF = {
    f.subject: str(f.object)
    for f in MODEL.triples
    if f.subject in STAGE_OF and f.object in (SG.Question, SG.Deliverable, SG.GateCriterion)
}
ITEMS = sorted(STAGE_OF)
KINDS = (SG.Question, SG.Deliverable, SG.GateCriterion)


class Organisations(PlainStore):
    """The framework with answers."""

    def __init__(self) -> None:
        super().__init__(MODEL, FRAMEWORK)
        self._numbers = count(1)

    def answer(self, item: Iri, *, satisfied: bool, day: int | None = None, organization: Iri = ACME) -> None:
        node = f"https://example.org/answer/{next(self._numbers)}"
        self.add(Fact(node, RDF.type, SG.Answer))
        self.add(Fact(node, SG.answersItem, item))
        self.add(Fact(node, SG.answeredFor, organization))
        self.add(Fact(node, SG.satisfied, Literal(str(satisfied).lower(), XSD.boolean)))
        if day is not None:
            self.add(Fact(node, SG.answeredAt, Literal(f"2026-03-{day:02}T09:00:00Z", XSD.dateTime)))


def of(stage: str, kind: Iri) -> list[Iri]:
    return [item for item in ITEMS if STAGE_OF[item] == SG.term(stage) and KIND_OF[item] == kind]


def at(found: tuple[StageMaturity, ...], stage: str) -> StageMaturity:
    return next(each for each in found if each.stage == SG.term(stage))


def test_an_organisation_that_answered_nothing_has_no_result() -> None:
    store = Organisations()
    store.answer(ITEMS[0], satisfied=True, organization=OTHER)
    assert maturity(store, ACME) == ()
    assert weakest(()) is None


def test_the_stages_come_in_order_and_start_at_nothing() -> None:
    store = Organisations()
    store.answer(SG.ModelNeedQuestion, satisfied=False)
    found = maturity(store, ACME)
    assert [each.position for each in found] == [1, 2, 3, 4, 5, 6]
    assert {(each.questions, each.deliverables, each.criteria, each.rank) for each in found} == {(0.0, 0.0, 0.0, 0)}
    assert sum(len(each.gaps) for each in found) == len(ITEMS)


@pytest.mark.parametrize(
    ("questions", "deliverables", "criteria", "level"),
    [
        (3, 0, 0, "UnstartedMaturity"),
        (4, 0, 0, "ExploredMaturity"),
        (7, 1, 0, "ExploredMaturity"),
        (7, 2, 0, "PlannedMaturity"),
        (7, 4, 1, "PlannedMaturity"),
        (7, 4, 2, "EstablishedMaturity"),
        (7, 4, 3, "EstablishedMaturity"),
        (8, 4, 3, "GatePassedMaturity"),
        (0, 4, 3, "UnstartedMaturity"),
    ],
)
def test_the_level_of_the_data_stage(questions: int, deliverables: int, criteria: int, level: str) -> None:
    """Eight questions, four deliverables, three criteria."""
    store = Organisations()
    store.answer(of("DataStage", SG.Question)[0], satisfied=False, day=1)
    for kind, number in zip(KINDS, (questions, deliverables, criteria), strict=True):
        for item in of("DataStage", kind)[:number]:
            store.answer(item, satisfied=True, day=2)
    stage = at(maturity(store, ACME), "DataStage")
    assert (stage.questions, stage.deliverables) == (questions / 8, deliverables / 4)
    assert stage.criteria == pytest.approx(criteria / 3)
    assert local_name(stage.level) == level
    assert len(stage.gaps) == 15 - questions - deliverables - criteria


def test_the_latest_answer_counts() -> None:
    store = Organisations()
    store.answer(SG.RecallMetCriterion, satisfied=True, day=1)
    assert SG.RecallMetCriterion not in at(maturity(store, ACME), "DataStage").gaps
    store.answer(SG.RecallMetCriterion, satisfied=False, day=2)
    assert SG.RecallMetCriterion in at(maturity(store, ACME), "DataStage").gaps
    store.answer(SG.RecallMetCriterion, satisfied=True, day=3)
    assert SG.RecallMetCriterion not in at(maturity(store, ACME), "DataStage").gaps


@pytest.mark.parametrize(("yes", "no", "met"), [(1, 1, False), (None, None, False), (None, 1, False), (1, None, True)])
def test_of_two_answers_at_once_the_no_counts_and_a_dated_one_beats_an_undated(
    yes: int | None, no: int | None, *, met: bool
) -> None:
    store = Organisations()
    store.answer(SG.RecallMetCriterion, satisfied=True, day=yes)
    store.answer(SG.RecallMetCriterion, satisfied=False, day=no)
    assert (SG.RecallMetCriterion not in at(maturity(store, ACME), "DataStage").gaps) is met


def test_organisations_do_not_mix() -> None:
    store = Organisations()
    store.answer(SG.RecallMetCriterion, satisfied=True, organization=OTHER)
    store.answer(SG.ModelNeedQuestion, satisfied=True)
    assert at(maturity(store, ACME), "DataStage").criteria == 0
    assert at(maturity(store, OTHER), "DataStage").criteria == pytest.approx(1 / 3)


def test_gaps_come_in_the_order_of_the_source() -> None:
    store = Organisations()
    store.answer(SG.ModelNeedQuestion, satisfied=True)
    gaps = [gap for gap in at(maturity(store, ACME), "RequirementsStage").gaps if KIND_OF[gap] == SG.Question]
    assert [local_name(gap) for gap in gaps[:2]] == ["EndUserQuestion", "TargetTaskQuestion"]


def test_the_weakest_stage_is_the_earliest_with_the_lowest_level() -> None:
    store = Organisations()
    for kind in KINDS:
        for item in of("RequirementsStage", kind):
            store.answer(item, satisfied=True)
    found = weakest(maturity(store, ACME))
    assert found is not None
    assert local_name(found.stage) == "DataStage"


@settings(max_examples=25)
@given(st.sets(st.sampled_from(ITEMS), min_size=1))
def test_shares_equal_a_plain_count(satisfied: set[Iri]) -> None:
    store = Organisations()
    for item in satisfied:
        store.answer(item, satisfied=True)
    for stage in maturity(store, ACME):
        for kind, share in zip(KINDS, (stage.questions, stage.deliverables, stage.criteria), strict=True):
            mine = of(local_name(stage.stage), kind)
            assert share == pytest.approx(len(satisfied & set(mine)) / len(mine))
        assert set(stage.gaps) == {item for item in ITEMS if STAGE_OF[item] == stage.stage} - satisfied
