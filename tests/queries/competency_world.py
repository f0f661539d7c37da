"""The graph that competency questions are asked of: ontology, estates and sample telemetry, derived for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from stratagraph.ontology.facts import Claim, Fact, LedgerChange
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.views.triples import TriplesView


@dataclass
class World:
    """The present in the triples view, from which single facts can be taken away for a while."""

    engine: Engine
    _stamp: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def triples(self) -> TriplesView:
        return self.engine.triples

    @contextmanager
    def without(self, fact: Fact) -> Iterator[None]:
        """Withdraw a stated fact, and all that follows from it alone, for the length of a block."""
        claims = self.engine.deriver.claims(fact)
        assert claims, f"nobody states {fact}; a mutation must be a stated triple"
        self._change(closed=claims)
        try:
            yield
        finally:
            self._change(opened=claims)

    def _change(self, *, opened: tuple[Claim, ...] = (), closed: tuple[Claim, ...] = ()) -> None:
        change = LedgerChange(
            sequence=self.engine.deriver.sequence + 1,
            time=self._stamp,
            batch_hash="",
            opened=opened,
            closed=closed,
        )
        self.engine.triples.apply(self.engine.deriver.apply(change))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Open the graph in a folder that holds the demo, without a server."""
    with Engine(load_settings(data=folder)) as engine:
        yield World(engine)
