"""What is wrong with a query, in one line: where the parser stopped, at which word, and why where it says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.sparql.errors import QuerySyntax
from stratagraph.service.sparql.lexer import TokenKind, tokens

_STOPPED: Final = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_SAID: Final = re.compile(r"(?:^|, )((?:The|A|An|It|Variable)\b[^,\[]{12,200})")
"""A sentence among the parser's expectations; the rest of them is a list of characters and keywords."""
_WORD: Final = re.compile(r"[^\s(){}\[\].;,]{1,40}|\S")


def in_one_line(message: str, query: str) -> str:
    """Return the parser's message as a reader can use it: line, column, the word there."""
    stopped = _STOPPED.match(message)
    if not stopped:
        return " ".join(message.split())
    # The parser tells of a prefix only where nothing behind it looks wrong to it as well.
    if (prefix := next(_undeclared(query), None)) is not None:
        return f"the prefix '{prefix}:' is not declared. Known without a declaration: {', '.join(PREFIXES)}."
    line, column, expected = int(stopped[1]), int(stopped[2]), stopped[3]
    place = f"line {line}, column {column}"
    if said := _SAID.search(expected):
        return f"{place}: {said[1].strip().lower().rstrip('.')}."
    rest = "\n".join(query.split("\n")[line - 1 :])[column - 1 :]
    word = _WORD.search(rest)
    return f"{place}: '{word[0]}' is not expected here." if word else f"{place}: the query ends too early."


def _undeclared(query: str) -> Iterator[str]:
    """Yield the prefixes that neither the query nor the service declares, in their order."""
    declared = set(PREFIXES)
    try:
        before = ""
        for token in tokens(query):
            if token.kind is TokenKind.NAME:
                if before == "prefix":
                    declared.add(token.text)
                elif token.text not in declared:
                    yield token.text
            before = token.text.casefold() if token.kind is TokenKind.WORD else ""
    except QuerySyntax:
        return
