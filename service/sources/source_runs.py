"""One run of a source: fetched, transformed, looked at, committed; or failed, and then nothing has changed."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from stratagraph.loaders import files
from stratagraph.loaders.folders import FolderEntry
from stratagraph.loaders.kinds import Kind, kind_named
from stratagraph.loaders.origins import Loaded, Origins
from stratagraph.loaders.scopes import plan
from stratagraph.ontology.errors import MOST_FINDINGS, StratagraphError
from stratagraph.ontology.facts import Batch, Scope
from stratagraph.service.engine.committer import Committed
from stratagraph.service.engine.engine import Engine
from stratagraph.service.sources.closing import Closing
from stratagraph.service.sources.errors import ClosesTooMuch, SourceRunning
from stratagraph.service.sources.fetching.all_of import fetch
from stratagraph.service.sources.fetching.fetched import Fetched, Known
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import ENDPOINTS, Source
from stratagraph.service.sources.source_register import FENCES, SourceRegister
from stratagraph.service.sources.source_state import Fingerprint, Outcome, SourceState
from stratagraph.shapes.finding import GateFinding, GateRefused

log = logging.getLogger(__name__)

LEASE: Final = "source {name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What became of a run, or would: ``committed`` is None where the source holds what it held.

    ``refusal`` says of a rehearsal that the run would wait for a person.
    """

    source: Source
    committed: Committed | None = None
    loaded: Loaded | None = None
    gone: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    documents: int = 0
    refusal: ClosesTooMuch | None = None


