"""A rehearsal tells what a commit would do, and leaves the ledger as it was."""

from __future__ import annotations

import pytest

from stratagraph.service.ledger.errors import InvalidBatch, RunConflict
from stratagraph.service.ledger.ledger import Ledger
from tests.service.ledger.samples import batch, fact, scope


def test_a_rehearsal_tells_what_the_commit_does_and_keeps_nothing(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1), fact(2))), ontology_hash="o")
    before = (ledger.head(), list(ledger.open_claims()), ledger.sources())
    second = batch("2", scope(fact(2), fact(3)), scope(fact(4), name="new"))
    told = ledger.rehearse(second, ontology_hash="o").change
    assert (ledger.head(), list(ledger.open_claims()), ledger.sources()) == before
    done = ledger.commit(second, ontology_hash="o").change
    assert [claim.fact for claim in told.opened] == [claim.fact for claim in done.opened]
    assert [claim.fact for claim in told.closed] == [claim.fact for claim in done.closed]
    assert told.sequence == done.sequence
    assert ledger.verify().ok


def test_a_rehearsal_refuses_what_the_commit_would(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1))), ontology_hash="o")
    assert ledger.rehearse(batch("1", scope(fact(1))), ontology_hash="o").duplicate
    with pytest.raises(RunConflict):
        ledger.rehearse(batch("1", scope(fact(2))), ontology_hash="o")
    with pytest.raises(InvalidBatch):
        ledger.rehearse(batch("2", scope(fact(1)), scope(fact(2))), ontology_hash="o")
    assert ledger.sequence() == 1


def test_claims_are_found_by_both_ends(ledger: Ledger) -> None:
    ledger.commit(batch("1", scope(fact(1, "p", "http://x/2")), source="a"), ontology_hash="o")
    ledger.commit(batch("1", scope(fact(1, "p", "http://x/2"), fact(2)), source="b"), ontology_hash="o")
    assert {claim.source for claim in ledger.claims_on(["http://x/2", "http://x/never"])} == {"a", "b"}
    assert [claim.source for claim in ledger.claims_about(["http://x/1"], before=2)] == ["a"]
    assert {claim.source for claim in ledger.claims_about(["http://x/1"], before=3)} == {"a", "b"}
    assert not list(ledger.claims_on(["http://x/1"]))
