"""Competency questions: what the ontology must be able to answer, each with its query and the answer expected.

A question is a file ``competency/NN-name.rq``: a SELECT query under a header of comment lines that give the question
in both languages, its source, a line per expected row, and one triple without which the answer is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import ONTOLOGY_IRI, PREFIXES
from stratagraph.ontology.syntax.parsing import MalformedRdf, RdfSyntax, parse_rdf

FOLDER: Final = Path(__file__).parent / "competency"
LANGUAGES: Final = {"en": "question-en", "pt-br": "question-pt"}

_NAME: Final = re.compile(r"(\d+)-([a-z0-9-]+)\.rq")
_FIELD: Final = re.compile(r"^# ?([a-z-]+): ?(.*)$")
_PREFIX: Final = re.compile(r"^\s*PREFIX\s+([\w.-]*):\s*(<[^>]*>)", re.IGNORECASE | re.MULTILINE)

Cells = tuple[str, ...]
"""One row of an answer as text: CURIEs and plain values, empty where unbound."""


class MalformedQuestion(StratagraphError, slug="malformed-question", status=500):
    """A competency question without what it needs."""

    text = "{file}: {reason}. See docs/reference/competency-questions.md for the header's fields."

    file: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CompetencyQuestion:
    """A competency question. ``wording`` maps a lower-case language tag to the question."""

    number: int
    name: str
    wording: Mapping[str, str]
    source: str
    expected: tuple[Cells, ...]
    mutation: Fact
    query: str


def load_questions(folder: Path = FOLDER) -> tuple[CompetencyQuestion, ...]:
    """Read every question of a folder, by number.

    Raises:
        MalformedQuestion: naming the file and what is wrong with it.
    """
    return tuple(sorted((read_question(file) for file in folder.glob("*.rq")), key=lambda found: found.number))


def read_question(file: Path) -> CompetencyQuestion:
    """Read one question from its file."""
    named = _NAME.fullmatch(file.name)
    if named is None:
        raise MalformedQuestion(file=file.name, reason="the name is not of the form 07-some-words.rq")
    text = file.read_text(encoding="utf-8")
    fields = list(_fields(text))
    return CompetencyQuestion(
        number=int(named[1]),
        name=named[2],
        wording={tag: _single(file, fields, field) for tag, field in LANGUAGES.items()},
        source=_single(file, fields, "source"),
        expected=tuple(tuple(map(normal, value.split("\t"))) for field, value in fields if field == "expected"),
        mutation=_triple(file, text, _single(file, fields, "mutation")),
        query=text,
    )


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of the header: the comment lines before the query."""
    # The header is comments, so that any SPARQL tool runs the file as it is.
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            return
        if found := _FIELD.match(line):
            # not tabs: they part the cells of a row, and the first or last may be empty
            yield found[1], found[2].strip(" ")


def _single(file: Path, fields: Iterable[tuple[str, str]], wanted: str) -> str:
    values = [value for field, value in fields if field == wanted and value]
    if len(values) != 1:
        raise MalformedQuestion(file=file.name, reason=f"it has {len(values)} lines '# {wanted}:' instead of one")
    return values[0]


def _triple(file: Path, text: str, written: str) -> Fact:
    """Read the mutation as Turtle, with the prefixes that queries know and those that this one declares."""
    # The query's own prefixes go before those that every query knows.
    prefixes = {prefix: f"<{base}>" for prefix, base in PREFIXES.items()} | dict(_PREFIX.findall(text))
    lines = [f"@prefix {prefix}: {base} ." for prefix, base in prefixes.items()]
    turtle = "\n".join([*lines, written.rstrip(" .") + " ."])
    try:
        facts = parse_rdf(turtle.encode(), RdfSyntax.TURTLE, ONTOLOGY_IRI, file.name)
    except MalformedRdf as error:
        raise MalformedQuestion(file=file.name, reason=f"the mutation is no triple: {error.reason}") from None
    if len(facts) != 1:
        raise MalformedQuestion(file=file.name, reason=f"the mutation is {len(facts)} triples instead of one")
    return facts[0]


def normal(text: str) -> str:
    """Write equal numbers alike, since a store writes them its own way."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{number.normalize():f}" if number.is_finite() else text
