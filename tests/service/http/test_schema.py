"""The schema of the demo's estate: a page that is right, fits into a prompt, and tells nothing of anybody."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pyoxigraph as ox
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, compact
from stratagraph.queries.schema.naming import SparqlNaming
from stratagraph.queries.schema.text import BUDGET
from stratagraph.service.engine import outlining
from tests.core import MODEL
from tests.service.http.conftest import Site

LANGUAGES = ["sparql", "cypher"]
TONGUES = ["en", "pt-BR"]
STATED = "SELECT DISTINCT ?s ?type { GRAPH ?claims { ?s a ?stated } ?claims sg:source ?source . ?s a ?type }"


def page(site: Site, **params: Any) -> httpx.Response:
    """Return the page of what the site holds now: else it may be of a moment ago, before another test's commit."""
    return site.get("/api/schema", params=params, headers={"Stratagraph-At-Least": str(site.engine.ledger.sequence())})


def document(site: Site, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = page(site, format="json", **params).json()
    return found


def kinds_of(site: Site) -> dict[str, str]:
    """The most specific class of each thing that somebody other than the ontology states, asked of the triples."""
    types: dict[str, set[str]] = {}
    for row in site.engine.triples.select(STATED):
        types.setdefault(str(row["s"]), set()).add(str(row["type"]))
    return {thing: kind for thing, classes in types.items() if (kind := MODEL.narrowest(classes))}


@pytest.mark.parametrize("lang", TONGUES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_fits_into_a_prompt_and_names_every_kind(site: Site, language: str, lang: str) -> None:
    answer = page(site, language=language, lang=lang)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.text) < BUDGET
    counts = Counter(kinds_of(site).values())
    assert len(counts) > 40
    for kind, count in counts.items():
        assert re.search(rf"\b{compact(kind).removeprefix('sg:')} {count}\b", answer.text), kind


def test_kinds_are_counted_as_the_triples_tell_them(site: Site) -> None:
    told = {kind["iri"]: kind for kind in document(site)["kinds"]}
    assert {iri: kind["count"] for iri, kind in told.items()} == Counter(kinds_of(site).values())
    assert told[SG.Agent]["level"] == "L6"
    assert all(kind["definition"] for kind in told.values())


def test_properties_are_those_that_occur_with_type_and_unit(site: Site) -> None:
    kinds = kinds_of(site)
    rows = site.engine.triples.select(
        "SELECT DISTINCT ?s ?p { GRAPH ?claims { ?s ?p ?o } ?claims sg:source ?source FILTER(ISLITERAL(?o)) }"
    )
    expected = Counter((kinds[str(row["s"])], compact(str(row["p"]))) for row in rows if str(row["s"]) in kinds)
    told = {(kind["iri"], each["name"]): each for kind in document(site)["kinds"] for each in kind["properties"]}
    assert {key: each["count"] for key, each in told.items()} == expected
    latency = told[SG.LLMSystem, "sg:latencySloMs"]
    assert (latency["type"], latency["unit"], latency["several"]) == ("number", "ms", False)
    assert told[SG.BaseModel, "sg:seenAs"]["several"]
    assert told[SG.FairnessRisk, "sg:severity"]["values"] == ["high"]


def test_relations_are_stated_ones_with_the_kinds_at_both_ends(site: Site) -> None:
    kinds = kinds_of(site)
    rows = site.engine.triples.select(
        "SELECT DISTINCT ?s ?p ?o { GRAPH ?claims { ?s ?p ?o } ?claims sg:source ?source"
        " FILTER(ISIRI(?o) && ?p != rdf:type) }"
    )
    expected = Counter((compact(str(row["p"])), kinds[str(row["s"])]) for row in rows if str(row["s"]) in kinds)
    told: Counter[tuple[str, str]] = Counter()
    for relation in document(site)["relations"]:
        for end in relation["ends"]:
            told[relation["name"], SG + end["from"].removeprefix("sg:")] += end["count"]
    assert told == expected
    basis = {relation["name"]: relation["basis"] for relation in document(site)["relations"]}
    assert basis["sg:usesTool"] == ["seen"]
    assert basis["sg:hasRisk"] == ["declared"]
    assert basis["sg:usesModel"] == ["declared", "seen"]


def test_metrics_are_those_that_something_is_measured_in(site: Site) -> None:
    told = {metric["name"]: metric for metric in document(site)["metrics"]}
    rows = site.engine.triples.select("SELECT DISTINCT ?m { ?o sg:observedOn ?s ; sg:metric ?m }")
    assert set(told) == {compact(str(row["m"])) for row in rows}
    assert all(metric["definition"] and metric["unit"] and metric["on"] for metric in told.values())


@pytest.mark.parametrize("lang", TONGUES)
def test_five_sentences_and_three_queries_that_find_something(site: Site, lang: str) -> None:
    told = document(site, lang=lang)
    assert len(told["notes"]) == 5
    assert len(told["queries"]) == 3
    text = page(site, lang=lang).text
    for each in told["queries"]:
        assert each["question"] in text
        rows = site.send("POST", "/sparql", data={"query": each["query"]}, headers={"Accept": "text/csv"})
        assert len(rows.text.splitlines()) > 1, each["query"]


def named(told: dict[str, Any]) -> set[str]:
    names = {each["name"] for part in ("kinds", "relations", "metrics") for each in told[part]}
    names |= {each[key] for each in told["kinds"] for key in ("name", "family")}
    names |= {each["name"] for kind in told["kinds"] for each in kind["properties"]}
    ends = [end for relation in told["relations"] for end in relation["ends"]]
    return names | {term for end in ends for term in (end["from"], end["to"], *end["values"])}


@pytest.mark.parametrize("kinds", ["", "Agent", "Price"])
def test_every_name_is_one_by_the_prefixes_that_are_told(site: Site, kinds: str) -> None:
    params = {"kinds": kinds} if kinds else {}
    told, text = document(site, **params), page(site, **params).text
    head = "".join(f"PREFIX {name}: <{base}>\n" for name, base in told["prefixes"].items())
    for name in named(told):
        ox.Store().query(f"{head}ASK {{ ?x ?y {name} }}")  # a parser that knows no prefix by itself
    assert all(f"PREFIX {prefix}: <" in text or prefix == "rdfs" for prefix in told["prefixes"])
    assert ("dct" in told["prefixes"]) == (kinds != "Agent")


@pytest.mark.parametrize(
    "iri",
    [
        "https://example.org/ontology#VoiceAgent",
        SG.Agent,
        f"{SG}a/b",
        f"{SG}a.",
        f"{SG}a%20b",
        f"{SG}a(b)",
        f"{SG}-a",
        f"{SG}\u00e9tape",
        f"{SG}v1.2",
        str(SG),
        "urn:x:y",
    ],
)
def test_a_name_in_sparql_is_read_as_the_term_that_it_names(iri: str) -> None:
    for name in (SparqlNaming().kind(iri), SparqlNaming().attribute(iri, ())):
        (row,) = ox.Store().query(f"PREFIX sg: <{SG}> SELECT ?x {{ BIND({name} AS ?x) }}")  # type: ignore[misc]
        assert row["x"] == ox.NamedNode(iri)


@pytest.mark.parametrize("lang", TONGUES)
def test_each_metric_tells_its_key_on_relationships(site: Site, lang: str) -> None:
    told, text = document(site, language="cypher", lang=lang), page(site, language="cypher", lang=lang).text
    types = {relation["name"] for relation in told["relations"]}
    keys = {metric["name"]: metric["key"] for metric in told["metrics"]}
    assert {"cost": "callCost", "latency": "callLatency", "input-tokens": "inputTokens"}.items() <= keys.items()
    for metric in told["metrics"]:
        assert bool(metric["key"]) == (not types.isdisjoint(metric["on"])), metric["name"]
        assert (f"{metric['name']}(r.{metric['key']})[" in text) == bool(metric["key"])
    assert {metric["key"] for metric in document(site, lang=lang)["metrics"]} == {None}


def test_some_kinds_are_told_in_full(site: Site) -> None:
    whole = document(site)
    told = document(site, kinds="Agent,sg:Tool")
    assert {kind["name"] for kind in told["kinds"]} == {
        kind["name"] for kind in whole["kinds"] if kind["family"] in {"sg:Agent", "sg:Tool"}
    }
    ends = {(end["from"], end["to"]) for relation in told["relations"] for end in relation["ends"]}
    shown = {kind["name"] for kind in told["kinds"]}
    assert all(shown & {*pair} for pair in ends)
    assert page(site, kinds=["Agent", "Tool"]).text == page(site, kinds="Tool, Agent").text
    definition = next(kind for kind in told["kinds"] if kind["name"] == "sg:Agent")["definition"]
    assert definition.removesuffix(".") in page(site, kinds="Agent").text


def test_the_past_tag_is_answered_with_not_modified(site: Site) -> None:
    answer = page(site)
    again = site.get("/api/schema", headers={"If-None-Match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["stratagraph-sequence"] == answer.headers["stratagraph-sequence"]
    other = site.get("/api/schema", params={"lang": "pt-BR"}, headers={"If-None-Match": answer.headers["etag"]})
    assert other.status_code == 200


def test_what_is_unknown_is_told_with_what_is_near(site: Site) -> None:
    kind = page(site, kinds="Agent,Agnet")
    assert (kind.status_code, kind.json()["type"].rpartition("/")[2]) == (404, "unknown-name")
    assert "Agent" in kind.json()["suggestions"]
    language = page(site, language="gremlin")
    assert (language.status_code, language.json()["type"].rpartition("/")[2]) == (422, "unknown-query-language")
    assert "sparql" in language.json()["detail"]
    assert page(site, language="SPARQL").status_code == 200
    assert page(site, format="xml").status_code == 422
    for nothing in ("", ",", " , "):
        empty = page(site, kinds=nothing)
        assert (empty.status_code, empty.json()["parameter"]) == (422, "kinds"), nothing
    assert page(site, lang="fr").status_code == 422


def stated(site: Site, run: str, *facts: Fact) -> int:
    scopes = (Scope(name="here", complete=True, stated=facts),)
    batch = Batch(source="schema-test", run=run, method=Method.DECLARED, scopes=scopes)
    return site.engine.commit(batch).receipt.sequence


@pytest.fixture(name="own")
def _own(site: Site) -> Iterator[Site]:
    """The service, with what a test states taken back at its end."""
    yield site
    stated(site, "end")


def test_nothing_personal_and_no_secret_is_told(own: Site) -> None:
    node = f"{ASSET_BASE}Tool/secret-keeper"
    hidden = {
        SG.term("name"): "sk-live-4eC39HqLyjWDarjtT1",
        SG.purpose: "call Ana Paula on +55 11 91234",
        SG.serviceName: "ana",
        SG.serviceNamespace: "hunter2",
    }
    facts = [Fact(node, RDF.type, SG.Tool), *(Fact(node, prop, Literal(text)) for prop, text in hidden.items())]
    sequence = stated(own, "hidden", *facts)
    for form in ("text", "json"):
        answer = own.get("/api/schema", params={"format": form}, headers={"Stratagraph-At-Least": str(sequence)})
        assert int(answer.headers["stratagraph-sequence"]) >= sequence
        assert not any(text in answer.text for text in hidden.values() if text != "ana")
        assert not re.search(r"\bana\b", answer.text)


def test_a_large_estate_is_told_as_of_a_moment_ago_unless_more_is_asked(
    own: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = int(own.get("/api/schema").headers["stratagraph-sequence"])
    monkeypatch.setattr(outlining, "QUICK", -1)
    monkeypatch.setattr(outlining, "SHARE", 1e9)  # nothing is made behind who asks
    node = f"{ASSET_BASE}Tool/late"
    sequence = stated(own, "late", Fact(node, RDF.type, SG.Tool), Fact(node, SG.term("name"), Literal("late")))
    assert int(own.get("/api/schema").headers["stratagraph-sequence"]) == before < sequence
    newer = own.get("/api/schema", headers={"Stratagraph-At-Least": str(sequence)})
    assert int(newer.headers["stratagraph-sequence"]) >= sequence
    assert f"sequence {newer.headers['stratagraph-sequence']}" in newer.text
