"""What nothing shows any more is taken back: whatever came late, the facts are those of the whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.statements import Statements
from stratagraph.loaders.support import Support
from stratagraph.ontology.facts import Fact, Iri, Observation
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.captures import ground_truth
from tests.loaders.spans import agent, chat, fixture, request, span
from tests.loaders.transformed import MODEL


class Books:
    """What a ledger would hold: claims by scope, and the values of each series that are left."""

    def __init__(self) -> None:
        self.claims: set[tuple[str, Fact]] = set()
        self.values: Counter[tuple[Iri, Iri, object]] = Counter()
        self.totals: dict[tuple[Iri, Iri, object], float] = defaultdict(float)

    def counted(self, subjects: Collection[Iri]) -> Mapping[tuple[Iri, Iri], int]:
        found: Counter[tuple[Iri, Iri]] = Counter()
        for (subject, metric, _), count in self.values.items():
            if subject in subjects:
                found[subject, metric] += count
        return found

    def hear(self, story: Story, support: Support) -> None:
        told = story.settle()
        statements = Statements(model=MODEL)
        statements.of(told)
        observations = statements.measures.observations()
        for scope in support.scopes(statements, observations):
            self.claims.difference_update((scope.name, fact) for fact in scope.withdrawn)
            self.claims.update((scope.name, fact) for fact in scope.stated)
        self._observe(observations)
        story.confirm(told)
        support.confirm(statements)

    def _observe(self, observations: Iterable[Observation]) -> None:
        for seen in observations:
            self.values[seen.subject, seen.metric, seen.start] += seen.count
            self.totals[seen.subject, seen.metric, seen.start] += seen.total

    @property
    def facts(self) -> set[Fact]:
        # Of several versions the ledger keeps the one that was said last.
        return {fact for _, fact in self.claims if fact.predicate != SG.version}

    @property
    def figures(self) -> dict[tuple[Iri, Iri, object], tuple[int, float]]:
        return {key: (count, round(self.totals[key], 9)) for key, count in self.values.items() if count}


def heard(sent: Iterable[ExportTraceServiceRequest]) -> Books:
    books, story, support = Books(), Story(), Support(MODEL)
    for each in sent:
        story.take(normalise(each).records)
        books.hear(story, support)
    return books


@pytest.mark.shared
@pytest.mark.parametrize("capture", tuple(ground_truth()))
def test_a_capture_told_as_it_came_states_what_the_whole_does(shared: Path, capture: str) -> None:
    sent = list(fixture(shared / "telemetry" / capture))
    whole = ExportTraceServiceRequest()
    for each in sent:
        whole.MergeFrom(each)
    right = heard([whole])
    chance = Random(capture)  # no secret
    for order in (sent, chance.sample(sent, len(sent))):
        found = heard(order)
        assert found.figures == right.figures
        assert found.facts == right.facts
    assert heard(sent).claims == right.claims


def late_parent() -> tuple[ExportTraceServiceRequest, ExportTraceServiceRequest]:
    return request([span(2, chat(input=10), parent=1)]), request([span(1, agent("boss"))])


def users(books: Books) -> set[str]:
    named = {fact.subject: fact.object for _, fact in books.claims if fact.predicate == SG.name}
    return {str(named[fact.subject][0]) for _, fact in books.claims if fact.predicate == SG.usesModel}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_relation_that_only_a_call_of_somebody_else_showed_goes(restarts: bool) -> None:
    books, story, support = Books(), Story(), Support(MODEL)
    found = []
    for each in late_parent():
        story.take(normalise(each).records)
        books.hear(story, support)
        found.append(users(books))
        if restarts:
            support = Support(MODEL, counted=books.counted, whole=False)
    assert found == [{"shop"}, {"boss"}]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_relation_that_another_call_shows_stays(restarts: bool) -> None:
    books, story, support = Books(), Story(), Support(MODEL)
    other = request([span(1, chat(input=1), trace=b"o" * 16)])
    orphan, parent = late_parent()
    for each in (other, orphan, parent):
        if restarts and each is parent:
            support = Support(MODEL, counted=books.counted, whole=False)
        story.take(normalise(each).records)
        books.hear(story, support)
    assert users(books) == {"shop", "boss"}


def test_where_it_is_not_known_what_was_told_before_nothing_is_taken_back() -> None:
    books, story, support = Books(), Story(), Support(MODEL, whole=False)
    for each in late_parent():
        story.take(normalise(each).records)
        books.hear(story, support)
    assert users(books) == {"shop", "boss"}


def test_what_was_not_confirmed_is_taken_back_again() -> None:
    story, support = Story(), Support(MODEL)
    for each in late_parent():
        story.take(normalise(each).records)
        told = story.settle()
        for _ in range(2):
            statements = Statements(model=MODEL)
            statements.of(told)
            scopes = support.scopes(statements, ())
        story.confirm(told)
        support.confirm(statements)
    assert {fact.predicate for scope in scopes for fact in scope.withdrawn} == {SG.usesModel}
