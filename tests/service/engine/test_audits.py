"""Audits that were made are told again only as long as they would come out the same, and a few of them only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.queries.audit import compliance
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.service.engine import audits
from stratagraph.service.engine.audits import KEPT, Audits
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened
from tests.queries.audit.verdict_cases import LGPD, PERSONAL, facts

RECORD = (
    ':t sg:hasProcessingRecord :p . :p a sg:ProcessingRecord ; sg:name "p" ; sg:processingPurpose "support" ; '
    'sg:legalBasis sg:LgpdConsent ; sg:effectiveUntil "{until}"^^xsd:dateTime . '
)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
ENDS = NOON + timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


class Clock(datetime):
    """A clock that a test sets."""

    at = NOON

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]  # noqa: ARG003  as the library has it
        return cls.at


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        stated = tuple(facts(LGPD + PERSONAL + RECORD.format(until=ENDS.isoformat())))
        scope = Scope(name="all", complete=True, stated=stated)
        engine.commit(Batch(source="s", run="1", method=Method.DECLARED, scopes=(scope,), observations=()))
        Clock.at = NOON
        monkeypatch.setattr(audits, "datetime", Clock)
        yield engine


def outcome(audit: Audit) -> str:
    (found,) = [each.outcome.value for each in audit.verdicts if each.rule.id == "LGPD-07" and each.target]
    return found


def shown(engine: Engine) -> Audit | None:
    """What the levels show."""
    return engine.audits.last


def test_an_audit_never_outlives_its_evidence(engine: Engine) -> None:
    first = engine.audit()
    assert outcome(first) == "pass"
    Clock.at = ENDS - INSTANT
    assert engine.audit() is first, "until then nothing can have changed"
    assert shown(engine) is first
    Clock.at = ENDS
    assert shown(engine) is None, "the levels and the metrics tell nothing that has run out"
    assert outcome(engine.audit()) == "unknown"
    assert shown(engine) is engine.audit()


def test_an_audit_of_a_day_to_come_is_made_anew_when_it_comes(engine: Engine) -> None:
    tomorrow = NOON.date() + timedelta(days=1)
    first = engine.audit(on=tomorrow)
    Clock.at = datetime(2026, 11, 28, tzinfo=UTC) - INSTANT
    assert engine.audit(on=tomorrow) is first
    Clock.at = datetime(2026, 11, 28, tzinfo=UTC)
    assert engine.audit(on=tomorrow) is not first
    yesterday = engine.audit(on=NOON.date())
    Clock.at += timedelta(days=400)
    assert engine.audit(on=NOON.date()) is yesterday, "a day that is over stays judged"


def test_a_framework_is_told_from_the_audit_of_all(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = engine.audit(framework="lgpd")
    engine.audits._kept.clear()
    engine.audit()
    monkeypatch.setattr(compliance, "evaluate", None)
    told = engine.audit(framework="lgpd")
    assert (told.verdicts, told.rules, told.framework) == (alone.verdicts, alone.rules, alone.framework)


def test_only_the_newest_few_are_kept(engine: Engine) -> None:
    for day in range(1, KEPT + 5):
        engine.audit(on=date(2026, 1, day))
    assert len(engine.audits._kept) == KEPT
    assert {question.on.day for question in engine.audits._kept} == set(range(5, KEPT + 5))


def test_another_sequence_is_another_question(engine: Engine) -> None:
    first = engine.audit()
    scope = Scope(name="all", complete=True, stated=())
    engine.commit(Batch(source="s", run="2", method=Method.DECLARED, scopes=(scope,), observations=()))
    assert engine.audits.last is first, "the last one is shown, with its sequence"
    assert engine.audit().sequence == first.sequence + 1
    assert isinstance(engine.audits, Audits)
