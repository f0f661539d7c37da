"""Whether the work of a span failed, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.record import MODEL_CALLS, ErrorClass, RecordKind
from stratagraph.loaders.genai.said import Said

_TELLING: Final = ("exception.type", "exception.message")
_NO_ERROR: Final = frozenset({"", "none", "null", "nil", "undefined", "false", "0", "ok"})


class Failure(NamedTuple):
    """How work failed; the kind is None where nothing is told of it. What messages say is not kept."""

    kind: ErrorClass | None
    blocks: bool
    """It is how a guardrail stops something."""
    unproven: bool
    """It does not show that the tool that was called exists."""


def failure_of(span: Span, said: Said, *, marked: bool) -> Failure | None:
    """Return the failure that a span tells of, None where it did not fail."""
    # One of them is enough, for emitters set one or the other.
    if not (marked or span.status.code == Status.STATUS_CODE_ERROR or _told(said) or _refused(said)):
        return None
    meanings = said.tables.meanings
    types = [name for name in (said.text("error"), *_of_exceptions(span, _TELLING[0])) if name]
    codes = [attribute_values.word(value) for _, value in said.values("status")]
    texts = [span.status.message, said.text("message"), *_of_exceptions(span, _TELLING[1])]
    # What follows is where in the program it happened.
    messages = [message for text in texts if (message := text.partition("Traceback")[0].strip())]
    return Failure(
        kind=meanings.error_class(types=types, codes=codes, texts=messages),
        blocks=said.kind is RecordKind.GUARDRAIL and meanings.blocks(types),
        unproven=said.kind is RecordKind.TOOL and meanings.unproven_tool(types, messages),
    )


def _told(said: Said) -> bool:
    """Tell whether the span names a type of error, be it one that says nothing of the kind."""
    return any(attribute_values.word(value) not in _NO_ERROR for _, value in said.values("error"))


def _refused(said: Said) -> bool:
    """Tell whether a call was answered with a status of failure, which is all that some emitters tell."""
    if said.kind not in MODEL_CALLS or "status" not in said.plan.places:
        return False
    return any(attribute_values.word(value)[:1] in {"4", "5"} for _, value in said.values("status"))


def exceptions_of(span: Span) -> tuple[tuple[str, str], ...]:
    """Return what the exceptions say that the span recorded: all that a failure is read from."""
    return tuple(
        (item.key, item.value.string_value)
        for event in span.events
        if event.name == "exception"
        for item in event.attributes
        if item.key in _TELLING
    )


def _of_exceptions(span: Span, key: str) -> Iterator[str]:
    """Yield an attribute of the exceptions that the span recorded."""
    for event in span.events:
        if event.name == "exception":
            yield from (item.value.string_value for item in event.attributes if item.key == key)
