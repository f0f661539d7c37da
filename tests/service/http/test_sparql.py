"""The SPARQL Protocol over real HTTP, with hostile and friendly clients."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import warnings
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import httpx
import pytest
import rdflib
from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat, parse
from rdflib import SH as SHACL
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, GET, JSON, JSONLD, N3, POST, POSTDIRECTLY, RDFXML, TSV, TURTLE, XML, SPARQLWrapper

from stratagraph.ontology.namespaces import PREFIXES
from tests.service.sparql.conftest import E, Estate, Served, _estate, _served
from tests.service.sparql.processes import pids

__all__ = ["_estate", "_served"]

POINT = f"SELECT ?next WHERE {{ <{E}1> <{E}next> ?next }}"
BIG = "SELECT * WHERE { ?a ?b ?c . ?d ?e ?f } LIMIT 20000"
SLOW = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
TYPES = {
    "application/sparql-results+json": QueryResultsFormat.JSON,
    "application/sparql-results+xml": QueryResultsFormat.XML,
    "text/csv": QueryResultsFormat.CSV,
    "text/tab-separated-values": QueryResultsFormat.TSV,
}


def ask(served: Served, query: str, **headers: str) -> httpx.Response:
    return httpx.get(served.url, params={"query": query}, headers=headers, timeout=30)


def form(body: str | bytes, content_type: str = "application/x-www-form-urlencoded") -> dict[str, Any]:
    return {"method": "POST", "content": body, "headers": {"Content-Type": content_type}}


BAD: list[tuple[str, int, str, dict[str, Any]]] = [
    ("two queries", 400, "?query=ASK%7B%7D&query=ASK%7B%7D", {}),
    ("two queries, one in the body", 400, "?query=ASK%7B%7D", form("ASK {}", "application/sparql-query")),
    ("two queries, one in the form", 400, "?query=ASK%7B%7D", form("x=1")),
    ("no query", 400, "?other=1", {}),
    ("no query, results wanted", 400, "", {"headers": {"Accept": "application/sparql-results+json"}}),
    ("syntax error", 400, "?query=SELECT%20*%20WHERE", {}),
    ("relative graph", 400, "?query=ASK%7B%7D&default-graph-uri=here", {}),
    ("bad percent-encoded UTF-8", 400, "?query=ASK%7B%7D%FF", {}),
    ("bad UTF-8 body", 400, "", form(b"ASK {} #\xff", "application/sparql-query")),
    ("bad UTF-8 in a form", 400, "", form(b"query=ASK{}%FF")),
    ("update parameter", 400, "?update=CLEAR%20ALL", {}),
    ("update form", 400, "", form("update=CLEAR+ALL")),
    ("update body", 400, "", form("CLEAR ALL", "application/sparql-update")),
    ("update as a query", 400, "", form("query=INSERT+DATA+%7B%7D")),
    ("sequence that is no number", 400, "?query=ASK%7B%7D", {"headers": {"Stratagraph-At-Least": "soon"}}),
    ("nothing acceptable", 406, "?query=ASK%7B%7D", {"headers": {"Accept": "text/html"}}),
    ("graph type for ASK", 406, "?query=ASK%7B%7D", {"headers": {"Accept": "text/turtle"}}),
    ("page for CONSTRUCT", 406, "?query=CONSTRUCT+WHERE%7B%7D", {"headers": {"Accept": "text/html"}}),
    (
        "no Turtle for CONSTRUCT",
        406,
        "?query=CONSTRUCT+WHERE%7B%7D",
        {"headers": {"Accept": "image/*, text/turtle;q=0"}},
    ),
    ("wrong media type", 415, "", form("ASK {}", "text/plain")),
    ("no media type", 415, "", {"method": "POST", "content": b"query=ASK{}"}),
    ("wrong charset", 415, "", form("ASK {}".encode("utf-16"), "application/sparql-query; charset=utf-16")),
    ("multipart", 415, "", form("--x--", "multipart/form-data; boundary=x")),
    ("query too long", 413, "", form("ASK {} #" + "x" * 300_000, "application/sparql-query")),
    ("PUT", 405, "?query=ASK%7B%7D", {"method": "PUT"}),
    ("DELETE", 405, "", {"method": "DELETE"}),
]


@pytest.mark.parametrize(("status", "where", "how"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_bad_request_gets_its_status_in_plain_text(
    served: Served, status: int, where: str, how: dict[str, Any]
) -> None:
    how = {"method": "GET", **how}
    answer = httpx.request(url=served.url + where, **how)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.strip()


def test_405_names_the_allowed_methods(served: Served) -> None:
    assert httpx.put(served.url).headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_update_is_told_that_only_queries_are_answered(served: Served) -> None:
    assert "queries only" in httpx.post(served.url, data={"update": "CLEAR ALL"}).text


@pytest.mark.parametrize("way", ["get", "form", "direct"])
def test_three_ways_to_send_a_query_give_one_answer(served: Served, way: str) -> None:
    how: dict[str, dict[str, Any]] = {
        "get": {"method": "GET", "params": {"query": POINT}},
        "form": form(f"query={quote(POINT)}"),
        "direct": form(POINT, "application/sparql-query; charset=UTF-8"),
    }
    answer = httpx.request(url=served.url, **how[way])
    assert answer.json()["results"]["bindings"] == [{"next": {"type": "uri", "value": f"{E}2"}}]
    assert answer.headers["stratagraph-sequence"] == str(served.estate.sequence)


def test_head_options_and_description(served: Served) -> None:
    assert httpx.head(served.url, params={"query": POINT}).status_code == 200
    assert httpx.options(served.url).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    described = httpx.get(served.url, headers={"Accept": "text/turtle"})
    assert any(served.url in str(quad.object) for quad in parse(described.content, RdfFormat.TURTLE))


QUERIES = [
    POINT,
    "SELECT ?s ?name WHERE { ?s sg:name ?name } ORDER BY ?s",
    "SELECT ?s ?missing WHERE { ?s sg:name ?name OPTIONAL { ?s <http://example.org/none> ?missing } } ORDER BY ?s",
    "SELECT ?nothing WHERE { <http://example.org/none> ?p ?nothing }",
    "ASK { ?s sg:name ?name }",
]


@pytest.mark.parametrize("media_type", TYPES)
@pytest.mark.parametrize("query", QUERIES)
def test_results_are_those_of_the_engine(served: Served, query: str, media_type: str) -> None:
    found = served.estate.store.query(query, prefixes={"sg": "https://w3id.org/stratagraph/ns#"})
    assert isinstance(found, QuerySolutions | QueryBoolean)
    answer = ask(served, query, Accept=media_type)
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.content == found.serialize(format=TYPES[media_type])


GRAPH_TYPES = ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
GRAPH_QUERIES = [
    f"DESCRIBE <{E}1>",
    f"CONSTRUCT WHERE {{ ?s <{E}next> ?o ; sg:name ?n }}",
    "CONSTRUCT { ?s ?p ?o } WHERE { }",
]


@pytest.mark.parametrize("media_type", GRAPH_TYPES)
@pytest.mark.parametrize("query", GRAPH_QUERIES)
def test_graphs_are_those_of_the_engine(served: Served, query: str, media_type: str) -> None:
    found = served.estate.store.query(query, prefixes={"sg": "https://w3id.org/stratagraph/ns#"})
    assert isinstance(found, QueryTriples)
    form = RdfFormat.from_media_type(media_type)
    assert form is not None
    answer = ask(served, query, Accept=media_type)
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert {quad.triple for quad in parse(answer.content, form)} == set(found)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("application/sparql-results+xml, application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json", "application/ld+json"),
        ("application/sparql-results+json", "text/turtle"),
        ("application/sparql-results+xml", "text/turtle"),
        ("text/csv", "text/turtle"),
        ("application/sparql-results+json;q=0.9, application/n-triples;q=0.1", "application/n-triples"),
        ("application/ld+json;q=0.9, application/rdf+xml", "application/rdf+xml"),
        ("*/*", "text/turtle"),
        ("text/html, */*;q=0.1", "text/turtle"),
    ],
)
@pytest.mark.parametrize("query", GRAPH_QUERIES[:2])
def test_a_graph_is_sent_to_clients_that_ask_for_results(served: Served, query: str, accept: str, chosen: str) -> None:
    answer = ask(served, query, Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == chosen


def test_what_rdf_xml_cannot_say_is_refused_and_nothing_else(served: Served) -> None:
    query = f"CONSTRUCT {{ <{E}1> <{E}1/> 'x' }} WHERE {{}}"
    refused = ask(served, query, Accept="application/rdf+xml")
    assert refused.status_code == 406
    assert f"{E}1/" in refused.text
    assert ask(served, query, Accept="application/ld+json").status_code == 200


def test_rows_that_xml_cannot_say_are_refused_and_no_others(served: Served) -> None:
    refused = ask(served, 'SELECT ("\\u0001" AS ?x) {}', Accept="application/sparql-results+xml")
    assert refused.status_code == 406
    assert "U+0001" in refused.text
    assert "a&#13;" in ask(served, 'SELECT ("a\\r" AS ?x) {}', Accept="application/sparql-results+xml").text
    assert ask(served, 'SELECT ("\\u0001" AS ?x) {}', Accept="application/sparql-results+json").status_code == 200


@pytest.mark.parametrize("media_type", GRAPH_TYPES)
def test_the_description_is_written_in_every_graph_format(served: Served, media_type: str) -> None:
    form = RdfFormat.from_media_type(media_type)
    assert form is not None
    turtle, other = (
        httpx.get(served.url, headers={"Accept": accept}).content for accept in ("text/turtle", media_type)
    )
    assert len(list(parse(other, form))) == len(list(parse(turtle, RdfFormat.TURTLE)))


def test_the_description_names_every_prefix_that_a_query_need_not_declare(served: Served) -> None:
    described = Graph().parse(data=httpx.get(served.url, headers={"Accept": "text/turtle"}).text, format="turtle")
    declared = {
        str(described.value(node, SHACL.prefix)): str(described.value(node, SHACL.namespace))
        for node in described.objects(URIRef(served.url), SHACL.declare)
    }
    assert declared == PREFIXES
    for prefix in declared:
        assert ask(served, f"ASK {{ BIND({prefix}:x AS ?x) }}").status_code == 200


@pytest.mark.parametrize("filling", ["x", "%C3%A9"])
@pytest.mark.parametrize(("size", "status"), [(70_000, 200), (262_000, 200), (263_000, 413)])
def test_a_query_in_the_address_may_be_as_long_as_any(served: Served, size: int, filling: str, status: int) -> None:
    url = httpx.URL(served.url)
    connection = HTTPConnection(url.host, url.port or 80)  # the other clients here refuse long addresses themselves
    try:
        connection.request("GET", f"{url.path}?query=ASK%7B%7D%23{filling * (size // len(unquote_to_bytes(filling)))}")
        assert connection.getresponse().status == status
    finally:
        connection.close()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
def test_libraries_get_all_four_forms_with_their_own_headers(served: Served) -> None:
    graph = rdflib.Graph(SPARQLStore(served.url))
    assert bool(graph.query(f"ASK {{ <{E}1> <{E}next> ?o }}"))
    assert [str(row[0]) for row in graph.query(POINT)] == [f"{E}2"]  # type: ignore[index]  # a SELECT's rows are tuples
    triple = tuple(rdflib.URIRef(E + name) for name in ("1", "next", "2"))
    for query in (f"CONSTRUCT WHERE {{ <{E}1> <{E}next> ?o }}", f"DESCRIBE <{E}1>"):
        assert triple in set(graph.query(query))
        assert triple in set(_converted(served, query))
    for query, key in ((f"ASK {{ <{E}1> ?p ?o }}", "boolean"), (POINT, "result")):
        assert _converted(served, query).getElementsByTagName(key)


def _converted(served: Served, query: str) -> Any:
    """Ask with another library, and have it read the answer."""
    wrapper = SPARQLWrapper(served.url)
    wrapper.setQuery(query)
    return wrapper.query().convert()


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", "application/sparql-results+json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("text/csv;q=0.5, text/tab-separated-values", "text/tab-separated-values"),
        ("*/*;q=0.1, text/*;q=0.9, text/csv;q=0, text/xml;q=0.2", "text/tab-separated-values"),
        ("application/json", "application/json"),
    ],
)
def test_the_best_liked_format_is_sent(served: Served, accept: str, chosen: str) -> None:
    assert ask(served, POINT, Accept=accept).headers["content-type"].split(";")[0] == chosen


def test_the_dataset_of_the_request_is_honoured(served: Served) -> None:
    def count(query: str, **graphs: str) -> int:
        given = {name.replace("_", "-"): iri for name, iri in graphs.items()}
        answer = httpx.get(served.url, params={"query": query, **given})
        return len(answer.json()["results"]["bindings"])

    plain, named = "SELECT * { ?s ?p ?o }", "SELECT * { GRAPH ?g { ?s ?p ?o } }"
    assert count(plain, default_graph_uri=E + "graph") == 1
    assert count(named, default_graph_uri=E + "graph") == 0
    assert count(plain, named_graph_uri=E + "graph") == 0
    assert count(named, named_graph_uri=E + "graph") == 1
    assert count("SELECT * FROM <http://example.org/none> { ?s ?p ?o }", default_graph_uri=E + "graph") == 1


def test_our_prefixes_need_no_declaration_and_positions_stay_true(served: Served) -> None:
    assert ask(served, "ASK { ?s sg:name ?o }").json()["boolean"]
    assert not ask(served, "PREFIX sg: <http://elsewhere/> ASK { ?s sg:name ?o }").json()["boolean"]
    assert "line 2, column 13" in ask(served, "ASK {\n ?s sg:name }").text


@pytest.mark.parametrize("method", [GET, POST])
@pytest.mark.parametrize("wanted", [JSON, XML, CSV, TSV])
def test_sparqlwrapper_reads_results(served: Served, wanted: str, method: str) -> None:
    client = SPARQLWrapper(served.url)
    client.setQuery(POINT)
    client.setReturnFormat(wanted)
    client.setMethod(method)
    found = client.query().response.read().decode()
    assert f"{E}2" in found


@pytest.mark.parametrize("wanted", [RDFXML, JSONLD, TSV, TURTLE])
@pytest.mark.parametrize("query", [POINT, f"ASK {{ <{E}1> ?p ?o }}", f"DESCRIBE <{E}1>"])
def test_sparqlwrapper_is_answered_whatever_format_it_names(served: Served, query: str, wanted: str) -> None:
    """Of a format that does not fit the query it sends the name and nothing beside it, twice, and accepts all."""
    client = SPARQLWrapper(served.url)
    client.setQuery(query)
    client.setReturnFormat(wanted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert client.query().response.status == 200


@pytest.mark.parametrize("wanted", [TURTLE, N3])
def test_sparqlwrapper_reads_graphs(served: Served, wanted: str) -> None:
    client = SPARQLWrapper(served.url)
    client.setQuery(f"CONSTRUCT WHERE {{ <{E}1> ?p ?o }}")
    client.setReturnFormat(wanted)
    client.setMethod(POST)
    client.setRequestMethod(POSTDIRECTLY)
    assert "2" in client.query().response.read().decode()


def test_a_request_waits_for_its_sequence_or_hears_503(served: Served) -> None:
    wanted = str(served.estate.sequence + 1)
    early = ask(served, POINT, **{"Stratagraph-At-Least": wanted})
    assert (early.status_code, "retry-after" in early.headers) == (503, True)
    threading.Timer(0.1, advance, [served.estate]).start()
    later = ask(served, POINT, **{"Stratagraph-At-Least": wanted})
    assert (later.status_code, later.headers["stratagraph-sequence"]) == (200, wanted)


def advance(estate: Estate) -> None:
    estate.sequence += 1


XSD = "http://www.w3.org/2001/XMLSchema#"
UNKNOWN = {
    "in a projection": "SELECT (<a:f>(1) AS ?x) {}",
    "in a filter": "SELECT * { ?s ?p ?o FILTER(<a:f>(?o)) }",
    "in an order": "SELECT * { ?s ?p ?o } ORDER BY <a:f>(?o)",
    "in a group": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY (<a:f>(?o))",
    "as an aggregate": "SELECT (<a:agg>(?o) AS ?x) { ?s ?p ?o }",
    "distinct aggregate": "SELECT (<a:agg>(DISTINCT ?o) AS ?x) { ?s ?p ?o }",
    "within an aggregate": "SELECT (SUM(<a:f>(?o)) AS ?x) { ?s ?p ?o }",
    "in HAVING": "SELECT (COUNT(*) AS ?n) {} HAVING (<a:f>(1))",
    "in CONSTRUCT": "CONSTRUCT { ?s ?p ?x } { ?s ?p ?o BIND(<a:f>(?o) AS ?x) }",
    "in DESCRIBE": "DESCRIBE ?s { ?s ?p ?o FILTER(<a:f>(1)) }",
    "in ASK": "ASK { FILTER(<a:f>(1)) }",
    "of XPath": "SELECT (<http://www.w3.org/2005/xpath-functions#abs>(1) AS ?x) {}",
    "cast to no datatype": f"SELECT (<{XSD}foo>(1) AS ?x) {{}}",
    "cast of two": f"SELECT (<{XSD}integer>(1, 2) AS ?x) {{}}",
    "cast of nothing": f"SELECT (<{XSD}integer>() AS ?x) {{}}",
    "without IRI": "SELECT (SHA3('a') AS ?x) {}",
}


@pytest.mark.parametrize("query", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_function_that_is_not_there_is_the_querys_fault(served: Served, query: str) -> None:
    assert ask(served, query).status_code == 400


@pytest.mark.parametrize(
    "value", [f"<{XSD}integer>('a')", "1/0", "REGEX('a', '(')", "SUM(?nothing + 1)", "STRDT('a', 1)"]
)
def test_what_is_an_error_of_a_value_leaves_it_unbound(served: Served, value: str) -> None:
    answer = ask(served, f"SELECT ({value} AS ?x) {{}}")
    assert (answer.status_code, [row for row in answer.json()["results"]["bindings"] if row]) == (200, [])


HOSTILE = [
    ("cartesian count", {504}, SLOW),
    ("sort everything", {504, 507}, "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a ?f LIMIT 1"),
    (
        "GROUP_CONCAT bomb",
        {504, 507},
        "SELECT (GROUP_CONCAT(?x) AS ?z) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i BIND(CONCAT(STR(?a), STR(?d)) AS ?x) }",
    ),
    ("path explosion", {504, 507}, f"SELECT (COUNT(*) AS ?n) {{ ?a (<{E}next>|^<{E}next>)+ ?b . ?c (!<{E}x>)* ?d }}"),
    ("deep groups", {400}, "SELECT * " + "{" * 5000 + "}" * 5000),
    ("deep expression", {400}, "ASK { FILTER(" + "(" * 5000 + "1" + ")" * 5000 + ") }"),
    ("chain of not", {400}, "ASK { FILTER(" + "!" * 20_000 + "true) }"),
    ("SERVICE", {400}, "ASK { SERVICE SILENT <http://127.0.0.1:1/> { ?s ?p ?o } }"),
    ("LOAD", {400}, "LOAD <http://127.0.0.1:1/>"),
    ("huge answer", {507}, "SELECT * { ?a ?b ?c . ?d ?e ?f } LIMIT 60000"),
]


@pytest.mark.parametrize(("status", "query"), [bad[1:] for bad in HOSTILE], ids=[bad[0] for bad in HOSTILE])
def test_a_hostile_query_ends_alone(served: Served, status: set[int], query: str) -> None:
    """While it runs, the simple query of somebody else is answered; afterwards its own client goes on, too."""
    outcome: list[int | str] = []

    def attack() -> None:
        try:
            body = form(query, "application/sparql-query")
            body["headers"] |= {"X-Client": "villain"}
            outcome.append(httpx.request(url=served.url, timeout=30, **body).status_code)
        except httpx.RemoteProtocolError:
            outcome.append(507)  # cut behind its head: see the test below

    attacker = threading.Thread(target=attack)
    attacker.start()
    answered = 0
    while attacker.is_alive() or not answered:
        assert ask(served, POINT, **{"X-Client": "friend"}).status_code == 200
        answered += 1
    attacker.join()
    assert set(outcome) <= status
    assert ask(served, POINT, **{"X-Client": "villain"}).status_code == 200


def test_a_large_answer_comes_in_chunks(served: Served) -> None:
    answer = ask(served, BIG, Accept="text/tab-separated-values")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text.count("\n") == 20_001


def test_an_answer_cut_in_the_middle_looks_broken(served: Served) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(served, BIG.replace("20000", "49999"), Accept="application/sparql-results+xml")


def test_kill_9_of_a_worker_fails_its_query_only(served: Served) -> None:
    before = pids(served.pool)
    outcome: list[httpx.Response] = []
    victim = threading.Thread(target=lambda: outcome.append(ask(served, SLOW, **{"X-Client": "victim"})))
    victim.start()
    busy = busiest(before)
    os.kill(busy, signal.SIGKILL)
    assert ask(served, POINT).status_code == 200
    victim.join()
    assert outcome[0].status_code == 500
    assert "ended its worker process" in outcome[0].text  # the signal's name is lost when two reap one child
    assert [ask(served, POINT).status_code for _ in range(10)] == [200] * 10


def busiest(pids: tuple[int, ...]) -> int:
    """Return the worker that has used a processor for a while since the call."""

    def used(pid: int) -> int:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123  a kernel file
            return int(stat.read().rpartition(")")[2].split()[11])

    start = {pid: used(pid) for pid in pids}
    while True:
        time.sleep(0.05)
        for pid in pids:
            if used(pid) - start[pid] > 20:
                return pid


def test_a_client_that_hangs_up_frees_its_worker(served: Served) -> None:
    for _ in range(6):
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(served.url, params={"query": SLOW}, timeout=0.2)
    assert json.loads(ask(served, POINT).text)["results"]["bindings"]