class SourceRuns:
    """Runs sources, each by one at a time: of the threads of this process, and of the processes that share a ledger."""

    def __init__(self, engine: Engine, register: SourceRegister) -> None:
        self._engine = engine
        self.register = register
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: set[str] = set()

    def is_running(self, name: str) -> bool:
        """Whether a source may be read at this moment; where others share the ledger, they may be doing it."""
        with self._lock:
            return name in self._running or self._engine.ledger.shared

    def rehearse(self, name: str) -> Ran:
        """Return what a run would do now; nothing is committed, and no state changes.

        Raises:
            UnknownSource, SourceRunning, and whatever a run may fail with.
        """
        with self._alone(name):
            source = self.register.get(name).source
            fetched = self._fetched(source, Known())
            ran, batch = self._read(source, fetched)
            with _placing(ran):
                committed = self._engine.rehearse(batch)
            refusal = self._closing(source).refusal(committed.receipt.change)
            return replace(ran, committed=committed, refusal=refusal)

    def run(self, name: str, *, accept: bool = False, due: datetime | None = None) -> Ran | None:
        """Read a source and commit what it holds, where that is not what it held.

        ``accept``: a person has seen what it closes. ``due``: only if it was not read since then, by whomever; else
        the answer is None.

        Raises:
            UnknownSource, SourceRunning: it can't be run.
            ClosesTooMuch: it waits for a person.
            StratagraphError: it failed. Nothing was committed, and nothing closed.
        """
        with self._alone(name):
            before = self.register.get(name)
            if due is not None and (before.state.paused or (before.state.started or due) > due):
                return None
            run = str(uuid.uuid4())
            began = self.register.begin(name, run)
            try:
                return self._run(before.source, began, accept=accept)
            except ClosesTooMuch as error:
                self._end(name, run, Outcome.WAITING, error=str(error), closing=error.count)
                raise
            except StratagraphError as error:
                self._end(name, run, Outcome.FAILED, error=str(error))
                raise
            except BaseException as error:
                self._end(name, run, Outcome.FAILED, error=f"{type(error).__name__}, see the service's log")
                raise

    def _run(self, source: Source, began: SourceState, *, accept: bool) -> Ran:
        last = self._last(source, began)
        known = Known(etag=last.etag, modified=last.modified) if last else Known()
        fetched = self._fetched(source, known)
        content = self._content(source, fetched)
        if fetched.unchanged or (last is not None and last.content == content):
            self._end(source.name, began.run, Outcome.UNCHANGED)
            return Ran(source=source, documents=len(fetched.reading.files))
        ran, batch = self._read(source, fetched)
        with _placing(ran):
            committed = self._commit(source, began, batch, None if accept else self._closing(source))
        change = committed.receipt.change
        fingerprint = Fingerprint(
            content=content,
            sequence=committed.receipt.sequence,
            etag=fetched.known.etag,
            modified=fetched.known.modified,
        )
        told = {"opened": len(change.opened), "closed": len(change.closed), "fingerprint": fingerprint}
        self._end(source.name, began.run, Outcome.COMMITTED, **told)
        return replace(ran, committed=committed)

    def _commit(self, source: Source, began: SourceState, batch: Batch, review: Closing | None) -> Committed:
        """Commit, if no other process has begun a run of the source meanwhile."""
        fence = {source.name: began.run.encode()}
        marks = {**batch.marks, **fence}
        fenced = replace(batch, run=began.run, marks_owner=FENCES, marks=marks, marks_expected=fence)
        return self._engine.commit(fenced, review)

    def _end(self, name: str, run: str, outcome: Outcome, **told: object) -> None:
        """Note what became of a run, unless the source was removed, or another process has begun one since."""
        if name not in {each.source.name for each in self.register.all()}:
            return
        self.register.change(name, lambda state: state.ended_as(outcome, **told) if state.run == run else state)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Keep others from running the source.

        Raises:
            SourceRunning: one does.
        """
        with self._lock:
            if name in self._running:
                raise SourceRunning(name=name)
            self._running.add(name)
        lease = self._engine.ledger.lease(LEASE.format(name=name))
        try:
            if not lease.held():
                raise SourceRunning(name=name)
            yield
        finally:
            lease.release()
            with self._lock:
                self._running.discard(name)

    def _last(self, source: Source, state: SourceState) -> Fingerprint | None:
        """Return what is known of what was committed last, if that is what the ledger holds of the source."""
        last = state.fingerprint
        if last is None:
            return None
        ledger = self._engine.ledger
        newest = next(iter(ledger.batches(limit=1, source=source.name)), None)
        described = last.content.partition(" ")[0] == self._described(source)
        if not described or newest is None or newest.sequence != last.sequence:
            return None
        # Others close too what a source said: a redaction does.
        return None if ledger.moved_since(source.name, last.sequence) else last

    def _described(self, source: Source) -> str:
        """Return what decides, beside the content, what is made of it."""
        settings = self._engine.settings
        return source.reads_as(settings.base, self._engine.model.hash)

    def _content(self, source: Source, fetched: Fetched) -> str:
        return f"{self._described(source)} {fetched.digest()}"

    def _fetched(self, source: Source, known: Known) -> Fetched:
        limits = Limits(
            source.place, seconds=source.limit_seconds, most_bytes=source.limit_bytes, stopping=self.stopping
        )
        fetched = fetch(source, limits, known)
        limits.check()
        return fetched

    def _closing(self, source: Source) -> Closing:
        said = sum(self._scopes(source.name).values())
        return Closing(source.name, said=said, share=source.limit_closing)

    def _scopes(self, name: str) -> dict[str, int]:
        records = self._engine.ledger.sources(source=name)
        return {scope.name: scope.open_claims for record in records for scope in record.scopes}

    def _read(self, source: Source, fetched: Fetched) -> tuple[Ran, Batch]:
        """Return what was read, and the batch that says that it is all that the source holds."""
        if _is_scraped(source, fetched.reading.files):
            return self._scrape(source, fetched)
        known = self._scopes(source.name)
        kind = None if source.kind in ENDPOINTS else kind_named(source.kind)
        planned = plan(fetched.reading, known, scope=source.scope, kind=kind)
        loaded = files.transform(
            planned.files,
            model=self._engine.model,
            base=self._engine.settings.base,
            source=source.name,
            kind=kind,
            run="rehearsal",
        )
        loaded = replace(loaded, batch=planned.closing(loaded.batch))
        gone = _gone(source, loaded.batch, known)
        batch = loaded.batch
        batch = replace(batch, run="rehearsal", scopes=(*batch.scopes, *(Scope(name=n, complete=True) for n in gone)))
        told = {scope.name for scope in batch.scopes if scope.complete and not scope.stated and known.get(scope.name)}
        skipped = fetched.reading.skipped
        ran = Ran(source=source, loaded=loaded, gone=tuple(sorted(told)), skipped=skipped, documents=len(planned.files))
        return ran, batch

    def _scrape(self, source: Source, fetched: Fetched) -> tuple[Ran, Batch]:
        """Return what an exporter tells: what was added since the last run, and never all that there is."""
        # Only some sources are scraped.
        from stratagraph.service.sources.scrapes import scraped

        engine = self._engine
        loaded = scraped(
            source,
            fetched.reading.files,
            model=engine.model,
            base=engine.settings.base,
            heard=datetime.now(UTC),
            marks=engine.marks(FENCES),
        )
        documents, skipped = len(fetched.reading.files), fetched.reading.skipped
        return Ran(source=source, loaded=loaded, skipped=skipped, documents=documents), loaded.batch


@contextmanager
def _placing(ran: Ran) -> Iterator[None]:
    """Let a refusal by the gate name the file and line of what it is about."""
    try:
        yield
    except GateRefused as error:
        if ran.loaded is None:
            raise
        told, others = error.findings[:MOST_FINDINGS], error.findings[MOST_FINDINGS:]
        placed = tuple(_placed(finding, ran.loaded.origins) for finding in told)
        raise GateRefused.of((*placed, *others)) from None


def _placed(finding: GateFinding, origins: Origins) -> GateFinding:
    place = origins.find(finding.fact, finding.focus) if isinstance(finding.focus, str) else None
    return finding if place is None else replace(finding, place=(place.file, place.line))


def _is_scraped(source: Source, files: Sequence[FolderEntry]) -> bool:
    """Whether a source is told in scrapes, as its kind says or as all that was read looks."""
    return source.kind == Kind.PROMETHEUS or (bool(files) and all(file.kind is Kind.PROMETHEUS for file in files))


def _gone(source: Source, batch: Batch, known: Mapping[str, int]) -> tuple[str, ...]:
    """Return the scopes that the source no longer has: a run tells all of the source, or all below its scope."""
    named = {scope.name for scope in batch.scopes}
    start = f"{source.scope}/" if source.scope else ""
    open_ = (name for name, claims in known.items() if claims and name not in named)
    return tuple(sorted(name for name in open_ if name == source.scope or name.startswith(start)))
