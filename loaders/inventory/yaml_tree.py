"""One YAML file as a tree of nodes that know their lines; what YAML allows and an inventory does not is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

from stratagraph.loaders.inventory.faults import Faults, MalformedInventory, quote

DEPTH_LIMIT: Final = 32
"""An inventory nests five deep; beyond a few thousand the parser takes minutes and then the stack."""
SECOND_OPINION: Final = 256 << 10
"""Bytes of a file that is read again, by the slow parser, where the two may differ."""
_DOUBTFUL: Final = re.compile(rb"\t|[|>][-+0-9]{0,2}#|\xc2\x85|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xfe\xff|\xff\xfe|\x00")
"""What the two parsers read differently: tabs, a remark right behind the sign of a block, line ends that are no ASCII,
marks of an encoding, and the encodings that have them."""
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
    fast: Callable[[bytes], Events] | None = getattr(yaml, "CSafeLoader", None)
    if fast is None:
        return composed(data, file, yaml.SafeLoader)
    if len(data) > SECOND_OPINION:
        return composed(data, file, fast)
    try:
        if not _DOUBTFUL.search(data):
            return composed(data, file, fast, sure=False)
    except (MalformedInventory, _Unsure):
        pass
    # Where the two would not say the same, the slow one decides: its refusals are those that have a translation, and a
    # file must not be taken on one machine and refused on another.
    return composed(data, file, yaml.SafeLoader)


def composed(data: bytes, file: str, parser: Callable[[bytes], Events], *, sure: bool = True) -> yaml.Node | None:
    """Return the root as one parser sees it; not ``sure``, it gives up where another may differ."""
    events: Events | None = None
    try:
        events = parser(data)
        loader = (_Loader if sure else _UnsureLoader)(events, data, Faults(file))
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
        raise MalformedInventory(file=file, line=getattr(events, "line", 0) + 1, reason=_NO_CHARACTER) from None
    loader.refuse_a_cut()
    return root


class Events(Protocol):
    """What of a parser is used here: PyYAML's own has it, and the one of libyaml, which is some ten times as fast."""

    def check_event(self, *kinds: type[yaml.Event]) -> bool:
        """Say whether the next event is of a kind."""

    def peek_event(self) -> yaml.Event:
        """Return the next event, and keep it."""

    def get_event(self) -> yaml.Event:
        """Return the next event."""


class _Loader(Composer, Resolver):
    """Composes a document of a parser's events, and looks at each of them on the way.

    The parser of libyaml has a composer of its own. It is not used: it shows no events, and what has aliases or nests
    deeply must be refused before it is there.
    """

    def __init__(self, events: Events, data: bytes, faults: Faults) -> None:
        Composer.__init__(self)
        Resolver.__init__(self)
        self._events = events
        self._data = data
        self._faults = faults
        self._depth = 0
        self._last: yaml.ScalarEvent | None = None
        self.check_event = events.check_event
        self.peek_event = events.peek_event

    def get_event(self) -> yaml.Event:
        """Return the next event, unless an inventory can't have it."""
        event = self._events.get_event()
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

    def refuse_a_cut(self) -> None:
        """Refuse a document that may have been longer."""
        if self._last is not None and _may_be_cut(self._data, self._last):
            reason = "the file ends here without a line end: it may have been cut. End the last line."
            raise self._faults.fault(self._last, reason)


class _UnsureLoader(_Loader):
    """Gives up where libyaml is known to differ from PyYAML: it takes more, and places an empty key elsewhere."""

    def __init__(self, events: Events, data: bytes, faults: Faults) -> None:
        super().__init__(events, data, faults)
        self._flows: list[bool] = []

    def get_event(self) -> yaml.Event:
        """Return the next event.

        Raises:
            _Unsure: the other parser may see another one.
        """
        event = super().get_event()
        if isinstance(event, yaml.CollectionStartEvent):
            self._flows.append(bool(event.flow_style))
        elif isinstance(event, yaml.CollectionEndEvent):
            self._flows.pop()
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            raise _Unsure
        if isinstance(event, yaml.ScalarEvent) and not event.style:
            in_flow = bool(self._flows) and self._flows[-1]
            mark = event.start_mark
            placed_by_what_follows = not event.value and mark is not None and mark.column == 0 < mark.line
            if placed_by_what_follows or (in_flow and "?" in event.value):
                raise _Unsure
        return event


class _Unsure(Exception):
    """The other parser may see something else."""


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
