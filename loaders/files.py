"""Files as a source: transform each by its kind, and join several into one batch."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document, Together
from stratagraph.loaders.formats.format import JointFormat
from stratagraph.loaders.formats.registry import format_of
from stratagraph.loaders.inventory import read_inventory
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.origins import Loaded, Origins, Place, Remark, Unread
from stratagraph.loaders.rdf import find_place, read_rdf
from stratagraph.loaders.recognition import kind_of, syntax_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.errors import MOST_FINDINGS, StratagraphError, unlisted
from stratagraph.ontology.facts import Batch, Fact, Iri, Method, Scope
from stratagraph.ontology.model import OntologyModel


class SeveralMistakes(StratagraphError, slug="several-mistakes", status=400):
    """More than one file can't be read."""

    text = "{count} files have mistakes, and nothing was committed:\n{told}"
    longest = 100_000

    count: int
    told: str
    mistakes: tuple[StratagraphError, ...]

    @classmethod
    def of(cls, mistakes: Sequence[StratagraphError]) -> SeveralMistakes:
        """Join the mistakes of several files."""
        told = "\n".join(f"- {mistake}" for mistake in mistakes[:MOST_FINDINGS])
        if (more := len(mistakes) - MOST_FINDINGS) > 0:
            told += f"\n... and {more} more file." if more == 1 else f"\n... and {more} more files."
        return cls(count=len(mistakes), told=told, mistakes=tuple(mistakes))

    def details(self) -> dict[str, Any]:
        """Return the first mistakes as plain data, and how many there are where these are not all."""
        listed = [{"type": mistake.slug, "text": str(mistake)} for mistake in self.mistakes[:MOST_FINDINGS]]
        return {"mistakes": listed, **unlisted(len(self.mistakes))}


def transform(
    sources: Iterable[SourceFile],
    *,
    model: OntologyModel,
    base: Iri,
    source: str,
    kind: Kind | None = None,
    complete: bool = True,
    run: str | None = None,
) -> Loaded:
    """Turn files into one batch, one scope per file.

    A complete scope closes what an earlier version of the same file said and this one no longer says. The run is
    new each time, so that going back to an older version of a file counts as a change.

    Raises:
        StratagraphError: a file is malformed, or of an unknown kind.
        SeveralMistakes: several files are.
    """
    # All files are read before anything is refused, so that one call tells of every mistake.
    read: dict[str, Statements] = {}
    mistakes: dict[str, StratagraphError] = {}
    waiting: dict[Kind, dict[str, Waiting]] = {}
    together = Together()
    files = [(file, together.take(Document(file.shown or file.scope, file.data, scope=file.scope))) for file in sources]
    for file, document in files:
        scope = file.scope
        try:
            told = _read(document, kind or file.kind, f"{source}/{scope}", model=model, base=base)
        except StratagraphError as mistake:
            mistakes[scope] = mistake
            continue
        if isinstance(told, Waiting):
            waiting.setdefault(told.kind, {})[scope] = told
        else:
            read[scope] = told
    for what, those in waiting.items():
        try:
            read |= _read_together(what, those)
        except StratagraphError as mistake:
            mistakes[next(iter(those))] = mistake
    # What another file takes in says nothing of its own, and need not be a whole one.
    for scope in {part.scope for told in read.values() for part in told.parts}:
        mistakes.pop(scope, None)
        read[scope] = Statements(facts=())
    if mistakes:
        found = tuple(mistakes.values())
        raise found[0] if len(found) == 1 else SeveralMistakes.of(found)
    scopes = tuple(Scope(name=name, complete=complete, stated=told.facts) for name, told in read.items())
    batch = Batch(source=source, run=run or str(uuid.uuid4()), method=Method.DECLARED, scopes=scopes)
    remarks = tuple(remark for told in read.values() for remark in told.remarks)
    unread = tuple(unread for told in read.values() for unread in told.unread)
    return Loaded(batch, _origins(read.values()), remarks, unread)


Search = Callable[[Fact | None, Iri], Place | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What one file states: the facts, their places or how to find them, what is odd, and what was not understood."""

    facts: tuple[Fact, ...]
    places: Mapping[Fact, Place | None] = field(default_factory=dict)
    search: Search | None = None
    remarks: Sequence[Remark] = ()
    unread: Sequence[Unread] = ()
    parts: Sequence[Document] = ()
    """The documents that it takes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file that is read together with the others of its kind."""

    kind: Kind
    document: Document
    description: Description


def _origins(statements: Iterable[Statements]) -> Origins:
    known: dict[Fact | Iri, Place] = {}
    searches: list[Search] = []
    for told in statements:
        for fact, place in told.places.items():
            if place:
                known.setdefault(fact, place)
                known.setdefault(fact.subject, place)
        if told.search:
            searches.append(told.search)
    return Origins(known, lambda fact, subject: _search_all(searches, fact, subject))


def _search_all(searches: Sequence[Search], fact: Fact | None, subject: Iri) -> Place | None:
    return next((place for search in searches if (place := search(fact, subject))), None)


def _read(document: Document, kind: Kind | None, name: str, *, model: OntologyModel, base: Iri) -> Statements | Waiting:
    what = kind_of(document, kind)
    if what is Kind.YAML:
        inventory = read_inventory(document.data, document.name, model=model, base=base)
        return Statements(facts=tuple(inventory.facts), places=inventory.facts, remarks=inventory.remarks)
    if what is Kind.RDF:
        return _read_rdf(document, name)
    description = Description(document, model=model, base=base)
    form = format_of(what)
    if isinstance(form, JointFormat):
        return Waiting(kind=what, document=document, description=description)
    form.read(document, description)
    return _described(description)


def _read_together(kind: Kind, files: Mapping[str, Waiting]) -> dict[str, Statements]:
    """Read the files of a kind of which one says what another one means."""
    form = format_of(kind)
    assert isinstance(form, JointFormat)  # only such files wait
    form.read_together([(file.document, file.description) for file in files.values()])
    return {scope: _described(file.description) for scope, file in files.items()}


def _described(description: Description) -> Statements:
    """Return what a format told of a document."""
    description.refuse()
    parts = (description, *description.parts)
    return Statements(
        facts=description.whole(),
        search=description.find,
        remarks=[remark for part in parts for remark in part.remarks],
        unread=[unread for part in parts for unread in _unread(part.document.name, part.not_understood)],
        parts=[part.document for part in description.parts],
    )


def _read_rdf(document: Document, name: str) -> Statements:
    data, shown, syntax = document.data, document.name, syntax_of(document.name)
    facts = tuple(dict.fromkeys(read_rdf(data, shown, syntax=syntax, name=name)))
    return Statements(
        facts=facts, search=lambda fact, subject: find_place(data, shown, syntax, fact, subject, name=name)
    )


def _unread(file: str, counted: Counter[str]) -> tuple[Unread, ...]:
    """Return what was not understood of a file, the most frequent first."""
    return tuple(Unread(file, path, count) for path, count in sorted(counted.items(), key=lambda it: (-it[1], it[0])))


def digest(sources: Iterable[SourceFile]) -> str:
    """Return a run name that follows from the content alone: the same files again are the same run."""
    state = hashlib.sha256()
    for file in sorted(sources, key=lambda file: file.scope):
        # A separator and a hash of fixed length: no two sets of files run together into the same bytes.
        state.update(file.scope.encode() + b"\0" + hashlib.sha256(file.data).digest())
    return state.hexdigest()
