"""Paths as a person gives them: files, folders with all that is below them, and standard input."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.registry import inclusions
from stratagraph.loaders.kinds import (
    JSON_SUFFIX,
    SHARED_SUFFIXES,
    YAML_SUFFIXES,
    Kind,
    UnknownContent,
    is_read,
    suffix_of,
)
from stratagraph.loaders.recognition import content_of, kind_of
from stratagraph.ontology.errors import StratagraphError

STANDARD_INPUT: Final = "-"
STREAM: Final = "stdin"
"""The scope of what comes through a pipe, which has no name that stays."""


_UNKNOWN: Final = "of no known kind"


class UnreadableFile(StratagraphError, slug="unreadable-file", status=400):
    """A path that cannot be read."""

    text = "{file} cannot be read: {reason}. Check the path and its permissions."

    file: str
    reason: str


class BrokenLink(StratagraphError, slug="broken-link", status=400):
    """A link that leads nowhere: to leave it out would close what its file once said."""

    text = "{link} is a link to {target}, which is not there. Mend the link, or remove it."

    link: str
    target: str


class KindNeeded(StratagraphError, slug="kind-needed", status=400):
    """Standard input, which has no name that tells its kind, and a content that does not either."""

    text = "What is on standard input? Say it with --kind: {kinds}."

    kinds: str = ", ".join(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderEntry:
    """One file that was found.

    ``inside`` is its path below the folder given, or its own name where the file itself was (``alone``); ``real``
    its path on this machine, without links; ``kind`` what it is, as far as that was looked up.
    """

    shown: str
    inside: str
    real: str
    data: bytes = field(repr=False)
    alone: bool = False
    kind: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderReading:
    """What the paths hold: the files, the real paths of the folders given, and what was left out, and why.

    ``unknown`` are the files that were left out because their content is of no known kind.
    """

    files: tuple[FolderEntry, ...]
    folders: tuple[str, ...]
    skipped: tuple[str, ...]
    unknown: tuple[FolderEntry, ...] = ()


def read_paths(paths: Sequence[Path], *, kind: Kind | None = None) -> FolderReading:
    """Read the files that the paths name; a folder stands for every file of a known kind below it.

    Folders come first, so that a file that is reached twice has its name from there. Nothing is read twice.

    Raises:
        UnreadableFile, BrokenLink: something that is meant can't be read.
        KindNeeded: standard input without a kind.
    """
    walk = _Walk(kind)
    folders: dict[str, Path] = {}
    alone: list[Path] = []
    for path in paths:
        with _readable(path):
            if path.is_dir():
                folders.setdefault(os.path.realpath(path), path)
            else:
                alone.append(path)
    for real in sorted(folders, key=len):  # of a folder and one inside it the outer gives the names
        walk.folder(folders[real])
    for path in alone:
        walk.given(path)
    return FolderReading(
        files=tuple(walk.found.values()),
        folders=tuple(folders),
        skipped=tuple(walk.skipped),
        unknown=tuple(walk.unknown),
    )


class _Walk:
    """Collects files by their real path, each once."""

    def __init__(self, kind: Kind | None) -> None:
        self._kind = kind
        self._visited: set[str] = set()
        self.found: dict[str, FolderEntry] = {}
        self.skipped: list[str] = []
        self.unknown: list[FolderEntry] = []

    def given(self, path: Path) -> None:
        """Take in a file that was named itself."""
        if str(path) == STANDARD_INPUT:
            if STANDARD_INPUT not in self.found:
                self.found[STANDARD_INPUT] = self._stream()
            return
        real = os.path.realpath(path)
        if real in self.found:
            return
        with _readable(path):
            mode = path.stat().st_mode
            # A pipe of the shell has another name each time.
            inside = _name(path) if stat.S_ISREG(mode) else STREAM
            self.found[real] = FolderEntry(
                shown=_shown(path), inside=inside, real=real, data=path.read_bytes(), alone=True
            )
        self._include(self.found[real])

    def _include(self, entry: FolderEntry) -> None:
        """Take in the files that a file includes; of one that is not there its reader tells."""
        for name in inclusions(Document(entry.shown, entry.data)) if suffix_of(entry.inside) in YAML_SUFFIXES else []:
            path = Path(os.path.normpath(Path(entry.shown).parent / name))
            real = os.path.realpath(Path(entry.real).parent / name)
            if real in self.found or not Path(real).is_file():
                continue
            inside = os.path.normpath(Path(entry.inside).parent / name)
            while inside.startswith("../"):
                inside = inside.removeprefix("../")
            with _readable(path):
                data = Path(real).read_bytes()
            self.found[real] = replace(entry, shown=_shown(path), inside=_name(path, inside), real=real, data=data)
            self._include(self.found[real])

    def _stream(self) -> FolderEntry:
        """Return what comes through standard input."""
        data = sys.stdin.buffer.read()
        kind = self._kind or content_of(Document(STREAM, data))
        if kind is None:
            raise KindNeeded
        return FolderEntry(shown=STREAM, inside=STREAM, real="", data=data, kind=kind)

    def folder(self, folder: Path) -> None:
        """Take in what is below a folder."""
        # What an outer folder gave a name keeps it.
        before = frozenset(self.found)
        for file, inside in self._below(folder, ""):
            real = os.path.realpath(file)
            if real in before:
                continue
            known = self.found.get(real)
            if known is not None and file.is_symlink():
                # Of a file and a link to it the file gives the name, wherever they stand.
                self._skip(file, f"the same file as {known.inside}")
                continue
            with _readable(file):
                entry = FolderEntry(shown=_shown(file), inside=inside, real=real, data=file.read_bytes())
            if known is not None:
                self._skip(Path(known.shown), f"the same file as {inside}")
            if ours := self._ours(entry):
                self.found[real] = ours
        for real in self.found.keys() - before:
            self._include(self.found[real])

    def _below(self, folder: Path, inside: str) -> Iterator[tuple[Path, str]]:
        real = os.path.realpath(folder)
        if real in self._visited:
            self._skip(folder, "read already")
            return
        self._visited.add(real)
        with _readable(folder):
            # Links last: of a folder and a link to it the folder gives the names.
            entries = sorted(folder.iterdir(), key=lambda path: (path.is_symlink(), path.name))
        for path in entries:
            with _readable(path):
                is_folder, is_file = path.is_dir(), path.is_file()
            if path.name.startswith("."):
                self._skip(path, "hidden")
            elif is_folder:
                yield from self._below(path, f"{inside}{path.name}/")
            elif path.is_symlink() and not is_file and not path.exists():
                raise BrokenLink(link=_shown(path), target=_shown(path.readlink()))
            elif not is_file:
                self._skip(path, "no ordinary file")
            elif is_read(path.name, self._kind):
                yield path, _name(path, inside + path.name)
            else:
                self._skip(path, self._other_kind(path.name))

    def _skip(self, path: Path, why: str) -> None:
        self.skipped.append(f"{_shown(path)} ({why})")

    def _other_kind(self, name: str) -> str:
        return f"not {self._kind}" if self._kind and is_read(name, None) else _UNKNOWN

    def _ours(self, entry: FolderEntry) -> FolderEntry | None:
        """Return a file of a folder with what it is, None where it is not meant for us, as many there are not."""
        suffix = suffix_of(entry.inside)
        if suffix not in SHARED_SUFFIXES:
            return entry
        try:
            kind = kind_of(Document(entry.shown, entry.data), None, meant=False)
        except UnknownContent:
            self._skip(Path(entry.shown), "neither an inventory nor JSON-LD" if suffix == JSON_SUFFIX else _UNKNOWN)
            self.unknown.append(entry)
            return None
        except MalformedDocument:
            return entry  # its mistake is told together with those of the other files
        if self._kind not in (None, kind):
            self._skip(Path(entry.shown), f"not {self._kind}")
            return None
        return replace(entry, kind=kind)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a path into our own words."""
    try:
        yield
    except FileNotFoundError:
        if path.is_symlink():
            raise BrokenLink(link=_shown(path), target=_shown(path.readlink())) from None
        raise UnreadableFile(file=_shown(path), reason="there is no such file") from None
    except OSError as error:
        raise UnreadableFile(file=_shown(path), reason=error.strerror or str(error)) from None


def _shown(path: Path) -> str:
    return os.fsencode(path).decode(errors="replace")


def _name(path: Path, inside: str = "") -> str:
    """Return a file's name in the one form that every machine gives it: some file systems take letters apart.

    Raises:
        UnreadableFile: it is no UTF-8.
    """
    text = inside or path.name
    # Bytes that are no UTF-8 come as surrogates, which are not printable: most names need no closer look.
    if not text.isprintable() and not _is_text(text):
        raise UnreadableFile(file=_shown(path), reason="its name is not UTF-8")
    return unicodedata.normalize("NFC", text)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
