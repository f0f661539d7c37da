"""One asset's answer: who says what, relations both ways, and observations with unit, window and basis."""

from __future__ import annotations

from typing import Any

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OBSERVATION_BASE, RDF, SG, STATEMENT_BASE, XSD
from stratagraph.queries.asset import asset
from stratagraph.queries.audit.evidence import trace
from stratagraph.queries.names import UnknownName
from tests.queries.plain import PlainStore, described, iri

MODEL = load_model()
SEEN = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")


def claimed(fact: Fact, *sources: str) -> list[Fact]:
    """The fact and the node that says who claims it."""
    node = STATEMENT_BASE + str(abs(hash(fact)))
    said: dict[Iri, list[Term]] = {
        RDF.subject: [fact.subject],
        RDF.predicate: [fact.predicate],
        RDF.object: [fact.object],
        SG.source: [Literal(source) for source in sources],
        SG.method: [Literal("declared")],
        SG.firstSeen: [Literal(SEEN[0], XSD.dateTime)],
        SG.lastSeen: [Literal(SEEN[1], XSD.dateTime)],
    }
    return [fact, Fact(node, RDF.type, SG.Statement), *(Fact(node, p, o) for p, os in said.items() for o in os)]


SOONER_AND_LATER = [
    ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"),
    ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.51Z"),
    ("2026-01-01T01:00:00+02:00", "2026-01-01T00:00:00Z"),
    ("2026-01-01T00:00:00Z", "2025-12-31T22:00:00.1-02:00"),
    ("-0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z"),
    ("2026-01-01T00:00:00.0000001Z", "2026-01-01T00:00:00.0000002Z"),
]


@pytest.mark.parametrize(("sooner", "later"), SOONER_AND_LATER)
@pytest.mark.parametrize("turned", [False, True])
def test_first_and_last_seen_are_moments_and_not_texts(sooner: str, later: str, turned: bool) -> None:
    purpose = Fact(iri("agent"), SG.purpose, Literal("p"))
    node = STATEMENT_BASE + "seen-by-two"
    said = [Fact(node, RDF.type, SG.Statement), Fact(node, SG.source, Literal("one"))]
    said += [Fact(node, place, term) for place, term in zip(_REIFIED, purpose, strict=True)]
    times = [Literal(text, XSD.dateTime) for text in ((later, sooner) if turned else (sooner, later))]
    said += [Fact(node, prop, time) for prop in (SG.firstSeen, SG.lastSeen) for time in times]
    scope = STATEMENT_BASE + "scope"
    said += [Fact(node, SG.seenIn, scope), *(Fact(scope, SG.lastSeen, time) for time in times)]
    store = PlainStore(MODEL, [*described("agent", SG.TaskAgent), purpose, *said])
    (row,) = [row for row in asset(store, MODEL, iri("agent"))["attributes"] if row["property"] == SG.purpose]
    assert (row["claims"]["firstSeen"], row["claims"]["lastSeen"]) == (sooner, later)
    evidence = trace(store, [purpose])(purpose, True)
    assert (evidence.first_seen, evidence.last_seen) == (sooner, later)


_REIFIED = (RDF.subject, RDF.predicate, RDF.object)


def observed(subject: Iri) -> list[Fact]:
    node = OBSERVATION_BASE + "1"
    values: dict[Iri, Term] = {
        SG.observedOn: subject,
        SG.metric: SG.callLatency,
        SG.unit: Literal("s"),
        SG.windowStart: Literal(SEEN[0], XSD.dateTime),
        SG.windowEnd: Literal(SEEN[1], XSD.dateTime),
        SG.term("count"): Literal("4", XSD.integer),
        SG.p95: Literal("1.25", XSD.double),
        SG.measured: Literal("true", XSD.boolean),
    }
    return [Fact(node, predicate, value) for predicate, value in values.items()]


def answer() -> dict[str, Any]:
    facts = [
        *described("agent", SG.TaskAgent),
        *described("model", SG.BaseModel),
        *described("law", SG.Law),
        *claimed(Fact(iri("agent"), SG.usesModel, iri("model")), "inventory", "telemetry"),
        *claimed(Fact(iri("law"), SG.governs, iri("agent")), "inventory"),
        *claimed(Fact(iri("agent"), SG.purpose, Literal("atender", language="pt-br")), "inventory"),
        Fact(iri("agent"), SG.uses, iri("model")),
        Fact(iri("agent"), SG.governedBy, iri("law")),
        Fact(iri("agent"), SG.dependsOn, iri("law")),
        Fact(iri("agent"), SG.affectsCost, iri("model")),
        *observed(iri("agent")),
    ]
    return asset(PlainStore(MODEL, facts), MODEL, iri("agent"))


def test_attributes_say_who_claims_them_how_and_since_when() -> None:
    (purpose,) = answer()["attributes"]
    assert (purpose["value"], purpose["language"]) == ("atender", "pt-br")
    assert purpose["claims"] == {
        "sources": ["inventory"],
        "methods": ["declared"],
        "firstSeen": SEEN[0],
        "lastSeen": SEEN[1],
    }


def test_stated_relations_stand_once_on_their_own_side() -> None:
    relations = answer()["relations"]
    stated = [(r["property"], r["asset"]["name"]) for r in relations["out"] if not r["inferred"]]
    assert stated == [(SG.usesModel, "model")]
    assert [(r["property"], r["asset"]["name"]) for r in relations["in"]] == [(SG.governs, "law")]
    assert relations["out"][0]["claims"]["sources"] == ["inventory", "telemetry"]


def test_only_what_neither_side_states_is_shown_as_inferred() -> None:
    inferred = [(r["property"], r["asset"]["name"]) for r in answer()["relations"]["out"] if r["inferred"]]
    assert inferred == [(SG.dependsOn, "law")]


def test_an_observation_carries_unit_window_and_basis() -> None:
    (latency,) = answer()["observations"]
    assert latency["unit"] == "s"
    assert (latency["windowStart"], latency["windowEnd"]) == SEEN
    assert (latency["count"], latency["p95"], latency["mean"]) == (4, 1.25, None)
    assert latency["measured"] is True


def test_types_level_and_class_are_named() -> None:
    found = answer()
    assert (found["level"], found["class"]) == ("L6", SG.TaskAgent)
    assert {t["iri"] for t in found["types"]} == {SG.TaskAgent, SG.Agent, SG.Asset}


@pytest.mark.parametrize("node", [iri("nobody"), SG.Law])
def test_what_is_no_asset_is_unknown(node: Iri) -> None:
    with pytest.raises(UnknownName):
        asset(PlainStore(MODEL, described("agent", SG.Agent)), MODEL, node)
