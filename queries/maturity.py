"""How mature an organisation is at each macro-stage, from its answers to the self-assessment."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.queries.store_protocols import Row, TripleStore

_FOLDER: Final = files("stratagraph.queries")
_MATURITY: Final = (_FOLDER / "maturity.rq").read_text("utf-8")
_GAPS: Final = (_FOLDER / "maturity-gaps.rq").read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMaturity:
    """Where an organisation stands at a stage; the shares run from 0 to 1, ``rank`` is the position of ``level``.

    ``gaps`` are the questions, deliverables and gate criteria that are not satisfied, in the order of the source.
    """

    stage: Iri
    position: int
    questions: float
    deliverables: float
    criteria: float
    level: Iri
    rank: int
    gaps: tuple[Iri, ...]


def maturity(store: TripleStore, organization: Iri) -> tuple[StageMaturity, ...]:
    """Return an organisation's maturity stage by stage; nothing where it answered nothing, for then nobody knows."""
    gaps: dict[Iri, list[Iri]] = {}
    for row in _of(store, _GAPS, organization):
        gaps.setdefault(str(row["stage"]), []).append(str(row["item"]))
    return tuple(
        StageMaturity(
            stage=(stage := str(row["stage"])),
            position=int(_number(row["position"])),
            questions=_number(row["questions"]),
            deliverables=_number(row["deliverables"]),
            criteria=_number(row["criteria"]),
            level=str(row["level"]),
            rank=int(_number(row["rank"])),
            gaps=tuple(gaps.get(stage, ())),
        )
        for row in _of(store, _MATURITY, organization)
    )


def weakest(stages: tuple[StageMaturity, ...]) -> StageMaturity | None:
    """Return the stage that holds an organisation back: the lowest level, the earliest of several."""
    return min(stages, key=lambda stage: (stage.rank, stage.position), default=None)


def _of(store: TripleStore, query: str, organization: Iri) -> list[Row]:
    return [row for row in store.select(query) if row["organization"] == organization]


def _number(term: Term | None) -> float:
    return float(term.value) if isinstance(term, Literal) else 0.0
