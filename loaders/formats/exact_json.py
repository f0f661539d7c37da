"""JSON as plain values with exact numbers, and the line on which one of them stands."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn

from stratagraph.loaders.formats.core_yaml import Path

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_SAID: Final = {
    "Expecting value": "a value is missing here",
    "Extra data": "something follows the end of the document",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing here",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing here",
    "Expecting ':' delimiter": "a colon is missing here",
    "Illegal trailing": "a comma stands before a closing bracket",
    "Invalid control": "a text holds a line end or a control character; write it as an escape",
    "Unterminated string starting at": "a text begins here that has no end: the file may have been cut",
}
"""What the parser says, by its beginning, in our words."""
_OTHER: Final = "an escape here stands for no character"
_DEEP: Final = "this is nested too deeply to be read."


class JsonFault(Exception):
    """What is wrong with a text that should be JSON, and on which line."""

    def __init__(self, reason: str, line: int) -> None:
        """Remember both."""
        super().__init__(reason)
        self.reason = reason
        self.line = line


def read_json(text: str) -> Any:
    """Return the value of a document; a number that is no whole one as a decimal.

    Raises:
        JsonFault: it is no JSON, or nests too deeply.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        said = next((ours for theirs, ours in _SAID.items() if error.msg.startswith(theirs)), _OTHER)
        if error.pos >= len(text.rstrip()):
            said = "the document ends too early: the file may have been cut"
        raise JsonFault(f"this is not well-formed JSON: {said}.", error.lineno) from None
    except RecursionError:
        raise JsonFault(_DEEP, 1) from None
    except ValueError:
        raise JsonFault(
            "a number here is none: JSON knows no NaN and no Infinity, and nobody counts so far.", 1
        ) from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(constant)


def json_line(text: str, path: Path) -> int:
    """Return the line, from 1, of the value that a path leads to, or of the last part of it that is there; else 0."""
    best, matched = 1, 0
    stack: list[list[Any]] = []  # is it an object, where in it, and is the next text a name
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "}]":
            stack.pop()
            if len(stack) < matched + bool(path) and matched:
                break
        elif first == ",":
            top = stack[-1]
            top[1], top[2] = (top[1], True) if top[0] else (top[1] + 1, False)
        elif first != ":":
            top = stack[-1] if stack else []
            if top and top[2]:
                top[1], top[2] = json.loads(token[0]), False
            if top and not top[2] and matched == len(stack) - 1 < len(path) and top[1] == path[matched]:
                matched, best = matched + 1, text.count("\n", 0, token.start()) + 1
                if matched == len(path):
                    break
            if first in "{[":
                stack.append([first == "{", 0, first == "{"])
    return best
