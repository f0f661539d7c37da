from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings

from stratagraph.ontology.facts import ChangeSet, Fact, Literal, Method, Observation, Sighting
from stratagraph.ontology.identity import LONGEST_IRI, statement_iri
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from stratagraph.service.neo4j.mapping.graph_names import Names
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView, ViewWiped, steps
from stratagraph.service.neo4j.view import neo4j_view as view_module
from stratagraph.service.views.view import ViewOutOfStep
from tests.service.neo4j.reading import Graph, Reader, query
from tests.service.worlds import EX, NODES, START, Event, History, Mirror, claim, events, world

pytestmark = pytest.mark.neo4j
A, B, C = NODES[:3]
UNSIGNED = ("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte")
INTEGERS = ("long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger", *UNSIGNED)
TEXTS = {
    "gYear": "2026",
    "gYearMonth": "2026-02",
    "gMonth": "--02",
    "gDay": "---29",
    "base64Binary": "AAEC",
    "normalizedString": "a b",
    "token": "a",
    "language": "pt-BR",
    "Name": "a",
    "NCName": "a",
    "NMTOKEN": "a",
    "nonPositiveInteger": "-99999999999999999999",
    "negativeInteger": "x",
}
"""Datatypes of XML Schema, or values of them, that Neo4j has no type for."""


@cache
def reader() -> Reader:
    return Reader(world(), [EX.says, EX.Unknown])


@pytest.fixture(name="view")
def _view(database: Neo4jTarget) -> Iterator[Neo4jView]:
    view = Neo4jView(database, world())
    yield view
    view.close()


class DerivedHistory:
    """A history with a deriver, what a view should show of it, and the scopes that were seen."""

    def __init__(self) -> None:
        self.history, self.mirror = History(), Mirror()
        self.deriver = Deriver(world(), compile_rules(world()))
        self.sightings: dict[tuple[str, str], Sighting] = {}

    def step(self, happened: list[Event], observations: list[Observation] | None = None) -> ChangeSet:
        change = self.deriver.apply(self.history.step(happened, observations or []))
        self.mirror.apply(change)
        self.sightings.update(((seen.source, seen.scope), seen) for seen in change.sightings)
        return change

    def expected(self) -> Graph:
        return reader().expected(self.mirror, self.sightings.values())


def observation(subject: str, minute: int, *values: float, metric: str = SG.callLatency) -> Observation:
    return Observation(
        subject=subject,
        metric=metric,
        unit="s",
        start=START + timedelta(minutes=minute),
        end=START + timedelta(minutes=minute + 1),
        count=len(values),
        total=sum(values),
        minimum=min(values),
        maximum=max(values),
    )


@pytest.mark.parametrize("part", [view_module.PART, 2])
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events)
def test_the_database_holds_exactly_the_present(
    view: Neo4jView, monkeypatch: pytest.MonkeyPatch, part: int, happened: list[list[Event]]
) -> None:
    monkeypatch.setattr(view_module, "PART", part)
    view.rebuild([])
    derived = DerivedHistory()
    for number, step in enumerate(happened):
        change = derived.step(step, [observation(NODES[number % 3], number, 1.0, 2.0)])
        view.apply(change)
        view.apply(change)
        if number % 3 == 0:
            assert reader().read(view.target) == derived.expected()
    assert reader().read(view.target) == derived.expected()
    # What was written change by change is what all of the present comes to.
    place = (0, 0)
    for _ in range(4):
        present, place = derived.deriver.portion(*place, 1_000)
        view.compare(present)
    assert (place, view.remark) == ((0, 0), "")
    view.rebuild(derived.deriver.snapshot(size=3))
    assert reader().read(view.target) == derived.expected()
    assert view.refresh() == view.watermark()


def test_changes_applied_together_come_to_the_same(view: Neo4jView) -> None:
    derived = DerivedHistory()
    facts = [Fact(A, EX.partOf, B), Fact(A, EX.says, Literal("oi", language="pt-BR")), Fact(A, RDF.type, EX.Thing)]
    changes = [derived.step([(True, "a", fact) for fact in facts]), derived.step([(False, "a", facts[0])])]
    changes += [derived.step([(True, "b", facts[0]), (False, "a", facts[1])]), derived.step([(False, "a", facts[2])])]
    view.apply_all(changes)
    assert reader().read(view.target) == derived.expected()
    assert view.watermark() == view.refresh()


