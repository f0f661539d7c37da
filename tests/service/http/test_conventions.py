"""What holds of every route alike: its parameters, HEAD, compression, the methods that it allows.

The routes are walked, so that one that is added later is tested too.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.http.documents.sparql import PASSED_OVER
from stratagraph.service.http.negotiation import takes_gzip
from stratagraph.service.http.parameters import canonical
from tests.service.http.conftest import Site

SUBJECT = "LGPD_BR"
FILLED = {
    "name": SUBJECT,
    "id": "nobody",
    "asset": SUBJECT,
    "metric": "latency",
    "organization": "Banco Áureo",
    "number": "2",
    "q": "a",
    "query": "SELECT * WHERE { ?s ?p ?o } LIMIT 1000",
}
"""Values of parameters that have no default."""
INSTEAD = {"/api/root-cause": {"asset": "Plataforma_LLMOps_Ask4Me"}}
"""Where these have no answer, others."""
BODIES: dict[str, dict[str, Any]] = {
    "/cypher": {"json": {"query": "RETURN 1"}},
    "/sparql": {"data": {"query": "ASK {}"}},
    "/v1/traces": {"json": {}},
    "/v1/metrics": {"json": {}},
    "/v1/logs": {"json": {}},
}


def filled(path: str) -> str:
    """An address of a route."""
    return re.sub(r"{(\w+)(?::path)?}", lambda found: FILLED[found[1]], path)


@dataclass(frozen=True)
class Operation:
    """One method of one route, as the description tells of it."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.described.get("parameters", ()) if each["in"] == "query"}

    @property
    def needed(self) -> dict[str, str]:
        """The parameters without which there is no answer."""
        names = [name for name, each in self.parameters.items() if each.get("required") or name == "query"]
        filled = FILLED | INSTEAD.get(self.path, {})
        return {name: filled[name] for name in names} if self.method == "GET" else {}

    def send(self, site: Site, query: list[tuple[str, str]], **options: Any) -> httpx.Response:
        path = filled(self.path)
        body = BODIES.get(self.path, {}) if self.method == "POST" else {}
        return site.send(self.method, path, params=query, **body, **options)


def operations(site: Site) -> list[Operation]:
    return [
        Operation(method.upper(), path, described)
        for path, methods in site.description["paths"].items()
        for method, described in methods.items()
    ]


def getters(site: Site) -> list[Operation]:
    return [operation for operation in operations(site) if operation.method == "GET"]


def check_refused(answer: httpx.Response, operation: Operation, parameter: str) -> None:
    """422 in the protocol of the route, naming the parameter."""
    where = f"{operation.method} {operation.path} {parameter}: {answer.status_code} {answer.text[:200]}"
    assert answer.status_code == 422, where
    if operation.path.startswith("/v1/"):
        assert parameter in str(Status.FromString(answer.content) if b"{" not in answer.content else answer.json())
    elif operation.path == "/sparql":
        assert answer.headers["content-type"].startswith("text/plain")
        assert parameter in answer.text
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["parameter"] == parameter, where
        assert parameter in answer.json()["detail"]


def test_no_route_takes_a_parameter_that_it_does_not_know(site: Site) -> None:
    for operation in operations(site):
        query = [*operation.needed.items(), ("nonsense", "1")]
        check_refused(operation.send(site, query), operation, "nonsense")


def test_a_parameter_almost_right_is_told_the_right_one(site: Site) -> None:
    for operation in getters(site):
        for name in operation.parameters:
            if len(name) > 2:
                answer = operation.send(site, [*operation.needed.items(), (f"{name}x", "1")])
                check_refused(answer, operation, f"{name}x")
                assert f"'{name}'" in answer.text, f"{operation.path} {name}"


