"""Personal data in what people wrote, models answered, and tools took and gave: counted in passing, never kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.personal_data import NOTHING_PERSONAL, PersonalData, personal_data
from stratagraph.loaders.genai.record import CallRecord

MOST_TEXTS: Final = 500
"""Texts of one span or log record that are looked at."""
_MOST_VALUES: Final = 5_000
_SHORTEST: Final = 6
"""Characters: no find is shorter."""


def with_personal_data(
    record: CallRecord, span: Span, attributes: Sequence[KeyValue], places: Sequence[int]
) -> CallRecord:
    """Return a span's record with the count of what its content holds: attributes at these places, and events."""
    values = [attributes[place].value for place in places]
    for event in span.events:
        values += content_of(event.name, event.attributes)
    return record.carrying(personal_in(values)) if values else record


def personal_in(values: Iterable[AnyValue]) -> PersonalData:
    """Return what values hold; of very many only the first are looked at."""
    found = NOTHING_PERSONAL
    for text in islice(_texts(values), MOST_TEXTS):
        told = personal_data(text)
        if told is not NOTHING_PERSONAL:
            found = found.joined(told)
    return found


def content_of(event: str, attributes: Iterable[KeyValue]) -> list[AnyValue]:
    """Return the content of an event: everything where its name says that it is a message."""
    table = load_aliases()
    if event.startswith(table.content_events):
        return [item.value for item in attributes]
    return [item.value for item in attributes if item.key in table.content and item.key not in table.described]


def _texts(values: Iterable[AnyValue]) -> Iterator[str]:
    """Yield the texts inside values, however deep; long lists of numbers are vectors."""
    waiting = list(values)[::-1]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if text := value.string_value:
            if len(text) >= _SHORTEST:
                yield text
            continue
        kind = value.WhichOneof("value")
        if kind == "kvlist_value":
            waiting += [item.value for item in reversed(value.kvlist_value.values)]
        elif kind == "array_value" and not _is_vector(value.array_value.values):
            waiting += reversed(value.array_value.values)


def _is_vector(values: Sequence[AnyValue]) -> bool:
    return bool(values) and values[0].WhichOneof("value") in {"double_value", "int_value"}
