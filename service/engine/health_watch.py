"""Looks again and again at what telemetry shows of each asset, and states what its health is where that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Observation, Scope
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, STATEMENT_BASE
from stratagraph.queries.health.judgement import Health, judge
from stratagraph.queries.health.past import Past
from stratagraph.service.views.snapshots import Snapshot

SOURCE: Final = "stratagraph:health"
"""The source that states are of: what they say is our reading of others' observations."""
SCOPE: Final = "states"
MOST: Final = 1000
"""Assets whose states one entry changes: others may commit between two entries."""
QUIET: Final = timedelta(hours=1)
"""Who was not heard of for this long is looked at this often."""

_NEWEST: Final = f"""
SELECT ?asset (MAX(?end) AS ?newest) WHERE {{
  ?node sg:observedOn ?asset ; sg:windowEnd ?end
  FILTER(!STRSTARTS(STR(?asset), "{STATEMENT_BASE}"))
}} GROUP BY ?asset
"""
_STATED: Final = f"""
SELECT ?asset ?state WHERE {{
  ?claims sg:source "{SOURCE}" . GRAPH ?claims {{ ?asset sg:healthState ?state }}
}}
"""


class Observations(Protocol):
    """What the ledger observed; each member of a merged asset by its own name."""

    def observations_about(self, subject: Iri, start: datetime, end: datetime, *, until: int) -> Iterable[Observation]:
        """Yield every metric of a subject over windows that overlap a time."""

    def hours_observed(
        self, subject: Iri, metric: Iri, start: datetime, end: datetime, *, until: int
    ) -> frozenset[int]:
        """Return the hours in which a metric amounted to anything."""


def observed_of(
    ledger: Observations, snapshot: Snapshot, asset: Iri, start: datetime, end: datetime
) -> Iterator[Observation]:
    """Yield what was observed of an asset over a time, as of a snapshot; of merged assets what each showed."""
    for member in snapshot.members(asset):
        for seen in ledger.observations_about(member, start, end, until=snapshot.sequence):
            yield seen if member == asset else replace(seen, subject=asset)


@dataclass(slots=True)
class _Known:
    """An asset as it was when it was last looked at."""

    newest: str
    at: datetime
    state: Iri | None
    pasts: dict[datetime, Past] = field(default_factory=dict)


