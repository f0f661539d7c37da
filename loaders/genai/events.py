"""Log records that tell of model calls to call records: they say more of a span, and count no second call.

What a record holds of content is counted and taken out of it in place; what is left tells the same when it is read
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.content import content_of, take_out
from stratagraph.loaders.genai.personal_data import PersonalData

_SAMPLED: Final = 1
"""The bit of the flags that says that the span is recorded."""
_ID_BYTES: Final = 8
_FINISH: Final = "gen_ai.response.finish_reasons"
_OFFERED: Final = "gen_ai.tool.definitions"
_OF_FAILURES: Final = ("gen_ai.", "error.", "event.")
_MOST_PARTS: Final = 200
"""Messages, parts and tool calls of one record that are looked at."""


class EventKind(StrEnum):
    """What a log record tells of."""

    MESSAGE = "message"
    """What went to a model or came from it."""
    DETAILS = "details"
    """A whole call."""
    EVALUATION = "evaluation"
    EXCEPTION = "exception"
    """How the work of its span failed, if it did."""
    GUARDRAIL = "guardrail"
    OTHER = "other"
    """Something of generative AI that is not known: it may still say more of its span."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A log record as the span that it would be: where there was one it is the parent.

    ``sampled``: its span was recorded, so that it will arrive if it ever ended.
    """

    kind: EventKind
    name: str
    span: Span
    sampled: bool
    personal: PersonalData | None


def name_of(log: LogRecord) -> str:
    """Return the name of an event, "" for a record that is none."""
    # A field since version 1.5 of the protocol, an attribute before.
    return log.event_name or next((one.value.string_value for one in log.attributes if one.key == "event.name"), "")


def kind_of(log: LogRecord, name: str) -> EventKind | None:
    """Return what a log record tells of; None for an ordinary line of a log."""
    table = load_aliases().events
    for kind, starts in table.items():
        if name.startswith(starts):
            return EventKind(kind)
    keys = {item.key for item in log.attributes}
    if any(key.startswith(("gen_ai.guardrail.", "guardrail.")) for key in keys):
        return EventKind.GUARDRAIL
    if name.startswith("gen_ai."):
        return EventKind.OTHER
    # A record without a span could be of any work.
    return EventKind.EXCEPTION if log.span_id and keys & load_aliases().logged_failures else None


def event_of(log: LogRecord, kind: EventKind, name: str, time: int, sender: bytes) -> Event:
    """Return an event of a log record, whose content is taken out of it; ``sender`` tells senders apart."""
    personal = _emptied(log, kind, name)
    digest = blake2b(sender, digest_size=16)
    digest.update(log.SerializeToString(deterministic=True))
    own = digest.digest()
    span = Span(
        # What has no trace is told by itself, or with whatever has the same response.
        trace_id=log.trace_id if any(log.trace_id) else own,
        span_id=own[:_ID_BYTES],
        parent_span_id=log.span_id,
        name=name,
        attributes=log.attributes,
        start_time_unix_nano=time,
        end_time_unix_nano=time,
    )
    failed = [item for item in log.attributes if item.key.startswith("exception.")]
    if failed:
        if not any(item.key == "error.type" for item in log.attributes):
            span.attributes.append(KeyValue(key="error.type", value=_of(failed, "exception.type")))
        span.events.add(name="exception", time_unix_nano=time, attributes=failed)
    return Event(kind=kind, name=name, span=span, sampled=bool(log.flags & _SAMPLED), personal=personal)


def _of(attributes: Iterable[KeyValue], key: str) -> AnyValue:
    return next((item.value for item in attributes if item.key == key), AnyValue())


def _emptied(log: LogRecord, kind: EventKind, name: str) -> PersonalData | None:
    """Take the content out of a record; what counts of it becomes attributes. Return what it held."""
    if kind is EventKind.EXCEPTION:
        _only_failure(log)
        return None
    _told_inside(log)
    values = content_of(name, log.attributes)
    if kind in {EventKind.MESSAGE, EventKind.DETAILS} and log.body.WhichOneof("value") is not None:
        values.append(log.body)
    found = take_out(values) if values else None
    # What has no value is left out, so that a record is the same one when it is read again.
    if log.body.WhichOneof("value") is None or log.body not in values:
        log.ClearField("body")
    return found


def _only_failure(log: LogRecord) -> None:
    """Leave of a line of a log what tells of a failure: the rest is the program's own."""
    table = load_aliases()
    kept = [
        deepcopy(item)
        for item in log.attributes
        if item.key in table.logged_failures or (item.key.startswith(_OF_FAILURES) and item.key not in table.content)
    ]
    log.ClearField("attributes")
    log.attributes.extend(kept)
    log.ClearField("body")


def _told_inside(log: LogRecord) -> None:
    """Put what bodies and messages tell beside their content into attributes: how answers ended, tools asked for."""
    told = {item.key: item.value for item in log.attributes}
    body = _document(log.body)
    if isinstance(body, dict):
        for key, value in body.items():
            # What the conventions have as attributes, some libraries put into the body.
            if key.startswith("gen_ai.") and key not in told:
                log.attributes.append(_pair(key, value))
    messages = [body, *(_document(told[key]) for key in load_aliases().answers if key in told)]
    finishes, tools = _parts(messages)
    if finishes and _FINISH not in told:
        log.attributes.append(_pair(_FINISH, finishes))
    if tools and _OFFERED not in told:
        log.attributes.append(_pair(_OFFERED, tools))


def _document(value: AnyValue) -> Any:
    """Return a structure, sent as such or as JSON; None for anything else."""
    plain = attribute_values.plain(value)
    return attribute_values.parse_json(plain) if isinstance(plain, str) and plain[:1] in {"{", "["} else plain


def _parts(messages: list[Any]) -> tuple[list[str], list[str]]:
    """Return how the answers in messages ended, and the tools that they ask for."""
    finishes: list[str] = []
    tools: dict[str, None] = {}
    waiting = list(messages)[::-1]
    for _ in range(_MOST_PARTS):
        if not waiting:
            break
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        if not isinstance(part, dict):
            continue
        if isinstance(finish := part.get("finish_reason"), str):
            finishes.append(finish)
        if part.get("type") in {"tool_call", "function"} and (name := _tool(part)):
            tools[name] = None
        waiting += [part[inner] for inner in ("tool_calls", "parts", "message", "messages") if inner in part][::-1]
    return finishes, list(tools)


def _tool(call: dict[str, Any]) -> str:
    """Return the name of the tool that a call asks for."""
    inner = call.get("function")
    return attribute_values.lenient_name(inner.get("name") if isinstance(inner, dict) else call.get("name"))


def _pair(key: str, value: Any) -> KeyValue:
    """Return an attribute of scalars, lists of texts or structures of them."""
    pair = KeyValue(key=key)
    _fill(pair.value, value)
    return pair


def _fill(into: AnyValue, value: Any) -> None:
    match value:
        case bool():
            into.bool_value = value
        case int() if abs(value) < 1 << 63:
            into.int_value = value
        case int() | float():
            into.double_value = float(value)
        case str():
            into.string_value = value
        case list():
            into.array_value.SetInParent()
            for item in value:
                _fill(into.array_value.values.add(), item)
        case dict():
            into.kvlist_value.SetInParent()
            for key, item in value.items():
                _fill(into.kvlist_value.values.add(key=str(key)).value, item)
        case _:
            pass
