"""What a format is: how a document of it is known, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind


class Format(Protocol):
    """A format that others keep their inventories in; the ends of its names stand in ``loaders/kinds.py``."""

    kind: Kind

    def recognises(self, document: Document) -> bool:
        """Tell by its content, for certain, whether a document is of this format; no two formats claim one.

        What is no document of any kind is none of this one: nothing is raised.
        """

    def read(self, document: Document, description: Description) -> None:
        """Describe what the document states.

        Raises:
            MalformedDocument: it is not what it should be.
        """


@runtime_checkable
class Including(Protocol):
    """A format whose documents may take in others."""

    def includes(self, document: Document) -> list[str]:
        """Return the files that a document includes, as it names them; nothing where it is of another format."""


@runtime_checkable
class JointFormat(Protocol):
    """A format whose documents of one load are read together, for one says what another one means."""

    def read_together(self, documents: Sequence[tuple[Document, Description]]) -> None:
        """Describe what the documents state, each fact with the document that says so.

        Raises:
            MalformedDocument: one of them is not what it should be.
        """
