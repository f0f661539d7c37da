"""What a validation has to say besides its results: what in the shapes had no effect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    """Why something had no effect."""

    UNKNOWN_TERM = "unknown-term"
    LONE_PARAMETER = "lone-parameter"
    EMPTY_PROPERTY_SHAPE = "empty-property-shape"
    EMPTY_SHAPE = "empty-shape"
    NO_FOCUS_NODE = "no-focus-node"
    NO_TARGET = "no-target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that had no effect on a validation; ``shape`` is empty where the shapes graph as a whole is meant."""

    kind: NoticeKind
    shape: str
    message: str

    def as_json(self) -> dict[str, str]:
        """Return the notice as a JSON object."""
        return {"kind": self.kind.value, "shape": self.shape, "message": self.message}
