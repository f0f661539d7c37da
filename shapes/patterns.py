"""Regular expressions of XPath, as ``sh:pattern`` writes them, translated for Python."""

from __future__ import annotations

import re
from typing import Final

_FLAGS: Final = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE, "q": re.NOFLAG}
_NAME_START: Final = ":A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
_NAME_CHAR: Final = _NAME_START + r"\-.0-9\u00b7\u0300-\u036f\u203f-\u2040"
_TOKEN: Final = re.compile(r"\\(?P<escape>[pPicIC])|\\.|(?P<special>\[(?!\^?\])|\]|\(\?(?!:)|-\[|[.$])", re.DOTALL)


def translate(pattern: str, flags: str = "") -> re.Pattern[str]:
    r"""Compile a pattern. ``\w`` keeps Python's meaning, which counts the underscore.

    Raises:
        ValueError: for an unknown flag, a fault, or what Python cannot say: Unicode categories, subtracted classes.
    """
    if unknown := set(flags) - set(_FLAGS):
        raise ValueError(f"unknown flag {min(unknown)}")
    if "q" in flags:
        return re.compile(re.escape(pattern), _FLAGS["i"] if "i" in flags else re.NOFLAG)
    compiled = re.NOFLAG
    for flag in flags:
        compiled |= _FLAGS[flag]
    try:
        return re.compile(_rewrite(pattern, compiled), compiled)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _rewrite(pattern: str, flags: re.RegexFlag) -> str:
    """Replace the few tokens that mean something else in Python."""
    within = False
    parts, end = [], 0
    for found in _TOKEN.finditer(pattern):
        parts.append(pattern[end : found.start()])
        end = found.end()
        piece = found[0]
        if piece in {"[", "]"}:
            within = piece == "["
        parts.append(_name_class(piece, within=within) if found["escape"] else _special(piece, flags, within=within))
    return "".join([*parts, pattern[end:]])


def _name_class(piece: str, *, within: bool) -> str:
    if piece[1] not in "ic" or within:
        raise ValueError(f"{piece} is not supported here")
    return f"[{_NAME_START if piece[1] == 'i' else _NAME_CHAR}]"


def _special(piece: str, flags: re.RegexFlag, *, within: bool) -> str:
    if piece == "-[" and within:
        raise ValueError("class subtraction is not supported")
    if piece == "(?":
        raise ValueError("only (?: may follow an opening parenthesis")
    if within or piece not in {".", "$"}:
        return piece
    if piece == ".":
        return "." if flags & re.DOTALL else r"[^\n\r]"
    return r"(?=\n|\Z)" if flags & re.MULTILINE else r"\Z"
