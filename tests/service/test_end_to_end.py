"""The main job, end to end: a newcomer starts the demo, and the real service answers over HTTP."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from SPARQLWrapper import CSV, JSON, SPARQLWrapper

from stratagraph.ontology.namespaces import SG
from tests.opened import Opened
from tests.service.running import DATA, PATIENCE, Running, started


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo in a process of its own, its telemetry replayed."""
    with started("demo", home=tmp_path_factory.mktemp("home")) as running:
        wait_for_telemetry(running)
        yield running


def wait_for_telemetry(running: Running) -> None:
    """Wait until the demo has said that everything was replayed."""
    assert running.process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    for line in running.process.stdout:
        assert time.monotonic() < deadline
        if line.startswith("Try:"):
            return


def impact(running: Running, **params: str) -> dict[str, object]:
    answer = running.get("/api/impact", params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def flow(document: dict[str, object]) -> dict[str, object]:
    flows = document["flows"]
    assert isinstance(flows, list)
    (only,) = flows
    return dict(only)


def levels_of(running: Running, hops: object) -> list[str]:
    """The levels that a chain of hops goes through."""
    assert isinstance(hops, list)
    ends = [hops[0]["from"]["iri"], *(hop["to"]["iri"] for hop in hops)]
    return [running.get(f"/api/assets/{iri}").json()["level"] for iri in ends]


def test_the_demo_is_ready_and_its_pages_are_served(demo: Running) -> None:
    assert demo.get("/health/ready").json()["status"] == "ready"
    assert "text/html" in demo.get("/").headers["content-type"]
    assert "stratagraph_view_lag_sequences" in demo.get("/metrics").text


def test_every_level_has_assets(demo: Running) -> None:
    levels = {row["level"]: row["count"] for row in demo.get("/api/levels").json()}
    assert [levels[f"L{number}"] > 0 for number in range(1, 13)] == [True] * 12


def test_a_regulation_change_flows_down_to_tokens_and_embeddings(demo: Running) -> None:
    answer = impact(demo, asset="LGPD_BR", change="regulation-change", aspect="privacy")
    shown = flow(answer)
    assert shown["shown"] is True
    assert shown["aspect"] == "privacy"
    assert levels_of(demo, shown["hops"])[:6] == ["L12", "L10", "L8", "L7", "L6", "L5"]
    assert {"L1", "L2"} <= set(levels_of(demo, shown["hops"]))
    steps = answer["checklist"]
    assert isinstance(steps, list)
    assert {step["level"] for step in steps} >= {"L10", "L8", "L7", "L6", "L5", "L1", "L2"}


def test_a_quantisation_flows_up_to_the_agent(demo: Running) -> None:
    answer = impact(demo, asset="Layer_Attn_23", change="quantisation")
    shown = flow(answer)
    assert shown["shown"] is True
    assert levels_of(demo, shown["hops"])[:4] == ["L3", "L4", "L9", "L8"]
    assert set(levels_of(demo, shown["hops"])) >= {"L5", "L2", "L6"}
    steps = answer["checklist"]
    assert isinstance(steps, list)
    assert {step["level"] for step in steps} >= {"L7", "L12"}


def test_every_hop_of_an_impact_has_a_reason_in_both_languages(demo: Running) -> None:
    for language in ("en", "pt-BR"):
        document = impact(demo, asset="LGPD_BR", lang=language)
        groups = document["levels"]
        assert isinstance(groups, list)
        reasons = [hop["reason"] for group in groups for asset in group["assets"] for hop in asset["path"]]
        assert reasons
        assert all(reasons)
        assert not any("{" in reason for reason in reasons)


def test_telemetry_becomes_assets_with_figures(demo: Running) -> None:
    model = demo.get("/api/assets/gpt-5-mini-2025-08-07").json()
    assert model["level"] == "L4"
    metrics = {row["label"]: row for row in model["observations"]}
    assert metrics["Calls"]["sum"] >= 1
    assert metrics["Latency"]["p95"] >= metrics["Latency"]["p50"] > 0
    assert metrics["Cost"]["unit"] == "USD"
    assert metrics["Cost"]["measured"] is False


def test_a_model_without_a_price_has_no_cost(demo: Running) -> None:
    model = demo.get("/api/assets/Modelo_Llama3_8B").json()
    metrics = {row["label"] for row in model["observations"]}
    assert "Calls" in metrics
    assert "Cost" not in metrics


def test_the_audit_shows_every_outcome_with_evidence(demo: Running) -> None:
    answer = demo.get("/api/compliance/audit")
    audit = answer.json()
    outcomes = audit["coverage"]["outcomes"]
    assert all(outcomes[outcome] > 0 for outcome in ("pass", "fail", "unknown", "not_applicable"))
    judged = [verdict for verdict in audit["verdicts"] if verdict["outcome"] in ("pass", "fail")]
    assert all(verdict["evidence"] for verdict in judged)
    assert answer.headers["Stratagraph-Audit-Exit"] == "1"
    page = demo.get("/api/compliance/audit", params={"format": "html"}).text
    assert 'lang="pt-BR"' in page
    assert 'lang="en"' in page


def ask(demo: Running, query: str, form: str) -> Any:
    """What SPARQLWrapper makes of the answer."""
    client = SPARQLWrapper(f"{demo.url}/sparql")
    client.setQuery(query)
    client.setReturnFormat(form)
    return client.query().convert()


def test_sparql_wrapper_asks_and_is_answered(demo: Running) -> None:
    query = "SELECT ?agent WHERE { ?agent a sg:Agent ; sg:name 'Agente_Suporte_EduVest' }"
    rows = ask(demo, query, JSON)["results"]["bindings"]
    assert [row["agent"]["value"].rpartition("/")[2] for row in rows] == ["Agente_Suporte_EduVest"]
    assert len(list(csv.reader(io.StringIO(ask(demo, query, CSV).decode())))) == 2


def test_book_keeping_of_the_view_is_not_part_of_the_graph(demo: Running) -> None:
    query = "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { ?g a ?what } }"
    answer = demo.get("/sparql", params={"query": query})
    undescribed = [row["g"]["value"] for row in answer.json()["results"]["bindings"]]
    # The schema graph (docs/reference/sparql.md) describes itself.
    assert set(undescribed) <= {SG.term("view/meta"), SG.term("schema")}
    assert demo.get("/sparql", params={"query": f"ASK {{ <{SG}view/meta> ?p ?o }}"}).json()["boolean"] is False


def test_commands_find_the_running_demo(demo: Running) -> None:
    done = demo.command("impact", "lgpd_br", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["asset"]["name"] == "LGPD_BR"


def test_a_page_of_another_site_is_refused(demo: Running) -> None:
    assert demo.get("/api/levels", headers={"Origin": "https://evil.example"}).status_code == 403
    assert demo.get("/api/levels", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/api/impact?asset=nobody", 404, "unknown-name"),
        ("/api/impact?asset=LGPD_BR&depth=0", 422, "invalid-request"),
        ("/api/impact?asset=LGPD_BR&change=nothing", 404, "unknown-name"),
        ("/api/impact", 422, "invalid-request"),
        ("/api/compliance/audit?framework=None", 404, "unknown-framework"),
        ("/api/nothing", 404, "not-found"),
    ],
)
def test_errors_are_problem_details(demo: Running, path: str, status: int, slug: str) -> None:
    answer = demo.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/" + slug)
    assert answer.json()["detail"]


def test_a_later_sequence_is_awaited_or_refused(demo: Running) -> None:
    here = int(demo.get("/api/levels").headers["Stratagraph-Sequence"])
    assert demo.get("/api/levels", headers={"Stratagraph-At-Least": str(here)}).status_code == 200
    assert demo.get("/api/levels", headers={"Stratagraph-At-Least": "soon"}).status_code == 400


TURTLE = """@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix a: <https://w3id.org/stratagraph/asset/> .
<https://w3id.org/stratagraph/asset/Agent/uploaded> a sg:Agent ; sg:name "uploaded" ;
    sg:usesModel <https://w3id.org/stratagraph/asset/BaseModel/Modelo_Llama3_8B> .
"""


def test_a_document_is_committed_over_http_and_answers_at_once(demo: Running) -> None:
    answer = demo.post("/api/batches?source=test", content=TURTLE, headers={"Content-Type": "text/turtle"})
    assert answer.status_code == 201, answer.text
    sequence = str(answer.json()["sequence"])
    seen = demo.get("/api/assets/uploaded", headers={"Stratagraph-At-Least": sequence})
    assert seen.json()["class"].endswith("#Agent")


@pytest.mark.parametrize(
    ("media_type", "body", "status", "slug"),
    [
        ("text/turtle", "<a> <b> ;;;", 400, "malformed-rdf"),
        ("application/yaml", "assets: [", 400, "malformed-inventory"),
        ("application/json", "{}", 400, "malformed-batch"),
        ("text/html", "<p>", 415, "unsupported-upload"),
        ("text/turtle", TURTLE.replace("sg:Agent", "sg:Agnet"), 422, "gate-refused"),
        ("text/turtle", TURTLE.replace("BaseModel/Modelo_Llama3_8B", "BaseModel/nobody"), 422, "gate-refused"),
        ("text/turtle", TURTLE.replace("BaseModel/Modelo_Llama3_8B", "Regulation/LGPD_BR"), 422, "gate-refused"),
    ],
)
def test_bad_batches_are_refused_whole(demo: Running, media_type: str, body: str, status: int, slug: str) -> None:
    before = demo.get("/api/ledger").json()["head"]["hash"]
    answer = demo.post("/api/batches?source=bad", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == status, answer.text
    assert answer.json()["type"].endswith("/" + slug)
    assert demo.get("/api/ledger").json()["head"]["hash"] == before


def test_a_killed_demo_keeps_what_it_acknowledged(tmp_path: Path, opened: Opened) -> None:
    data = opened(tmp_path / DATA / "demo")
    with started("demo", home=tmp_path) as running:
        wait_for_telemetry(running)
        acknowledged = running.get("/api/ledger").json()["head"]["sequence"]
        running.process.kill()
        running.process.wait()
    with started("demo", home=tmp_path) as again:
        assert again.get("/api/ledger").json()["head"]["sequence"] >= acknowledged
        assert again.get("/health/ready").json()["status"] == "ready"
        assert flow(impact(again, asset="LGPD_BR", change="regulation-change"))["shown"] is True
        verified = again.command("ledger", "verify", "--data", str(data))
        assert verified.returncode == 0, verified.stderr
        assert "sound" in verified.stdout


def test_nobody_else_can_open_the_data_of_a_running_service(demo: Running) -> None:
    done = demo.command("serve", "--data", str(demo.folder / DATA / "demo"), "--port", "0")
    assert done.returncode == 2
    assert str(demo.process.pid) in done.stderr


def test_an_address_that_others_can_reach_is_refused(demo: Running) -> None:
    done = demo.command("serve", "--data", str(demo.folder / "other"), "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "token" in done.stderr
