"""The graph that a question is about: the present, or what the ledger knew at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from fastapi import Query

from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.messages import messages
from stratagraph.queries.names import UnknownName, UnknownThen
from stratagraph.queries.store_protocols import Adjacency, TripleStore
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.headers import AS_OF, SEQUENCE
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.ledger.asof import Moment
from stratagraph.service.past.past_stores import Past, Pasts, read_moment

AsOf = Annotated[
    str | None, Query(alias="asOf", description="What the ledger knew then: a sequence, a date or a time; past only.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriedGraph:
    """What a question is answered from; ``past`` and ``moment`` are None in the present."""

    triples: TripleStore
    adjacency: Adjacency
    model: OntologyModel
    past: Past | None = None
    moment: Moment | None = None

    @property
    def time(self) -> datetime:
        """The moment asked about; that of a sequence is when its batch was committed."""
        if isinstance(self.moment, datetime):
            return self.moment
        return self.past.standing.time if self.past else datetime.now(UTC)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of an answer about the past; the present's are set for every answer."""
        if self.past is None:
            return {}
        return {SEQUENCE: str(self.past.standing.sequence), AS_OF: self.past.note()}

    def remark(self, language: str) -> dict[str, Any]:
        """Return what a JSON answer about the past says of it: when, by which ontology, and what is missing."""
        if self.past is None:
            return {}
        standing = self.past.standing
        return {
            "asOf": {
                "sequence": standing.sequence,
                "time": standing.time.isoformat(),
                "ontology": {"then": standing.ontology_hash, "used": self.model.hash},
                "redacted": standing.redacted,
                "notes": _notes(self.past, language),
            }
        }


Graphs: TypeAlias = Callable[[str | None], AbstractContextManager[QueriedGraph]]
"""Opens the graph as of a text; None is the present."""


def graphs(engine: Engine, pasts: Pasts) -> Graphs:
    """Return the way to the graph at any moment."""

    @contextmanager
    def graph(as_of: str | None) -> Iterator[QueriedGraph]:
        if as_of is None:
            with engine.reading() as snapshot:
                answered_at(snapshot.sequence)
                yield QueriedGraph(triples=snapshot.triples, adjacency=snapshot.adjacency, model=snapshot.model)
            return
        moment = read_moment(as_of)
        with pasts.at(moment) as past:
            standing = past.standing
            answered_at(standing.sequence)
            try:
                yield QueriedGraph(
                    triples=past.triples, adjacency=past.adjacency, model=past.model, past=past, moment=moment
                )
            except UnknownName as unknown:
                raise UnknownThen(
                    kind=unknown.kind,
                    name=unknown.name,
                    suggestions=unknown.suggestions,
                    sequence=standing.sequence,
                    time=standing.time.isoformat(timespec="seconds"),
                ) from None

    return graph


def _notes(past: Past, language: str) -> list[str]:
    texts = messages("past", language)
    notes = [texts["redacted"].format(count=past.standing.redacted)] if past.standing.redacted else []
    return [*notes, texts["substituted"]] if past.substituted else notes
