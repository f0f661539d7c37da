"""A cause as it is answered, and what went wrong with the question."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from stratagraph.ontology.errors import StratagraphError


class RootCauseQuestionError(StratagraphError, slug="root-cause-question", status=422):
    """A question about causes that cannot be asked so."""

    text = "The question about root causes cannot be answered: {reason}."
    reason: str


class NothingObserved(StratagraphError, slug="nothing-observed", status=422):
    """The metric that is asked about was not observed of the asset in the time that is looked at."""

    text = "No {metric} of {asset} was observed in this time. Ask for another time, or for one of: {observed}."

    asset: str
    metric: str
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """How far one metric of an asset lies beyond what is usual for it, in usual deviations; worse is positive."""

    asset: Hashable
    metric: str
    kind: str
    deviation: float
    explained: float
    """The share of it that deviations of what the asset calls explain, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One asset that explains what others do not: its score, our confidence, and the evidence from symptom to cause."""

    asset: Hashable
    score: float
    confidence: float
    metric: str | None
    """The metric that deviates most; None for a cause that shows in its callers alone."""
    evidence: tuple[Deviation, ...]
