"""What is wrong with an inventory: its faults, noted while the reading goes on."""

from __future__ import annotations

import yaml

from stratagraph.loaders.file_faults import Fault, MalformedFile, quote

__all__ = ["Fault", "Faults", "MalformedInventory", "line_of", "quote"]


class MalformedInventory(MalformedFile, slug="malformed-inventory", status=400):
    """A YAML inventory that cannot be read as one: its first fault, and all of them in ``faults``."""

    text = "{file}:{line}: {reason}"


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
