"""Where a module speaks of a term: a line to look at, found in the text as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import local_name


def line_of(text: str, term: Iri) -> int:
    """Return the line, counting from 1, on which a text begins to speak of a term, else 0."""
    for pattern in _patterns(re.escape(term), re.escape(local_name(term))):
        if found := re.search(pattern, text, re.MULTILINE):
            return text.count("\n", 0, found.end()) + 1
    return 0


def _patterns(iri: str, name: str) -> Iterator[str]:
    yield rf"(?:^|\.)\s*(?:<{iri}>|<[^>]*{name}>|[\w.-]*:{name})(?=[\s;,.]|$)"  # Turtle, N-Triples: a subject
    yield rf"""rdf:(?:about|ID)\s*=\s*["'](?:{iri}|[^"']*[#/:;]{name}|{name})["']"""  # RDF/XML
    yield rf""""@id"\s*:\s*"(?:{iri}|[^"]*[#/:]{name})\""""  # JSON-LD
