"""What telemetry may name is bounded over all requests, and what goes beyond is counted under one asset."""

from __future__ import annotations

from stratagraph.loaders.genai.normalise import normalise
from stratagraph.loaders.genai.roster import Named, Roster
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.genai.subjects import ASSET_CLASSES
from stratagraph.loaders.otlp_traces import batch_of
from stratagraph.loaders.statements import Statements
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.namespaces import RDF, SG
from tests.loaders.genai.estates import estate_of
from tests.loaders.genai.seen import figure, names
from tests.loaders.spans import SERVICE, agent, chat, request, span
from tests.loaders.transformed import MODEL, SYSTEM


def batch(number: int, roster: Roster) -> Batch:
    """What one request tells: an agent that nobody saw before, and its call."""
    service = {**SERVICE, "service.namespace": f"n{number % 3}"}
    story = Story()
    spans = [span(1, agent(f"a{number}")), span(2, chat(input=1), parent=1)]
    story.take(normalise(request(spans, resource=service)).records)
    statements = Statements(model=MODEL, roster=roster)
    statements.of(story.settle())
    return batch_of(statements, "r")


def test_assets_are_bounded_over_requests_and_nothing_is_lost() -> None:
    roster = Roster(most_assets=12)
    estate = estate_of([batch(number, roster) for number in range(60)])
    assets = {iri for cls in ASSET_CLASSES for iri in estate.kinds[cls]}
    assert len(assets) <= 12 + len(ASSET_CLASSES)
    assert "(other)" in names(estate, SG.Agent)
    assert figure(estate, SG.BaseModel, "gpt-5-mini", "calls") == 60
    runs = sum(estate.figures[iri, "runs"] for iri in estate.kinds[SG.Agent])
    assert runs == 60


def test_what_was_named_before_stays_what_it_is() -> None:
    first = batch(1, Roster())
    known = [fact.subject for fact in first.facts() if fact.predicate == RDF.type]
    roster = Roster(most_assets=1, before=lambda: Named(assets=known))
    assert names(estate_of([batch(1, roster)]), SG.Agent) == {"a1"}
    assert names(estate_of([batch(4, roster)]), SG.Agent) == {"(other)"}


def test_how_often_there_was_no_room_is_counted() -> None:
    story = Story()
    story.take(normalise(request([span(1, chat())])).records)
    statements = Statements(model=MODEL, roster=Roster(most_assets=1, before=lambda: Named(assets=[SYSTEM])))
    statements.of(story.settle())
    assert statements.subjects.overflow > 0


def test_scopes_are_bounded_too() -> None:
    roster = Roster(most_scopes=2)
    scopes = {scope.name for number in range(6) for scope in batch(number, roster).scopes}
    assert scopes == {"n0/shop/test test.scope@1", "n1/shop/test test.scope@1", "(other)"}
