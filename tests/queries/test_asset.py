"""One asset's answer: who says what, relations both ways, and observations with unit, window and basis."""

from __future__ import annotations

from typing import Any

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import CLAIMS_BASE, INFLUENCE_BASE, OBSERVATION_BASE, RDF, SCOPE_BASE, SG, XSD
from stratagraph.queries.asset import asset
from stratagraph.queries.audit.evidence import Traces
from stratagraph.queries.names import UnknownName
from tests.queries.plain import PlainStore, described, iri

MODEL = load_model()
SEEN = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")


def claim(store: PlainStore, fact: Fact, *sources: str) -> None:
    """State a fact for sources."""
    graph, scope = CLAIMS_BASE + "-".join(sources), SCOPE_BASE + "1"
    said: list[tuple[Iri, Term]] = [(SG.source, Literal(source)) for source in sources]
    said += [(SG.method, Literal("declared")), (SG.firstSeen, Literal(SEEN[0], XSD.dateTime)), (SG.seenIn, scope)]
    store.claim(fact, graph, said)
    store.add(Fact(scope, SG.lastSeen, Literal(SEEN[1], XSD.dateTime)))


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
    times = [Literal(text, XSD.dateTime) for text in ((later, sooner) if turned else (sooner, later))]
    scope = SCOPE_BASE + "1"
    store = PlainStore(MODEL, described("agent", SG.TaskAgent))
    said: list[tuple[Iri, Term]] = [(SG.source, Literal("one")), (SG.seenIn, scope)]
    store.claim(purpose, CLAIMS_BASE + "1", [*said, *((SG.firstSeen, time) for time in times)])
    for time in times:
        store.add(Fact(scope, SG.lastSeen, time))
    (row,) = [row for row in asset(store, MODEL, iri("agent"))["attributes"] if row["property"] == SG.purpose]
    assert (row["claims"]["firstSeen"], row["claims"]["lastSeen"]) == (sooner, later)
    traces = Traces(store)
    traces.fetch([purpose])
    evidence = traces.evidence(purpose, counts=True)
    assert (evidence.first_seen, evidence.last_seen) == (sooner, later)


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
        Fact(iri("agent"), SG.uses, iri("model")),
        Fact(iri("agent"), SG.governedBy, iri("law")),
        Fact(iri("agent"), SG.dependsOn, iri("law")),
        Fact(iri("agent"), SG.affectsCost, iri("model")),
        *observed(iri("agent")),
    ]
    store = PlainStore(MODEL, facts)
    claim(store, Fact(iri("agent"), SG.usesModel, iri("model")), "inventory", "telemetry")
    claim(store, Fact(iri("law"), SG.governs, iri("agent")), "inventory")
    claim(store, Fact(iri("agent"), SG.purpose, Literal("atender", language="pt-br")), "inventory")
    # What an influence says of a pair is nobody's claim.
    store.add(Fact(iri("agent"), SG.affects, iri("model")), INFLUENCE_BASE + "1")
    store.add(Fact(INFLUENCE_BASE + "1", RDF.type, SG.Influence))
    return asset(store, MODEL, iri("agent"))


def test_attributes_say_who_claims_them_how_and_since_when() -> None:
    (purpose,) = [each for each in answer()["attributes"] if not each["inferred"]]
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


def test_a_value_that_nobody_states_is_shown_as_inferred() -> None:
    inferred = [(each["property"], each["value"]) for each in answer()["attributes"] if each["inferred"]]
    assert inferred == [(SG.name, "agent")]


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
