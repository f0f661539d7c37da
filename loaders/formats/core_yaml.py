"""YAML as plain values: the core schema of YAML 1.2, numbers exact, anchors resolved, bombs refused.

PyYAML knows YAML 1.1, for which ``no`` is false, ``1:30`` is ninety and ``24e-7`` is a text; what writes these files
means YAML 1.2. Only its events are taken, those of libyaml where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

import yaml

from stratagraph.loaders.file_faults import quote

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value from the top of a document: names, and numbers counted from 0."""

DEPTH_LIMIT: Final = 100
"""Nobody's inventory nests deeper; beyond some thousands the parser takes minutes."""
FREE_ALIASES: Final = 100_000
"""Values that aliases may stand for whatever the size of the file."""
MOST_REPEATED: Final = 10
"""Times as many values as are written that aliases may stand for: a short file must not stand for an endless one."""
_TAG: Final = "tag:yaml.org,2002:"
_INT: Final = re.compile(r"[-+]?[0-9]{1,4000}")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,6})?")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC: Final = frozenset("-+.0123456789")
_MERGE: Final = "<<"
_NAMED: Final[Any] = object()


class YamlFault(Exception):
    """What is wrong with a text that should be YAML, and on which line."""

    def __init__(self, reason: str, line: int) -> None:
        """Remember both."""
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read_yaml(text: str) -> list[Any]:
    """Return the values of all documents; an empty one is None.

    Raises:
        YamlFault: it is no YAML, nests too deeply, or aliases stand for too much.
    """
    return list(_Values(text).documents())


def plain(text: str) -> Any:
    """Return what a word without quotes stands for in YAML 1.2; a number keeps all its digits."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return Decimal(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return text


def _events(text: str) -> Iterator[yaml.Event]:
    parser: Callable[[str], Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # What is no text is refused when the parser is made.
        events = parser(text)
        while events.check_event():
            yield events.get_event()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlFault(f"this is not well-formed YAML: {error.problem or error.context}.", line) from None
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
        raise YamlFault(f"this is not well-formed YAML: {' '.join(str(error).split())}.", line) from None
    except (ValueError, OverflowError):
        raise YamlFault("an escape here stands for no character; write the character itself.", 1) from None


class _Frame:
    """A list or a mapping that is being read."""

    __slots__ = ("anchor", "items", "key", "keyed", "merged", "size")

    def __init__(self, items: Any, anchor: str | None) -> None:
        self.items = items
        self.anchor = anchor
        self.key = ""
        self.keyed = False
        self.merged: list[Any] = []
        self.size = 1


class _Values:
    """Builds values of events, without recursion: a document's depth is its author's to choose."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._written = 0
        self._repeated = 0

    def documents(self) -> Iterator[Any]:
        """Yield the value of each document."""
        stack: list[_Frame] = []
        value: Any = None
        for event in _events(self._text):
            if isinstance(event, yaml.ScalarEvent):
                value, size = self._scalar(event, stack)
                if value is _NAMED:
                    continue
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event, stack, {} if isinstance(event, yaml.MappingStartEvent) else [])
                continue
            elif isinstance(event, yaml.CollectionEndEvent):
                value, size = self._close(stack.pop())
            elif isinstance(event, yaml.AliasEvent):
                value, size = self._alias(event, stack)
            elif isinstance(event, yaml.DocumentEndEvent):
                yield value
                continue
            else:
                value = None
                self._anchors = {}
                continue
            if stack:
                self._put(stack[-1], value, size, event)

    def _scalar(self, event: yaml.ScalarEvent, stack: list[_Frame]) -> tuple[Any, int]:
        """Return a value, or take it as the name of the next one."""
        self._written += 1
        frame = stack[-1] if stack else None
        text = event.value
        if frame is not None and not frame.keyed and type(frame.items) is dict:
            frame.key = text
            frame.keyed = True
            if text in frame.items:
                raise YamlFault(f"{quote(text)} stands twice in this mapping; write a list instead.", _line(event))
            return _NAMED, 0
        if event.tag is None:
            value = text if event.style else plain(text)
        else:
            value = text if event.tag.removeprefix(_TAG) not in {"int", "float", "bool", "null"} else plain(text)
        if event.anchor:
            self._anchors[event.anchor] = value, 1
        return value, 1

    def _open(self, event: yaml.CollectionStartEvent, stack: list[_Frame], items: Any) -> None:
        if stack and not stack[-1].keyed and type(stack[-1].items) is dict:
            raise YamlFault("A name is a plain word.", _line(event))
        if len(stack) >= DEPTH_LIMIT:
            raise YamlFault("this is nested too deeply to be read.", _line(event))
        self._written += 1
        if event.anchor:
            self._anchors.pop(event.anchor, None)
        stack.append(_Frame(items, event.anchor))

    def _close(self, frame: _Frame) -> tuple[Any, int]:
        for merged in frame.merged:
            for name, value in merged.items():
                frame.items.setdefault(name, value)
        if frame.anchor:
            self._anchors[frame.anchor] = frame.items, frame.size
        return frame.items, frame.size

    def _alias(self, event: yaml.AliasEvent, stack: list[_Frame]) -> tuple[Any, int]:
        if stack and not stack[-1].keyed and type(stack[-1].items) is dict:
            raise YamlFault("A name is a plain word.", _line(event))
        known = self._anchors.get(event.anchor or "")
        if known is None:
            # Also one that stands within what it names, which would be without end.
            raise YamlFault(f"'*{event.anchor}' names nothing that is complete before it.", _line(event))
        self._repeated += known[1]
        if self._repeated > max(FREE_ALIASES, MOST_REPEATED * self._written):
            raise YamlFault("the aliases here stand for too many values; write them out.", _line(event))
        return known

    def _put(self, frame: _Frame, value: Any, size: int, event: yaml.Event) -> None:
        frame.size += size
        if type(frame.items) is list:
            frame.items.append(value)
            return
        frame.keyed = False
        if frame.key != _MERGE:
            frame.items[frame.key] = value
            return
        # 'merge' is no part of YAML 1.2, and everybody who uses anchors uses it.
        merged = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in merged):
            raise YamlFault("'<<' takes a mapping, or a list of them.", _line(event))
        frame.merged += merged


def _line(event: yaml.Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark else 1


def yaml_line(text: str, path: Path) -> int:
    """Return the line, from 1, of the value that a path leads to, or of the last part of it that is there.

    The path's first part is the number of the document. 0 where nothing of it is there.
    """
    best, matched = 0, 0
    stack = [_Where(named=False)]
    for event in _events(text):
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            if len(stack) <= matched:
                break
            continue
        begins = stack[-1].enters(event, outermost=len(stack) == 1)
        if begins and matched == len(stack) - 1 and stack[-1].at == path[matched]:
            matched, best = matched + 1, _line(event)
            if matched == len(path):
                break
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Where(named=isinstance(event, yaml.MappingStartEvent)))
    return best


class _Where:
    """Where in a list or a mapping the events have come to."""

    __slots__ = ("_keyed", "_named", "at")

    def __init__(self, *, named: bool) -> None:
        self._named = named
        self._keyed = False
        self.at: str | int = -1

    def enters(self, event: yaml.Event, *, outermost: bool) -> bool:
        """Go on by an event; tell whether a name or an item begins by it."""
        if outermost:
            # Around the documents stands a list of them.
            begins = isinstance(event, yaml.DocumentStartEvent)
        else:
            begins = isinstance(event, yaml.NodeEvent) and not self._keyed
            self._keyed = self._named and begins
        if begins:
            self.at = getattr(event, "value", "") if self._named else int(self.at) + 1
        return begins
