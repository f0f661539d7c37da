"""What can become of any guest's query, in whichever language, each with its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class DeadlineExceeded(StratagraphError):
    """The query ran out of time and was stopped."""

    slug: ClassVar[str] = "deadline-exceeded"
    status: ClassVar[int] = 504
    text: ClassVar[str] = "The query was stopped after {seconds:g} s. Select less, or bound its paths and joins."
    seconds: float


@dataclass(kw_only=True)
class OutOfMemory(StratagraphError):
    """The query needed more memory than one query may use."""

    slug: ClassVar[str] = "out-of-memory"
    status: ClassVar[int] = 507
    text: ClassVar[str] = "The query needed more than {megabytes} MiB of memory and was stopped. Select or sort less."
    megabytes: int


@dataclass(kw_only=True)
class AnswerTooLarge(StratagraphError):
    """The answer is larger than one answer may be."""

    slug: ClassVar[str] = "answer-too-large"
    status: ClassVar[int] = 507
    text: ClassVar[str] = "The answer has more than {limit} {unit}. Page through it with ORDER BY, LIMIT and OFFSET."
    limit: int
    unit: str


@dataclass(kw_only=True)
class EvaluationFailed(StratagraphError):
    """The engine could not evaluate the query."""

    slug: ClassVar[str] = "evaluation-failed"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "The query could not be evaluated: {detail}"
    detail: str


@dataclass(kw_only=True)
class WorkerDied(StratagraphError):
    """The process that evaluated the query died of it."""

    slug: ClassVar[str] = "worker-died"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "The query ended its worker process ({cause}). Other queries go on; rewrite this one."
    cause: str


@dataclass(kw_only=True)
class TooBusy(StratagraphError):
    """Every worker is taken and the queue is full."""

    slug: ClassVar[str] = "too-busy"
    status: ClassVar[int] = 503
    text: ClassVar[str] = "No worker is free for this query. Try again in {retry_after} s."
    retry_after: int


@dataclass(kw_only=True)
class QueryTooLong(StratagraphError):
    """The text of the query is too long."""

    slug: ClassVar[str] = "query-too-long"
    status: ClassVar[int] = 413
    text: ClassVar[str] = "The query is longer than {limit} bytes. Split it, or load the data that it carries."
    limit: int


@dataclass(kw_only=True)
class NotYetThere(StratagraphError):
    """The view has not reached the sequence that the request asks for."""

    slug: ClassVar[str] = "sequence-not-reached"
    status: ClassVar[int] = 503
    text: ClassVar[str] = "The triples are at sequence {sequence}, not yet at {wanted}. Try again in {retry_after} s."
    sequence: int
    wanted: int
    retry_after: int
