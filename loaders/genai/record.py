"""The one internal call record that every emitter's spans become."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.genai.personal_data import PersonalData

SpanKey: TypeAlias = tuple[bytes, bytes]
"""(trace id, span id)."""


class Word(StrEnum):
    """A word of ours, hashed as the text that it is: enumerations hash in Python, and there are some for each span."""

    __hash__ = str.__hash__


class RecordKind(Word):
    """The kind of work that a span stands for."""

    LLM = "llm"
    EMBEDDING = "embedding"
    RETRIEVAL = "retrieval"
    TOOL = "tool"
    AGENT = "agent"
    WORKFLOW = "workflow"
    GUARDRAIL = "guardrail"
    PROMPT = "prompt"
    OTHER = "other"


MODEL_CALLS: Final = frozenset({RecordKind.LLM, RecordKind.EMBEDDING})
"""Kinds that carry usage of their own; every other kind at most repeats its children's."""


class ErrorClass(Word):
    """What kind of failure a call met, whatever its emitter calls it."""

    RATE_LIMIT = "rate-limit"
    TIMEOUT = "timeout"
    CLIENT = "client"
    SERVER = "server"
    CONNECTION = "connection"
    OTHER = "other"


class Verdict(Word):
    """What a guardrail decided."""

    ALLOWED = "allowed"
    FLAGGED = "flagged"
    """It found what it looks for, and let it through."""
    BLOCKED = "blocked"
    UNDECIDED = "undecided"


class Finish(Word):
    """How an answer ended, where it is not as it should be."""

    TRUNCATED = "truncated"
    FILTERED = "filtered"
    FAILED = "failed"
    COMPLETE = "complete"


class Service(NamedTuple):
    """Who emitted: the whitelisted, stable part of a resource. A tuple, for it is compared and hashed for each span."""

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

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it the same service after a new release, elsewhere."""
        return self.namespace, self.name, self.environment


class Provenance(NamedTuple):
    """Which instrumentation said so."""

    scope: str = ""
    version: str = ""
    schema: str = ""


class Usage(NamedTuple):
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
        return sum(value is not None for value in self[:5])

    def filled(self, other: Usage) -> Usage:
        """Return the usage with its unknowns taken from another account of the same call."""
        if self.known == len(self) - 1:
            return self
        if self.input is None and self.output is None:
            # Cached tokens are counted within the input or beside it by emitter: parts of two accounts do not mix.
            return Usage(*other[:4], *_cost(self, other))
        return Usage(
            input=other.input if self.input is None else self.input,
            output=other.output if self.output is None else self.output,
            cached=other.cached if self.cached is None else self.cached,
            reasoning=other.reasoning if self.reasoning is None else self.reasoning,
            cost=_cost(self, other)[0],
            currency=_cost(self, other)[1],
        )


def _cost(first: Usage, second: Usage) -> tuple[float | None, str]:
    """Return the first cost that is known, with its currency."""
    told = first if first.cost is not None else second
    return told.cost, told.currency


NO_USAGE: Final = Usage()
NO_SERVICE: Final = Service()
NO_PROVENANCE: Final = Provenance()


class CallRecord(NamedTuple):
    """One span, normalised. Times are Unix nanoseconds; ``end`` is never before ``start``.

    Empty text is unknown. ``provider`` is who sells the model, ``engine`` what serves it, ``route`` what stood before
    the model's name. ``used`` is a model's name of which it is not said whether it was asked for or answered.
    ``first_token`` is seconds after the start. ``weight`` is how many spans this one stands for. ``hidden``: its
    emitter never shows failures of such work. Content is never here. A tuple, for there is one per span; what differs
    from one call of a place in a program to the next comes first.
    """

    trace: bytes
    span: bytes
    parent: bytes = b""
    start: int = 0
    end: int = 0
    usage: Usage = NO_USAGE
    response: str = ""
    first_token: float | None = None
    weight: float = 1.0
    awaited: bool = False
    """Another span may tell the end of this one."""
    personal: PersonalData | None = None
    """Likely personal data in the content that came with it; None where no content came."""
    service: Service = NO_SERVICE
    provenance: Provenance = NO_PROVENANCE
    kind: RecordKind = RecordKind.OTHER
    provider: str = ""
    engine: str = ""
    requested: str = ""
    answered: str = ""
    used: str = ""
    route: str = ""
    agent: str = ""
    node: str = ""
    parent_node: str = ""
    tool: str = ""
    delegate: str | None = None
    """The agent that a tool hands over to, "" where its name is not told; None for a tool that is one."""
    serves: bool = False
    """The span is on the side that answers, not on the one that asks."""
    server: str = ""
    offered: tuple[str, ...] = ()
    data_source: str = ""
    prompt: str = ""
    prompt_version: str = ""
    workflow: str = ""
    guardrail: str = ""
    verdict: Verdict | None = None
    handoff: tuple[str, str] = ("", "")
    failed: bool = False
    error: ErrorClass | None = None
    unproven: bool = False
    """A failed tool call that does not show that there is such a tool."""
    hidden: bool = False
    stream: bool | None = None
    finish: Finish | None = None
    wrote: bool = False
    later: bool = False
    """The span tells the end of an earlier one of the same call, and begins where that one ended."""
    twin: str = ""
    event: bool = False
    """A log record: what it says belongs to the span that is its parent, and it has no duration."""

    @property
    def key(self) -> SpanKey:
        """What identifies the span."""
        return self[:2]

    @property
    def lasting(self) -> tuple[object, ...]:
        """What the spans of one place in a program have in common, and who told it."""
        return self[_VOLATILE:]

    def carrying(self, personal: PersonalData) -> CallRecord:
        """Return the record with what its content holds."""
        return CallRecord._make((*self[:_PERSONAL], personal, *self[_PERSONAL + 1 :]))

    @property
    def model(self) -> str:
        """The model that the call counts for: the one that answered, else the one that was asked."""
        # One name asked for is answered by another version from one day to the next.
        return self.answered or self.used or self.requested

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return (self.end - self.start) / 1e9


_VOLATILE: Final = CallRecord._fields.index("service")
_PERSONAL: Final = CallRecord._fields.index("personal")
TOLD_BY: Final = CallRecord._fields.index("kind")
"""The place of the first field that neither differs from call to call nor says who told it."""
