"""How much the random tests did, told at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COUNTED = "counted"
"""The property by which a test records what it counted; it travels with the test's report."""


def counted(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield what tests counted, each with its name."""
    for reports in stats.values():
        # The report of the teardown comes last, and has all that was recorded.
        for report in (each for each in reports if getattr(each, "when", "") == "teardown"):
            yield from (f"{report.nodeid}: {text}" for name, text in report.user_properties if name == COUNTED)
