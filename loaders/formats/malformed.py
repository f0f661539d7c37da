"""What is wrong with a document of somebody else's format."""

from __future__ import annotations

from stratagraph.loaders.file_faults import MalformedFile


class MalformedDocument(MalformedFile, slug="malformed-document", status=400):
    """A document that can't be read as its format: its first fault, and all of them in ``faults``."""

    text = "{file}:{line}: {reason}"
