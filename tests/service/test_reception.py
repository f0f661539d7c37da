"""What a process that starts knows of what telemetry named before it."""

from __future__ import annotations

from pathlib import Path

from stratagraph.loaders.genai.roster import Roster
from stratagraph.loaders.genai.subjects import OVERFLOW
from stratagraph.loaders.otlp_traces import SOURCE
from stratagraph.ontology.namespaces import RDF
from stratagraph.service.engine.engine import Engine
from stratagraph.service.reception import named_before
from stratagraph.service.settings import Settings
from tests.opened import Opened


def test_a_later_process_admits_what_was_named_before_and_nothing_beyond(furnished: Opened, tmp_path: Path) -> None:
    with Engine(Settings(data=furnished(tmp_path / "data"))) as engine:
        typed = [claim for claim in engine.ledger.open_claims() if claim.fact.predicate == RDF.type]
        told = {claim.fact.subject for claim in typed if claim.source == SOURCE}
        others = {claim.fact.subject for claim in typed if claim.source != SOURCE} - told
        before = named_before(engine)
        roster = Roster(most_assets=1, most_scopes=1, before=lambda: before)
        assert told
        assert all(map(roster.asset, told))
        assert not any(map(roster.asset, others))
        assert set(before.scopes) == {claim.scope for claim in engine.ledger.open_claims() if claim.source == SOURCE}
        assert not roster.scope(OVERFLOW)
