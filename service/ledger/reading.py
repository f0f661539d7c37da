"""Reading the ledger: what it holds, held at any moment, and has seen. Each answer comes from one state of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar, cast

from sqlalchemy import Connection

from stratagraph.ontology.facts import Claim, Fact, Iri, LedgerChange, Observation, Sighting
from stratagraph.service.ledger import asof, history, observed, present
from stratagraph.service.ledger.asof import Moment, Standing
from stratagraph.service.ledger.database import Database
from stratagraph.service.ledger.history import BatchRecord, SourceRecord
from stratagraph.service.ledger.marks import marks_of
from stratagraph.service.ledger.observed import NEWEST
from stratagraph.service.ledger.repeating import moved_since
from stratagraph.service.ledger.state import End, LedgerState, end_of

Item = TypeVar("Item")


class LedgerReader:
    """Everything that is read of an open ledger. Readers wait for no commit, for each has a state of its own."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        """Read from a database; the clock says which moments are no future."""
        self._database = database
        self._clock = clock

    def end(self) -> End:
        """Return where the chain ends."""
        with self._database.reading() as connection:
            return end_of(connection)

    def sequence(self) -> int:
        """Return the newest sequence; 0 for the empty ledger."""
        return self.end().sequence

    @contextmanager
    def state(self) -> Iterator[LedgerState]:
        """Hold one state of the ledger, to ask several questions that fit together."""
        with self._database.streaming() as connection:
            yield LedgerState(connection)

    def changes(self, after: int) -> Iterator[LedgerChange]:
        """Yield what each sequence after this one changed.

        Raises:
            HistoryErased: a fact that was open at ``after`` was redacted since; read the open claims instead.
        """
        return self._stream(lambda connection: history.changes(connection, after))

    def open_claims(self) -> Iterator[Claim]:
        """Yield every open claim, in the order they were opened."""
        return self._stream(present.open_claims)

    def open_facts(self, subjects: Iterable[Iri], predicates: Iterable[Iri] = ()) -> Iterator[Fact]:
        """Yield the open facts about the subjects, each once; where predicates are given, only those with one."""
        return self._stream(lambda connection: present.open_facts(connection, subjects, predicates))

    def claims_about(self, subjects: Iterable[Iri], *, before: int) -> Iterator[Claim]:
        """Yield the open claims about the subjects that were opened before a sequence."""
        return self._stream(lambda connection: present.claims_about(connection, subjects, before))

    def claims_on(self, objects: Iterable[Iri]) -> Iterator[Claim]:
        """Yield the open claims that point to the objects, at the cost of looking at all open claims."""
        return self._stream(lambda connection: present.claims_on(connection, objects))

    def claims_of(self, fact: Fact) -> tuple[Claim, ...]:
        """Return who says the fact now."""
        with self._database.reading() as connection:
            return present.claims_of(connection, fact)

    def facts_as_of(self, at: Moment) -> Iterator[Claim]:
        """Yield the claims that were open at a sequence or time, as they were known then.

        Raises:
            AsOfInFuture: the moment has not come.
        """
        now = self._present()
        return self._stream(lambda connection: asof.claims_as_of(connection, at, now=now))

    def standing(self, at: Moment) -> Standing:
        """Return where the ledger stood at a sequence or time.

        Raises:
            AsOfInFuture: the moment has not come.
            AsOfBeforeLedger: there was nothing yet.
        """
        now = self._present()
        with self._database.reading() as connection:
            return asof.standing(connection, at, now=now)

    def redactions(self, after: int) -> tuple[int, bool]:
        """Return the newest sequence, and whether something was redacted after the one given."""
        with self._database.reading() as connection:
            return asof.redactions(connection, after)

    def newest_observations(self) -> Iterator[Observation]:
        """Yield, for each subject and metric, what the batches say together of the newest window.

        Of several sources of one window, the last by name is given.
        """
        return self._stream(observed.newest_observations)

    def statement_observations(self, since: datetime, *, until: int = NEWEST) -> Iterator[Observation]:
        """Yield every observation on a statement whose window started at this time or later, as they came in.

        Observations after the sequence ``until`` are left out.
        """
        return self._stream(lambda connection: observed.statement_observations(connection, since, until))

    def observations_about(
        self, subject: Iri, start: datetime, end: datetime, *, until: int = NEWEST
    ) -> Iterator[Observation]:
        """Yield every metric of one subject over windows that overlap the time from start to end, metric by metric.

        Observations after the sequence ``until`` are left out.
        """
        return self._stream(
            lambda connection: observed.observations_about(
                connection, subject=subject, start=start, end=end, until=until
            )
        )

    def hours_observed(
        self, subject: Iri, metric: Iri, start: datetime, end: datetime, *, until: int = NEWEST
    ) -> frozenset[int]:
        """Return the hours, counted from 1970, in which a metric of a subject amounted to anything."""
        with self._database.reading() as connection:
            return observed.hours_observed(
                connection, subject=subject, metric=metric, start=start, end=end, until=until
            )

    def observations(self, subject: Iri, metric: Iri, start: datetime, end: datetime) -> Iterator[Observation]:
        """Yield one metric of one subject over windows that overlap the time from start to end, oldest first."""
        return self._stream(
            lambda connection: observed.observations_of(
                connection, subject=subject, metric=metric, start=start, end=end
            )
        )

    def counted(self, source: str, subjects: Iterable[Iri]) -> dict[tuple[Iri, Iri], int]:
        """Return by subject and metric how many values a source gave and did not take away."""
        with self._database.reading() as connection:
            return observed.counted(connection, source, subjects)

    def batches(self, *, limit: int = 100, source: str | None = None) -> tuple[BatchRecord, ...]:
        """Return the newest batches with their outcomes, newest first, of one source or of all."""
        with self._database.reading() as connection:
            return history.newest_batches(connection, limit=limit, source=source)

    def sources(self, *, source: str | None = None) -> tuple[SourceRecord, ...]:
        """Return every source, or the one of this name: its newest batch, its scopes, and when each was seen last."""
        with self._database.reading() as connection:
            return history.sources(connection, source=source)

    def marks(self, owner: str) -> dict[str, bytes]:
        """Return the marks of an owner by name, as its last batch left them."""
        with self._database.reading() as connection:
            return marks_of(connection, owner)

    def moved_since(self, source: str, sequence: int) -> bool:
        """Whether any fact of a source was opened or closed after a sequence, by whomever."""
        with self._database.reading() as connection:
            return moved_since(connection, source, sequence)

    def sightings(self) -> Iterator[Sighting]:
        """Yield when each scope of each source was seen last."""
        return self._stream(history.sightings)

    def _present(self) -> datetime:
        """Return the latest time that is no future: a committed time is none, though the clock was set back since."""
        return max(self._clock(), self.end().time or datetime.min.replace(tzinfo=UTC))

    def _stream(self, read: Callable[[Connection], Iterator[Item]]) -> Iterator[Item]:
        """Yield from one state of the ledger; errors come at the call, not at the first item."""

        def stream() -> Iterator[Item]:
            with self._database.streaming() as connection:
                items = read(connection)
                yield cast("Item", None)
                yield from items

        items = stream()
        next(items)  # started, so that the connection is given back even when nobody reads on
        return items