class HealthWatch:
    """Knows the health of one asset when it is asked, and states that of all of them when it looks.

    A look reads only what is new: an asset that nothing came of is looked at once an hour, and what is usual for one is
    made once an hour. It pins the graph for one asset at a time, and takes the commit lock for what changed alone.
    ``ends`` tells whether the service closes.
    """

    def __init__(
        self,
        ledger: Observations,
        model: OntologyModel,
        *,
        reading: Callable[[], AbstractContextManager[Snapshot]],
        commit: Callable[[Batch], object],
        ends: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ledger = ledger
        self._model = model
        self._reading = reading
        self._commit = commit
        self._ends = ends
        self._known: dict[Iri, _Known] = {}

    def of(self, snapshot: Snapshot, asset: Iri, now: datetime) -> Health:
        """Return the health of an asset as of a snapshot and a time."""
        return self._judged(snapshot, asset, now, {})

    def look(self, now: datetime | None = None) -> int:
        """Look at all assets that something was observed of; return how many states changed."""
        now = now or datetime.now(UTC)
        with self._reading() as snapshot:
            newest, stated = _newest(snapshot), _stated(snapshot)
            sequence = snapshot.sequence
        # A time without telemetry: the ledger hears nothing of that.
        self._known = {asset: known for asset, known in self._known.items() if asset in newest}
        for asset, end in newest.items():
            if self._ends():
                return 0
            if self._is_due(asset, end, now):
                self._look_at(asset, end, now)
        wanted = {asset: known.state for asset, known in self._known.items() if known.state is not None}
        return self._state(wanted, stated, sequence)

    def _is_due(self, asset: Iri, newest: str, now: datetime) -> bool:
        known = self._known.get(asset)
        if known is None or known.newest != newest or now < known.at:
            return True
        return now - known.at >= QUIET or now - datetime.fromisoformat(newest) < 2 * QUIET

    def _look_at(self, asset: Iri, newest: str, now: datetime) -> None:
        known = self._known.get(asset) or _Known(newest, now, None)
        with self._reading() as snapshot:
            health = self._judged(snapshot, asset, now, known.pasts)
            alive = self._is_stated_by_others(snapshot, asset)
        newest_hours = sorted(known.pasts)[-2:]
        pasts = {hour: known.pasts[hour] for hour in newest_hours}
        for past in pasts.values():
            past.forget()
        self._known[asset] = _Known(newest, now, health.state if alive else None, pasts)

    def _judged(self, snapshot: Snapshot, asset: Iri, now: datetime, pasts: dict[datetime, Past]) -> Health:
        def observed(start: datetime, end: datetime) -> Iterator[Observation]:
            return observed_of(self._ledger, snapshot, asset, start, end)

        def called(start: datetime, end: datetime) -> frozenset[int]:
            until = snapshot.sequence
            members = snapshot.members(asset)
            return frozenset[int]().union(
                *(self._ledger.hours_observed(each, SG.calls, start, end, until=until) for each in members)
            )

        def past_of(hour: datetime) -> Past:
            known = pasts.get(hour)
            # What was made before may have to read once more, and its snapshot is gone.
            pasts[hour] = Past(observed, self._model, hour) if known is None else replace(known, observed=observed)
            return pasts[hour]

        return judge(observed, called, self._model, now, past_of)

    def _is_stated_by_others(self, snapshot: Snapshot, asset: Iri) -> bool:
        """Tell whether there is such an asset: a state must not keep alive what nobody tells of any more."""
        types = [str(value) for predicate, value in snapshot.triples.facts_about(asset) if predicate == RDF.type]
        # By the domain of the state itself it is an asset, and no more than that.
        return any(SG.Asset in self._model.ancestors(each) and each != SG.Asset for each in types)

    def _state(self, wanted: Mapping[Iri, Iri], stated: Mapping[Iri, frozenset[Iri]], sequence: int) -> int:
        """Commit what is wanted and not stated, and take back what is stated and not wanted."""
        changed = [
            asset
            for asset in sorted({*wanted, *stated})
            if stated.get(asset, frozenset()) != frozenset(filter(None, [wanted.get(asset)]))
        ]
        for first in range(0, len(changed), MOST):
            if self._ends():
                return first
            assets = changed[first : first + MOST]
            # The sequence that was read names the run: two processes that find the same say the same.
            self._commit(_batch(assets, wanted, stated, run=f"{sequence}.{first // MOST}"))
        return len(changed)


def _batch(
    assets: Sequence[Iri], wanted: Mapping[Iri, Iri], stated: Mapping[Iri, frozenset[Iri]], *, run: str
) -> Batch:
    """Return the batch that changes the states of some assets; it says nothing of the others."""
    before = {Fact(asset, SG.healthState, state) for asset in assets for state in stated.get(asset, ())}
    after = {Fact(asset, SG.healthState, wanted[asset]) for asset in assets if asset in wanted}
    scope = Scope(
        name=SCOPE, complete=False, stated=tuple(sorted(after - before)), withdrawn=tuple(sorted(before - after))
    )
    return Batch(source=SOURCE, run=run, method=Method.OBSERVED, scopes=(scope,))


def _newest(snapshot: Snapshot) -> dict[Iri, str]:
    """Return until when something was observed of each asset."""
    rows = ((row["asset"], row["newest"]) for row in snapshot.triples.select(_NEWEST))
    return {asset: end.value for asset, end in rows if isinstance(asset, str) and isinstance(end, Literal)}


def _stated(snapshot: Snapshot) -> dict[Iri, frozenset[Iri]]:
    """Return what states this source says that assets have."""
    found: dict[Iri, frozenset[Iri]] = {}
    for row in snapshot.triples.select(_STATED):
        asset, state = row["asset"], row["state"]
        if isinstance(asset, str) and isinstance(state, str):
            found[asset] = found.get(asset, frozenset()) | {state}
    return found
