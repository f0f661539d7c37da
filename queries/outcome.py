"""Outcomes: what a rule may say of a target."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What a rule says of a target, worst first."""

    FAIL = "fail"
    UNKNOWN = "unknown"
    WAIVED = "waived"
    PASS = "pass"  # noqa: S105 - an outcome, no password
    NOT_APPLICABLE = "not_applicable"


WORST_FIRST: Final = tuple(Outcome)
"""Outcomes, from the one that needs attention first to the one that needs none."""
