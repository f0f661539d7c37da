"""What is wrong with an inventory: every mistake of a file at once, each with its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import yaml

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


class MalformedInventory(StratagraphError, slug="malformed-inventory", status=400):
    """A YAML inventory that cannot be read as one: its first fault, and all of them in ``faults``."""

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
    def of(cls, faults: tuple[Fault, ...]) -> MalformedInventory:
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


class Faults:
    """Notes the faults of one file while the reading goes on."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []

    def fault(self, node: yaml.Node | yaml.Event, reason: str) -> MalformedInventory:
        """Return the error about a node, to be raised."""
        return MalformedInventory(file=self.file, line=line_of(node), reason=reason)

    def noting(self) -> Faults:
        """Note what is wrong with the part read in a ``with`` block, and let its neighbours be read all the same."""
        return self

    def __enter__(self) -> None:
        """Begin a part."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        """End a part; its fault is noted and goes no further."""
        if isinstance(error, MalformedInventory):
            self.found += error.faults
            return True
        return False

    def refuse(self) -> None:
        """Raise what was noted; nothing where nothing was.

        Raises:
            MalformedInventory: with every fault.
        """
        if self.found:
            raise MalformedInventory.of(tuple(self.found))


def line_of(node: yaml.Node | yaml.Event) -> int:
    """Return the line on which a node begins, counted from 1; 0 where it is not known."""
    return int(node.start_mark.line) + 1 if node.start_mark else 0


def quote(text: str) -> str:
    """Return a text of the user's as a message repeats it."""
    return f"'{in_short(text, LONGEST_QUOTE)}'"
