"""Reading observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.service.ledger.chain import microseconds, moment
from stratagraph.service.ledger.interning import Decoded, Texts, find
from stratagraph.service.ledger.schema import observations, terms

subjects: Final = terms.alias("subjects")
metrics: Final = terms.alias("metrics")

NAMED: Final[Select[*tuple[Any, ...]]] = (
    select(subjects.c.text.label("subject_text"), metrics.c.text.label("metric_text"), observations)
    .join(subjects, subjects.c.id == observations.c.subject)
    .join(metrics, metrics.c.id == observations.c.metric)
)
"""Observations with their names."""

_OF_BATCH: Final = NAMED.where(observations.c.id >= bindparam("first"), observations.c.id < bindparam("end")).order_by(
    observations.c.id
)
_RANK: Final = (
    func.row_number()
    .over(
        partition_by=(observations.c.subject, observations.c.metric),
        order_by=(observations.c.end.desc(), observations.c.id.desc()),
    )
    .label("rank")
)
_RANKED: Final = select(observations.c.id, _RANK).subquery("ranked")
_NEWEST: Final = NAMED.join(_RANKED, _RANKED.c.id == observations.c.id).where(_RANKED.c.rank == 1)
_OF_METRIC: Final = NAMED.where(
    observations.c.subject == bindparam("of_subject"),
    observations.c.metric == bindparam("of_metric"),
    observations.c.end > bindparam("after"),
    observations.c.start < bindparam("before"),
).order_by(observations.c.end, observations.c.id)


def observation_rows(connection: Connection, first: int, number: int) -> Iterator[Observation]:
    """Yield the observations that a batch brought."""
    if number:
        yield from _decoded(connection.execute(_OF_BATCH, {"first": first, "end": first + number}))


def newest_observations(connection: Connection) -> Iterator[Observation]:
    """Yield, for each subject and metric, the observation whose window ended last."""
    return _decoded(connection.execute(_NEWEST))


def observations_of(
    connection: Connection, *, subject: Iri, metric: Iri, start: datetime, end: datetime
) -> Iterator[Observation]:
    """Yield one metric of one subject over windows that overlap the time from start to end, oldest first."""
    texts = Texts()
    names = (texts[subject], texts[metric])
    numbers = find(connection, names)
    if len(numbers) < len(set(names)):
        return
    values = {
        "of_subject": numbers[names[0]],
        "of_metric": numbers[names[1]],
        "after": microseconds(start),
        "before": microseconds(end),
    }
    yield from _decoded(connection.execute(_OF_METRIC, values))


def _decoded(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Observation]:
    terms_ = Decoded()
    for row in rows:
        yield Observation(
            subject=terms_[row.subject_text],  # type: ignore[arg-type]  # an IRI by construction
            metric=terms_[row.metric_text],  # type: ignore[arg-type]  # as above
            unit=row.unit,
            start=moment(row.start),
            end=moment(row.end),
            count=row._mapping["count"],  # noqa: SLF001  # a row is a tuple, whose method count is
            total=row.total,
            minimum=row.minimum,
            maximum=row.maximum,
            sketch=bytes(row.sketch),
            estimated=row.estimated,
        )
