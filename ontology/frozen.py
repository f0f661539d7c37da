"""Objects written to disk as they stand in memory, so that they need not be made again, and read back without trust.

A pickle can name any function to be called. Here only classes of a few packages may be named, so that a file which
somebody has changed can at worst hold wrong values or be refused; a digest finds those that are merely damaged.
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tempfile
from collections.abc import Iterator, Mapping
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


def freeze(path: Path, key: str, value: object, *, shared: Mapping[str, object] | None = None) -> None:
    """Write a value under a key, whole or not at all; ``shared`` objects are named in it instead of written.

    A file that cannot be written is not worth an error: its value is made again.
    """
    buffer = io.BytesIO()
    _Writer(buffer, {id(each): name for name, each in (shared or {}).items()}).dump(value)
    body = buffer.getvalue()
    head = f"{key}\n".encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(head + hashlib.sha256(head + body).digest() + body)
        Path(name).replace(path)
    except OSError:
        return


def thaw(path: Path, key: str, *, shared: Mapping[str, object] | None = None) -> Any | None:
    """Return the value that stands in a file under this key; None where there is none that can be read."""
    if not stands_under(path, key):
        return None
    head, _, rest = path.read_bytes().partition(b"\n")
    digest, body = rest[:_DIGEST], rest[_DIGEST:]
    if hashlib.sha256(head + b"\n" + body).digest() != digest:
        return None
    try:
        return _Reader(io.BytesIO(body), shared or {}).load()
    except Exception:  # noqa: BLE001  a file of another kind fails in any way there is; the value is made again
        return None


def stands_under(path: Path, key: str) -> bool:
    """Tell whether a file holds a value under this key."""
    try:
        with path.open("rb") as file:
            return file.readline().decode(errors="replace").rstrip("\n") == key
    except OSError:
        return False


def named(name: str) -> object:
    """Stand in a file for the shared object of a name; the reader puts the object there."""
    raise pickle.UnpicklingError(f"{name} is shared, and was not given")


class _Writer(pickle.Pickler):
    """Names shared objects instead of writing them."""

    def __init__(self, file: io.BytesIO, shared: Mapping[int, str]) -> None:
        super().__init__(file, protocol=5)
        self._shared = shared

    def reducer_override(self, obj: object) -> Any:
        """Return how a shared object is written; plain values, such as texts and tuples, are not asked about."""
        name = self._shared.get(id(obj))
        return NotImplemented if name is None else (named, (name,))


class _Reader(pickle.Unpickler):
    """Makes nothing but objects of known classes."""

    def __init__(self, file: io.BytesIO, shared: Mapping[str, object]) -> None:
        super().__init__(file)
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