def test_no_route_takes_a_parameter_twice_unless_it_is_a_list(site: Site) -> None:
    for operation in getters(site):
        for name, described in operation.parameters.items():
            if described["schema"].get("type") == "array" or (operation.path, name) == ("/sparql", "query"):
                continue  # two queries are no request of the SPARQL Protocol at all: 400
            others = [(other, value) for other, value in operation.needed.items() if other != name]
            check_refused(operation.send(site, [*others, (name, "1"), (name, "1")]), operation, name)


def test_no_route_takes_an_empty_parameter(site: Site) -> None:
    for operation in getters(site):
        for name in operation.parameters.keys() - set(PASSED_OVER):
            for empty in ("", " "):
                others = [(other, value) for other, value in operation.needed.items() if other != name]
                check_refused(operation.send(site, [*others, (name, empty)]), operation, name)


def test_the_past_is_asked_for_in_either_spelling_on_every_route_that_knows_it(site: Site) -> None:
    knowing = [operation for operation in getters(site) if "asOf" in operation.parameters]
    assert {operation.path for operation in knowing} >= {"/sparql", "/api/impact", "/api/compliance/audit"}
    for operation in knowing:
        for spelling in ("asOf", "as-of"):
            answer = operation.send(site, [*operation.needed.items(), (spelling, "2")])
            assert (answer.status_code, answer.headers["stratagraph-sequence"]) == (200, "2"), operation.path
        both = [*operation.needed.items(), ("asOf", "2"), ("as-of", "3")]
        check_refused(operation.send(site, both), operation, "asOf")
    raw = site.get("/sparql?query=ASK%7B%7D&as%2Dof=2")
    assert raw.headers["stratagraph-sequence"] == "2"
    assert site.get("/sparql?query=ASK%7B%7D&asOf=2").headers["stratagraph-sequence"] == "2"
    assert canonical("as-of") == "asOf"


def test_no_route_passes_over_the_header_that_asks_for_the_past(site: Site) -> None:
    for operation in operations(site):
        asked = operation.send(site, [*operation.needed.items()], headers={"Stratagraph-As-Of": "2"})
        if operation.path == "/sparql":
            assert (asked.status_code, asked.headers["stratagraph-sequence"]) == (200, "2")
        elif not operation.path.startswith("/v1/"):  # telemetry that comes in is of no moment of the ledger
            assert asked.status_code == 422, f"{operation.method} {operation.path}"
            assert ("asOf" in asked.text) == ("asOf" in operation.parameters), operation.path


DAYS = [
    ("2026-11-29", 200),
    ("0", 422),
    ("1764374400", 422),
    ("20261129", 422),
    ("2026-W48-7", 422),
    ("2026-11-29T00:00:00Z", 422),
    ("2026-11-31", 422),
    ("-1", 422),
    ("1.5", 422),
    ("\uff12\uff10\uff12\uff16-11-29", 422),
    ("today", 422),
]


@pytest.mark.parametrize(("day", "status"), DAYS, ids=[ascii(day) for day, _ in DAYS])
def test_a_date_is_a_date(site: Site, day: str, status: int) -> None:
    answer = site.get("/api/compliance/audit", params={"on": day, "framework": "LGPD"})
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["on"] == day
    else:
        assert answer.json()["detail"].startswith("query.on: a date is written YYYY-MM-DD")


LANGUAGES = [
    ("en", 200),
    ("pt-BR", 200),
    ("pt", 200),
    ("PT-br", 200),
    ("en-GB", 200),
    ("fr", 422),
    ("xx", 422),
    ("english", 422),
    ("pt_BR", 422),
    ("en-", 422),
    ("*", 422),
]


@pytest.mark.parametrize(("language", "status"), LANGUAGES, ids=[language for language, _ in LANGUAGES])
def test_a_language_that_nothing_is_written_in_is_refused_everywhere(site: Site, language: str, status: int) -> None:
    spoken = [operation for operation in getters(site) if "lang" in operation.parameters]
    assert len(spoken) > 5
    for operation in spoken:
        answer = operation.send(site, [*operation.needed.items(), ("lang", language)])
        assert answer.status_code == status, f"{operation.path}: {answer.text[:200]}"


