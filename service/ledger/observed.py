"""Reading observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import STATEMENT_BASE
from stratagraph.ontology.observations import newest
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.interning import Decoded, Texts, find
from stratagraph.service.ledger.schema import batches, observations, terms

subjects: Final = terms.alias("subjects")
metrics: Final = terms.alias("metrics")

NAMED: Final[Select[*tuple[Any, ...]]] = (
    select(
        subjects.c.text.label("subject_text"),
        metrics.c.text.label("metric_text"),
        batches.c.source,
        observations,
    )
    .join(subjects, subjects.c.id == observations.c.subject)
    .join(metrics, metrics.c.id == observations.c.metric)
    .join(batches, batches.c.sequence == observations.c.sequence)
)
"""Observations with their names and sources."""

_OF_BATCH: Final = NAMED.where(observations.c.id >= bindparam("first"), observations.c.id < bindparam("end")).order_by(
    observations.c.id
)
_LATEST: Final = (
    select(observations.c.subject, observations.c.metric, func.max(observations.c.end).label("end"))
    .group_by(observations.c.subject, observations.c.metric)
    .subquery("latest")
)
_NEWEST: Final = NAMED.join(
    _LATEST,
    and_(
        _LATEST.c.subject == observations.c.subject,
        _LATEST.c.metric == observations.c.metric,
        _LATEST.c.end == observations.c.end,
    ),
).order_by(observations.c.subject, observations.c.metric, observations.c.id)
_OF_STATEMENTS: Final = NAMED.where(
    observations.c.start >= bindparam("since"),
    observations.c.sequence <= bindparam("until"),
    # A term's row does not say what kind of thing it names; a statement is known by its IRI.
    subjects.c.text.startswith(f"<{STATEMENT_BASE}", autoescape=True),
).order_by(observations.c.id)
_ABOUT: Final = NAMED.where(
    observations.c.subject == bindparam("of_subject"),
    observations.c.end > bindparam("after"),
    observations.c.start < bindparam("before"),
    observations.c.sequence <= bindparam("until"),
).order_by(observations.c.metric, observations.c.id)
_OF_METRIC: Final = NAMED.where(
    observations.c.subject == bindparam("of_subject"),
    observations.c.metric == bindparam("of_metric"),
    observations.c.end > bindparam("after"),
    observations.c.start < bindparam("before"),
).order_by(observations.c.end, observations.c.id)


def observation_rows(connection: Connection, first: int, number: int) -> Iterator[Observation]:
    """Yield the observations that a batch brought."""
    if number:
        yield from decoded(connection.execute(_OF_BATCH, {"first": first, "end": first + number}))


def newest_observations(connection: Connection) -> Iterator[Observation]:
    """Yield, for each subject and metric, what the batches say together of the newest window."""
    rows = decoded(connection.execute(_NEWEST))
    for _, seen in groupby(rows, key=lambda each: (each.subject, each.metric)):
        yield from newest(seen).values()


def statement_observations(connection: Connection, since: datetime, until: int) -> Iterator[Observation]:
    """Yield every observation on a statement whose window started at this time or later, as they came in.

    Observations after the sequence ``until`` are left out.
    """
    return decoded(connection.execute(_OF_STATEMENTS, {"since": microseconds(since), "until": until}))


def observations_about(
    connection: Connection, *, subject: Iri, start: datetime, end: datetime, until: int
) -> Iterator[Observation]:
    """Yield every metric of one subject over windows that overlap the time from start to end, metric by metric.

    Observations after the sequence ``until`` are left out.
    """
    text = Texts()[subject]
    number = find(connection, [text]).get(text)
    if number is None:
        return
    values = {"of_subject": number, "after": microseconds(start), "before": microseconds(end), "until": until}
    yield from decoded(connection.execute(_ABOUT, values))


def observations_of(
    connection: Connection, *, subject: Iri, metric: Iri, start: datetime, end: datetime
) -> Iterator[Observation]:
    """Yield one metric of one subject over windows that overlap the time from start to end, oldest first."""
    texts = Texts()
    names = (texts[subject], texts[metric])
    numbers = find(connection, names)
    if len(numbers) < len(set(names)):  # a subject may be its own metric
        return
    values = {
        "of_subject": numbers[names[0]],
        "of_metric": numbers[names[1]],
        "after": microseconds(start),
        "before": microseconds(end),
    }
    yield from decoded(connection.execute(_OF_METRIC, values))


def decoded(rows: Iterable[Row[*tuple[Any, ...]]]) -> Iterator[Observation]:
    """Yield the observations of rows of ``NAMED``."""
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
            source=row.source,
        )
