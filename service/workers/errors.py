"""What can become of any guest's query, in whichever language, each with its HTTP status."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class DeadlineExceeded(StratagraphError, slug="deadline-exceeded", status=504):
    """The query ran out of time and was stopped."""

    text = "The query was stopped after {seconds:g} s. Select less, or bound its paths and joins."

    seconds: float


class OutOfMemory(StratagraphError, slug="out-of-memory", status=507):
    """The query needed more memory than one query may use."""

    text = "The query needed more than {megabytes} MiB of memory and was stopped. Select or sort less."

    megabytes: int


class AnswerTooLarge(StratagraphError, slug="answer-too-large", status=507):
    """The answer is larger than one answer may be."""

    text = "The answer has more than {limit} {unit}. Page through it with ORDER BY, LIMIT and OFFSET."

    limit: int
    unit: str


class EvaluationFailed(StratagraphError, slug="evaluation-failed", status=500):
    """The engine could not evaluate the query."""

    text = "The query could not be evaluated: {detail}"

    detail: str


class WorkerDied(StratagraphError, slug="worker-died", status=500):
    """The process that evaluated the query died of it."""

    text = "The query ended its worker process ({cause}). Other queries go on; rewrite this one."

    cause: str


class TooBusy(StratagraphError, slug="too-busy", status=503):
    """Every worker is taken and the queue is full."""

    text = "No worker is free for this query. Try again in {retry_after} s."

    retry_after: int


class QueryTooLong(StratagraphError, slug="query-too-long", status=413):
    """The text of the query is too long."""

    text = "The query is longer than {limit} bytes. Split it, or load the data that it carries."

    limit: int


class NotYetThere(StratagraphError, slug="sequence-not-reached", status=503):
    """The view has not reached the sequence that the request asks for."""

    text = "The triples are at sequence {sequence}, not yet at {wanted}. Try again in {retry_after} s."

    sequence: int
    wanted: int
    retry_after: int
