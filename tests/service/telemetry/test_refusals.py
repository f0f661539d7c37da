"""One service that contradicts what is declared costs the others nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stratagraph.loaders.otlp import MediaType
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.reception import Reception
from stratagraph.service.settings import load_settings
from stratagraph.service.telemetry.signals import Signal
from stratagraph.shapes.finding import GateRefused
from tests.loaders.spans import agent, chat, request, span
from tests.opened import Opened


class World:
    """An estate that receives telemetry; each service has an agent and a model of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.reception = Reception(engine)
        self.sent = 0

    def send(self, service: str) -> None:
        self.sent += 2
        spans = [
            span(self.sent, agent("boss"), trace=bytes([self.sent]) * 16),
            span(self.sent + 1, chat(service, input=3), parent=self.sent, trace=bytes([self.sent]) * 16),
        ]
        sent = request(spans, resource={"service.name": service})
        self.reception.receiver.receive(Signal.TRACES, sent.SerializeToString(), MediaType.PROTOBUF)

    def agents(self) -> set[Iri]:
        claims = self.engine.ledger.claims_on([SG.Agent])
        return {claim.fact.subject for claim in claims if claim.source == "otlp"}

    def declare(self, *facts: Fact) -> None:
        scope = Scope(name="all", complete=True, stated=facts)
        self.engine.commit(Batch(source="inventory", run="1", method=Method.DECLARED, scopes=(scope,)))

    def calls(self, subject: Iri) -> float:
        told = self.engine.ledger.observations_about(subject, datetime.min.replace(tzinfo=UTC), datetime.now(UTC))
        return sum(seen.total for seen in told if seen.metric == SG.calls)


def test_what_contradicts_a_declaration_is_left_out_alone(
    tmp_path: Path, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(load_settings(data=opened(tmp_path / "aside"))) as engine:
        there = World(engine)
        there.send("odd")
        there.reception.flush()
        (odd,) = there.agents()
    with Engine(load_settings(data=opened(tmp_path / "data"))) as engine:
        world = World(engine)
        # The very name that telemetry gives its agent stands for a regulation here, and nothing is both.
        world.declare(Fact(odd, RDF.type, SG.Regulation), Fact(odd, SG.name, Literal("odd")))
        scope = Scope(name="x", complete=False, stated=(Fact(odd, RDF.type, SG.Agent),))
        with pytest.raises(GateRefused):
            engine.rehearse(Batch(source="otlp", run="x", method=Method.OBSERVED, scopes=(scope,)))
        for service in ("one", "odd", "two"):
            world.send(service)
        world.reception.flush()
        assert len(world.agents()) == 2
        assert odd not in world.agents()
        assert {world.calls(each) for each in world.agents()} == {1.0}
        assert world.calls(odd) == 0
        assert engine.tally.arrived.dropped > 0
    assert odd.rsplit("/", 1)[1] in caplog.text
