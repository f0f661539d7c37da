"""Regular expressions of XPath 3.1, as ``sh:pattern`` writes them, translated for Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from stratagraph.shapes.characters import NAME, NAME_START, SPACE, CharacterSet, block, category, word

_FLAGS: Final = frozenset("ismxq")
_BLANK: Final = " \t\n\r"
_QUANTIFIER: Final = re.compile(r"(?:[?*+]|\{[0-9]+(?:,[0-9]*)?\})\??")
_PROPERTY: Final = re.compile(r"[pP]\{([^{}]*)\}")
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_CLASSES: Final[dict[str, Callable[[], CharacterSet]]] = {
    "s": lambda: SPACE,
    "d": lambda: category("Nd"),
    "w": word,
    "i": lambda: NAME_START,
    "c": lambda: NAME,
}


def translate(pattern: str, flags: str = "") -> re.Pattern[str]:
    r"""Compile a pattern that means what XPath says: ``\w`` has no underscore, ``$`` is no line end, ``#`` is itself.

    Beyond XPath, any punctuation may be escaped (``\/``), and ``]`` and ``}`` may stand for themselves.

    Raises:
        ValueError: for an unknown flag or a fault, which the text names.
    """
    if unknown := set(flags) - _FLAGS:
        raise ValueError(f"{min(unknown)} is no flag; the flags are i, s, m, x and q")
    # Every character stands for itself.
    if "q" in flags:
        any_case = "i" in flags
        return re.compile("".join(_character(character, any_case=any_case) for character in pattern))
    try:
        return re.compile(_Translation("".join(_dense(pattern)) if "x" in flags else pattern, flags).whole())
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("its groups nest too deep") from None


def _dense(pattern: str) -> Iterator[str]:
    """Leave the white space out that does not stand in a class in brackets."""
    depth, escaped = 0, False
    for character in pattern:
        if character in _BLANK and depth == 0:
            continue
        yield character
        if not escaped:
            depth += {"[": 1, "]": -1 if depth else 0}.get(character, 0)
        escaped = character == "\\" and not escaped


def _character(character: str, *, any_case: bool) -> str:
    if any_case and character.lower() != character.upper():
        return _only(character).in_any_case().expression()
    return re.escape(character)


def _only(character: str) -> CharacterSet:
    return CharacterSet(((ord(character), ord(character)),))


class _Translation:
    """One pattern, read from left to right."""

    def __init__(self, pattern: str, flags: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._any_case = "i" in flags
        self._lines = "m" in flags
        self._dot_is_all = "s" in flags
        self._opened = 0
        self._closed: set[int] = set()

    def whole(self) -> str:
        found = self._branches()
        if self._at < len(self._pattern):
            raise ValueError("a closing parenthesis has no opening one")
        return found

    def _peek(self, count: int = 1) -> str:
        return self._pattern[self._at : self._at + count]

    def _take(self) -> str:
        if self._at == len(self._pattern):
            raise ValueError("the pattern ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _branches(self) -> str:
        parts: list[str] = []
        while (character := self._peek()) and character != ")":
            parts.append(self._take() if character == "|" else self._piece())
        return "".join(parts)

    def _piece(self) -> str:
        start = self._at
        atom = self._atom()
        found = _QUANTIFIER.match(self._pattern, self._at)
        if found is None:
            return atom
        self._at = found.end()
        if self._peek() in {"?", "*", "+", "{"}:
            raise ValueError(f"{self._pattern[start : self._at + 1]} has one quantifier too many")
        # One atom of XPath may be several of Python.
        return f"(?:{atom}){found[0]}"

    def _atom(self) -> str:
        character = self._take()
        if character in "?*+{":
            raise ValueError(f"{character} has nothing to repeat")
        reader = {"(": self._group, "[": self._bracket, "\\": self._escape}.get(character)
        if reader is not None:
            return reader()
        return self._point(character) or _character(character, any_case=self._any_case)

    def _point(self, character: str) -> str:
        """Return what a character that stands for a place or for any other one is in Python; nothing for the rest."""
        if character == ".":
            # Without the flag s a dot is neither line feed nor carriage
            # return (XPath and XQuery Functions 3.1, section 5.6.2).
            return r"[\s\S]" if self._dot_is_all else r"[^\n\r]"
        if character == "^":
            # Behind a line feed that ends the text no line begins.
            return r"(?:\A|(?<=\n)(?!\Z))" if self._lines else r"\A"
        if character == "$":
            return r"(?=\n|\Z)" if self._lines else r"\Z"
        return ""

    def _bracket(self) -> str:
        return self._class().expression()

    def _group(self) -> str:
        number = 0
        opening = "(?:"
        if self._peek(2) == "?:":
            self._at += 2
        elif self._peek() == "?":
            raise ValueError("only (?: may follow an opening parenthesis with a question mark")
        else:
            self._opened += 1
            number, opening = self._opened, "("
        inner = self._branches()
        if not self._peek():
            raise ValueError("an opening parenthesis has no closing one")
        self._at += 1
        self._closed.add(number)
        return f"{opening}{inner})"

    def _escape(self) -> str:
        if self._peek().isdecimal() and self._peek() != "0":
            return self._reference()
        found = self._escaped()
        return found.expression() if isinstance(found, CharacterSet) else _character(found, any_case=self._any_case)

    def _reference(self) -> str:
        """Read the number of a group: as many digits as still name one; a group that took no part is empty."""
        number = int(self._take())
        while self._peek().isdecimal() and number * 10 + int(self._peek()) <= self._opened:
            number = number * 10 + int(self._take())
        if number not in self._closed:
            raise ValueError(f"\\{number} refers to no group that is closed before it")
        # In Python a reference to a group that took no part never matches, so the pattern asks for the group first.
        return f"(?({number})(?i:\\{number}))" if self._any_case else f"(?({number})\\{number})"

    def _escaped(self) -> CharacterSet | str:
        """Read what follows a backslash: a class of characters, or one character."""
        found = _PROPERTY.match(self._pattern, self._at)
        if found is not None:
            self._at = found.end()
            name = found[1]
            named = block(name[2:]) if name.startswith("Is") else category(name)
            return named if found[0][0] == "p" else named.complement()
        character = self._take()
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character.lower() in _CLASSES:
            named = _CLASSES[character.lower()]()
            return named if character.islower() else named.complement()
        if character.isalnum():
            raise ValueError(f"\\{character} is no escape of XPath")
        return character

    def _class(self) -> CharacterSet:
        """Read a class in brackets, behind the opening one, with what is subtracted from it."""
        negative = self._peek() == "^"
        self._at += negative
        found = CharacterSet()
        start = self._at
        while self._peek() not in {"]", ""} and not (self._peek(2) == "-[" and self._at > start):
            found |= self._member()
        if self._at == start:
            raise ValueError("a class in brackets is empty or does not end")
        # The negation is of what stands before the subtraction (XML Schema 1.1 part 2, appendix G).
        found = found.complement() if negative else found
        if self._peek(2) == "-[":
            self._at += 2
            found -= self._class()
        if self._take() != "]":
            raise ValueError("what is subtracted from a class ends it")
        return found

    def _member(self) -> CharacterSet:
        """Read one character, class or range of a class in brackets."""
        low = self._one()
        if isinstance(low, CharacterSet):
            return low
        found = _only(low)
        if self._peek() == "-" and self._peek(2)[1:] not in {"]", "[", ""}:
            before = self._at
            self._at += 1
            high = self._one()
            if isinstance(high, CharacterSet):  # [a-\d]: the hyphen stands for itself
                self._at = before
            elif high < low:
                raise ValueError(f"the range {low}-{high} is the wrong way round")
            else:
                found = CharacterSet(((ord(low), ord(high)),))
        return found.in_any_case() if self._any_case else found

    def _one(self) -> CharacterSet | str:
        character = self._take()
        if character == "[":
            raise ValueError("an opening bracket in a class must be escaped")
        return self._escaped() if character == "\\" else character