def test_a_large_change_takes_several_transactions(view: Neo4jView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "ROWS", 2)
    derived = DerivedHistory()
    view.apply(derived.step([(True, "a", Fact(a, EX.near, b)) for a in NODES for b in NODES]))
    assert reader().read(view.target) == derived.expected()


def test_a_missing_sequence_is_refused(view: Neo4jView) -> None:
    with pytest.raises(ViewOutOfStep):
        view.apply(ChangeSet(sequence=2, time=START, batch_hash=""))


def test_a_wiped_database_is_noticed_and_not_written(view: Neo4jView) -> None:
    derived = DerivedHistory()
    view.apply(derived.step([(True, "a", Fact(A, EX.partOf, B))]))
    query(view.target, "MATCH (n) DETACH DELETE n")
    with pytest.raises(ViewWiped):
        view.apply(derived.step([(True, "a", Fact(A, EX.near, B))]))
    assert query(view.target, "MATCH (n) RETURN n") == []


def test_the_nodes_of_another_application_stay_as_they_are(view: Neo4jView) -> None:
    query(view.target, "CREATE (:Agent {iri: $iri, name: 'theirs'})-[:PART_OF]->(:Thing {iri: $other})", iri=A, other=B)
    theirs = (
        "MATCH (n) WHERE n.stratagraph IS NULL RETURN labels(n) AS l, properties(n) AS p, COUNT {(n)--()} AS r "
        "ORDER BY l"
    )
    before = [record.data() for record in query(view.target, theirs)]
    derived = DerivedHistory()
    fact = Fact(A, EX.partOf, B)
    view.apply(derived.step([(True, "a", fact), (True, "a", Fact(A, RDF.type, EX.Thing))]))
    view.apply(derived.step([(False, "a", fact)]))
    view.rebuild(derived.deriver.snapshot())
    assert reader().read(view.target) == derived.expected()
    assert [record.data() for record in query(view.target, theirs)] == before


TIE = "MATCH ({iri: $a})-[r]->({iri: $b}) WHERE r.sources IS NOT NULL RETURN properties(r) AS r"


def test_what_telemetry_says_of_a_relation_stands_on_it(view: Neo4jView) -> None:
    derived = DerivedHistory()
    fact = Fact(A, EX.uses, B)
    seen = observation(statement_iri(fact), 1, 2.0, 4.0)
    change = derived.step([])
    told = claim(fact, "t", 1)._replace(method=Method.OBSERVED)
    stated = replace(change, added=(fact,), claims_changed=((fact, (told,)),))
    view.apply(replace(stated, observations=(seen,), measured=(fact,)))
    tie = written(fact)
    assert query(view.target, TIE, **tie)[0]["r"]["callLatency"] == 3.0
    gone = replace(derived.step([]), removed=(fact,), claims_changed=((fact, ()),), measured_removed=(fact,))
    view.apply(gone)
    assert query(view.target, TIE, **tie) == []
    again = replace(derived.step([]), added=(fact,), claims_changed=((fact, (told,)),), measured=(fact,))
    view.apply(again)
    assert query(view.target, TIE, **tie)[0]["r"]["callLatency"] == 3.0
    view.apply(replace(derived.step([]), observations=(observation(seen.subject, 2, 5.0),)))
    assert query(view.target, TIE, **tie)[0]["r"]["callLatency"] == 5.0


def test_a_measured_relation_that_nobody_observed_carries_no_weight(view: Neo4jView) -> None:
    derived = DerivedHistory()
    fact = Fact(A, EX.uses, B)
    seen = observation(statement_iri(fact), 1, 2.0, 4.0)
    view.apply(replace(derived.step([(True, "a", fact)]), observations=(seen,)))
    labels = query(view.target, "MATCH (n {iri: $iri}) RETURN labels(n) AS labels", iri=seen.subject)
    assert labels[0]["labels"] == ["Statement"]
    assert weights(view) == []


