"""A late parent takes back in the ledger what only its orphan had shown, also after a restart."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp_traces import SOURCE
from stratagraph.loaders.support import Support
from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.ontology.namespaces import SG
from stratagraph.service.ledger.ledger import Ledger
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.spans import agent, chat, request, span
from tests.loaders.transformed import MODEL, SYSTEM
from tests.service.ledger.samples import independent_verify

HEARD = 10**9


class Process:
    """What takes spans to a ledger, as often as it begins anew; the spans themselves are read again from the spool."""

    def __init__(self, ledger: Ledger, story: Story) -> None:
        self.ledger = ledger
        whole = not ledger.batches(limit=1, source=SOURCE)
        support = Support(MODEL, counted=partial(ledger.counted, SOURCE), whole=whole)
        self.traces = Traces(model=MODEL, story=story, support=support)
        self.runs = ledger.sequence()

    def send(self, sent: ExportTraceServiceRequest) -> None:
        judged = self.traces.judge(sent, 2**61)
        assert judged.found is not None
        self.runs += 1
        self.traces.take(judged.found, HEARD, self.runs, self.runs + 1)
        settled = self.traces.settle(HEARD, None)
        batch = Batch(
            source=SOURCE,
            run=str(self.runs),
            method=Method.OBSERVED,
            scopes=settled.scopes,
            observations=settled.observations,
        )
        self.ledger.commit(batch, ontology_hash="o")
        settled.confirm()


def users(ledger: Ledger) -> set[tuple[str, str]]:
    return {(each.source, each.fact.subject) for each in ledger.open_claims() if each.fact.predicate == SG.usesModel}


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "restarted"])
@pytest.mark.parametrize("others", [False, True], ids=["alone", "shown by others too"])
def test_a_relation_of_which_no_call_is_left_is_closed_at_once(
    tmp_path: Path,
    restarts: bool,
    others: bool,
) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        story = Story()
        process = Process(ledger, story)
        if others:
            process.send(request([span(1, chat(input=3), trace=b"o" * 16)]))
        process.send(request([span(2, chat(input=10), parent=1)]))
        (used,) = (each.fact for each in ledger.open_claims() if each.fact.predicate == SG.usesModel)
        # Whoever else says it says it still.
        scope = Scope(name="a", complete=True, stated=(used,))
        ledger.commit(Batch(source="inventory", run="1", method=Method.DECLARED, scopes=(scope,)), ontology_hash="o")
        if restarts:
            process = Process(ledger, story)
        process.send(request([span(1, agent("boss"))]))
        told = {subject for source, subject in users(ledger) if source == SOURCE}
        assert (SYSTEM in told) == others
        assert len(told - {SYSTEM}) == 1
        assert ("inventory", SYSTEM) in users(ledger)
        closed = [change.closed for change in ledger.changes(0)][-1]
        assert [each.fact for each in closed] == ([] if others else [used])
        assert ledger.verify().ok
    assert independent_verify(f"sqlite:///{tmp_path / 'ledger.db'}") is None


def test_values_left_are_counted_by_source_subject_and_metric(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        process = Process(ledger, Story())
        process.send(request([span(2, chat(input=10), parent=1), span(3, chat())]))
        counted = ledger.counted(SOURCE, [SYSTEM, "http://x/never"])
        assert counted[SYSTEM, SG.calls] == 2
        assert counted[SYSTEM, SG.inputTokens] == 1
        assert {subject for subject, _ in counted} == {SYSTEM}
        assert ledger.counted("other", [SYSTEM]) == {}
        assert ledger.counted(SOURCE, []) == {}
