"""Reading observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, and_, bindparam, func, literal_column, select

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.namespaces import STATEMENT_BASE
from stratagraph.ontology.observations import newest
from stratagraph.service.ledger.chain import microseconds
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.interning import Decoded, Texts, find
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import batches, observations, terms

NEWEST: Final = 2**63 - 1
"""A sequence that no ledger reaches: everything there is."""
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
_IS_TAKEN: Final = and_(
    observations.c.count < literal_column("0"),  # spelt out, as in the index
    observations.c.end >= bindparam("from"),
    observations.c.end <= bindparam("to"),
    observations.c.sequence <= bindparam("until"),
)
_ANY_TAKEN: Final = Prepared(select(func.min(observations.c.id)).where(_IS_TAKEN))
_TAKEN: Final = NAMED.where(_IS_TAKEN).order_by(observations.c.id)
_BACKWARDS: Final = NAMED.where(
    observations.c.subject == bindparam("of_subject"),
    observations.c.metric == bindparam("of_metric"),
    observations.c.sequence <= bindparam("until"),
).order_by(observations.c.end.desc(), observations.c.id)
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
_COUNTED: Final = (
    NAMED.with_only_columns(subjects.c.text, metrics.c.text, func.sum(observations.c.count))
    .where(batches.c.source == bindparam("of"), observations.c.subject.in_(bindparam("subjects", expanding=True)))
    .group_by(subjects.c.text, metrics.c.text)
)
_OF_METRIC: Final = NAMED.where(
    observations.c.subject == bindparam("of_subject"),
    observations.c.metric == bindparam("of_metric"),
    observations.c.end > bindparam("after"),
    observations.c.start < bindparam("before"),
).order_by(observations.c.end, observations.c.id)
_HOUR: Final[ColumnElement[int]] = literal_column(str(3600 * 10**6), BigInteger)
"""In microseconds, and in the text of the statement: what is grouped by must be what is selected."""
_HOURS: Final = (
    select(observations.c.start // _HOUR)
    .where(
        observations.c.subject == bindparam("of_subject"),
        observations.c.metric == bindparam("of_metric"),
        observations.c.end > bindparam("after"),
        observations.c.start < bindparam("before"),
        observations.c.sequence <= bindparam("until"),
    )
    .group_by(observations.c.start // _HOUR)
    .having(func.sum(observations.c.total) > 0)
)


def observation_rows(connection: Connection, first: int, number: int) -> Iterator[Observation]:
    """Yield the observations that a batch brought."""
    if number:
        yield from decoded(connection.execute(_OF_BATCH, {"first": first, "end": first + number}))


def newest_observations(connection: Connection) -> Iterator[Observation]:
    """Yield, for each subject and metric, what the batches say together of the newest window."""
    return newest_of(connection, connection.execute(_NEWEST), NEWEST)


def newest_of(connection: Connection, rows: Iterable[Row[*tuple[Any, ...]]], until: int) -> Iterator[Observation]:
    """Yield the newest of each subject and metric, given the rows of its latest window up to a sequence."""
    for (subject, metric), seen in groupby(decoded(rows), key=lambda each: (each.subject, each.metric)):
        found = newest(seen).get((subject, metric)) or _newest_left(connection, subject, metric, until)
        if found is not None:
            yield found


def remaining(
    connection: Connection, told: Iterable[Observation], until: int
) -> Iterator[tuple[Iri, Iri, Observation | None]]:
    """Yield what is the newest, up to a sequence, of each subject and metric that a batch told of.

    Only of those are given of which values were taken away in the same window, by this batch or before.
    """
    windows = {(seen.subject, seen.metric, microseconds(seen.end)) for seen in told}
    if not windows:
        return
    ends = [end for *_, end in windows]
    values = {"from": min(ends), "to": max(ends), "until": until}
    if _ANY_TAKEN(connection, **values)[0][0] is None:
        return
    taken = [
        (each.subject, each.metric, microseconds(each.end)) for each in decoded(connection.execute(_TAKEN, values))
    ]
    for subject, metric in dict.fromkeys(each[:2] for each in taken if each in windows):
        yield subject, metric, _newest_left(connection, subject, metric, until)


def _newest_left(connection: Connection, subject: Iri, metric: Iri, until: int) -> Observation | None:
    """Return the newest window of which something is left, up to a sequence."""
    texts = Texts()
    numbers = find(connection, (texts[subject], texts[metric]))
    values = {"of_subject": numbers[texts[subject]], "of_metric": numbers[texts[metric]], "until": until}
    with connection.execute(_BACKWARDS, values) as rows:
        for _, seen in groupby(decoded(rows), key=attrgetter("end")):
            if found := newest(seen):
                return found[subject, metric]
    return None


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


def counted(connection: Connection, source: str, subjects_: Iterable[Iri]) -> dict[tuple[Iri, Iri], int]:
    """Return how many values of each metric a source gave of each of the subjects and did not take away."""
    texts = Texts()
    numbers = find(connection, [texts[subject] for subject in subjects_])
    found: dict[tuple[Iri, Iri], int] = {}
    terms_ = Decoded()
    for chunk in chunks(numbers.values()):
        for subject, metric, count in connection.execute(_COUNTED, {"of": source, "subjects": chunk}):
            found[str(terms_[subject]), str(terms_[metric])] = int(count)
    return found


def hours_observed(
    connection: Connection, *, subject: Iri, metric: Iri, start: datetime, end: datetime, until: int
) -> frozenset[int]:
    """Return the hours, counted from 1970, in which a metric of a subject amounted to anything.

    Observations after the sequence ``until`` are left out.
    """
    texts = Texts()
    names = (texts[subject], texts[metric])
    numbers = find(connection, names)
    if not all(name in numbers for name in names):
        return frozenset()
    values = {
        "of_subject": numbers[names[0]],
        "of_metric": numbers[names[1]],
        "after": microseconds(start),
        "before": microseconds(end),
        "until": until,
    }
    return frozenset(connection.execute(_HOURS, values).scalars())


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
