"""What a reading of a source brought."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from stratagraph.loaders.folders import FolderEntry, FolderReading
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import SUFFIXES, suffix_of
from stratagraph.loaders.recognition import content_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """By what a server tells whether a document has changed since it was read."""

    etag: str | None = None
    modified: str | None = None


_NOTHING: Final = FolderReading(files=(), folders=(), skipped=())
_UNKNOWN: Final = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """All that a source holds; ``unchanged`` where its server says that it holds what it held."""

    reading: FolderReading = _NOTHING
    known: Known = _UNKNOWN
    unchanged: bool = False

    def digest(self) -> str:
        """Return a hash of all that was read."""
        state = hashlib.sha256()
        for file in sorted(self.reading.files, key=lambda file: (file.inside, file.shown)):
            state.update(f"{file.inside}\0{file.shown}\0".encode() + hashlib.sha256(file.data).digest())
        return state.hexdigest()


def one_document(place: str, inside: str, data: bytes, *, known: Known = _UNKNOWN) -> Fetched:
    """Return what was read as one document."""
    # Its name may tell nothing, as that of an address or a program does not.
    kind = None if suffix_of(place) in SUFFIXES else content_of(Document(place, data))
    entry = FolderEntry(shown=place, inside=inside, real="", data=data, alone=True, kind=kind)
    return Fetched(reading=FolderReading(files=(entry,), folders=(), skipped=()), known=known)
