"""Terms in the forms they take elsewhere: pyoxigraph's objects, and N-Triples text."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import pyoxigraph as ox

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import XSD_STRING, Literal, Term

OxTerm: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
"""Whatever a store may answer with."""

# Canonical N-Triples: these have short escapes, other controls are written by code point, the rest stands as it is.
_ESCAPES: Final = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | {
    ord(char): "\\" + letter for char, letter in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)
}
_ESCAPED: Final = re.compile(f"[{re.escape(''.join(map(chr, _ESCAPES)))}]")
_UNESCAPES: Final = dict(zip("btnfr\"'\\", "\b\t\n\f\r\"'\\", strict=True))
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_BLANK: Final = "a blank node means nothing outside its document, so send the document or give the node an IRI"
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^<>]*)>)?', re.DOTALL)


class UnsupportedTerm(StratagraphError, slug="unsupported-term", status=400):
    """A blank node or triple term where a fact needs an IRI or a literal."""

    text = "{term} cannot stand in a fact. Give it an IRI first, or state it as a literal."

    term: str


class MalformedTerm(StratagraphError, slug="malformed-term", status=400):
    """Text that is no N-Triples term."""

    text = "{term!r} is no N-Triples term: {reason}. Write an IRI in full as <...>, and a literal in double quotes."

    term: str
    reason: str


def to_ox(term: Term) -> ox.NamedNode | ox.Literal:
    """Return the term as pyoxigraph holds it; a ValueError tells of characters that no IRI or tag may have."""
    if isinstance(term, str):
        return ox.NamedNode(term)
    if term.language:
        return ox.Literal(term.value, language=term.language)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))


def from_ox(term: OxTerm) -> Term:
    """Return what pyoxigraph holds as a term of ours.

    Raises:
        UnsupportedTerm: for a blank node, a triple term or a text with a base direction.
    """
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.Literal) and term.direction is None:
        return Literal(term.value, term.datatype.value, term.language or "")
    raise UnsupportedTerm(term=str(term))


def encode(term: Term) -> str:
    """Return the term as canonical N-Triples; equal terms give equal text, so it can be hashed and compared."""
    if isinstance(term, str):
        return f"<{term}>"
    value, datatype, language = term
    # Next to none has anything to escape, and looking is much cheaper than translating.
    quoted = f'"{value}"' if _ESCAPED.search(value) is None else f'"{value.translate(_ESCAPES)}"'
    if language:
        # RDF 1.1 compares tags without case; the case of a source would give one text two encodings.
        return f"{quoted}@{language.lower()}"
    return quoted if datatype == XSD_STRING else f"{quoted}^^<{datatype}>"


def decode(text: str) -> Term:
    """Return the term that N-Triples text stands for: the inverse of ``encode``.

    Raises:
        MalformedTerm: when it is no IRI and no literal.
    """
    if text.startswith("<") and text.endswith(">"):
        return text[1:-1]
    match = _LITERAL.fullmatch(text)
    if match is None:
        raise MalformedTerm(term=text, reason=_BLANK if text.startswith("_:") else "it is neither IRI nor literal")
    value, language, datatype = match.groups()
    if datatype == "":
        raise MalformedTerm(term=text, reason="its datatype has no IRI")
    return Literal(_unescape(value, text), datatype or XSD_STRING, language or "")


def _unescape(value: str, text: str) -> str:
    if "\\" not in value:
        return value
    try:
        return _ESCAPE.sub(_character, value)
    except (KeyError, ValueError, OverflowError):
        raise MalformedTerm(term=text, reason="an escape stands for no character") from None


def _character(match: re.Match[str]) -> str:
    short, long, letter = match.groups()
    if letter:
        return _UNESCAPES[letter]
    character = chr(int(short or long, 16))
    character.encode()  # half of a surrogate pair is no character, and raises a ValueError
    return character
