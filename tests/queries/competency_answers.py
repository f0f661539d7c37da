"""What a store answers to a competency question, in the form of the rows that are expected."""

from __future__ import annotations

from collections.abc import Iterable

from stratagraph.ontology.facts import Literal, Term
from stratagraph.ontology.namespaces import compact
from stratagraph.queries.competency import Cells, CompetencyQuestion, normal
from stratagraph.queries.store_protocols import Row, TripleStore


def answer(store: TripleStore, question: CompetencyQuestion) -> tuple[Cells, ...]:
    """Return the answer that a store gives now, in the form of the expected rows and in a fixed order."""
    return in_order(map(_cells, store.select(question.query)))


def in_order(rows: Iterable[Cells]) -> tuple[Cells, ...]:
    """Return rows in a fixed order: answers are compared as bags."""
    return tuple(sorted(rows))


def _cells(row: Row) -> Cells:
    return tuple(_cell(term) for term in row.values())


def _cell(term: Term | None) -> str:
    if term is None:
        return ""
    return normal(term.value) if isinstance(term, Literal) else compact(term)
