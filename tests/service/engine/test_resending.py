"""A run that was committed is recognised, whatever has changed since: its sender may not have heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stratagraph.loaders.otlp import MediaType
from stratagraph.loaders.samples import read_sample, shifted
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import RDF, SG, SH
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.errors import RunConflict
from stratagraph.service.reception import Reception
from stratagraph.service.settings import Settings
from stratagraph.service.telemetry.signals import Signal
from stratagraph.shapes.finding import GateFinding, GateRefused, GateReport
from stratagraph.shapes.gate import Gate
from tests.opened import Opened
from tests.service.engine.mending import small_core, small_engine
from tests.service.worlds import EX, NODES

WHOLE, PART = NODES[0], NODES[3]
ABOUT_PART = (Fact(PART, RDF.type, EX.Part), Fact(PART, SG.name, Literal("part")))
USING = (Fact(WHOLE, RDF.type, EX.Whole), Fact(WHOLE, SG.name, Literal("whole")), Fact(WHOLE, EX.uses, PART))


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[Engine]:
    with small_core(), small_engine(tmp_path / "data") as engine:
        yield engine


def says(source: str, run: str, *facts: Fact, method: Method = Method.DECLARED) -> Batch:
    return Batch(source=source, run=run, method=method, scopes=(Scope(name="x", complete=True, stated=facts),))


@pytest.mark.parametrize("method", Method)
def test_a_run_that_would_be_refused_today_is_told_that_it_was_committed(engine: Engine, method: Method) -> None:
    engine.commit(says("other", "1", *ABOUT_PART))
    said = says("me", "1", *USING, method=method)
    first = engine.commit(said).receipt
    engine.commit(says("other", "2"))  # nobody says any more what the part is
    engine.commit(says("me", "2"))
    with pytest.raises(GateRefused):
        engine.commit(replace(said, run="3"))
    head = engine.ledger.sequence()
    again = engine.commit(said)
    assert again.receipt.duplicate
    assert (again.receipt.sequence, again.receipt.batch_hash) == (first.sequence, first.batch_hash)
    assert engine.rehearse(said).receipt.duplicate
    assert engine.ledger.sequence() == head
    assert engine.tally.batches["duplicate"] == 1


def test_the_same_run_with_other_content_is_a_conflict_before_it_is_judged(engine: Engine) -> None:
    engine.commit(says("me", "1", *ABOUT_PART))
    with pytest.raises(RunConflict):
        engine.commit(says("me", "1", *USING))


def test_a_run_that_was_refused_is_judged_anew(engine: Engine) -> None:
    said = says("me", "1", *USING)
    with pytest.raises(GateRefused):
        engine.commit(said)
    engine.commit(says("other", "1", *ABOUT_PART))
    assert not engine.commit(said).receipt.duplicate


def test_a_gate_that_is_slow_sees_what_others_have_committed_meanwhile(engine: Engine, tmp_path: Path) -> None:
    """What is judged stands until it is committed: two processes that contradict each other are not both let in."""
    seen: list[list[Fact]] = []

    def judge(open_facts: object) -> None:
        assert callable(open_facts)
        seen.append(list(open_facts([PART])))

    engine.commit(says("other", "1", *ABOUT_PART))
    engine.ledger.commit(says("me", "1", *ABOUT_PART), ontology_hash=engine.model.hash, judge=judge)
    assert set(seen[0]) == set(ABOUT_PART)


def test_telemetry_that_is_sent_again_is_not_refused_for_what_has_changed(tmp_path: Path, opened: Opened) -> None:
    """An exporter that got no answer sends the same body again, and drops what is refused."""
    first, other = (request.SerializeToString() for request in shifted(read_sample("porklog"), datetime.now(UTC))[:2])
    refusing = GateFinding(
        focus=WHOLE,
        path=None,
        value=None,
        shape=EX.shape,
        component=EX.shape,
        severity=SH.Violation,
        messages={"en": "no"},
    )
    with Engine(Settings(data=opened(tmp_path))) as engine, pytest.MonkeyPatch.context() as patch:
        reception = Reception(engine)
        reception.receiver.receive(Signal.TRACES, first, MediaType.PROTOBUF)
        reception.flush()
        head = engine.ledger.sequence()
        patch.setattr(Gate, "check", lambda *_: GateReport(violations=(refusing,)))
        for body in (first, other):
            assert reception.receiver.receive(Signal.TRACES, body, MediaType.PROTOBUF).ByteSize() == 0
            reception.flush()
            assert bool(engine.tally.arrived.dropped) is (body is other), "only what is new is judged"
        assert engine.ledger.sequence() == head
