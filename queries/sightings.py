"""The first and the last of several times: compared as moments, for as a text 12:00:00.5Z comes before 12:00:00Z."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from stratagraph.ontology.datatypes import has_form
from stratagraph.ontology.facts import Literal, Term
from stratagraph.shapes.moments import Moment, read_time


def earliest(times: Iterable[Term | None]) -> str | None:
    """Return the first of the times as it is written, None where there is none."""
    found = _placed(times)
    return min(found)[-1] if found else None


def latest(times: Iterable[Term | None]) -> str | None:
    """Return the last of the times as it is written, None where there is none."""
    found = _placed(times)
    return max(found)[-1] if found else None


def _placed(times: Iterable[Term | None]) -> list[tuple[int, str, str]]:
    """Return each time with its second and the fraction behind it; without a zone it is taken for UTC."""
    moments = ((_moment(time), time.value) for time in times if isinstance(time, Literal))
    return [(moment.second, moment.fraction, text) for moment, text in moments if moment is not None]


# Few runs state many facts.
@lru_cache(maxsize=10_000)
def _moment(time: Literal) -> Moment | None:
    read = read_time(time) if has_form(time.value, time.datatype) else None
    return read if isinstance(read, Moment) else None
