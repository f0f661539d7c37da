"""What is wrong with a file: every mistake at once, each with its line, written the way compilers do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from stratagraph.ontology.errors import MOST_FINDINGS, StratagraphError, in_short, unlisted
from stratagraph.ontology.sentences import counted, say

LONGEST_QUOTE: Final = 80
"""Characters of the user's own text that a message repeats."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake, on a line counted from 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """Write the fault the way compilers do."""
        return f"{self.file}:{self.line}: {self.reason}"


class MalformedFile(StratagraphError, slug="malformed-file", status=400):
    """A file that can't be read as what it is: its first fault, and all of them in ``faults``."""

    text = "{file}:{line}: {reason}"

    file: str
    line: int
    reason: str
    faults: tuple[Fault, ...] = field(default=())

    def __post_init__(self) -> None:
        """One fault is a list of one."""
        self.faults = self.faults or (Fault(self.file, self.line, self.reason),)
        super().__post_init__()

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> Self:
        """Make the error of the faults of a file, in the order of its lines."""
        ordered = tuple(sorted(dict.fromkeys(faults), key=lambda fault: fault.line))
        first = ordered[0]
        return cls(file=first.file, line=first.line, reason=first.reason, faults=ordered)

    def __str__(self) -> str:
        """Tell every fault on a line of its own."""
        lines = [str(fault) for fault in self.faults[:MOST_FINDINGS]]
        if (hidden := len(self.faults) - MOST_FINDINGS) > 0:
            lines.append(f"... and {counted(hidden, 'more fault')} in {self.file}.")
        return "\n".join(lines)

    def said(self, language: str) -> str:
        """Return the text in a language, line by line: as one sentence, many faults would be one within the other."""
        return "\n".join(say(line, language) for line in str(self).split("\n"))

    def details(self) -> dict[str, object]:
        """Return the first faults as plain data, and how many there are where these are not all."""
        listed = [{"file": it.file, "line": it.line, "reason": it.reason} for it in self.faults[:MOST_FINDINGS]]
        return {"faults": listed, **unlisted(len(self.faults))}


def quote(text: str) -> str:
    """Return a text of the user's as a message repeats it."""
    return f"'{in_short(text, LONGEST_QUOTE)}'"
