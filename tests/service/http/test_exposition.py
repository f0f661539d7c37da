"""What Prometheus is told: of the estate as it stands, in the format asked for, and cheap to ask for."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isclose
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.samples import Sample

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.exposition import expose
from stratagraph.service.telemetry.reader import Counts
from stratagraph.service.telemetry.set_aside import SetAside
from stratagraph.service.telemetry.signals import Signal
from tests.loaders.spans import chat, request, span
from tests.service.http.conftest import Site

OPENMETRICS = "application/openmetrics-text"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def samples(site: Site, name: str, accept: str = "") -> list[Sample]:
    answer = site.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    read = read_openmetrics if answer.headers["content-type"].startswith(OPENMETRICS) else read_text
    return [sample for family in read(answer.text) for sample in family.samples if sample.name == name]


FORMATS = [
    ("", "text/plain; version=0.0.4"),
    ("*/*", "text/plain; version=0.0.4"),
    ("text/plain", "text/plain; version=0.0.4"),
    ("text/plain;version=0.0.4", "text/plain; version=0.0.4"),
    (OPENMETRICS, OPENMETRICS),
    (f"{OPENMETRICS};version=1.0.0", f"{OPENMETRICS}; version=1.0.0"),
    (PROMETHEUS, f"{OPENMETRICS}; version=1.0.0"),
    (f"{OPENMETRICS};q=0, text/plain", "text/plain; version=0.0.4"),
    (f"{OPENMETRICS};version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.8", "text/plain; version=0.0.4"),
    (f"{OPENMETRICS};version=9.9.9", "text/plain; version=0.0.4"),
    (f"{OPENMETRICS};version=new", "text/plain; version=0.0.4"),
    ("application/json", "text/plain; version=0.0.4"),
]


@pytest.mark.parametrize(("accept", "kind"), FORMATS, ids=[accept[:50] for accept, _ in FORMATS])
def test_the_format_is_the_one_that_is_liked_best(site: Site, accept: str, kind: str) -> None:
    answer = site.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text.endswith("# EOF\n") is kind.startswith(OPENMETRICS)
    assert "Accept" in answer.headers["vary"].split(", ")
    read = read_openmetrics if kind.startswith(OPENMETRICS) else read_text
    assert len(list(read(answer.text))) > 10


@given(st.text(st.sampled_from('aplictonexm-/;=,.*q01 version"escaping'), max_size=60))
def test_whatever_is_accepted_there_is_an_answer(accept: str) -> None:
    assert expose(CollectorRegistry(), accept).media_type


def test_assets_are_counted_by_level_as_the_api_counts_them(site: Site) -> None:
    told = {sample.labels["level"]: sample.value for sample in samples(site, "stratagraph_assets")}
    assert told == {level["level"]: level["count"] for level in site.get("/api/levels").json()}
    assert told["L12"] > 0


def test_verdicts_are_those_of_the_last_audit_and_a_scrape_makes_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = site.get("/api/compliance/audit").json()

    def evaluate(*_: object, **__: object) -> None:
        raise AssertionError("a scrape evaluated the rules")

    monkeypatch.setattr("stratagraph.queries.audit.compliance.evaluate", evaluate)
    told = samples(site, "stratagraph_verdicts")
    counted: dict[str, float] = {}
    for sample in told:
        counted[sample.labels["outcome"]] = counted.get(sample.labels["outcome"], 0) + sample.value
    assert counted == audit["coverage"]["outcomes"]
    assert {sample.labels["framework"] for sample in told} == {rule["framework"] for rule in audit["rules"]}
    (sequence,) = samples(site, "stratagraph_audit_sequence")
    assert sequence.value == audit["sequence"]
    (made,) = samples(site, "stratagraph_audit_timestamp_seconds")
    assert isclose(made.value, datetime.fromisoformat(audit["time"]).timestamp(), abs_tol=1)


def observed(engine: Engine, metric: Iri) -> Iterator[tuple[str, float]]:
    """The sum of a metric of every asset, as the ledger has it."""
    end = datetime.now(UTC)
    for row in engine.triples.select("SELECT DISTINCT ?asset WHERE { ?node sg:observedOn ?asset . ?asset a sg:Asset }"):
        asset = str(row["asset"])
        seen = engine.ledger.observations_about(asset, datetime(2000, 1, 1, tzinfo=UTC), end, until=engine.sequence)
        total = sum(one.total for one in seen if one.metric == metric)
        if total:
            yield asset.removeprefix(engine.settings.base), total


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (SG.calls, "stratagraph_calls_total"),
        (SG.inputTokens, "stratagraph_input_tokens_total"),
        (SG.callCost, "stratagraph_cost_total"),
        (SG.callLatency, "stratagraph_latency_seconds_sum"),
    ],
)
def test_what_was_observed_is_told_by_asset_as_the_ledger_has_it(site: Site, metric: Iri, name: str) -> None:
    told: dict[str, float] = {}
    for sample in samples(site, name):
        told[sample.labels["asset"]] = told.get(sample.labels["asset"], 0) + sample.value
        assert sample.labels["basis"] in {"measured", "estimated"}
        assert sample.labels["source"]
    known = dict(observed(site.engine, metric))
    assert known
    assert told == pytest.approx(known)


def test_sources_tell_when_they_were_last_heard_of(site: Site) -> None:
    """Also one that has never said anything: its batch has no scope."""
    assert site.send("POST", "/api/batches", json={"source": "mute", "run": "1"}).status_code == 201
    told = {s.labels["source"]: s.value for s in samples(site, "stratagraph_source_last_seen_timestamp_seconds")}
    known = site.get("/api/sources").json()["sources"]
    assert set(told) == {source["source"] for source in known if source["newest"] is not None}
    assert all(0 <= datetime.now(UTC).timestamp() - when < 86_400 for when in told.values())


def test_what_came_in_is_counted_and_counters_say_since_when(site: Site) -> None:
    def count(name: str, **labels: str) -> float:
        return sum(s.value for s in samples(site, name) if labels.items() <= s.labels.items())

    before = count("stratagraph_batches_total", outcome="committed"), count("stratagraph_facts_total", change="opened")
    assert count("stratagraph_spans_total", outcome="accepted") > 0
    created = {(s.name, *s.labels.items()): s.value for s in samples(site, "stratagraph_batches_created", OPENMETRICS)}
    body = "@prefix sg: <https://w3id.org/stratagraph/ns#> . <http://x.example/l> a sg:Law ; sg:name 'counted' ."
    answer = site.send(
        "POST",
        "/api/batches",
        params={"source": "tally", "scope": "s"},
        content=body,
        headers={"Content-Type": "text/turtle"},
    )
    assert answer.status_code == 201, answer.text
    after = count("stratagraph_batches_total", outcome="committed"), count("stratagraph_facts_total", change="opened")
    assert after == (before[0] + 1, before[1] + answer.json()["opened"])
    again = {(s.name, *s.labels.items()): s.value for s in samples(site, "stratagraph_batches_created", OPENMETRICS)}
    assert created.items() <= again.items(), "a counter that was reset in between"


def test_names_are_as_prometheus_wants_them(site: Site) -> None:
    text = site.get("/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) .+$", text, re.MULTILINE))
    assert set(kinds) == helped
    for name, kind in kinds.items():
        assert re.fullmatch(r"stratagraph_[a-z0-9_]+", name)
        assert (kind == "counter") is name.endswith("_total") or name.endswith("_created")
        assert not re.search(r"_(count|sum|bucket|hours|minutes|gauge|counter)$", name)
    labels = set(re.findall(r"[{,](\w+)=", text))
    known = {"version", "view", "outcome", "change", "source", "level", "framework", "asset", "basis", "unit", "signal"}
    assert labels <= known


def test_what_telemetry_left_out_is_counted_and_told_of_its_source(site: Site) -> None:
    """A span that is refused, one told of twice, one of a clock that is ahead, an attribute that nobody knows."""
    names = ("spans", "duplicate_spans", "moved_back_spans", "unmapped_attributes")

    def counts() -> list[float]:
        return [sum(s.value for s in samples(site, f"stratagraph_{name}_total")) for name in names]

    trace = uuid4().bytes
    ahead = time.time_ns() + 3_600 * 10**9
    spans = [
        span(1, {**chat(), "gen_ai.nobody_knows": 1}, trace=trace, start=ahead),
        span(1, {**chat(), "gen_ai.nobody_knows": 1}, trace=trace, start=ahead),
        span(2, {"gen_ai.usage.input_tokens": -1}, trace=trace),
    ]
    before = counts()
    answer = site.send(
        "POST",
        "/v1/traces",
        content=request(spans).SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
    )
    assert answer.status_code == 200
    site.app.state.reception.flush()
    assert [after - was for after, was in zip(counts(), before, strict=True)] == [3, 1, 2, 2]
    (told,) = site.get("/api/sources", params={"source": "otlp"}).json()["sources"]
    accepted, rejected = told["telemetry"]["accepted"], told["telemetry"]["rejected"]
    assert [accepted + rejected, told["telemetry"]["duplicates"], told["telemetry"]["movedBack"]] == counts()[:3]
    assert {"attribute": "gen_ai.nobody_knows", "count": 2} in told["telemetry"]["unmapped"]
    sources = site.get("/api/sources").json()["sources"]
    assert [one["source"] for one in sources if one.get("telemetry")] == ["otlp"]


def test_what_was_set_aside_is_counted_and_named(site: Site) -> None:
    """A trace that cannot be told: its number in the metrics, its name and what went wrong beside its source."""
    reception = site.app.state.reception
    reception.watch(Signal.TRACES, Counts(dropped=2, set_aside=(SetAside("trace 0a", "KeyError in tell", 2),)))
    counted = {each.labels["signal"]: each.value for each in samples(site, "stratagraph_set_aside_total")}
    assert counted["traces"] == 1
    (told,) = site.get("/api/sources", params={"source": "otlp"}).json()["sources"]
    (aside,) = told["telemetry"]["setAside"]
    assert aside.pop("time").endswith("+00:00")
    assert aside == {"signal": "traces", "what": "trace 0a", "problem": "KeyError in tell", "size": 2}
