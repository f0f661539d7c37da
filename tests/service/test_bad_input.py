"""Bad input through the real service: each has an outcome of its own, and none of them harms the service.

docs/reference/values.md says the same in prose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from resource import getpagesize
from typing import Any, Final

import pytest

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, SKOLEM_BASE, XSD
from stratagraph.ontology.terms import encode
from stratagraph.service.ledger.interning import LONGEST_TEXT
from tests.service.cli.invoking import run
from tests.service.http.wires import head, held
from tests.service.running import Running, clean_environment, started
from tests.service.sending import kept, problem, send, send_document, shown

MODEL: Final = f"{ASSET_BASE}BaseModel/model"
NOW: Final = datetime.now(UTC).replace(microsecond=0)
SEEN: Final[dict[str, Any]] = {
    "subject": encode(MODEL),
    "metric": encode(SG.callLatency),
    "unit": "s",
    "start": (NOW - timedelta(minutes=1)).isoformat(),
    "end": NOW.isoformat(),
    "count": 1,
    "total": 1.0,
    "minimum": 1.0,
    "maximum": 1.0,
}


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with one model; at the end its chain is sound, and its views stand at the head."""
    home = tmp_path_factory.mktemp("home")
    with started("serve", "--data", str(home / "data"), home=home) as running:
        answer = send(running, *model(MODEL))
        assert answer["status"] == 201, answer
        yield running
        assert running.get("/health/ready").json()["status"] == "ready"
        verified = running.command("ledger", "verify", "--data", str(home / "data"))
        assert verified.returncode == 0, verified.stdout


def model(iri: Iri) -> tuple[Fact, ...]:
    return Fact(iri, RDF.type, SG.BaseModel), Fact(iri, SG.name, Literal("model"))


def triple(fact: Fact) -> list[str]:
    return [encode(fact.subject), encode(fact.predicate), encode(fact.object)]


def typed(iri: Iri, cls: Iri) -> tuple[Fact, ...]:
    return Fact(iri, RDF.type, cls), Fact(iri, SG.name, Literal(iri.rpartition("/")[2]))


def labelled(value: Term) -> Fact:
    return Fact(MODEL, RDFS.label, value)


# IRIs ---------------------------------------------------------------------------------------------------------------

BAD_IRIS = [
    "http://x/a b",
    "http://x/\x01",
    "http://x/a\nb",
    "http://x/<",
    "http://x/{a}",
    "http://x/\x7f",
    "http://[x",
]


@pytest.mark.parametrize("iri", [*BAD_IRIS, "relative", ""])
@pytest.mark.parametrize("place", ["subject", "predicate", "object", "datatype", "metric"])
def test_what_is_no_iri_is_refused_wherever_it_stands(service: Running, iri: str, place: str) -> None:
    facts = {
        "subject": Fact(iri, RDF.type, SG.BaseModel),
        "predicate": Fact(MODEL, iri, Literal("x")),
        "object": Fact(MODEL, SG.providedBy, iri),
        "datatype": labelled(Literal("x", iri or " ")),
    }
    if place == "metric":
        refused = send(service, observations=[SEEN | {"metric": f"<{iri}>"}])
    else:
        refused = send(service, facts[place])
    assert problem(refused) == (400, "malformed-term")


@pytest.mark.parametrize("iri", BAD_IRIS)
def test_a_document_with_what_is_no_iri_is_refused_with_its_line(service: Running, iri: str) -> None:
    refused = send_document(service, f"\n<{iri}> a <{SG.BaseModel}> .")
    assert problem(refused) == (400, "malformed-rdf")
    assert refused["detail"].startswith("upload.ttl:2:")


