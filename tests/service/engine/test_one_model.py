"""The figures of a model and of the names by which it is asked for are told together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from stratagraph.ontology.facts import Batch
from stratagraph.ontology.identity import mint
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.loaders.spans import chat, request, span
from tests.loaders.transformed import MODEL, of
from tests.opened import Opened

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def asked(*answers: str) -> Batch:
    """Return what calls of gpt-5 tell, by the model that answers each; where none does, it fails."""
    spans = [span(n, chat("gpt-5", answered=name), failed=not name) for n, name in enumerate(answers, 1)]
    return of(request(spans)).batch


def told(engine: Engine, name: str) -> tuple[float, float, set[str]]:
    """Return calls, errors, and the names told together."""
    model = mint(MODEL, SG.BaseModel, {SG.name: name})
    with engine.reading() as snapshot:
        seen = list(engine.observations_about(snapshot, model, SINCE, UNTIL))
        together = set(snapshot.one_model(model))
    assert {one.subject for one in seen} <= {model}
    calls, errors = (sum(one.total for one in seen if one.metric == metric) for metric in (SG.calls, SG.errors))
    return calls, errors, together


def test_failures_of_an_alias_count_for_its_model(opened: Opened, tmp_path: Path) -> None:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        engine.commit(asked("gpt-5-2026-01-15", "gpt-5-2026-01-15", "gpt-5-2026-01-15", ""))
        both = {mint(MODEL, SG.BaseModel, {SG.name: name}) for name in ("gpt-5", "gpt-5-2026-01-15")}
        for name in ("gpt-5", "gpt-5-2026-01-15"):
            assert told(engine, name) == (4, 1, both)


def test_a_name_that_several_models_answer_to_stands_for_itself(opened: Opened, tmp_path: Path) -> None:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        engine.commit(asked("gpt-5-2026-01-15", "gpt-5-2026-03-01", ""))
        assert told(engine, "gpt-5")[:2] == (1, 1)
        assert told(engine, "gpt-5-2026-03-01")[:2] == (1, 0)
