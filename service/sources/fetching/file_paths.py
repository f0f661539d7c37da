"""Files, folders and patterns of names, read within bounds."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from stratagraph.loaders.folders import FolderEntry, FolderReading, read_paths
from stratagraph.loaders.kinds import Kind, is_read
from stratagraph.service.sources.fetching.fetched import Fetched
from stratagraph.service.sources.fetching.run_limits import Limits


def read_path(path: str, kind: Kind | None, limits: Limits) -> Fetched:
    """Return what a file, a folder or a pattern's files hold.

    Raises:
        FetchFailed: it is not there, is too large, or holds nothing to be read.
        UnreadableFile, BrokenLink: something in it can't be read.
    """
    place = Path(path)
    if place.is_dir():
        limits.weigh(sum(_sizes(place, kind, limits)))
        reading = read_paths([place], kind=kind)
        if not reading.files:
            # A share that is not mounted is an empty folder: that must not close all that was said.
            raise limits.failure("the folder holds no file that is read")
        return Fetched(reading=reading)
    if glob.has_magic(path) and not place.exists():
        return Fetched(reading=_matching(path, limits))
    _weigh_files([place], limits)
    return Fetched(reading=read_paths([place], kind=kind))


def _sizes(folder: Path, kind: Kind | None, limits: Limits) -> Iterator[int]:
    for inside, folders, names in os.walk(folder):
        limits.check()
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(inside, name)
            if is_read(name, kind) and file.is_file():
                yield file.stat().st_size


def _weigh_files(files: list[Path], limits: Limits) -> None:
    size = 0
    for file in files:
        limits.check()
        try:
            told = file.stat()
        except OSError as error:
            raise limits.failure(f"{file}: {error.strerror}") from None
        if not stat.S_ISREG(told.st_mode):
            # A pipe or a device may never end.
            raise limits.failure(f"{file} is no ordinary file")
        size += told.st_size
    limits.weigh(size)


def _matching(pattern: str, limits: Limits) -> FolderReading:
    """Read the files whose paths a pattern matches; each is called by its path below the pattern's fixed part."""
    root = _fixed_part(pattern)
    found = (Path(name) for name in glob.iglob(pattern, recursive=True))  # noqa: PTH207  the pattern may be absolute
    files = sorted({path for path in found if not path.is_dir()})
    if not files:
        raise limits.failure("no file matches the pattern")
    _weigh_files(files, limits)
    entries = tuple(_entry(file, root) for file in files)
    return FolderReading(files=entries, folders=(os.path.realpath(root),), skipped=())


def _entry(file: Path, root: Path) -> FolderEntry:
    (alone,) = read_paths([file]).files
    return FolderEntry(shown=alone.shown, inside=file.relative_to(root).as_posix(), real=alone.real, data=alone.data)


def _fixed_part(pattern: str) -> Path:
    parts = Path(pattern).parts
    fixed = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:fixed])