@pytest.mark.parametrize("given_name", ["lgpd", "LGPD", "Lgpd", "lGPD"])
def test_a_framework_is_called_by_its_own_name(site: Site, given_name: str) -> None:
    assert site.get("/api/compliance/audit", params={"framework": given_name}).json()["framework"] == "LGPD"


NOTHING = [{"on": "0001-01-01"}, {"asOf": "1"}, {"on": "0001-01-01", "framework": "LGPD"}]


@pytest.mark.parametrize("params", NOTHING, ids=[str(params) for params in NOTHING])
def test_an_audit_in_which_nothing_applies_is_not_green(site: Site, params: dict[str, str]) -> None:
    audit = site.get("/api/compliance/audit", params=params)
    assert audit.json()["coverage"]["applicable"] == 0
    assert (audit.json()["exit"], audit.headers["stratagraph-audit-exit"]) == (2, "2")
    assert audit.headers["stratagraph-audit-empty"] == "true"
    allowed = site.get("/api/compliance/audit", params={**params, "allowEmpty": "true"})
    assert (allowed.json()["exit"], allowed.headers["stratagraph-audit-exit"]) == (0, "0")
    full = site.get("/api/compliance/audit", params={"allowEmpty": "true"})
    assert full.json()["exit"] == 1
    assert "stratagraph-audit-empty" not in full.headers


# Methods


def test_head_is_get_without_a_body(site: Site) -> None:
    paths = ["/", "/favicon.ico", "/pages/app.js", "/docs", "/openapi.json", "/nothing/here"]
    requests: list[tuple[str, dict[str, str]]] = [(path, {}) for path in paths] + [
        (each.path, each.needed) for each in getters(site)
    ]
    for described, params in requests:
        path = filled(described)
        get, head = (site.send(method, path, params=params) for method in ("GET", "HEAD"))
        assert head.status_code == get.status_code, path
        assert head.content == b""
        for name in ("content-type", "stratagraph-sequence", "etag", "vary", "content-encoding", "allow"):
            assert head.headers.get(name) == get.headers.get(name), f"{path}: {name}"


def test_a_wrong_method_is_told_the_right_ones(site: Site) -> None:
    described = {path: {method.upper() for method in methods} for path, methods in site.description["paths"].items()}
    for route, methods in described.items():
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        path = filled(route)
        for method in ("PATCH", "DELETE", "PUT", "OPTIONS", "GET", "HEAD"):
            if method in allowed or (path, method) == ("/sparql", "OPTIONS"):
                continue
            answer = site.send(method, path)
            assert answer.status_code == 405, f"{method} {path}"
            told = set(answer.headers["allow"].split(", ")) - {"OPTIONS"}
            assert told == allowed, f"{method} {path}"


def test_routes_that_share_an_address_are_all_told(site: Site) -> None:
    assert site.send("DELETE", "/api/batches").headers["allow"] == "GET, HEAD, POST"


# Sequences

SEQUENCES: list[str | bytes] = ["", "soon", "-1", "1.0", "9" * 19, "9" * 5000, "\u0665".encode(), "1, 2", "0x1"]


@pytest.mark.parametrize("wanted", SEQUENCES, ids=[ascii(text[:12]) for text in SEQUENCES])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/levels", {}),
        ("GET", "/sparql?query=ASK%7B%7D", {}),
        ("POST", "/cypher", {"json": {"query": "RETURN 1"}}),
    ],
    ids=["api", "sparql", "cypher"],
)
def test_a_sequence_that_cannot_be_one_is_refused(
    site: Site, method: str, path: str, body: dict[str, Any], wanted: str | bytes
) -> None:
    answer = site.send(method, path, headers={"Stratagraph-At-Least": wanted}, **body)
    assert answer.status_code == 400, answer.text
    assert len(answer.text) < 1000


# Compression

