"""A random history: the real engine in a folder, a naive ledger beside it, and what happens to both."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Observation, Scope
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.namespaces import SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.errors import RunConflict
from stratagraph.service.past.past_stores import Pasts
from stratagraph.service.settings import TRIPLES_FOLDER, load_settings
from stratagraph.shapes.gate import GateRefused
from tests.service.happenings import (
    EXTENDED,
    KINDS,
    METRICS,
    OBSERVER,
    RELATIONS,
    SOURCES,
    TYPES,
    Happening,
    Run,
    Seen,
    Step,
)
from tests.service.naive_ledger import NaiveLedger, Picture
from tests.service.pictures import by_adjacency, by_sparql, quads
from tests.service.views.node_facts import Quad
from tests.service.worlds import EX, NODES, PROPS, Prop


class RandomHistory:
    """An engine in a folder, and a naive ledger beside it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.extension = folder / "extension"
        self.extension.mkdir()
        self.settings = settings
        self.naive = NaiveLedger()
        self.extended = False
        self.lives = 0
        self.runs = 0
        self.past: dict[int, frozenset[tuple[str, str, Fact]]] = {}
        self.shown: dict[int, tuple[str, set[Quad]]] = {}
        """The hash of the ontology, and what the triples showed, at each sequence."""
        self.last: tuple[Batch, Run] | None = None
        # Ahead of the machine's clock, by which the ontology's own batch is dated; half past, so that no hour ends.
        self.now = (datetime.now(UTC) + timedelta(hours=2)).replace(minute=30, second=0, microsecond=0)
        self.engine = self._open()

    def _open(self) -> Engine:
        where = self.extension if self.extended else None
        engine = Engine(load_settings(data=self.folder / str(self.lives), ontology=where, **self.settings))
        engine.ledger._clock = lambda: self.now
        if self.settings:
            engine.start_projecting()
        return engine

    def close(self) -> None:
        """Let go of the engine."""
        self.engine.close()

    def take(self, step: Step) -> None:
        """Let a step happen to both."""
        if isinstance(step, Run):
            self._run(step)
        elif step is Happening.REFUSED:
            stranger = Fact(EX.stranger, EX.near, NODES[0])
            self._fails(self._batch(Run(source="a", scope="x", complete=True, stated=(stranger,))), GateRefused)
        elif step in (Happening.AGAIN, Happening.OTHERWISE):
            self._again(step)
        elif step is Happening.LATER:
            self.now += timedelta(hours=13)
        elif step is Happening.EXTEND:
            self.extended = not self.extended
            self._reopen()
        elif step is Happening.RESTART:
            self._reopen()
        elif step is Happening.CRASH:
            self._crash()
        elif step is Happening.TORN:
            self._tear()

    def _run(self, run: Run) -> None:
        run = self._sound(run)
        batch = self._batch(run)
        assert not self.engine.commit(batch).receipt.duplicate
        self._taken(batch, run)

    def _taken(self, batch: Batch, run: Run) -> None:
        self.naive.take(run, self.now, self._ledger_time())
        self.last = batch, run

    def _sound(self, run: Run) -> Run:
        """Add what the gate wants to know of the nodes, and leave out what it would refuse."""
        facts = [fact for fact in run.stated if self.extended or fact.predicate != EX.wires]
        moods = {fact.subject: fact for fact in facts if fact.predicate == EX.mood}
        facts = [fact for fact in facts if fact.predicate != EX.mood or moods[fact.subject] == fact]
        nodes = {node for fact in facts for node in (fact.subject, fact.object) if node in KINDS}
        seen = [*(each.about for each in run.seen), *(each[0] for each in self.naive.taken(run))]
        nodes |= {about for about in seen if not isinstance(about, Fact)}
        about = [fact for fact in TYPES if fact.subject in nodes]
        about += [Fact(node, SG.name, Literal(node)) for node in sorted(nodes)]
        return replace(run, stated=tuple(dict.fromkeys([*about, *facts])))

    def _batch(self, run: Run) -> Batch:
        self.runs += 1
        scope = Scope(name=run.scope, complete=run.complete, stated=run.stated, withdrawn=run.withdrawn)
        seen = [self._observation(each) for each in run.seen]
        for about, metric, start, _, value in self.naive.taken(run):
            given = self._observation(Seen(about, metric, (self.now - start) // timedelta(minutes=1), value))
            seen.append(replace(given, count=-1, total=-value))
        method = Method.OBSERVED if run.source == OBSERVER else Method.DECLARED
        return Batch(source=run.source, run=str(self.runs), method=method, scopes=(scope,), observations=tuple(seen))

    def _observation(self, seen: Seen) -> Observation:
        start = self.now - timedelta(minutes=seen.ago)
        return Observation(
            subject=statement_iri(seen.about) if isinstance(seen.about, Fact) else seen.about,
            metric=seen.metric,
            unit=METRICS[seen.metric],
            start=start,
            end=start + timedelta(minutes=1),
            count=1,
            total=seen.value,
            minimum=seen.value,
            maximum=seen.value,
        )

    def _again(self, step: Happening) -> None:
        if self.last is None:
            return
        batch, _ = self.last
        if step is Happening.OTHERWISE:
            more = Scope(name="other", complete=True)
            self._fails(replace(batch, scopes=(*batch.scopes, more)), RunConflict)
        else:
            head = self.engine.ledger.head()
            # Even where the ontology has changed since, so that the gate would refuse it today.
            assert self.engine.commit(batch).receipt.duplicate
            assert self.engine.ledger.head().sequence == head.sequence

    def _fails(self, batch: Batch, error: type[Exception]) -> None:
        head = self.engine.ledger.head().batch_hash
        with pytest.raises((error, GateRefused)):
            self.engine.commit(batch)
        assert self.engine.ledger.head().batch_hash == head

    def _reopen(self) -> None:
        self.engine.close()
        self.engine = self._open()

    def _crash(self) -> None:
        """Go on in a copy of the folder as it is while the engine lives."""
        abandoned = self.engine
        before = self.folder / str(self.lives)
        self.lives += 1
        after = self.folder / str(self.lives)
        shutil.copytree(before, after, ignore=shutil.ignore_patterns(TRIPLES_FOLDER))
        # The store tidies its files up in the background: a plain copy may catch it half way.
        abandoned.triples.checkpoint(after / TRIPLES_FOLDER)
        abandoned.close()
        shutil.rmtree(before)
        self.engine = self._open()

    def _tear(self) -> None:
        """Let the ledger take a run that no view hears of."""
        run = self._sound(Run(source="b", scope="y", complete=False, stated=(RELATIONS[self.runs % len(RELATIONS)],)))
        batch = self._batch(run)
        self.engine.ledger.commit(
            batch, ontology_hash=self.engine.model.hash, single_valued=frozenset({EX.mood, SG.name})
        )
        self._taken(batch, run)
        self._crash()

    # What stands ----------------------------------------------------------------------------------------------------

    @property
    def props(self) -> dict[Iri, Prop]:
        """The properties in force."""
        return EXTENDED if self.extended else PROPS

    def expected(self) -> Picture:
        """What the naive models say."""
        return self.naive.picture(self.props, self._ledger_time())

    def _ledger_time(self) -> datetime:
        now = self.engine.ledger.head().time
        assert now is not None
        return now

    def check(self) -> Picture:
        """Compare what every local view says with the naive models, and return it."""
        expected = self.expected()
        assert by_sparql(self.engine) == expected
        shown = quads(self.engine.triples)
        assert shown == self.naive.quads(self.engine.model, self.props, self._ledger_time())
        self.shown[self.engine.sequence] = self.engine.model.hash, shown
        assert by_adjacency(self.engine) == (expected.edges, expected.edges)
        assert self.engine.sequence == self.engine.ledger.sequence()
        self.past[self.engine.sequence] = frozenset(self.naive.open)
        return expected

    def check_past(self) -> None:
        """Compare what the ledger says was open at each sequence with what the naive one said then."""
        for sequence, open_then in self.past.items():
            claims = self.engine.ledger.facts_as_of(sequence)
            told = {(c.source, c.scope, c.fact) for c in claims if c.source in SOURCES}
            assert told == open_then
        self._check_a_past_store()

    def _check_a_past_store(self) -> None:
        """Compare a store of the past with what was shown then, under the same ontology."""
        model = self.engine.model
        known = {sequence: shown for sequence, (ontology, shown) in self.shown.items() if ontology == model.hash}
        if not known:
            return
        sequence = sorted(known)[len(known) // 2]
        pasts = Pasts(self.engine.ledger, model, self.folder / "pasts")
        try:
            with pasts.at(sequence) as past:
                assert quads(past.triples) == known[sequence]
        finally:
            pasts.close()
