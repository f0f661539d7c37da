"""One YAML file as a tree of nodes that know their lines; what YAML allows and an inventory does not is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from stratagraph.loaders.inventory.faults import Faults, MalformedInventory, quote

DEPTH_LIMIT: Final = 32
"""An inventory nests five deep; beyond a few thousand the parser takes minutes and then the stack."""
_NO_CHARACTER: Final = "an escape here stands for no character; write the character itself."
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half of a pair by which UTF-16 writes a character: no text, and nothing that could be stored or told."""
_NULL: Final = "tag:yaml.org,2002:null"

Pairs = list[tuple[yaml.ScalarNode, yaml.Node]]


def compose(data: bytes, file: str) -> yaml.Node | None:
    """Return the root of a YAML file, None where it is empty.

    Raises:
        MalformedInventory: it is no YAML, nests too deeply, has aliases, or ends within a word.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(data, Faults(file))
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reason = f"this is not well-formed YAML: {error.problem or error.context}."
        raise MalformedInventory(file=file, line=line, reason=reason) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = f"this is not well-formed YAML: {' '.join(str(error).split())}."
        raise MalformedInventory(file=file, line=_line_of_byte(data, error), reason=reason) from None
    except (ValueError, OverflowError):
        # The parser asks Python for the character of any number that an escape has; it marks no place in that error.
        line = loader.line + 1 if loader else 1
        raise MalformedInventory(file=file, line=line, reason=_NO_CHARACTER) from None
    loader.refuse_a_cut(data)
    return root


class _Loader(yaml.SafeLoader):
    """Composes a document, and looks at each of its events on the way."""

    def __init__(self, data: bytes, faults: Faults) -> None:
        super().__init__(data)
        self._faults = faults
        self._depth = 0
        self._last: yaml.ScalarEvent | None = None

    def get_event(self) -> yaml.Event:
        """Return the next event, unless an inventory can't have it."""
        event: yaml.Event = super().get_event()  # type: ignore[no-untyped-call]
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > DEPTH_LIMIT:
            raise self._faults.fault(event, "this is nested too deeply to be read.")
        for text in _texts(event):
            if not text.isascii() and _SURROGATE.search(text):
                raise self._faults.fault(event, _NO_CHARACTER)
        if isinstance(event, yaml.AliasEvent):
            # Aliases let a short file stand for an endless one.
            raise self._faults.fault(event, "YAML aliases (*name) are not read; write the value out.")
        self._last = event if isinstance(event, yaml.ScalarEvent) else self._last
        return event

    def refuse_a_cut(self, data: bytes) -> None:
        """Refuse a document that may have been longer."""
        if self._last is not None and _may_be_cut(data, self._last):
            reason = "the file ends here without a line end: it may have been cut. End the last line."
            raise self._faults.fault(self._last, reason)


def _texts(event: yaml.Event) -> Iterator[str]:
    """Yield what an event has of the document's own text."""
    for name in ("value", "tag", "anchor"):
        if isinstance(text := getattr(event, name, None), str):
            yield text


def _may_be_cut(data: bytes, last: yaml.ScalarEvent) -> bool:
    """Say whether a file ends right behind a value that needs a line end to be whole: one without quotes."""
    tail = data[data.rfind(b"\n") + 1 :].decode(errors="replace").rstrip(" ")
    assert last.end_mark is not None, "the parser marks what it has read"
    reaches_the_end = last.end_mark.line >= data.count(b"\n") and last.end_mark.column >= len(tail)
    return bool(tail) and reaches_the_end and last.style not in {'"', "'"}


def _line_of_byte(data: bytes, error: Exception) -> int:
    """Return the line of a character that no text may have, 1 where the error does not say."""
    position = getattr(error, "position", getattr(error, "start", None))
    return data.count(b"\n", 0, position) + 1 if isinstance(position, int) else 1


def is_empty(node: yaml.Node) -> bool:
    """Say whether nothing is written where a value is wanted: ``name:``, ``name: ~`` or ``name: null``."""
    return isinstance(node, yaml.ScalarNode) and (node.tag == _NULL or not node.value)


def pairs(node: yaml.Node, faults: Faults, *, what: str) -> Pairs:
    """Return the names and values of a mapping; a name that stands twice is noted and left out.

    Raises:
        MalformedInventory: it is no mapping.
    """
    if not isinstance(node, yaml.MappingNode):
        raise faults.fault(node, f"{what} is a mapping of names to values.")
    found: Pairs = []
    seen: set[str] = set()
    for key, value in node.value:
        with faults.noting():
            if not isinstance(key, yaml.ScalarNode):
                raise faults.fault(key, "A name is a plain word.")
            if key.value in seen:
                raise faults.fault(key, f"{quote(key.value)} stands twice in this mapping; write a list instead.")
            seen.add(key.value)
            found.append((key, value))
    return found
