"""Evaluations that the conventions tell of in events, on spans or in logs: each is a guardrail at work."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.record import CallRecord, RecordKind, Verdict

_ID_BYTES: Final = 8


def evaluation(record: CallRecord, attributes: Iterable[KeyValue], time: int) -> CallRecord | None:
    """Return the run of an evaluator that an event tells of, which belongs to a record; None where it has no name."""
    told = load_aliases().evaluations
    values = {item.key: attribute_values.plain(item.value) for item in attributes}
    name = attribute_values.lenient_name(values.get(told.name))
    if not name or load_meanings().made_up(name):
        return None
    label = attribute_values.word(values.get(told.label))
    return CallRecord(
        trace=record.trace,
        span=record.span + _identity(name, label, values),
        parent=record.span,
        kind=RecordKind.GUARDRAIL,
        guardrail=name,
        verdict=_verdict(label, told.found, told.passed),
        service=record.service,
        start=time or record.end,
        end=time or record.end,
        weight=record.weight,
        provenance=record.provenance,
    )


def _identity(name: str, label: str, values: dict[str, Any]) -> bytes:
    """Return what tells an evaluation from the others of its span; the span and a log may both tell of one."""
    parts = (name, label, *(str(values.get(key, "")) for key in load_aliases().evaluations.apart))
    return blake2b("\0".join(parts).encode(errors="replace"), digest_size=_ID_BYTES).digest()


def _verdict(label: str, found: frozenset[str], passed: frozenset[str]) -> Verdict:
    """Return what an evaluation says: it looks on, and stops nothing."""
    if label in found:
        return Verdict.FLAGGED
    return Verdict.ALLOWED if label in passed else Verdict.UNDECIDED
