"""Sources that are exporters, or a Prometheus: what was added since they were read last, and what is kept for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from stratagraph.loaders.folders import FolderEntry, UnreadableFile
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.prometheus.scrape import Taken, transform
from stratagraph.loaders.formats.prometheus.shipped import mappings
from stratagraph.loaders.origins import Loaded, Origins, Unread
from stratagraph.loaders.otlp_traces import SILENCE
from stratagraph.ontology.facts import Batch, Method
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.sources.source import Source
from stratagraph.service.sources.source_register import FENCES

MARKS: Final = "{name}/"
"""What a source's marks begin with, beside the one that says which run of it is the newest."""


def scraped(
    source: Source,
    files: Sequence[FolderEntry],
    *,
    model: OntologyModel,
    base: str,
    heard: datetime,
    marks: Mapping[str, bytes],
) -> Loaded:
    """Return what a source told, and was added since the marks were kept. It never tells all that it knows of.

    Raises:
        MalformedDocument: one of its documents is no scrape, was cut, or its mapping has a mistake.
        UnreadableFile: its mapping can't be read.
    """
    own = [] if source.mapping is None else [_document(source.mapping)]
    prefix = MARKS.format(name=source.name)
    taken = transform(
        [Document(file.shown, file.data) for file in files],
        model=model,
        mappings=mappings(model, own),
        heard=heard,
        marks={name.removeprefix(prefix): value for name, value in marks.items() if name.startswith(prefix)},
        base=base,
    )
    batch = Batch(
        source=source.name,
        run="rehearsal",
        method=Method.OBSERVED,
        scopes=taken.scopes,
        observations=taken.observations,
        silence=SILENCE,
        marks={prefix + name: value for name, value in taken.marks.items()},
        marks_owner=FENCES,
    )
    return Loaded(batch, Origins(), unread=tuple(_unread(source, taken)))


def _document(path: Path) -> Document:
    try:
        return Document(str(path), path.read_bytes())
    except OSError as error:
        raise UnreadableFile(file=str(path), reason=error.strerror or type(error).__name__) from None


def _unread(source: Source, taken: Taken) -> list[Unread]:
    """Return what was read and not understood, series that cannot be right among it."""
    names = sorted(taken.unread.items(), key=lambda each: (-each[1], each[0]))
    return [
        *(Unread(source.place, name, count) for name, count in names),
        *(Unread(source.place, f"{broken.family}: {broken.reason}", 1) for broken in taken.broken),
    ]
