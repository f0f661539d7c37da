"""The words of a SPARQL query: strings, IRIs, comments and names told apart from keywords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from stratagraph.service.sparql.errors import QuerySyntax

# Character classes of the SPARQL grammar: PN_CHARS_BASE, PN_CHARS_U, VARNAME, PN_CHARS, PLX.
_BASE: Final = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME: Final = _BASE + "_0-9\u00b7\u0300-\u036f\u203f-\u2040"
_CHARS: Final = _NAME + r"\-"
_PLX: Final = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"
_LOCAL: Final = rf"(?:[{_BASE}_0-9:]|{_PLX})(?:(?:[{_CHARS}.:]|{_PLX})*(?:[{_CHARS}:]|{_PLX}))?"

# A word may hold dots: told apart from a prefix only by the colon behind it, so that no text is read twice.
_TOKEN: Final = rf"""
      (?P<space>[ \t\r\n]++|\#[^\r\n]*+)
    | (?P<string>\"\"\"(?:\"{{0,2}}(?:[^"\\]|\\.))*+\"\"\"|'''(?:'{{0,2}}(?:[^'\\]|\\.))*+'''
        |"(?:[^"\\\r\n]|\\[^\r\n])*+"|'(?:[^'\\\r\n]|\\[^\r\n])*+')
    | (?P<iri><(?:[^<>"{{}}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{{4}}|\\U[0-9A-Fa-f]{{8}})*+>)
    | (?P<variable>[?$][{_NAME}]+)
    | (?P<blank>_:[{_BASE}_0-9](?:[{_CHARS}.]*[{_CHARS}])?)
    | (?P<word>[{_BASE}](?:[{_CHARS}.]*[{_CHARS}])?)(?P<named>:(?:{_LOCAL})?)?
    | (?P<default>:(?:{_LOCAL})?)
    | (?P<language>@[A-Za-z]+(?:-+[A-Za-z0-9]+)*)
    | (?P<number>[0-9]+)
    | (?P<sign>\^\^|&&|\|\||!=|<=|>=|<<|>>|.)
    """


@cache
def _token() -> re.Pattern[str]:
    """Return the pattern, compiled when the first query comes: its classes take as long as a command's start."""
    return re.compile(_TOKEN, re.VERBOSE | re.DOTALL)


class TokenKind(StrEnum):
    """What a token is. A prefixed name's ``text`` is its prefix; a name with an empty prefix is ``OTHER``."""

    WORD = "word"
    NAME = "name"
    IRI = "iri"
    SIGN = "sign"
    NUMBER = "number"
    OTHER = "other"


class Token(NamedTuple):
    """One token, where it starts in the text, and its text."""

    kind: TokenKind
    text: str
    start: int


_KINDS: Final = {
    "word": TokenKind.WORD,
    "named": TokenKind.NAME,
    "iri": TokenKind.IRI,
    "sign": TokenKind.SIGN,
    "number": TokenKind.NUMBER,
}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a query, without white space and comments, in time linear in its length.

    Raises:
        QuerySyntax: a string does not end; what follows could be read in more than one way.
    """
    for match in _token().finditer(text):
        group = match.lastgroup or "sign"
        if group == "space":
            continue
        kind = _KINDS.get(group, TokenKind.OTHER)
        found = match["word"] if kind is TokenKind.NAME else match.group()
        if kind is TokenKind.SIGN and found in "\"'":
            line, column = place(text, match.start())
            raise QuerySyntax(detail=f"the string that starts at line {line}, column {column} does not end.")
        yield Token(kind, found, match.start())


def place(text: str, position: int) -> tuple[int, int]:
    """Return the line and column, both from 1, of a position."""
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


_ESCAPE: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


def decoded(text: str) -> str:
    r"""Return the text with its codepoint escapes (``\u0041``) read, as SPARQL 1.1 section 19.2 has it."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= 0x10FFFF else match.group()  # noqa: PLR2004  the last code point of Unicode