def test_an_iri_of_absurd_length_is_refused_and_one_below_it_taken(service: Running) -> None:
    longest = "http://x/" + "é" * ((4096 - 9) // 2) + "x"
    assert len(longest.encode()) == 4096
    assert send(service, *model(longest))["status"] == 201
    assert shown(service, longest)[RDF.type] >= {SG.BaseModel}
    refused = send(service, *model(longest + "x"))
    assert problem(refused) == (422, "unstorable-term")
    assert len(refused["detail"]) < 2000
    assert "4,096" in refused["detail"]


# Blank nodes --------------------------------------------------------------------------------------------------------

BLANK = f"""
<{MODEL}> <http://www.w3.org/2004/02/skos/core#note> [ a <{SG.BaseModel}> ; <{SG.name}> "inner" ] .
_:{{name}} a <{SG.BaseModel}> ; <{SG.name}> "outer" .
"""


def test_blank_nodes_get_names_that_stay_when_the_document_comes_again(service: Running) -> None:
    first = send_document(service, BLANK.format(name="b"), scope="blank", complete="true")
    assert (first["status"], first["opened"]) == (201, 5)
    again = send_document(service, BLANK.format(name="another"), scope="blank", complete="true")
    assert (again["opened"], again["closed"]) == (0, 0)
    (inner,) = shown(service, MODEL)["http://www.w3.org/2004/02/skos/core#note"]
    assert isinstance(inner, str)
    assert inner.startswith(SKOLEM_BASE)
    assert shown(service, inner)[SG.name] == {Literal("inner")}


def test_a_blank_node_outside_a_document_is_refused(service: Running) -> None:
    scope = {"name": "a", "stated": [["_:b", encode(RDF.type), encode(SG.BaseModel)]]}
    refused = send(service, scopes=[scope])
    assert problem(refused) == (400, "malformed-term")
    assert "send the document" in refused["detail"]


# Literals -----------------------------------------------------------------------------------------------------------


def test_a_literal_of_a_megabyte_comes_back_whole(service: Running) -> None:
    large = Literal("é\U0001f600x" * 150_000)
    assert len(large.value.encode()) > 1_000_000
    assert send(service, labelled(large))["opened"] == 1
    assert large in shown(service, MODEL)[RDFS.label]
    assert large in kept(service, MODEL)[RDFS.label]
    assert service.get(f"/api/assets/{MODEL}").status_code == 200


def test_a_refusal_of_a_megabyte_is_short(service: Running) -> None:
    refused = send(service, Fact(MODEL, SG.bits, Literal("x" * 1_000_000, XSD.integer)))
    assert problem(refused) == (422, "gate-refused")
    assert "(1,000,000 characters)" in refused["detail"]
    assert len(refused["detail"]) < 2000


def test_a_literal_that_no_view_could_hold_is_refused(service: Running) -> None:
    refused = send(service, labelled(Literal("x" * 30_000_000)))
    assert problem(refused) == (422, "unstorable-term")
    assert len(json.dumps(refused)) < 5_000


def test_the_longest_literal_fits_every_view_however_it_is_written_there(service: Running) -> None:
    # Of a model of its own: whatever is asked of this one is slow.
    longest = f"{ASSET_BASE}BaseModel/longest"
    label = partial(Fact, longest, RDFS.label)
    assert send(service, *typed(longest, SG.BaseModel), label(Literal("\x01" * LONGEST_TEXT)))["status"] == 201
    assert service.get("/health/ready").status_code == 200
    assert send(service, label(Literal("é" * (LONGEST_TEXT // 2) + "x")))["status"] == 422


@pytest.mark.parametrize("count", [MOST_FINDINGS, MOST_FINDINGS + 1, 500])
def test_a_refusal_lists_the_first_findings_and_counts_the_rest(service: Running, count: int) -> None:
    refused = send(service, *[Fact(MODEL, SG.bits, Literal(f"x{n:04} " * 1_000, XSD.integer)) for n in range(count)])
    assert problem(refused) == (422, "gate-refused")
    assert len(refused["findings"]) == min(count, MOST_FINDINGS)
    assert len(json.dumps(refused)) < MOST_FINDINGS * 20_000
    if count > MOST_FINDINGS:
        assert refused["count"] >= count
        assert refused["more"] == refused["count"] - MOST_FINDINGS


def test_a_receipt_lists_the_first_warnings_of_each_kind_and_counts_the_rest(service: Running) -> None:
    bare = [f"{ASSET_BASE}Prompt/bare-{number}" for number in range(3 * MOST_FINDINGS)]
    facts = [fact for iri in bare for fact in typed(iri, SG.Prompt)]
    answer = send(service, *facts)
    assert answer["status"] == 201, answer
    assert len(answer["warnings"]) == MOST_FINDINGS
    assert answer["warningCount"] == sum(answer["warningKinds"].values())
    assert set(answer["warningKinds"].values()) == {len(bare)}, "every prompt lacks the same"
    assert {warning["shape"] for warning in answer["warnings"]} == answer["warningKinds"].keys()


def test_remarks_on_a_file_are_listed_and_counted_with_the_warnings(service: Running) -> None:
    twice = "".join(f"- {{kind: Agent, name: twice, purpose: p{number}}}\n" for number in range(2 * MOST_FINDINGS))
    answer = send_document(service, f"assets:\n{twice}", media_type="application/yaml")
    assert answer["status"] == 201, answer
    remarks = [warning for warning in answer["warnings"] if "place" in warning]
    assert MOST_FINDINGS // 2 <= len(remarks) <= len(answer["warnings"]) <= MOST_FINDINGS
    assert answer["warningCount"] == 2 * MOST_FINDINGS - 1 + sum(answer["warningKinds"].values())


def test_references_that_lead_nowhere_are_listed_in_part_and_counted(service: Running) -> None:
    tool, users = f"{ASSET_BASE}Tool/gone", [f"{ASSET_BASE}Agent/user-{number}" for number in range(2 * MOST_FINDINGS)]
    named = [fact for iri, cls in ((tool, SG.Tool), *((user, SG.Agent) for user in users)) for fact in typed(iri, cls)]
    scope = {"name": "tools", "stated": [triple(fact) for fact in typed(tool, SG.Tool)], "complete": True}
    assert send(service, scopes=[scope])["status"] == 201
    assert send(service, *named[2:], *(Fact(user, SG.dependsOn, tool) for user in users))["status"] == 201
    closed = send(service, scopes=[scope | {"stated": []}])
    assert (len(closed["dangling"]), closed["danglingCount"]) == (MOST_FINDINGS, len(users))


@pytest.mark.parametrize(("lang", "told"), [("en", "and 80 more faults"), ("pt-BR", "e mais 80 erros")])
def test_an_inventory_lists_its_first_faults_and_counts_the_rest(service: Running, lang: str, told: str) -> None:
    body = "assets:\n" + "".join(f"  - kind: Nothing{number}\n" for number in range(100))
    headers = {"Content-Type": "application/yaml", "Accept-Language": lang}
    answer = service.post("/api/batches?source=s", content=body, headers=headers)
    assert answer.status_code == 400
    found = answer.json()
    assert (len(found["faults"]), found["count"], found["more"]) == (MOST_FINDINGS, 100, 80)
    assert told in found["detail"]


def test_uploads_that_are_held_open_take_little_memory(service: Running) -> None:
    size, times = 8 << 20, 20
    begun = head("POST", "/api/batches?source=s", "Content-Type: text/turtle", f"Content-Length: {size + 1}")
    before = resident(service)
    with held(service.url, begun + b"#" * size, times):
        grown = resident(service) - before
        assert service.get("/api/ledger").status_code == 200
    assert grown < size * times / 3, "in memory they would be more than all of it"


def resident(service: Running) -> int:
    """Bytes of memory that the service's own process has."""
    return int(Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]) * getpagesize()


TAGS = ["pt-BR", "pt-br", "en", "zh-Hant-TW", "x-private", "de-DE-u-co-phonebk"]


@pytest.mark.parametrize("tag", TAGS)
def test_tags_are_kept_in_lower_case_whatever_their_case(service: Running, tag: str) -> None:
    text = f"text in {tag.lower()}"
    send(service, labelled(Literal(text, language=tag)))
    assert Literal(text, language=tag.lower()) in shown(service, MODEL)[RDFS.label]
    assert send(service, labelled(Literal(text, language=tag.upper())))["opened"] == 0
    assert (
        send_document(service, f'<{MODEL}> <{RDFS.label}> "{text}"@{tag} .', source="test", scope="facts")["opened"]
        == 0
    )


def test_two_tags_on_one_property_are_two_values(service: Running) -> None:
    both = {Literal("rede", language="pt-br"), Literal("net", language="en"), Literal("rede", language="pt")}
    assert send(service, *map(labelled, both))["opened"] == 3
    assert shown(service, MODEL)[RDFS.label] >= both


@pytest.mark.parametrize("tag", ["toolonglanguage", "x", "1", "en-", "-", "en_US", "é"])
def test_what_is_no_tag_is_refused(service: Running, tag: str) -> None:
    scope = {"name": "a", "stated": [[encode(MODEL), encode(RDFS.label), f'"x"@{tag}']]}
    assert problem(send(service, scopes=[scope])) == (400, "malformed-term")
    assert problem(send_document(service, f'<{MODEL}> <{RDFS.label}> "x"@{tag} .')) == (400, "malformed-rdf")


# Observations -------------------------------------------------------------------------------------------------------

AGES_AGO, TO_COME = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize(
    ("changed", "status", "kind"),
    [
        *(({name: value}, 422, "gate-refused") for name in ("total", "minimum") for value in ("NaN", "INF", -1)),
        ({"maximum": "-INF"}, 422, "gate-refused"),
        ({"count": 2**63}, 422, "invalid-batch"),
        ({"count": 0.5}, 400, "malformed-batch"),
        ({"unit": "m"}, 422, "gate-refused"),
        ({"start": SEEN["end"], "end": SEEN["start"]}, 422, "gate-refused"),
        ({"start": "2026-01-01T00:00:00"}, 400, "malformed-batch"),
        ({"start": AGES_AGO}, 422, "invalid-batch"),
        ({"end": TO_COME}, 422, "invalid-batch"),
        ({"end": (NOW + timedelta(days=2)).isoformat()}, 422, "invalid-batch"),
        ({"sketch": "?"}, 400, "malformed-batch"),
        ({"sketch": "AAAA"}, 400, "malformed-sketch"),
    ],
)
def test_an_observation_that_cannot_be_is_refused(
    service: Running, changed: dict[str, Any], status: int, kind: str
) -> None:
    assert problem(send(service, observations=[SEEN | changed])) == (status, kind)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not_are_refused_too(service: Running, number: str) -> None:
    assert problem(send(service, observations=[SEEN | {"total": float(number)}])) == (422, "gate-refused")


def newest(running: Running) -> dict[str, Any]:
    (found,) = running.get(f"/api/assets/{MODEL}").json()["observations"]
    return dict(found)


def test_a_source_whose_clock_is_behind_tells_of_the_past_and_one_ahead_stands_for_a_while(service: Running) -> None:
    def seen(moved: timedelta, total: float) -> dict[str, Any]:
        start, end = NOW + moved - timedelta(minutes=1), NOW + moved
        return SEEN | {"start": start.isoformat(), "end": end.isoformat(), "total": total, "maximum": total}

    send(service, source="right", observations=[seen(timedelta(0), 2.0)])
    assert newest(service)["sum"] == 2.0
    late = send(service, source="behind", observations=[seen(-timedelta(days=400), 3.0)])
    assert late["observations"] == 1
    assert newest(service)["sum"] == 2.0
    ahead = send(service, source="ahead", observations=[seen(timedelta(hours=20), 4.0)])
    assert ahead["observations"] == 1
    assert newest(service)["sum"] == 4.0
    # Who says what since when is told by the ledger's own clock, whatever the sources' clocks say.
    times = {record["source"]: record["time"] for record in service.get("/api/batches").json()["batches"]}
    assert times["right"] < times["behind"] < times["ahead"] < datetime.now(UTC).isoformat()


# Batches ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    [
        ({"source": "\0"}, 422, "invalid-batch"),
        ({"source": "x" * 201}, 400, "malformed-batch"),
        ({"source": ""}, 400, "malformed-batch"),
        ({"source": "stratagraph:core"}, 422, "invalid-batch"),
        ({"source": "stratagraph:ledger"}, 422, "invalid-batch"),
        ({"run": "\0"}, 422, "invalid-batch"),
        ({"silence_seconds": 1e300}, 400, "malformed-batch"),
        ({"silence_seconds": float("inf")}, 400, "malformed-batch"),
        ({"silence_seconds": 1e-9}, 400, "malformed-batch"),
        ({"scopes": [{"name": "\0"}]}, 422, "invalid-batch"),
        ({"scopes": [{"name": "x" * 5000}]}, 400, "malformed-batch"),
        ({"scopes": [{"name": "a"}, {"name": "a"}]}, 422, "invalid-batch"),
        ({"unknown": 1}, 400, "malformed-batch"),
    ],
)
def test_a_batch_with_odd_names_is_refused(service: Running, said: dict[str, Any], status: int, kind: str) -> None:
    assert problem(send(service, **said)) == (status, kind)


@pytest.mark.parametrize("body", [b"\xff", b'{"source": "\\ud800"}', b"[" * 100_000, b"null", b""])
def test_a_body_that_is_no_json_is_refused(service: Running, body: bytes) -> None:
    assert problem(send_document(service, body, media_type="application/json")) == (400, "malformed-batch")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_of_the_calendar_can_be_audited(service: Running, day: str) -> None:
    assert service.get("/api/compliance/audit", params={"on": day}).status_code == 200


# Commands -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"<http://x/a b> a <{SG.BaseModel}> .", "x.ttl:1"),
        (f'<http://x/{"x" * 5000}> a <{SG.BaseModel}> ; <{SG.name}> "x" .', "4,096"),
        (f'<http://x/m> a <{SG.BaseModel}> ; <{SG.bits}> "NaN"^^<{XSD.integer}> .', "NaN"),
        (f'<http://x/m> a <{SG.BaseModel}> ; <{RDFS.label}> "x"@toolonglanguage .', "x.ttl:1"),
    ],
)
def test_a_command_says_what_is_wrong_in_one_paragraph(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.ttl"
    file.write_text(text, encoding="utf-8")
    done = run("load", str(file), environment=clean_environment(tmp_path / "home"))
    assert (done.returncode, done.stdout) == (2, "")
    first, *others = done.stderr.strip().splitlines()
    assert first.startswith("stratagraph: ")
    assert all(line.startswith("- ") for line in others)  # several mistakes are told at once, each on a line of its own
    assert said in done.stderr
    assert len(done.stderr) < 2000


def test_spans_of_a_clock_that_is_ahead_are_rejected_one_by_one(service: Running) -> None:
    def span(number: int, end: datetime) -> dict[str, Any]:
        nanoseconds = str(int(end.timestamp()) * 10**9)
        return {
            "traceId": f"{number:032x}",
            "spanId": f"{number:016x}",
            "name": "chat",
            "startTimeUnixNano": nanoseconds,
            "endTimeUnixNano": nanoseconds,
            "attributes": [
                {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                {"key": "gen_ai.request.model", "value": {"stringValue": "skewed"}},
            ],
        }

    spans = [span(1, NOW), span(2, NOW + timedelta(days=3))]
    body = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    answer = service.post("/v1/traces", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    told = answer.json()["partialSuccess"]
    assert told["rejectedSpans"] in {1, "1"}
    assert "ahead" in told["errorMessage"]
    service.wait_for_telemetry()
    (calls,) = [seen for seen in service.get("/api/assets/skewed").json()["observations"] if seen["label"] == "Calls"]
    assert calls["sum"] == 1
