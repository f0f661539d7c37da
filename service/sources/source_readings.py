"""States in the graph how each source is doing, whenever that is another than what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.identity import source_reading_iri
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.service.engine.engine import Engine
from stratagraph.service.sources.schedule import is_late
from stratagraph.service.sources.source_register import LivingSource
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sources.source_state import Outcome
from stratagraph.service.views.nodes import boolean, decimal, moment

SOURCE: Final = "stratagraph:sources"
"""The source that states are of: how the others are doing is what the service observes."""
_SCOPE: Final = "readings"

_STATES: Final = {
    None: SG.sourceNotRead,
    Outcome.COMMITTED: SG.sourceUpToDate,
    Outcome.UNCHANGED: SG.sourceUpToDate,
    Outcome.FAILED: SG.sourceFailed,
    Outcome.WAITING: SG.sourceWaiting,
    Outcome.RUNNING: SG.sourceInterrupted,
}
"""The states by what became of the last run; one that runs on and is not being made was left behind."""
_STATED: Final = f"""
SELECT ?reading ?property ?value WHERE {{
  ?claims sg:source "{SOURCE}" . GRAPH ?claims {{ ?reading ?property ?value }}
}}
"""
_Said = frozenset[Fact]


class SourceReadings:
    """Knows what it stated last, and reads the graph only where it would state something else.

    A run that finds what was there before states nothing, however often it is made: the last success moves on with the
    next change. What runs at this moment is as it was before.
    """

    def __init__(self, engine: Engine, runs: SourceRuns) -> None:
        self._engine = engine
        self._runs = runs
        self._since = datetime.now(UTC)
        self._known: dict[Iri, _Said] | None = None

    def look(self, now: datetime | None = None) -> bool:
        """State what changed, and say whether anything did."""
        now = now or datetime.now(UTC)
        known = self._known
        wanted = dict(self._wanted(known or {}, now))
        if known is not None and _timeless(wanted) == _timeless(known):
            return False
        stated, sequence = self._stated()
        if known is None:
            wanted = dict(self._wanted(stated, now))
        changed = [iri for iri in {*wanted, *stated} if _timeless(wanted).get(iri) != _timeless(stated).get(iri)]
        if changed:
            self._engine.commit(_batch(changed, wanted, stated, run=str(sequence)))
        self._known = {**stated, **wanted}
        for iri in changed:
            if iri not in wanted:
                del self._known[iri]
        return bool(changed)

    def _wanted(self, known: Mapping[Iri, _Said], now: datetime) -> Iterator[tuple[Iri, _Said]]:
        for each in self._runs.register.all():
            iri = source_reading_iri(each.source.name)
            if not self._is_being_read(each):
                yield iri, frozenset(_facts(iri, each, now, since=self._since))
            elif iri in known:
                yield iri, known[iri]

    def _is_being_read(self, each: LivingSource) -> bool:
        """Whether a run has begun that is not done, nor left behind by a process that died."""
        name, state = each.source.name, each.state
        if state.outcome is not Outcome.RUNNING or self._runs.is_running(name):
            return state.outcome is Outcome.RUNNING
        # It may have ended since its state was read, and a run notes its end before it is no longer one.
        return all(now.state != state for now in self._runs.register.all() if now.source.name == name)

    def _stated(self) -> tuple[dict[Iri, _Said], int]:
        """Return what the graph says of each source that is read, and as of which sequence."""
        found: dict[Iri, set[Fact]] = {}
        with self._engine.reading() as snapshot:
            for row in snapshot.triples.select(_STATED):
                reading, said, value = row["reading"], row["property"], row["value"]
                assert isinstance(reading, str)
                assert isinstance(said, str)
                assert value is not None
                found.setdefault(reading, set()).add(Fact(reading, said, value))
            return {iri: frozenset(facts) for iri, facts in found.items()}, snapshot.sequence


def _facts(iri: Iri, each: LivingSource, now: datetime, *, since: datetime) -> Iterator[Fact]:
    source, state = each.source, each.state
    yield Fact(iri, RDF.type, SG.SourceReading)
    yield Fact(iri, SG.source, Literal(source.name))
    yield Fact(iri, SG.sourceState, _STATES[state.outcome])
    yield Fact(iri, SG.isLate, boolean(is_late(source, state, now, since=since)))
    yield Fact(iri, SG.isPaused, boolean(state.paused))
    if source.schedule is not None:
        yield Fact(iri, SG.readSchedule, Literal(source.schedule))
    if state.succeeded is not None:
        yield Fact(iri, SG.lastSuccess, moment(state.succeeded))
    if (change := state.change) is not None:
        yield Fact(iri, SG.lastChange, moment(change.ended))
        yield Fact(iri, SG.changeSeconds, decimal(change.seconds))
        yield Fact(iri, SG.openedStatements, Literal(str(change.opened), XSD.integer))
        yield Fact(iri, SG.closedStatements, Literal(str(change.closed), XSD.integer))


def _timeless(said: Mapping[Iri, _Said]) -> dict[Iri, _Said]:
    """Return what is worth an entry of the ledger: a success of one that was up to date before is not."""
    quiet = {SG.lastSuccess, SG.changeSeconds}
    return {iri: frozenset(fact for fact in facts if fact.predicate not in quiet) for iri, facts in said.items()}


def _batch(changed: list[Iri], wanted: Mapping[Iri, _Said], stated: Mapping[Iri, _Said], *, run: str) -> Batch:
    before = {fact for iri in changed for fact in stated.get(iri, ())}
    after = {fact for iri in changed for fact in wanted.get(iri, ())}
    scope = Scope(
        name=_SCOPE, complete=False, stated=tuple(sorted(after - before)), withdrawn=tuple(sorted(before - after))
    )
    return Batch(source=SOURCE, run=run, method=Method.OBSERVED, scopes=(scope,))
