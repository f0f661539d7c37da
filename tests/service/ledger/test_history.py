"""Any history of batches leaves what a naive model of dictionaries says, now and at every sequence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from stratagraph.ontology.facts import Batch, Claim, Fact, Scope
from stratagraph.service.ledger.ledger import Ledger
from tests.service.ledger.postgresql import database
from tests.service.ledger.samples import batch, fact, independent_verify

SINGLE = frozenset({"http://x/single"})
Key = tuple[str, str, Fact]

FACTS = st.builds(
    fact, st.integers(0, 2), st.sampled_from(["p", "single"]), st.integers(0, 2) | st.just("http://x/thing")
)
FEW = st.lists(FACTS, max_size=5).map(tuple)
SCOPES = st.lists(
    st.builds(Scope, name=st.sampled_from(["a", "b"]), complete=st.booleans(), stated=FEW, withdrawn=FEW),
    max_size=2,
    unique_by=lambda scope: scope.name,
).map(tuple)
SOURCES = st.sampled_from(["s", "t", "u"])


def key(claim: Claim) -> Key:
    return claim.source, claim.scope, claim.fact


class History(RuleBasedStateMachine):
    """The ledger beside a dict of what each (source, scope, fact) was opened at."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.url = self.empty_database(Path(self.folder.name))
        self.ledger = self.opened()
        self.open: dict[Key, int] = {}
        self.states: list[dict[Key, int]] = [{}]
        self.sent: list[Batch] = []

    def empty_database(self, folder: Path) -> str:
        return f"sqlite:///{folder / 'ledger.db'}"

    def opened(self) -> Ledger:
        return Ledger.open(self.url, key_file=Path(self.folder.name) / "ledger.key")

    @rule(source=SOURCES, scopes=SCOPES)
    def send(self, source: str, scopes: tuple[Scope, ...]) -> None:
        said = batch(str(len(self.sent)), *scopes, source=source)
        before = self.open
        change = self.ledger.commit(said, ontology_hash="o", single_valued=SINGLE).change
        self.open = self._expected(said, len(self.states))
        self.states.append(self.open)
        self.sent.append(said)
        assert {key(claim) for claim in change.opened} == self.open.keys() - before.keys()
        assert {key(claim) for claim in change.closed} == before.keys() - self.open.keys()
        assert next(self.ledger.changes(change.sequence - 1)) == change

    def _expected(self, said: Batch, sequence: int) -> dict[Key, int]:
        after = dict(self.open)
        stated = {(said.source, scope.name, f) for scope in said.scopes for f in scope.stated}
        for scope in said.scopes:
            for k in self.open:
                if k[:2] == (said.source, scope.name) and (scope.complete or k[2] in scope.withdrawn):
                    after.pop(k, None)
        values = {(f.subject, f.predicate): set[object]() for _, _, f in stated if f.predicate in SINGLE}
        for _, _, f in stated:
            values.get((f.subject, f.predicate), set()).add(f.object)
        for k in list(after):
            now = values.get((k[2].subject, k[2].predicate))
            if k[0] == said.source and now and k[2].object not in now:
                del after[k]
        return after | {k: self.open.get(k, sequence) for k in stated}

    @rule(pick=st.integers(0, 1_000))
    def send_again(self, pick: int) -> None:
        if self.sent:
            said = self.sent[pick % len(self.sent)]
            assert self.ledger.commit(said, ontology_hash="o", single_valued=SINGLE).duplicate

    @rule()
    def open_again(self) -> None:
        self.ledger.close()
        self.ledger = self.opened()

    @invariant()
    def present_and_past_are_the_models(self) -> None:
        assert {key(claim): claim.opened_at for claim in self.ledger.open_claims()} == self.open
        for sequence, state in enumerate(self.states):
            assert {key(claim): claim.opened_at for claim in self.ledger.facts_as_of(sequence)} == state
        for record in self.ledger.batches():
            state = self.states[record.sequence]
            assert {key(claim): claim.opened_at for claim in self.ledger.facts_as_of(record.time)} == state
        assert set(self.ledger.open_facts(["http://x/1"])) == {f for _, _, f in self.open if f.subject == "http://x/1"}

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            assert self.ledger.verify().ok
            self.ledger.close()
            assert independent_verify(self.url) is None
            self.folder.cleanup()


STEPS = 10


def histories(most: int) -> int:
    """The number of histories: at most so many in a normal run, the profile's thousand at night."""
    profile = settings().max_examples
    return profile if profile > 100 else most


@pytest.mark.timeout(3600)  # a thousand histories at night
def test_any_history_on_sqlite() -> None:
    many = settings(max_examples=histories(30), stateful_step_count=STEPS)
    run_state_machine_as_test(History, settings=many)


@pytest.mark.postgres
@pytest.mark.timeout(3600)  # a hundred histories at night
def test_any_history_on_postgresql(postgresql: str) -> None:
    class OnPostgresql(History):
        def empty_database(self, folder: Path) -> str:
            return database(postgresql, f"history-{uuid4()}")

    many = settings(max_examples=histories(100) // 10, stateful_step_count=STEPS)
    run_state_machine_as_test(OnPostgresql, settings=many)
