"""Questions about the past over real HTTP: each sequence answers later as it answered when it was the newest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from stratagraph.loaders.samples import load_samples
from tests.opened import Opened
from tests.service.running import DATA, Running, started

PREFIXES = """@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix a: <https://w3id.org/stratagraph/asset/> .
"""
SMALL = '<https://w3id.org/stratagraph/asset/BaseModel/small> a sg:BaseModel ; sg:name "small" .\n'
LARGE = '<https://w3id.org/stratagraph/asset/BaseModel/large> a sg:BaseModel ; sg:name "large" .\n'
AGENT = '<https://w3id.org/stratagraph/asset/Agent/helper> a sg:Agent ; sg:name "helper" ; sg:purpose "{purpose}" ;'
USES = " sg:usesModel <https://w3id.org/stratagraph/asset/BaseModel/{model}> .\n"
LOADS = [
    ("registry", SMALL + LARGE),
    ("estate", SMALL + AGENT.format(purpose="first") + USES.format(model="small")),
    ("estate", LARGE + AGENT.format(purpose="second") + USES.format(model="large")),
    ("other", SMALL + AGENT.format(purpose="third") + USES.format(model="small")),
    ("estate", LARGE),
]
EVERYTHING = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"


@dataclass(frozen=True)
class Moment:
    """A sequence, when it was committed, and what the service answered while it was the newest."""

    sequence: int
    time: str
    graph: frozenset[str]
    impact: dict[str, Any] | None
    verdicts: list[dict[str, Any]]


def graph(running: Running, **options: Any) -> frozenset[str]:
    """Every triple, as lines."""
    answer = running.post(
        "/sparql", data={"query": EVERYTHING}, headers={"Accept": "text/tab-separated-values"} | options
    )
    assert answer.status_code == 200, answer.text
    return frozenset(answer.text.splitlines())


def impact(running: Running, **params: str) -> dict[str, Any] | None:
    answer = running.get("/api/impact", params={"asset": "BaseModel/small", **params})
    return dict(answer.json()) if answer.status_code == 200 else None


def verdicts(running: Running, **params: str) -> list[dict[str, Any]]:
    answer = running.get("/api/compliance/audit", params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["verdicts"])


def observe(running: Running, committed: dict[str, Any]) -> Moment:
    sequence = committed["sequence"]
    return Moment(
        sequence=sequence,
        time=committed["time"],
        graph=graph(running, **{"Stratagraph-At-Least": str(sequence)}),
        impact=impact(running),
        verdicts=verdicts(running),
    )


def newest(running: Running) -> dict[str, Any]:
    return dict(running.get("/api/batches", params={"limit": 1}).json()["batches"][0])


@pytest.fixture(name="history", scope="module")
def _history(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[tuple[Running, list[Moment]]]:
    """A service after a few loads and telemetry, and what it answered after each."""
    home = tmp_path_factory.mktemp("home")
    opened(home / DATA)
    config = home / "config.yaml"
    config.write_text("telemetry_lateness_seconds: 0\n", encoding="utf-8")  # the sample's first request lacks parents
    with started("serve", "--config", str(config), home=home) as running:
        moments = [observe(running, newest(running))]
        for source, turtle in LOADS:
            moments.append(observe(running, load(running, source, turtle)))
        for body in list(load_samples(datetime.now(UTC)))[:1]:
            sent = running.post("/v1/traces", content=body, headers={"Content-Type": "application/x-protobuf"})
            assert sent.status_code == 200
            running.wait_for_telemetry()
            moments.append(observe(running, newest(running)))
        yield running, moments


def load(running: Running, source: str, turtle: str) -> dict[str, Any]:
    params = {"source": source, "scope": "file", "complete": "true"}
    headers = {"Content-Type": "text/turtle"}
    answer = running.post("/api/batches", params=params, content=PREFIXES + turtle, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_every_sequence_answers_as_it_did_when_it_was_the_newest(history: tuple[Running, list[Moment]]) -> None:
    running, moments = history
    assert len({moment.graph for moment in moments}) == len(moments)
    for moment in reversed(moments):
        at = str(moment.sequence)
        assert graph(running, **{"Stratagraph-As-Of": at}) == moment.graph
        then = impact(running, asOf=at)
        if moment.impact is None:
            assert then is None
        else:
            assert then is not None
            assert then.pop("asOf")["notes"] == []
            assert then == moment.impact
        # Judged as of the time of the batch, a moment before the live audit was.
        assert [judged(v) for v in verdicts(running, asOf=at)] == [judged(v) for v in moment.verdicts]


def judged(verdict: dict[str, Any]) -> tuple[object, ...]:
    return verdict["rule"], verdict["target"], verdict["outcome"], str(verdict["evidence"])


def test_a_time_means_the_newest_batch_until_then(history: tuple[Running, list[Moment]]) -> None:
    running, moments = history
    for moment, following in list(pairwise(moments))[::3]:
        until = datetime.fromisoformat(following.time) - timedelta(microseconds=1)
        for time in (moment.time, until.isoformat()):
            answer = running.get("/sparql", params={"query": "ASK {}", "as-of": time})
            assert answer.headers["Stratagraph-Sequence"] == str(moment.sequence)
            assert answer.headers["Stratagraph-As-Of"] == moment.time
    assert "Stratagraph-As-Of" not in running.get("/sparql", params={"query": "ASK {}"}).headers


def test_an_audit_of_the_past_applies_the_rules_of_that_day(history: tuple[Running, list[Moment]]) -> None:
    running, moments = history
    audit = running.get("/api/compliance/audit", params={"asOf": str(moments[1].sequence)})
    document = audit.json()
    assert document["on"] == moments[1].time[:10]
    assert document["sequence"] == document["asOf"]["sequence"] == moments[1].sequence
    assert audit.headers["Stratagraph-Sequence"] == str(moments[1].sequence)
    later = running.get("/api/compliance/audit", params={"asOf": str(moments[1].sequence), "on": "2030-01-01"})
    assert later.json()["on"] == "2030-01-01"


def test_what_came_later_is_refused_with_the_moment(history: tuple[Running, list[Moment]]) -> None:
    running, _ = history
    for lang, words in (("en", "There was no asset"), ("pt-BR", "Não havia ativo")):
        params = {"asset": "helper", "asOf": "1", "lang": lang}
        refused = running.get("/api/impact", params=params)
        assert refused.status_code == 404
        problem = refused.json()
        assert problem["type"].endswith("/unknown-name")
        assert problem["detail"].startswith(words)
        assert f" 1 ({problem['time']})" in problem["detail"]
        assert problem["sequence"] == 1
    done = running.command("impact", "helper", "--as-of", "1")
    assert done.returncode == 2
    assert "sequence 1" in done.stderr
    present = running.get("/api/impact", params={"asset": "nobody"}).json()["detail"]
    assert present.startswith("There is no asset")


@pytest.mark.parametrize(
    ("moment", "slug"),
    [
        ("9999", "as-of-in-future"),
        ("2999-01-01", "as-of-in-future"),
        ("2999-01-01T00:00:00Z", "as-of-in-future"),
        ("0", "as-of-before-ledger"),
        ("2001-01-01T00:00:00+03:00", "as-of-before-ledger"),
        ("yesterday", "bad-moment"),
        ("-1", "bad-moment"),
        ("9" * 30, "bad-moment"),
        ("0001-01-01T00:00:00+23:00", "bad-moment"),
    ],
)
def test_a_moment_that_nobody_can_know_is_refused(
    history: tuple[Running, list[Moment]], moment: str, slug: str
) -> None:
    running, _ = history
    for path, params in (
        ("/api/impact", {"asset": "small", "asOf": moment}),
        ("/api/compliance/audit", {"asOf": moment}),
    ):
        answer = running.get(path, params=params)
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/" + slug)
    answer = running.get("/sparql", params={"query": "ASK {}", "as-of": moment})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")


def test_two_moments_in_one_query_are_refused(history: tuple[Running, list[Moment]]) -> None:
    running, _ = history
    headers = {"Stratagraph-As-Of": "1"}
    assert running.get("/sparql", params={"query": "ASK {}", "as-of": "2"}, headers=headers).status_code == 400
    assert running.get("/sparql", params={"query": "ASK {}", "as-of": "1"}, headers=headers).status_code == 200


def test_the_commands_ask_about_the_past(history: tuple[Running, list[Moment]]) -> None:
    running, moments = history
    at = str(moments[2].sequence)
    shown = running.command("impact", "BaseModel/small", "--as-of", at, "--format", "json")
    assert "Agent/helper" in shown.stdout, shown.stderr
    queried = running.command("query", "-", "--as-of", at, stdin="SELECT ?p { ?agent sg:purpose ?p }")
    assert "first" in queried.stdout
    assert "second" not in queried.stdout
    audited = running.command("audit", "--as-of", at)
    assert audited.returncode in {0, 1}
    assert f'"sequence": {at}' in audited.stdout
    refused = running.command("audit", "--as-of", "2999-01-01")
    assert refused.returncode == 2
    assert "past" in refused.stderr
