"""A mapping of a document as a format reads it: what it asks for is read, what is left is told as not understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description, shown

Ignored: TypeAlias = Mapping[str, Any]
"""Names that a format knows and does not read, as a tree: an empty one stands for all that is below it. A name that
ends in a star stands for all that begin so."""
ANY: Final = "*"
_NAMES: Final[Mapping[str, Any]] = {}


class _Names(dict[str, Any]):
    """A tree that remembers what was found in it: the same names come with every entry of a list."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Ignored | None] = {}


class Fields:
    """One mapping. What is of another form than the format says counts as not understood, for it states nothing."""

    __slots__ = ("_asked", "_inner", "at", "description", "values")

    def __init__(self, description: Description, values: Any, at: Path = (0,)) -> None:
        """Read ``values``, which stand at a path of the document.

        Raises:
            MalformedDocument: they are no mapping.
        """
        if not isinstance(values, Mapping):
            description.fault(at, "a mapping of names to values belongs here.")
        self.description = description
        self.values: Mapping[str, Any] = values
        self.at = at
        self._asked: set[str] = set()
        self._inner: dict[str, list[Fields]] = {}

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a value of this name."""
        return self.values.get(name) is not None

    def place(self, *path: str | int) -> Path:
        """Return where a field stands."""
        return (*self.at, *path)

    def raw(self, name: str) -> Any:
        """Return a value as it is, None where it is missing."""
        self._asked.add(name)
        return self.values.get(name)

    def text(self, name: str) -> str:
        """Return a text, "" where it is missing; a number as it is written."""
        value = self.raw(name)
        if isinstance(value, str):
            return value.strip()
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            return str(value)
        if value is not None:
            self._asked.discard(name)
        return ""

    def number(self, name: str) -> Decimal | None:
        """Return a number, also one that is written as a text; None where it is missing."""
        value = self.raw(name)
        found = number(value)
        if found is None and value not in (None, ""):
            self._asked.discard(name)
        return found

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        found = self.number(name)
        return int(found) if found is not None and found == found.to_integral_value() else None

    def texts(self, name: str) -> Iterator[tuple[str, Path]]:
        """Yield the texts of a list, or the only one, each with its place."""
        value = self.raw(name)
        if isinstance(value, list):
            for number_, item in enumerate(value):
                if isinstance(item, str) and item.strip():
                    yield item.strip(), self.place(name, number_)
                elif item not in (None, ""):
                    self.description.unread(f"{shown(self.place(name))}[]")
            return
        if text := self.text(name):
            yield text, self.place(name)

    def fields(self, name: str) -> Fields:
        """Return a mapping within this one, an empty one where it is missing."""
        if name not in self._inner:
            value = self.raw(name)
            if not isinstance(value, Mapping):
                if value is not None:
                    self._asked.discard(name)
                value = _NAMES
            self._inner[name] = [Fields(self.description, value, self.place(name))]
        return self._inner[name][0]

    def each(self, name: str) -> list[Fields]:
        """Return the mappings of a list."""
        if name not in self._inner:
            self._inner[name] = list(self._entries(name))
        return self._inner[name]

    def _entries(self, name: str) -> Iterator[Fields]:
        value = self.raw(name)
        if not isinstance(value, list):
            if value is not None:
                self._asked.discard(name)
            return
        for number_, item in enumerate(value):
            if isinstance(item, Mapping):
                yield Fields(self.description, item, self.place(name, number_))
            elif item is not None:
                self.description.unread(f"{shown(self.place(name))}[]")

    def named(self) -> list[tuple[str, Fields]]:
        """Return the mappings that stand below each name; one without a value is an empty one."""
        told = [name for name, value in self.values.items() if value is None or isinstance(value, Mapping)]
        self._asked.update(told)
        return [(name, self.fields(name)) for name in told]

    def leave(self) -> None:
        """Take all of it as read: nothing in it concerns us."""
        self._asked.update(self.values)
        self._inner.clear()

    def rest(self, ignored: Ignored) -> None:
        """Tell what nobody asked for and the format does not pass over knowingly."""
        for name in self.values.keys() - self._asked:
            known = below(ignored, name)
            if known is None:
                self._unread((*self.at, name))
            elif known:
                self._left(self.values[name], known, (*self.at, name))
        for name, inner in self._inner.items():
            known = below(ignored, name)
            # What is passed over whole is so too where a part of it was looked at.
            if known is None or known:
                for fields in inner:
                    fields.rest(known or _NAMES)

    def _left(self, value: Any, ignored: Ignored, at: Path) -> None:
        """Tell of what stands within a value that nobody asked for."""
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                Fields(self.description, part, at).rest(ignored)

    def _unread(self, at: Path) -> None:
        value = self.values.get(str(at[-1]))
        # Nothing is said by what is empty.
        if value not in (None, "", [], {}):
            self.description.unread(shown(at))


def number(value: Any) -> Decimal | None:
    """Return what is a number, or a text that is one, exactly."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def below(ignored: Ignored, name: str) -> Ignored | None:
    """Return what is ignored below a name, None where the name is not known."""
    if not isinstance(ignored, _Names):
        return _found(ignored, name)
    if name not in ignored.found:
        ignored.found[name] = _found(ignored, name)
    return ignored.found[name]


def _found(ignored: Ignored, name: str) -> Ignored | None:
    fitting = [
        inner
        for start, inner in ignored.items()
        if start == name or (start[-1:] == ANY and name.startswith(start[:-1]))
    ]
    if len(fitting) < 2 or not all(fitting):  # noqa: PLR2004  one of several that passes over all counts alone
        return min(fitting, key=len, default=None)
    return {part: inner for found in fitting for part, inner in found.items()}


def tree(paths: Iterable[str]) -> Ignored:
    """Return the tree of paths such as ``spec.template.*.image``; a name that has dots stands in quotes."""
    root = _Names()
    for path in paths:
        node = root
        for part in _parts(path):
            node = node.setdefault(part, _Names())
    return root


def _parts(path: str) -> Iterator[str]:
    for position, part in enumerate(path.split('"')):
        yield from [part] if position % 2 else filter(None, part.split("."))
