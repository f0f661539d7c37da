"""Causes asked of a service: from facts and observations to a ranked answer with evidence, over real HTTP."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Observation, Scope
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.queries.rootcause.causes_document import changes_before
from stratagraph.service.cli.root_cause import root_cause
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.queries.plain import PlainStore, iri

MODEL = load_model()
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
STEP = timedelta(minutes=5)
STEPS, ILL = 200, 12
NAMES = {
    "desk": SG.LLMSystem,
    "helper": SG.Agent,
    "writer": SG.Agent,
    "large": SG.BaseModel,
    "small": SG.BaseModel,
    "cluster": SG.ComputeCluster,
}
RELATIONS = [
    ("helper", SG.partOf, "desk"),
    ("writer", SG.partOf, "desk"),
    ("helper", SG.usesModel, "large"),
    ("writer", SG.usesModel, "small"),
    ("large", SG.implementedIn, "cluster"),
    ("small", SG.implementedIn, "cluster"),
]
SLOW = {"desk", "helper", "large"}
"""The large model is slow, and with it who calls it."""


def facts() -> tuple[Fact, ...]:
    named = [Fact(iri(name), RDF.type, cls) for name, cls in NAMES.items()]
    named += [Fact(iri(name), SG.name, Literal(name)) for name in NAMES]
    return (*named, *(Fact(iri(a), relation, iri(b)) for a, relation, b in RELATIONS))


def observations() -> Iterator[Observation]:
    """Latency of all but the cluster, five minutes apart; at the end some are slow."""
    draw = random.Random(1)
    for name in NAMES.keys() - {"cluster"}:
        for step in range(STEPS):
            slow = 4 if name in SLOW and step >= STEPS - ILL else 1
            value = slow * draw.uniform(0.9, 1.1)
            start = BEGIN + step * STEP
            yield Observation(
                subject=iri(name),
                metric=SG.callLatency,
                unit="s",
                start=start,
                end=start + STEP,
                count=10,
                total=10 * value,
                minimum=value,
                maximum=value,
            )


@dataclass(frozen=True)
class Estate:
    """A service over the estate."""

    client: httpx.Client

    def ask(self, **params: str) -> httpx.Response:
        window = {"from": (BEGIN + (STEPS - ILL) * STEP).isoformat(), "until": (BEGIN + STEPS * STEP).isoformat()}
        return self.client.get("/api/root-cause", params={"asset": "desk", "metric": "latency", **window, **params})

    def answer(self, **params: str) -> dict[str, Any]:
        answer = self.ask(**params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(name="estate", scope="module")
def _estate(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Estate]:
    settings = Settings(data=opened(tmp_path_factory.mktemp("data")), port=0)
    with (
        Engine(settings) as engine,
        served(engine) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        scope = Scope(name="estate", complete=True, stated=facts())
        engine.commit(Batch(source="inventory", run="1", method=Method.DECLARED, scopes=(scope,)))
        seen = tuple(observations())
        engine.commit(Batch(source="otlp", run="1", method=Method.OBSERVED, scopes=(), observations=seen))
        yield Estate(client)


def test_the_deepest_asset_that_is_ill_is_named_first_with_the_way_to_it(estate: Estate) -> None:
    answer = estate.answer()
    first = answer["causes"][0]
    assert first["name"] == "large"
    assert first["metric"]["notation"] == "latency"
    assert [hop["label"] for hop in first["evidence"]] == ["desk", "helper", "large"]
    assert all(hop["deviation"] > 2 for hop in first["evidence"])
    assert "small" not in [cause["name"] for cause in answer["causes"][:3]]


def test_what_nothing_was_observed_of_is_named_as_such(estate: Estate) -> None:
    assert [card["name"] for card in estate.answer()["silent"]] == ["cluster"]


def test_where_nothing_is_unusual_nothing_is_named_and_that_is_said_in_both_languages(estate: Estate) -> None:
    window = {"from": (BEGIN + 150 * STEP).isoformat(), "until": (BEGIN + 160 * STEP).isoformat(), "normal": "12"}
    english, portuguese = estate.answer(**window), estate.answer(**window, lang="pt-BR")
    assert (english["causes"], portuguese["causes"]) == ([], [])
    assert english["note"].startswith("Nothing is unusual")
    assert portuguese["note"].startswith("Nada há de incomum")


def test_what_was_stated_of_a_cause_right_before_is_told() -> None:
    graph = "https://example.org/claims/1"
    store = PlainStore(MODEL, [])
    for name, moment in (("large", "2026-11-01T11:00:00Z"), ("small", "2026-10-01T00:00:00Z")):
        said = [(SG.source, Literal("registry")), (SG.firstSeen, Literal(moment, XSD.dateTime))]
        store.claim(Fact(iri(name), SG.version, Literal("2")), f"{graph}/{name}", said)
    span = Literal("2026-11-01T00:00:00Z", XSD.dateTime), Literal("2026-11-01T12:00:00Z", XSD.dateTime)
    (row,) = changes_before(store, iri("large"), *span)
    assert (row["predicate"], row["object"]) == (SG.version, Literal("2"))
    assert changes_before(store, iri("small"), *span) == []


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"asset": "nobody"}, 404, "nobody"),
        ({"metric": "speed"}, 404, "speed"),
        ({"metric": "cost"}, 422, "or for one of: latency"),
        ({"from": "2026-11-02", "until": "2026-11-01"}, 422, "not before the end"),
        ({"from": "yesterday"}, 422, "neither a date nor a time"),
        ({"normal": "0"}, 422, "normal"),
    ],
)
def test_what_cannot_be_asked_is_told(estate: Estate, params: dict[str, str], status: int, said: str) -> None:
    answer = estate.ask(**params)
    assert answer.status_code == status, answer.text
    assert said in answer.text


def test_the_command_tells_the_same(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATAGRAPH_URL", str(estate.client.base_url))
    begin, until = (BEGIN + (STEPS - ILL) * STEP).isoformat(), (BEGIN + STEPS * STEP).isoformat()
    root_cause("desk", "latency", begin, until, data=tmp_path)
    told = capsys.readouterr().out
    assert "1. large" in told
    assert "desk" in told.split("1. large")[1]
    assert "cluster" in told
