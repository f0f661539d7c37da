"""Where a module speaks of a term: a line to look at, found in the text as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.namespaces import RDF, local_name


def line_of(text: str, term: Iri) -> int:
    """Return the line, counting from 1, on which a text begins to speak of a term, else 0."""
    for pattern in _patterns(re.escape(term), re.escape(local_name(term))):
        if found := re.search(pattern, text, re.MULTILINE):
            return text.count("\n", 0, found.end()) + 1
    return 0


def line_of_axiom(text: str, axiom: Fact, names: Iterable[Iri]) -> int:
    """Return the line on which an axiom's predicate stands in a statement that has all its names, else 0.

    The statement is about the axiom's subject, unless that is an expression.
    """
    subject = "" if is_blank(axiom.subject) else axiom.subject
    patterns = [
        re.compile(each, re.MULTILINE) for each in _patterns(re.escape(subject), re.escape(local_name(subject)))
    ]
    said = re.compile(_said(axiom.predicate) if subject else rf"\]\s*[^\s\]]*{_said(axiom.predicate)}")
    wanted = [re.compile(_word(name)) for name in names]
    before = 0
    for statement in _statements(text):
        if not subject or (local_name(subject) in statement and any(pattern.search(statement) for pattern in patterns)):
            places = [(found.start(), found.end()) for found in said.finditer(statement)]
            for (start, end), (following, _) in pairwise([*places, (len(statement), 0)]):
                # What is said of a name comes behind it.
                part = statement[start if subject else 0 : following]
                if all(name.search(part) for name in wanted):
                    return text.count("\n", 0, before + end - 1) + 1
        before += len(statement)
    return 0


@lru_cache(maxsize=2)
def _statements(text: str) -> tuple[str, ...]:
    """Return the statements of a text, which together are as long as it; texts and remarks in it state nothing."""
    return tuple(_STATEMENT.split(_TEXTS.sub(_emptied, text)))


def _emptied(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith("<") else re.sub(r"[^\n]", " ", found[0])


def _said(predicate: Iri) -> str:
    return r"(?:\sa|rdf:type)(?=\s)" if predicate == RDF.type else _word(predicate)


def _word(iri: Iri) -> str:
    return rf"(?<![\w-]){re.escape(local_name(iri))}(?![\w-])"


_TEXTS: Final = re.compile(r"""<[^<>\s]*>|\"{3}.*?\"{3}|"(?:[^"\\\n]|\\.)*"|(?<=\s)\#[^\n]*""", re.DOTALL)
"""Texts and remarks of Turtle, and the names that may look like one."""
_STATEMENT: Final = re.compile(r"(?<=\.)(?=\s*\n)|(?<=</owl:Class>)")
"""Where a statement of Turtle or N-Triples ends, or a class of RDF/XML."""


def _patterns(iri: str, name: str) -> Iterator[str]:
    yield rf"(?:^|\.)\s*(?:<{iri}>|<[^>]*{name}>|[\w.-]*:{name})(?=[\s;,.]|$)"  # Turtle, N-Triples: a subject
    yield rf"""rdf:(?:about|ID)\s*=\s*["'](?:{iri}|[^"']*[#/:;]{name}|{name})["']"""  # RDF/XML
    yield rf""""@id"\s*:\s*"(?:{iri}|[^"]*[#/:]{name})\""""  # JSON-LD
