"""The one internal call record that every emitter's spans become."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

SpanKey: TypeAlias = tuple[bytes, bytes]
"""(trace id, span id)."""


class RecordKind(StrEnum):
    """The kind of work that a span stands for."""

    LLM = "llm"
    EMBEDDING = "embedding"
    RETRIEVAL = "retrieval"
    TOOL = "tool"
    AGENT = "agent"
    WORKFLOW = "workflow"
    OTHER = "other"


MODEL_CALLS: Final = frozenset({RecordKind.LLM, RecordKind.EMBEDDING})
"""Kinds that carry usage of their own; every other kind at most repeats its children's."""


class ErrorClass(StrEnum):
    """What kind of failure a call met, whatever its emitter calls it."""

    RATE_LIMIT = "rate-limit"
    TIMEOUT = "timeout"
    CLIENT = "client"
    SERVER = "server"
    CONNECTION = "connection"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Who emitted: the whitelisted, stable part of a resource."""

    # Only what outlives a restart: pods, hosts and instance ids would make an asset of every start.
    name: str = ""
    namespace: str = ""
    environment: str = ""
    version: str = ""
    cluster: str = ""
    region: str = ""
    cloud: str = ""

    @property
    def label(self) -> str:
        """The service's identity in one line, for provenance."""
        return "/".join(part for part in (self.namespace, self.name, self.environment) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which instrumentation said so."""

    scope: str = ""
    version: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one call consumed; None is unknown, never zero.

    ``input`` includes cached tokens, ``output`` includes reasoning tokens. ``cost`` is what the emitter reports, in
    ``currency``.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    currency: str = ""

    @property
    def known(self) -> int:
        """How many of the measures are known."""
        return sum(value is not None for value in (self.input, self.output, self.cached, self.reasoning, self.cost))


NO_USAGE: Final = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One span, normalised. Times are Unix nanoseconds; ``end`` is never before ``start``.

    Empty text is unknown. ``provider`` is who sells the model, ``engine`` what serves it. ``first_token`` is seconds
    after the start. Content is never here.
    """

    trace: bytes
    span: bytes
    parent: bytes = b""
    kind: RecordKind = RecordKind.OTHER
    provider: str = ""
    engine: str = ""
    requested: str = ""
    answered: str = ""
    response: str = ""
    agent: str = ""
    tool: str = ""
    offered: tuple[str, ...] = ()
    data_source: str = ""
    prompt: str = ""
    prompt_version: str = ""
    workflow: str = ""
    handoff: tuple[str, str] = ("", "")
    service: Service = field(default_factory=Service)
    start: int = 0
    end: int = 0
    usage: Usage = NO_USAGE
    failed: bool = False
    error: ErrorClass | None = None
    stream: bool | None = None
    finish: tuple[str, ...] = ()
    first_token: float | None = None
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def key(self) -> SpanKey:
        """What identifies the span."""
        return self.trace, self.span

    @property
    def model(self) -> str:
        """The model that the call counts for: the one that answered, else the one that was asked."""
        # One name asked for is answered by another version from one day to the next.
        return self.answered or self.requested

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return (self.end - self.start) / 1e9
