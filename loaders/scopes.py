"""What a file is called in its source, so that the same file is known again wherever it lies next time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from stratagraph.loaders.folders import FolderEntry, FolderReading
from stratagraph.loaders.kinds import Kind, UnknownContent, is_read
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Scope

ENUMERATED: Final = "/"
"""How the scope ends that says that a folder was read under a name: it states nothing itself."""


class SameScope(StratagraphError, slug="same-scope", status=400):
    """Two files that would be one and the same part of the source."""

    text = (
        "{first} and {second} would both be '{scope}' of this source, and each would close what the other says. "
        "Load the folder above both, or load each by a command of its own with another --scope or --source."
    )

    first: str
    second: str
    scope: str


class BadScope(StratagraphError, slug="bad-scope", status=400):
    """A name that no scope can have."""

    text = "--scope '{name}' can't be used: {reason}. Give a plain name, for example --scope estate."

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file as a part of its source; ``shown`` is what messages call it, ``kind`` what it is, where that is known."""

    scope: str
    data: bytes = field(repr=False)
    shown: str = ""
    kind: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopePlan:
    """What a load is of: its files, and the scopes that it closes because their files are gone.

    ``replaced`` are scopes that an earlier version named after the file's place on the machine; ``enumerated`` are
    the names under which whole folders were read.
    """

    files: tuple[SourceFile, ...]
    gone: tuple[str, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    enumerated: tuple[str, ...] = ()

    @property
    def is_as_before(self) -> bool:
        """Whether the files are all that the load is of: none is gone or has another name."""
        return not self.gone and not self.replaced

    def names(self) -> tuple[str, ...]:
        """Return the scopes that a complete batch of the files speaks of."""
        return (*(file.scope for file in self.files), *self.enumerated)

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(len(file.data) for file in self.files)

    def digest(self, *circumstances: str) -> str:
        """Return a digest of the files with all that decides what is made of them: the same again say the same."""
        state = hashlib.sha256(json.dumps([*circumstances, *sorted(self.names())]).encode())
        for file in sorted(self.files, key=lambda file: file.scope):
            named = json.dumps([file.scope, file.shown, file.kind or ""]).encode()
            state.update(named + hashlib.sha256(file.data).digest())
        return state.hexdigest()

    def closing(self, batch: Batch) -> Batch:
        """Return a complete batch of the files with the scopes that it closes, and those of folders read whole."""
        names = (*self.gone, *self.replaced.values(), *self.enumerated)
        return replace(batch, scopes=(*batch.scopes, *(Scope(name=name, complete=True) for name in names)))


def plan(
    reading: FolderReading, known: Mapping[str, int], *, scope: str | None = None, kind: Kind | None = None
) -> ScopePlan:
    """Name the files, and find what the source still says of files that are no longer there.

    ``known`` are the scopes of the source with the number of their open claims. A folder's files are named by their
    paths below it, under ``scope`` where one is given. A file given alone has the longest known name that its path
    ends with, else its own name, or is ``scope`` itself.

    Raises:
        SameScope: two files would have one name.
        UnknownContent: a file of which the source says something is of no known kind any more.
        BadScope: ``scope`` can't name anything.
    """
    prefix = _checked(scope)
    files: dict[str, FolderEntry] = {}
    for entry in reading.files:
        name = _name(entry, known, prefix=prefix, only=len(reading.files) == 1 and not reading.folders)
        if name in files:
            raise SameScope(first=files[name].shown, second=entry.shown, scope=name)
        files[name] = entry
    enumerated = (f"{prefix}{ENUMERATED}",) if prefix and reading.folders else ()
    for entry in reading.unknown:
        # Somebody once said something there: a slip of the pen must not take all of it back without a word.
        if known.get(_name(entry, known, prefix=prefix, only=False)):
            raise UnknownContent(file=entry.shown)
    # Without open claims a scope has nothing left to close.
    open_ = {name for name, claims in known.items() if claims and name not in files}
    replaced = {name: entry.real for name, entry in files.items() if entry.real in open_}
    gone = set(_moved_away(reading, open_ - set(replaced.values()), kind))
    if reading.folders:
        gone.update(_below(prefix, open_, others=_others(known, prefix, files), kind=kind))
    return ScopePlan(
        files=tuple(
            SourceFile(scope=name, data=entry.data, shown=entry.shown, kind=entry.kind) for name, entry in files.items()
        ),
        gone=tuple(sorted(gone)),
        replaced=replaced,
        enumerated=enumerated,
    )


def _checked(scope: str | None) -> str:
    if scope is None:
        return ""
    name = scope.strip().strip("/")
    if not name or "//" in name:
        raise BadScope(name=scope, reason="it is empty or has an empty part")
    return name


def _name(entry: FolderEntry, known: Collection[str], *, prefix: str, only: bool) -> str:
    if prefix:
        return prefix if only else f"{prefix}/{entry.inside}"
    if not entry.alone or not entry.real:
        return entry.inside
    # The longer name tells more about where the file lies: 'team/agents.yaml' rather than 'agents.yaml'.
    return max((name for name in known if _ends_with(entry.real, name)), key=len, default=entry.inside)


def _ends_with(path: str, name: str) -> bool:
    """Whether a path ends with a scope's name; an absolute name is no such end, for it names one place only."""
    return not name.startswith("/") and path.endswith(f"/{name}")


def _others(known: Iterable[str], prefix: str, files: Collection[str]) -> tuple[str, ...]:
    """Return the names that other folders were read under, each ending in a slash; none that holds our own files."""
    names = (name for name in known if name.endswith(ENUMERATED) and name != f"{prefix}{ENUMERATED}")
    return tuple(name for name in names if not any(file.startswith(name) for file in files))


def _below(prefix: str, open_: Iterable[str], *, others: tuple[str, ...], kind: Kind | None) -> Iterable[str]:
    """Yield the scopes that are files of this folder by their names; what was sent under other names stays."""
    start = f"{prefix}/" if prefix else ""
    inner = tuple(name for name in others if name.startswith(start))
    for name in open_:
        # Absolute names are older than the names below a folder (_moved_away closes
        # them). A load of inventories alone does not speak for the RDF files beside them.
        if name.startswith(start) and not name.startswith(("/", *inner)) and is_read(name, kind):
            yield name


def _moved_away(reading: FolderReading, open_: Iterable[str], kind: Kind | None) -> Iterable[str]:
    """Yield the scopes that an earlier version named after places below the folders given."""
    starts = tuple(f"{folder.rstrip('/')}/" for folder in reading.folders)  # of the root folder only the slash is left
    return (name for name in open_ if starts and name.startswith(starts) and is_read(name, kind))
