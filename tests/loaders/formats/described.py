"""Documents read by their format, for tests: what is stated of whom, in short names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.origins import Loaded
from stratagraph.loaders.recognition import kind_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Fact, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, compact
from tests.core import MODEL


@dataclass(frozen=True)
class Described:
    """What a document states."""

    kind: Kind
    loaded: Loaded

    @property
    def facts(self) -> frozenset[Fact]:
        return frozenset(self.loaded.batch.facts())

    @property
    def assets(self) -> set[tuple[str, str]]:
        """Each asset by the end of its IRI, with a class of it."""
        return {(short(fact.subject), short(fact.object)) for fact in self.facts if fact.predicate == RDF.type}

    def of(self, asset: str, predicate: str) -> Collection[str]:
        """The values of an attribute or a relation of an asset, in order."""
        return sorted(
            short(fact.object)
            for fact in self.facts
            if short(fact.subject) == asset and short(fact.predicate) == predicate
        )

    @property
    def relations(self) -> set[tuple[str, str, str]]:
        """All statements between assets, in short names."""
        return {
            (short(fact.subject), short(fact.predicate), short(fact.object))
            for fact in self.facts
            if isinstance(fact.object, str) and fact.predicate != RDF.type
        }

    @property
    def unread(self) -> dict[str, int]:
        """What was not understood, and how often."""
        return {unread.path: unread.count for unread in self.loaded.unread}


def described(
    data: bytes | str, name: str, *, kind: Kind | None = None, model: OntologyModel | None = None
) -> Described:
    """Load one document as ``stratagraph load`` does."""
    raw = data.encode() if isinstance(data, str) else data
    document = Document(name, raw)
    loaded = transform(
        [SourceFile(scope=name, data=raw, kind=kind)], model=model or MODEL, base=ASSET_BASE, source="test"
    )
    return Described(kind or kind_of(document, None), loaded)


def short(term: Term) -> str:
    """A term without what all have in common."""
    if isinstance(term, Literal):
        return f"{term.value}@{term.language}" if term.language else term.value
    return term.removeprefix(ASSET_BASE) if term.startswith(ASSET_BASE) else compact(term).removeprefix("sg:")
