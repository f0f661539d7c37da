"""What is known to be wrong with a query before it is sent: nesting that hangs the parser, and what runs too early."""

from __future__ import annotations

import re
from typing import Final

from stratagraph.service.neo4j.cypher.errors import CypherRefused, CypherTooDeep

NESTING: Final = 100
"""Deepest nesting of brackets; 400 hang the server's parser, and no timeout covers that."""

_SKIPPED: Final = re.compile(
    r"""/\*.*?(?:\*/|\Z) | //[^\n\r]* | `(?:[^`]|``)*`? | "(?:[^"\\]|\\.)*"? | '(?:[^'\\]|\\.)*'?""",
    re.DOTALL | re.VERBOSE,
)
_TOKEN: Final = re.compile(
    f"(?P<skipped>{_SKIPPED.pattern})|(?P<open>[(\\[{{])|(?P<close>[)\\]}}])", re.DOTALL | re.VERBOSE
)
_WORD: Final = re.compile(r"[A-Za-z_]+")
_NESTERS: Final = re.compile(r"\b(?:CASE|NOT)\b|[-+]", re.IGNORECASE)
_TOO_EARLY: Final = frozenset({"EXPLAIN", "PROFILE", "USE"})
# Options of the planner may come before the words that matter.
_OPTION: Final = re.compile(r"CYPHER\b(?:\s+\d+(?:\.\d+)?)?(?:\s+\w+\s*=\s*\w+)*", re.IGNORECASE)


def check(text: str) -> None:
    """Refuse what must not reach the server.

    Raises:
        CypherTooDeep: brackets, or chains of prefix words and signs, are nested too deep.
        CypherRefused: the query starts with a word that would make it run before its plan was seen.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += bool(token["open"]) - bool(token["close"])
        if depth > NESTING:
            raise CypherTooDeep(limit=NESTING)
    plain = _SKIPPED.sub(" ", text)
    if _longest_chain(plain) > NESTING:
        raise CypherTooDeep(limit=NESTING)
    first = _WORD.search(_OPTION.sub(" ", plain, count=1))
    if first is not None and first.group().upper() in _TOO_EARLY:
        raise CypherRefused(what=first.group().upper(), advice="Send the query without it")


def _longest_chain(plain: str) -> int:
    """Return the most signs, NOT or CASE that follow each other: each is one level for the parser."""
    longest = here = 0
    end = 0
    for found in _NESTERS.finditer(plain):
        here = here + 1 if not plain[end : found.start()].strip() else 1
        longest, end = max(longest, here), found.end()
    return longest