@pytest.mark.parametrize("together", [False, True])
def test_a_relation_that_is_observed_no_longer_loses_its_weights(view: Neo4jView, together: bool) -> None:
    derived = DerivedHistory()
    fact = Fact(A, EX.uses, B)
    told = claim(fact, "t", 1)._replace(method=Method.OBSERVED)
    first = replace(derived.step([]), added=(fact,), claims_changed=((fact, (told,)),), measured=(fact,))
    view.apply(replace(first, observations=(observation(statement_iri(fact), 1, 2.0, 4.0),)))
    assert weights(view) == [3.0]
    closed = replace(derived.step([]), removed=(fact,), claims_changed=((fact, ()),), measured_removed=(fact,))
    again = replace(derived.step([]), added=(fact,), claims_changed=((fact, (claim(fact, "a", 3),)),))
    if together:
        view.apply_all([closed, again])
    else:
        view.apply_all([replace(closed, removed=(), claims_changed=again.claims_changed)])
    assert weights(view) == []
    assert query(view.target, "MATCH (n:Statement) RETURN n.subject AS subject")[0]["subject"] is None


def test_a_statement_goes_with_the_last_that_was_observed_on_it(view: Neo4jView) -> None:
    derived = DerivedHistory()
    fact = Fact(A, EX.uses, B)
    seen = observation(statement_iri(fact), 1, 2.0)
    view.apply(replace(derived.step([(True, "a", fact)]), observations=(seen,), measured=(fact,)))
    gone = replace(derived.step([]), observations_removed=((seen.subject, seen.metric),), measured_removed=(fact,))
    view.apply(gone)
    nodes = query(view.target, "MATCH (n) WHERE n.stratagraph AND NOT n:Watermark|Scope RETURN n.iri AS iri")
    assert {node["iri"] for node in nodes} == {A, B}
    assert weights(view) == []


@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_relation_that_is_stated_both_ways_is_written_once(view: Neo4jView, rebuilt: bool) -> None:
    derived = DerivedHistory()
    one, other = Fact(A, EX.partOf, B), Fact(B, EX.hasPart, A)
    for number, (source, fact, holds) in enumerate(
        [("a", one, True), ("b", other, True), ("a", other, True), ("a", one, False), ("b", other, False)]
    ):
        change = derived.step([(holds, source, fact)])
        if rebuilt:
            view.rebuild(derived.deriver.snapshot(size=1))
        else:
            view.apply(change)
        assert reader().read(view.target) == derived.expected(), number
    assert len(query(view.target, "MATCH ({iri: $a})-[r]-({iri: $b}) WHERE r.sources <> [] RETURN r", a=A, b=B)) == 1


def written(fact: Fact) -> dict[str, str]:
    """The ends of the relationship that a relation is written as."""
    start, _, end = Names(world()).directions.written(fact)
    return {"a": start, "b": end}


def weights(view: Neo4jView) -> list[float]:
    """The mean latencies that relationships carry."""
    return [
        row["w"]
        for row in query(view.target, "MATCH ()-[r]->() WHERE r.sources IS NOT NULL RETURN r.callLatency AS w")
        if row["w"]
    ]


def test_an_influence_says_how_strongly_and_why(view: Neo4jView) -> None:
    derived = DerivedHistory()
    fact = Fact(A, EX.usesFast, B)
    types = [(True, "a", Fact(node, RDF.type, EX.Thing)) for node in (A, B)]
    view.apply(derived.step([(True, "a", fact), *types]))
    found = query(view.target, "MATCH ({iri: $b})-[r:AFFECTS_LATENCY]->({iri: $a}) RETURN properties(r) AS p", a=A, b=B)
    assert [record["p"] for record in found] == [{"strength": 0.9, "reasons": "(usesFast)"}]


