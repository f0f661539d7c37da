"""Files as a source: transform each by its kind, and join several into one batch."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stratagraph.loaders.inventory import read_inventory
from stratagraph.loaders.kinds import Kind, kind_of
from stratagraph.loaders.origins import Loaded, Origins, Place, Remark
from stratagraph.loaders.rdf import find_place, read_rdf
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
    statements: dict[str, Statements] = {}
    mistakes: list[StratagraphError] = []
    remarks: list[Remark] = []
    for file in sources:
        try:
            statements[file.scope] = _read(file, f"{source}/{file.scope}", remarks, model=model, base=base, kind=kind)
        except StratagraphError as mistake:
            mistakes.append(mistake)
    if mistakes:
        raise mistakes[0] if len(mistakes) == 1 else SeveralMistakes.of(mistakes)
    scopes = tuple(
        Scope(name=name, complete=complete, stated=tuple(places)) for name, (places, _) in statements.items()
    )
    batch = Batch(source=source, run=run or str(uuid.uuid4()), method=Method.DECLARED, scopes=scopes)
    return Loaded(batch, _origins(statements.values()), tuple(remarks))


Search = Callable[[Fact | None, Iri], Place | None]
Statements = tuple[Mapping[Fact, Place | None], Search | None]


def _origins(statements: Iterable[Statements]) -> Origins:
    known: dict[Fact | Iri, Place] = {}
    searches: list[Search] = []
    for places, search in statements:
        for fact, place in places.items():
            if place:
                known.setdefault(fact, place)
                known.setdefault(fact.subject, place)
        if search:
            searches.append(search)
    return Origins(known, lambda fact, subject: _search_all(searches, fact, subject))


def _search_all(searches: Sequence[Search], fact: Fact | None, subject: Iri) -> Place | None:
    return next((place for search in searches if (place := search(fact, subject))), None)


def _read(
    file: SourceFile, name: str, remarks: list[Remark], *, model: OntologyModel, base: Iri, kind: Kind | None
) -> Statements:
    shown = file.shown or file.scope
    what, syntax = kind_of(file.data, shown, kind)
    if what is Kind.YAML:
        inventory = read_inventory(file.data, shown, model=model, base=base)
        remarks += inventory.remarks
        return inventory.facts, None
    data = file.data
    facts = read_rdf(data, shown, syntax=syntax, name=name)
    return dict.fromkeys(facts), lambda fact, subject: find_place(data, shown, syntax, fact, subject, name=name)


def digest(sources: Iterable[SourceFile]) -> str:
    """Return a run name that follows from the content alone: the same files again are the same run."""
    state = hashlib.sha256()
    for file in sorted(sources, key=lambda file: file.scope):
        # A separator and a hash of fixed length: no two sets of files run together into the same bytes.
        state.update(file.scope.encode() + b"\0" + hashlib.sha256(file.data).digest())
    return state.hexdigest()
