"""How deep a document nests, measured before a recursive parser sees it.

The parsers below us end the whole process on deep input, so the depth is counted first. Counting skips
strings, IRIs and comments; where a document is malformed it may count too much, never too little.
"""

from __future__ import annotations

import re
from typing import Final

# The parsers end the process between 1,000 and 5,000 levels; no sensible document has as many as these.
DEPTH_LIMIT: Final = 256

# Possessive repetitions: a string without an end is tried once, not from each of its characters.
_TURTLE: Final = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*+"""|'
    rb"'''(?:[^'\\]|\\.|'(?!''))*+'''|"
    rb'"(?:[^"\\\n\r]|\\.)*+"|'
    rb"'(?:[^'\\\n\r]|\\.)*+'|"
    rb'<[^<>"{}|^`\s]*+>|'
    rb"#[^\n\r]*+|"
    rb"\\.|"
    rb"(?P<open><<|[\[({])|(?P<close>>>|[\])}])",
    re.DOTALL,
)
_JSON: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)
_PATTERNS: Final = {"turtle": _TURTLE, "json": _JSON}
_OPENERS: Final = {"turtle": (b"[", b"(", b"{", b"<<"), "json": (b"[", b"{")}


def too_deep(data: bytes, grammar: str, limit: int = DEPTH_LIMIT) -> int | None:
    """Return the line at which nesting exceeds the limit, or None; the grammar is turtle or json."""
    # Most documents do not even have so many brackets.
    if sum(map(data.count, _OPENERS[grammar])) <= limit:
        return None
    depth = 0
    for match in _PATTERNS[grammar].finditer(data):
        kind = match.lastgroup
        if kind == "open":
            depth += 1
            if depth > limit:
                return data.count(b"\n", 0, match.start()) + 1
        elif kind == "close":
            depth = max(0, depth - 1)
    return None