ENCODINGS = [
    ("gzip", True),
    ("deflate, gzip;q=0.5, br", True),
    ("*", True),
    ("x-gzip", True),
    ("GZIP;Q=1.0", True),
    ("gzip;q=0.001", True),
    ("", False),
    ("identity", False),
    ("br", False),
    ("gzip;q=0", False),
    ("gzip;q=0.000", False),
    ("*;q=0", False),
    ("gzip;q=0, *", False),
    ("gzip;q=0.2, identity;q=0.8", False),
    ("gzip;q=two", False),
    ("gzipped", False),
]


@pytest.mark.parametrize(("header", "taken"), ENCODINGS, ids=[header for header, _ in ENCODINGS])
def test_only_who_takes_gzip_gets_it(site: Site, header: str, taken: bool) -> None:
    plain = site.get("/api/levels", headers={"Accept-Encoding": "identity"})
    answer = site.get("/api/levels", headers={"Accept-Encoding": header})
    assert (answer.headers.get("content-encoding") == "gzip") is taken
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.json() == plain.json()


@given(st.text(alphabet="gzip;q=0.1, *identy-x", max_size=30))
def test_whatever_is_written_there_is_read(header: str) -> None:
    assert takes_gzip(header) in {True, False}


def test_every_large_answer_is_compressed_and_no_small_one(site: Site) -> None:
    paths = ["/", "/pages/app.js", "/docs", "/openapi.json", *(operation.path for operation in getters(site))]
    needed = {operation.path: operation.needed for operation in getters(site)}
    large = 0
    for path in paths:
        address = filled(path)
        plain, packed = (
            site.get(address, params=needed.get(path, {}), headers={"Accept-Encoding": encoding})
            for encoding in ("identity", "gzip")
        )
        assert "content-encoding" not in plain.headers
        expected = "gzip" if len(plain.content) >= 1024 else None
        assert packed.headers.get("content-encoding") == expected, path
        large += expected is not None
    assert large > 5


def raw(url: str, query: str) -> Iterator[bytes]:
    """The pieces of a SPARQL answer as they are sent."""
    headers = {"Accept-Encoding": "gzip", "Accept": "text/csv"}
    with httpx.stream("GET", url + "/sparql", params={"query": query}, headers=headers, trust_env=False) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        assert "content-length" not in answer.headers
        yield from answer.iter_raw()


def test_an_answer_in_pieces_is_compressed_piece_by_piece(site: Site) -> None:
    query = "SELECT * WHERE { ?s ?p ?o . ?o ?q ?r } LIMIT 30000"
    pieces = list(raw(site.url, query))
    plain = site.get("/sparql", params={"query": query}, headers={"Accept-Encoding": "identity", "Accept": "text/csv"})
    assert gzip.decompress(b"".join(pieces)).count(b"\r\n") == plain.text.count("\r\n") == 30_001
    # What came first can be read before the rest is there.
    opened = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert opened.decompress(pieces[0]).count(b"\r\n") > 1


def test_an_etag_of_other_bytes_is_a_weak_one_and_still_saves_sending_them(site: Site) -> None:
    plain = site.get("/pages/app.js", headers={"Accept-Encoding": "identity"}).headers["etag"]
    packed = site.get("/pages/app.js", headers={"Accept-Encoding": "gzip"}).headers["etag"]
    assert packed == f"W/{plain}"
    for tag in (plain, packed):
        assert site.get("/pages/app.js", headers={"If-None-Match": tag}).status_code == 304


def test_no_answer_is_written_by_the_slow_encoder(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Indented by Python's own encoder, JSON passes its part in C by, and a large answer keeps all others waiting."""

    def slow(*_: Any, **__: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(json.encoder, "_make_iterencode", slow)
    with pytest.raises(AssertionError):
        json.dumps({}, indent=2)  # what this looks for would be found
    for operation in getters(site):
        answer = operation.send(site, list(operation.needed.items()), headers={"Accept": "application/json"})
        assert answer.status_code != 500, operation.path
