"""Logs go into the story of the spans: judged at the door, told with the traces."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from stratagraph.loaders.genai.normalise import Normalised
from stratagraph.ontology.facts import Observation
from stratagraph.ontology.namespaces import SG
from stratagraph.service.telemetry.logs import Logs
from stratagraph.service.telemetry.reader import Judged
from stratagraph.service.telemetry.traces import Traces
from tests.loaders.logs import DETAILS, log, logs
from tests.loaders.spans import BEGIN, SECOND, chat, request, span
from tests.loaders.test_otlp_logs import WHOLE
from tests.loaders.transformed import MODEL, SYSTEM

HEARD = BEGIN + 5 * SECOND
CALL = request([span(1, chat())])
EVENT = logs([log(DETAILS, WHOLE)])


def figures(observations: tuple[Observation, ...]) -> dict[str, float]:
    return {one.metric: one.total for one in observations if one.subject == SYSTEM}


def told(*sent: Any) -> dict[str, float]:
    """What requests tell that come one after the other and are settled at once."""
    traces = Traces(model=MODEL)
    readers = {each.request: each for each in (traces, Logs(traces))}
    for position, message in enumerate(sent):
        reader = readers[type(message)]
        reader.take(reader.judge(message, HEARD).found, HEARD, position, position + 1)  # type: ignore[arg-type]
    assert readers[ExportLogsServiceRequest].held == traces.held
    settled = readers[ExportLogsServiceRequest].settle(HEARD, None)
    assert settled.observations == ()
    return figures(traces.settle(HEARD, None).observations)


def test_spans_and_logs_tell_the_same_in_any_order() -> None:
    expected = {SG.calls: 1, SG.inputTokens: 10, SG.outputTokens: 5, SG.callLatency: 1}
    for sent in ((CALL, EVENT), (EVENT, CALL), (EVENT, CALL, EVENT)):
        found = told(*map(copied, sent))
        assert {metric: found[metric] for metric in expected} == expected


def partly(judged: Judged[Normalised]) -> ExportLogsPartialSuccess:
    assert isinstance(judged.answer, ExportLogsServiceResponse)
    return judged.answer.partial_success


def copied(message: Any) -> Any:
    return type(message).FromString(message.SerializeToString())


def test_what_is_wrong_is_refused_and_lines_of_a_log_are_not_kept() -> None:
    wrong = log(DETAILS, {**WHOLE, "gen_ai.usage.input_tokens": -5})
    lines = [log("", of=0, body="a line of the program")] * 3
    reader = Logs(Traces(model=MODEL))
    judged = reader.judge(logs([wrong, log(DETAILS, WHOLE), *lines]), HEARD)
    assert partly(judged).rejected_log_records == 1
    assert "is negative" in partly(judged).error_message
    assert (judged.counts.accepted, judged.counts.rejected) == (4, 1)
    assert judged.counts.unmapped == {"(log lines)": 3}
    nothing = reader.judge(logs(lines), HEARD)
    assert nothing.found is None, "then nothing is spooled"
    assert not nothing.answer.ListFields()


def test_a_sender_whose_clock_is_a_year_ahead_is_told() -> None:
    ahead = log(DETAILS, WHOLE, at=365 * 86_400)
    judged = Logs(Traces(model=MODEL)).judge(logs([ahead]), HEARD)
    assert partly(judged).rejected_log_records == 1
    assert "clock" in partly(judged).error_message
