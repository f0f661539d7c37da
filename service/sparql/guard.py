"""Refuses, before the engine sees it, what a query may never do: fetch, update, or nest the engine to death.

The engine's parser does not ask for white space behind a keyword: it reads ``SERVICE:x {`` and ``SERVICEex:x {`` as
a federated query. So a prefix that holds the word is refused too where a group follows the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from stratagraph.service.sparql.errors import QueryRefused, QuerySyntax, QueryTooDeep
from stratagraph.service.sparql.lexer import Token, TokenKind, decoded, place, tokens
from stratagraph.service.workers.errors import QueryTooLong
from stratagraph.service.workers.limits import QuerySettings


class QueryForm(StrEnum):
    """The four forms of a query."""

    SELECT = "select"
    ASK = "ask"
    CONSTRUCT = "construct"
    DESCRIBE = "describe"

    @property
    def gives_triples(self) -> bool:
        """Tell whether the answer is a graph."""
        return self in {QueryForm.CONSTRUCT, QueryForm.DESCRIBE}


_FETCH: Final = "service"
_UPDATES: Final = frozenset(
    ["load", "clear", "drop", "create", "add", "move", "copy", "insert", "delete", "with", "using"]
)
_SUSPECT: Final = re.compile("|".join([_FETCH, *sorted(_UPDATES)]))
_BEFORE_A_GRAPH_NAME: Final = frozenset({"from", "named", "graph", "describe"})
_FORMS: Final = frozenset(QueryForm)
_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")
_OPERATORS: Final = frozenset(["!", "||", "&&", "|", "/", "^", "+", "-", "*", "?", "=", "!=", "<", ">", "<=", ">="])
_CLAUSES: Final = frozenset(
    [
        "union",
        "optional",
        "minus",
        "filter",
        "bind",
        "graph",
        "lateral",
        "values",
        "select",
        "as",
        "in",
        "not",
        "exists",
        "having",
        "by",
    ]
)


_DIGITS: Final = 18
"""Digits of the largest LIMIT that is read."""


def check(text: str, settings: QuerySettings) -> QueryForm | None:
    """Return the form of a query that may run; None when it is none, which the parser will say better.

    Raises:
        QueryTooLong: longer than the limit.
        QueryTooDeep: nested or chained beyond what the engine's stack can take.
        QueryRefused: SERVICE, LOAD or another update keyword, also in an escaped spelling.
        QuerySyntax: a string does not end.
    """
    if len(text) > settings.query_bytes or len(text.encode()) > settings.query_bytes:
        raise QueryTooLong(limit=settings.query_bytes)
    form = _check(text, settings)
    # The engine leaves escaped keywords alone, the specification reads them: neither reading may do harm.
    spelled = decoded(text)
    if spelled != text:
        _check(spelled, settings)
    return form


def _check(text: str, settings: QuerySettings) -> QueryForm | None:
    found = list(tokens(text))
    # Most queries hold none of the words, and are too short to be too deep: only the others are walked through.
    if _SUSPECT.search(text.lower()):
        _refuse_words(text, found)
    if not _is_shallow(text, found, settings):
        _Depth(text, settings).walk(found)
    first = next((word for word in _words(found) if word in _FORMS), None)
    return QueryForm(first) if first else None


def _is_shallow(text: str, found: list[Token], settings: QuerySettings) -> bool:
    """Tell whether a query has too few brackets and words to pass a limit, however they stand; a word may hold dots."""
    return (
        len(found) + text.count(".") <= settings.operators
        and text.count("(") + text.count("[") + text.count("{") <= settings.nesting
    )


def _words(found: Iterable[Token]) -> Iterator[str]:
    for token in found:
        if token.kind is TokenKind.WORD:
            yield from token.text.lower().split(".")


def _refuse_words(text: str, found: list[Token]) -> None:
    for number, token in enumerate(found):
        if token.kind is TokenKind.WORD:
            reason = _word_reason(token.text.lower())
        elif token.kind is TokenKind.NAME and _FETCH in token.text.lower():
            reason = _name_reason(found, number)
        else:
            continue
        if reason:
            line, column = place(text, token.start)
            raise QueryRefused(word=token.text, line=line, column=column, reason=reason)


def _word_reason(word: str) -> str | None:
    if _FETCH in word:
        return "this endpoint does not fetch from other services; load their data instead"
    if not _UPDATES.isdisjoint(word.split(".")):
        return "this endpoint answers queries only; data come in through 'stratagraph load' and the API"
    return None


def _name_reason(found: list[Token], number: int) -> str | None:
    opens_group = number + 1 < len(found) and found[number + 1].text == "{"
    names_a_graph = number > 0 and found[number - 1].text.lower() in _BEFORE_A_GRAPH_NAME
    if opens_group and not names_a_graph:
        return "before '{' the engine would read this prefix as the keyword SERVICE; rename the prefix"
    return None


class _Depth:
    """How deep the engine's recursion can get: open brackets, and operators along them."""

    def __init__(self, text: str, settings: QuerySettings) -> None:
        self._text = text
        self._settings = settings
        self._open: list[_Frame] = [_Frame("", data=False)]
        self._operators = 0
        self._values = False

    def walk(self, found: Iterable[Token]) -> None:
        """Raise QueryTooDeep where a limit is passed."""
        for token in found:
            if token.kind is TokenKind.SIGN:
                self._sign(token)
            elif token.kind is TokenKind.WORD:
                self._word(token)
            elif token.kind is TokenKind.IRI and token.text.count("(") > self._settings.nesting:
                # In an expression, '<' may be the operator and what looks like an IRI a nest of brackets.
                raise self._error(token, self._settings.nesting, "brackets in one IRI", "Percent-encode them")

    def _sign(self, token: Token) -> None:
        if token.text in _OPEN:
            self._count(token)
            self._open.append(_Frame(token.text, data=self._open[-1].data or (self._values and token.text == "{")))
            self._values = self._values and token.text != "{"
            if len(self._open) - 1 > self._settings.nesting:
                raise self._error(token, self._settings.nesting, "nested brackets", "Nest less deeply")
        elif token.text in _CLOSE:
            if len(self._open) > 1:
                self._operators -= self._open.pop().operators
        elif token.text in _OPERATORS or (token.text in ".;," and self._open[-1].bracket != "("):
            self._count(token)

    def _word(self, token: Token) -> None:
        for word in token.text.lower().split("."):
            self._values = self._values or word == "values"
            if word in _CLAUSES:
                self._count(token)

    def _count(self, token: Token) -> None:
        frame = self._open[-1]
        if frame.data:
            return
        frame.operators += 1
        self._operators += 1
        if self._operators > self._settings.operators:
            advice = "Use VALUES for long lists, or ask several queries"
            raise self._error(token, self._settings.operators, "chained operators and clauses", advice)

    def _error(self, token: Token, limit: int, what: str, advice: str) -> QueryTooDeep:
        line, column = place(self._text, token.start)
        return QueryTooDeep(line=line, column=column, limit=limit, what=what, advice=advice)


class _Frame:
    """One open bracket; inside the block of VALUES nothing is counted, rows don't nest."""

    __slots__ = ("bracket", "data", "operators")

    def __init__(self, bracket: str, *, data: bool) -> None:
        self.bracket = bracket
        self.data = data
        self.operators = 0


def stated_limit(text: str) -> int | None:
    """Return the LIMIT of a whole query, beyond which it has no rows; None where it states none that is beyond doubt.

    Groups alone stand in braces: a LIMIT outside all of them is nobody's but the query's.
    """
    if "limit" not in text.lower() or decoded(text) != text:
        return None
    depth, before, found = 0, "", None
    try:
        for token in tokens(text):
            if token.kind is TokenKind.SIGN:
                depth += (token.text == "{") - (token.text == "}")
            elif token.kind is TokenKind.NUMBER and before == "limit" and not depth:
                if found is not None or len(token.text) > _DIGITS:
                    return None
                found = int(token.text)
            before = token.text.lower() if token.kind is TokenKind.WORD else ""
    except QuerySyntax:
        return None
    return found
