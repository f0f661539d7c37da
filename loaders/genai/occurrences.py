"""What happened, attributed: calls, runs, uses of tools, searches, guardrails at work, hand-overs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from stratagraph.loaders.genai.forest import AgentRef
from stratagraph.loaders.genai.record import NO_SERVICE, CallRecord, ErrorClass, Service, Verdict, Word


class What(Word):
    """The sorts of things that happen."""

    MODEL_CALL = "model-call"
    PASSED_CALL = "passed-call"
    """The same call as a service made it that called through another one: a gateway's ``owner``."""
    RUN = "run"
    """An agent at work."""
    OWN_USAGE = "own-usage"
    """What an agent says that its models consumed, whose calls are not told."""
    TOOL_USE = "tool-use"
    SEARCH = "search"
    WORKFLOW = "workflow"
    GUARDRAIL = "guardrail"
    HANDOVER = "handover"
    CONTENT = "content"
    """What people or models wrote, on a span around which no call is told that carries it."""
    OFFER = "offer"
    """Tools that were on offer, or a managed prompt that was taken."""


class Occurrence(NamedTuple):
    """One thing that happened, with everything that is stated and measured of it.

    Two of equal value are one: what a set of spans tells is a set of these, and what changes when more spans arrive is
    the difference. ``agent`` is whose work it is, ``other`` the agent that called it or that it is handed to,
    ``owner`` the service whose tool it is, or that the call went through. ``seconds`` is None where the time is
    not known.
    """

    what: What
    record: CallRecord
    agent: AgentRef | None = None
    other: AgentRef | None = None
    owner: Service = NO_SERVICE
    server: str = ""
    seconds: float | None = None
    failed: bool = False
    error: ErrorClass | None = None
    verdict: Verdict | None = None
    weight: float = 1.0

    @property
    def likeness(self) -> Hashable:
        """What decides everything that is stated of it: others that have it too differ in their figures only."""
        # What an agent says that it consumed is told by whether it says so.
        told = self.what is What.OWN_USAGE and self.record.usage.known > 0
        return self.what, self.record.lasting, self[2:6], self.failed, self.error, self.verdict, told
