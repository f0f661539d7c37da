"""Objects written to disk as they stand in memory, so that they need not be made again, and read back without trust.

A pickle can name any function to be called. Here only classes of a few packages may be named, so that a file which
somebody has changed can at worst hold wrong values or be refused; a digest finds those that are merely damaged.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

PACKAGES: Final = ("stratagraph.ontology.", "stratagraph.service.deriver.")
BUILT_IN: Final = frozenset(
    {
        ("array", "_array_reconstructor"),
        ("array", "array"),
        ("builtins", "frozenset"),
        ("builtins", "list"),
        ("builtins", "dict"),
        ("builtins", "set"),
        ("collections", "Counter"),
        ("collections", "defaultdict"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("types", "MappingProxyType"),
    }
)
_DIGEST: Final = 32
_SIZE: Final = 8
_NAMED: Final = (__name__, "named")


def code_hash(*packages: str) -> str:
    """Return a digest of the code of some packages: objects that another version wrote are not to be read."""
    return hashlib.sha256("".join(map(_code_of, packages)).encode()).hexdigest()


@cache
def _code_of(package: str) -> str:
    digest = hashlib.sha256()
    for file in _sources(files(package)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(folder: Traversable) -> Iterator[Traversable]:
    """Yield the modules of a package and of those within it, in an order that is the same everywhere."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            yield entry
        elif entry.is_dir():
            yield from _sources(entry)


class Frozen:
    """A value as it is now, to be written later, when the value itself may be another one already.

    ``shared`` objects are named in it instead of written. What a class hands out as ``PickleBuffer`` is not copied: it
    must not change any more.
    """

    def __init__(self, value: object, *, shared: Mapping[str, object] | None = None) -> None:
        skeleton, buffers = io.BytesIO(), list[pickle.PickleBuffer]()
        names = {id(each): name for name, each in (shared or {}).items()}
        _Writer(skeleton, names, buffers.append).dump(value)
        self._parts = [skeleton.getbuffer(), *(buffer.raw() for buffer in buffers)]

    def write(self, path: Path, key: str) -> bool:
        """Write it under a key, whole or not at all; return whether the disk took it."""
        head = f"{key}\n".encode()
        sizes = _sizes([part.nbytes for part in self._parts])
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(head + _digest(head, sizes, *self._parts) + sizes)
                    for part in self._parts:
                        file.write(part)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError:
            return False
        return True


def freeze(path: Path, key: str, value: object, *, shared: Mapping[str, object] | None = None) -> None:
    """Write a value under a key, whole or not at all; ``shared`` objects are named in it instead of written.

    A file that cannot be written is not worth an error: its value is made again.
    """
    Frozen(value, shared=shared).write(path, key)


def thaw(path: Path, key: str, *, shared: Mapping[str, object] | None = None) -> Any | None:
    """Return the value that stands in a file under this key; None where there is none that can be read."""
    if not stands_under(path, key):
        return None
    try:
        whole = memoryview(path.read_bytes())
        begin = len(key.encode()) + 1
        digest, body = whole[begin : begin + _DIGEST], whole[begin + _DIGEST :]
        if _digest(whole[:begin], body) != digest:
            return None
        skeleton, *buffers = _split(body)
        return _Reader(io.BytesIO(skeleton), shared or {}, buffers).load()
    except Exception:  # noqa: BLE001  a file of another kind fails in any way there is; the value is made again
        return None


def _digest(*parts: bytes | memoryview) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def _sizes(sizes: Sequence[int]) -> bytes:
    """Return how many parts there are, and how many bytes each has."""
    return struct.pack(f"<{len(sizes) + 1}Q", len(sizes), *sizes)


def _split(body: memoryview) -> Iterator[memoryview]:
    """Yield the parts behind their sizes."""
    (count,) = struct.unpack_from("<Q", body)
    sizes = struct.unpack_from(f"<{count}Q", body, _SIZE)
    at = _SIZE * (count + 1)
    for size in sizes:
        yield body[at : at + size]
        at += size


def stands_under(path: Path, key: str) -> bool:
    """Tell whether a file holds a value under this key."""
    wanted = f"{key}\n".encode()
    try:
        with path.open("rb") as file:
            return file.read(len(wanted)) == wanted  # never more: a file of another kind may have no line at all
    except OSError:
        return False


def named(name: str) -> object:
    """Stand in a file for the shared object of a name; the reader puts the object there."""
    raise pickle.UnpicklingError(f"{name} is shared, and was not given")


class _Writer(pickle.Pickler):
    """Names shared objects instead of writing them."""

    def __init__(
        self, file: io.BytesIO, shared: Mapping[int, str], keep: Callable[[pickle.PickleBuffer], None]
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=keep)
        self._shared = shared

    def reducer_override(self, obj: object) -> Any:
        """Return how a shared object is written; plain values, such as texts and tuples, are not asked about."""
        name = self._shared.get(id(obj))
        return NotImplemented if name is None else (named, (name,))


class _Reader(pickle.Unpickler):
    """Makes nothing but objects of known classes."""

    def __init__(self, file: io.BytesIO, shared: Mapping[str, object], buffers: Iterable[memoryview]) -> None:
        super().__init__(file, buffers=buffers)
        self._shared = shared

    def find_class(self, module: str, name: str) -> Any:
        """Return a class by its name.

        Raises:
            UnpicklingError: it is not one of those that we write.
        """
        if (module, name) == _NAMED:
            return self._shared.__getitem__
        if (module, name) in BUILT_IN:
            return super().find_class(module, name)
        # A name with a dot would reach into a class, to its functions for example.
        if module.startswith(PACKAGES) and "." not in name:
            found = super().find_class(module, name)
            # A function would be called, with arguments that the file chooses.
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not ours to make")
