"""How far a partition has come, as it stands among the ledger's marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

MARK: Final = "kafka"
"""The mark's name. Those of readers begin with their signal, so it is none of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the messages of a partition are in the ledger.

    ``end`` is the offset behind the last message that was taken, ``held`` that of the first one that the reader needed
    then, or one before it. ``turn`` counts the commits, so that no two of them
    leave the same mark: whoever finds another than it left has lost the partition meanwhile. ``heard`` says when a
    message was heard whose own time was ahead of the clock then, or that had none: it must be heard at the same time
    when it is read again.
    """

    end: int = 0
    held: int = 0
    turn: int = 0
    heard: Mapping[int, int] = field(default_factory=dict)

    def written(self) -> bytes:
        """Return it as a mark."""
        told = {"end": self.end, "held": self.held, "turn": self.turn, "heard": list(self.heard.items())}
        return orjson.dumps(told)

    @classmethod
    def read(cls, mark: bytes) -> Progress:
        """Return what a mark says."""
        told = orjson.loads(mark)
        return cls(end=told["end"], held=told["held"], turn=told["turn"], heard=dict(told["heard"]))
