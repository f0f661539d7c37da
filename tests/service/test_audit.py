"""Audits over the real ledger, gate, deriver and triples: what is inferred, what telemetry sees, what is withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.queries.audit.verdict_cases import BASE, facts

RUNS = count(1)
LAW = ':lgpd a sg:Law ; sg:name "Lei Geral de Proteção de Dados" . '
ESTATE = """
:company a sg:Organisation ; sg:name "company" ; sg:governedBy :lgpd .
:t a sg:LLMSystem ; sg:name "t" ; sg:environment "production" ; sg:partOf :company ; sg:personalData true ;
    sg:sendsPersonalDataTo :home .
:home a sg:ModelServer ; sg:name "home" ; sg:country "BR" .
:agent a sg:Agent ; sg:name "agent" ; sg:partOf :t .
"""
CALLS = ":agent sg:usesModel :model . :model a sg:BaseModel ; sg:name 'model' ; sg:providedBy :far . "
FAR = ":far a sg:Provider ; sg:name 'far' . "
RECORD = """
:far sg:country "US" ; sg:coveredByTransfer :record .
:record a sg:TransferRecord ; sg:name "record" ; sg:exporter :t ; sg:transferMechanism sg:TransferContract .
"""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


def state(engine: Engine, source: str, turtle: str, method: Method = Method.DECLARED) -> None:
    """Let a source state this, and nothing else any more."""
    scope = Scope(name="all", complete=True, stated=tuple(facts(turtle)))
    engine.commit(Batch(source=source, run=str(next(RUNS)), method=method, scopes=(scope,), observations=()))


def judged(engine: Engine, rule: str = "LGPD-33") -> tuple[str, str]:
    """Return the outcome of the system's verdict and its last reason."""
    (verdict,) = [v for v in engine.audit().verdicts if v.rule.id == rule and v.target == f"{BASE}t"]
    return verdict.outcome.value, verdict.reasons[-1].code


def test_a_provider_seen_in_calls_is_a_recipient(engine: Engine) -> None:
    state(engine, "owner", LAW)
    state(engine, "team", ESTATE)
    assert judged(engine) == ("not_applicable", "stays-in-brazil")
    state(engine, "telemetry", CALLS + FAR, Method.OBSERVED)
    assert judged(engine) == ("unknown", "destination-unknown")
    state(engine, "register", FAR + RECORD)
    assert judged(engine) == ("pass", "leaves-brazil")
    state(engine, "register", FAR + RECORD.replace("TransferContract", "NoTransferMechanism"))
    assert judged(engine) == ("fail", "leaves-brazil")


def test_calls_before_the_signature_are_told(engine: Engine) -> None:
    state(engine, "owner", LAW)
    state(engine, "team", ESTATE)
    state(engine, "telemetry", CALLS + FAR, Method.OBSERVED)
    signed = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    state(engine, "register", FAR + RECORD + f':record sg:signedAt "{signed}"^^xsd:dateTime .')
    assert judged(engine) == ("pass", "warning")
    # A statement is first seen when anybody first makes it: where it is declared too, that is no time of a call.
    state(engine, "architect", CALLS + FAR)
    assert judged(engine) == ("pass", "leaves-brazil")


def test_what_was_withdrawn_is_no_target_though_it_is_still_pointed_to(engine: Engine) -> None:
    helper = ':helper a sg:Agent ; sg:name "helper" . '

    def judged_ones() -> set[str]:
        return {verdict.target or "" for verdict in engine.audit().verdicts if verdict.rule.id == "POL-AGENT-01"}

    state(engine, "owner", helper)
    state(engine, "team", ':agent a sg:Agent ; sg:name "agent" ; sg:delegatesTo :helper .')
    assert judged_ones() == {f"{BASE}agent", f"{BASE}helper"}
    state(engine, "owner", ':other a sg:BaseModel ; sg:name "other" . ')
    assert judged_ones() == {f"{BASE}agent"}
    state(engine, "owner", helper)
    assert judged_ones() == {f"{BASE}agent", f"{BASE}helper"}


def test_a_law_withdrawn_by_its_owner_leaves_everything_it_governed_unknown(engine: Engine) -> None:
    state(engine, "owner", LAW)
    state(engine, "team", ESTATE)
    assert judged(engine, "LGPD-07")[1] == "personal-data"
    state(engine, "owner", ':other a sg:Law ; sg:name "other" . ')
    assert judged(engine, "LGPD-07") == ("unknown", "governor-gone")


def test_a_decision_on_a_part_goes_before_what_it_inherits(engine: Engine) -> None:
    state(engine, "owner", LAW)
    state(engine, "team", ESTATE)
    state(engine, "legal", ":t sg:notGovernedBy :lgpd ; sg:notGovernedReason 'a pilot with made-up data' .")
    assert judged(engine, "LGPD-07") == ("not_applicable", "not-governed")
    state(engine, "team", ESTATE + ":t sg:governedBy :lgpd .")
    assert judged(engine, "LGPD-07") == ("unknown", "decision-contradicted")