@pytest.mark.parametrize(
    ("literal", "shown"),
    [
        (Literal("x" * 1_000_000), None),
        (Literal("9223372036854775807", XSD.integer), 9223372036854775807),
        (Literal("9223372036854775808", XSD.integer), "9223372036854775808"),
        (Literal("0.10", XSD.decimal), 0.1),
        (Literal("20000.0", XSD.decimal), 20000.0),
        (Literal("0.1234567890123456789", XSD.decimal), 0.12345678901234568),
        (Literal("NaN", XSD.double), None),
        (Literal("INF", XSD.double), float("inf")),
        (Literal("+INF", XSD.float), float("inf")),
        (Literal("NaN", XSD.decimal), "NaN"),
        (Literal("Olá", language="en"), None),
        (Literal("a\u0301", language="pl"), None),
        *((Literal("1", XSD.term(name)), 1) for name in INTEGERS),
        *((Literal(text, XSD.term(name)), text) for name, text in TEXTS.items()),
        (Literal("-INF", XSD.float), float("-inf")),
        (Literal("1.5", XSD.double), 1.5),
        (Literal("true", XSD.boolean), True),
        (Literal("2026-02-30", XSD.date), "2026-02-30"),
        (Literal("P1Y2M3DT4.5S", XSD.duration), None),
        (Literal("-P1D", XSD.dayTimeDuration), None),
        (Literal("2026-01-01", XSD.date), None),
        (Literal("-0044-03-15", XSD.date), "-0044-03-15"),
        (Literal("2026-01-01T12:00:00.123456789-03:00", XSD.dateTime), None),
        (Literal("2026-01-01T12:00:00", XSD.dateTime), None),
        (Literal("12:00:00Z", XSD.time), None),
        (Literal("12:00:00", XSD.time), None),
        (Literal("--02-29", XSD.gMonthDay), "--02-29"),
        (Literal("DEAD", XSD.hexBinary), "DEAD"),
        (Literal("https://example.org/a b", XSD.anyURI), "https://example.org/a b"),
        (Literal("olá\u0000", language="pt-BR"), "olá\u0000"),
    ],
    ids=lambda each: f"{each.datatype[-12:]} {each.value[:12]!r}" if isinstance(each, Literal) else "",
)
def test_every_literal_comes_back(view: Neo4jView, literal: Literal, shown: object) -> None:
    derived = DerivedHistory()
    view.apply(derived.step([(True, "a", Fact(A, EX.says, literal))]))
    assert reader().read(view.target) == derived.expected()
    if shown is not None:
        key = Names(world()).key(EX.says, literal.language)
        assert query(view.target, f"MATCH (n {{iri: $a}}) RETURN n.{key} AS v", a=A)[0]["v"] == [shown]


def test_the_longest_iris_find_their_place_everywhere(view: Neo4jView) -> None:
    longest = [f"http://x.example/{place}/".ljust(LONGEST_IRI, "x") for place in ("s", "p", "o", "c", "q")]
    subject, relation, other, cls, attribute = longest
    derived = DerivedHistory()
    facts = [Fact(subject, relation, other), Fact(subject, RDF.type, cls), Fact(subject, attribute, Literal("a"))]
    view.apply(derived.step([(True, "a", fact) for fact in facts]))
    assert Reader(world(), longest).read(view.target) == derived.expected()
    view.rebuild(derived.deriver.snapshot())
    assert Reader(world(), longest).read(view.target) == derived.expected()
    view.apply(derived.step([(False, "a", fact) for fact in facts]))
    assert query(view.target, "MATCH (n) WHERE n.iri STARTS WITH 'http://x.' RETURN n") == []


def test_declared_terms_have_short_names_and_others_a_hash(view: Neo4jView) -> None:
    derived = DerivedHistory()
    change = derived.step([(True, "a", Fact(A, RDF.type, EX.Unknown)), (True, "a", Fact(A, EX.usesFast, B))])
    view.apply(change)
    labels = query(view.target, "MATCH (n {iri: $a}) RETURN labels(n) AS l", a=A)[0]["l"]
    assert {"Whole", "Thing", "Asset", Names(world()).label(EX.Unknown)} == set(labels)
    stated = "MATCH ({iri: $a})-[r]-() WHERE r.sources IS NOT NULL RETURN type(r) AS t"
    assert [record["t"] for record in query(view.target, stated, a=A)] == ["USES_FAST"]


def test_the_ontology_itself_is_in_the_graph(database: Neo4jTarget) -> None:
    model = load_model()
    deriver, history, mirror = Deriver(model, compile_rules(model)), History(), Mirror()
    change = deriver.apply(history.step([(True, "core", fact) for fact in model.triples]))
    mirror.apply(change)
    view = Neo4jView(database, model)
    view.rebuild(deriver.snapshot())
    reading = Reader(model)
    assert reading.read(database).facts == reading.expected(mirror, change.sightings).facts
    view.close()
