"""Series with a known truth: what an asset did at each minute is a function of the minute."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stratagraph.ontology.facts import Iri, Observation
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.sketches import encode, sketch_of
from stratagraph.queries.health.judgement import Health, Judgement, judge
from stratagraph.queries.health.missed_calls import hour_number

NOW = datetime(2026, 3, 25, 14, 37, tzinfo=UTC)
"""A Wednesday."""
MINUTE = timedelta(minutes=1)
ASSET = "http://x/agent"
MODEL = load_model()


def minute(seen: list[float], metric: Iri, start: datetime, unit: str, length: timedelta = MINUTE) -> Observation:
    """Return what one window says of one metric."""
    return Observation(
        subject=ASSET,
        metric=metric,
        unit=unit,
        start=start,
        end=start + length,
        count=len(seen),
        total=sum(seen),
        minimum=min(seen),
        maximum=max(seen),
        sketch=encode(sketch_of(seen)) if metric == SG.callLatency else b"",
        source="otlp",
    )


@dataclass(frozen=True)
class Invented:
    """An asset by the calls of each minute, their latency in seconds, and which part of them fails."""

    calls: Callable[[datetime], int]
    latency: Callable[[datetime], float] = lambda _: 1.0
    failing: Callable[[datetime], float] = lambda _: 0.0
    partly: bool = False
    """Whether only failures arrive, so that nobody knows how many calls there were."""
    length: timedelta = MINUTE

    def observed(self, start: datetime, end: datetime) -> Iterator[Observation]:
        """Yield the windows that overlap a time."""
        step = start - (start - datetime(1970, 1, 1, tzinfo=UTC)) % self.length
        while step < end:
            yield from self._minute(step)
            step += self.length

    def _minute(self, start: datetime) -> Iterator[Observation]:
        number = self.calls(start)
        if not number:
            return
        chance = random.Random(start.timestamp())
        failed = [float(chance.random() < self.failing(start)) for _ in range(number)]
        if self.partly:
            if any(failed):
                yield minute([1.0] * int(sum(failed)), SG.errors, start, "{call}", self.length)
            return
        yield minute([1.0] * number, SG.calls, start, "{call}", self.length)
        yield minute(failed, SG.errors, start, "{call}", self.length)
        seconds = [self.latency(start) * chance.lognormvariate(0, 0.2) for _ in range(min(number, 4))]
        yield minute(seconds, SG.callLatency, start, "s", self.length)

    def active(self, start: datetime, end: datetime) -> frozenset[int]:
        """Return the hours with calls."""
        step, found = start, set()
        while step < end and not self.partly:
            if hour_number(step) not in found and self.calls(step):
                found.add(hour_number(step))
            step += self.length
        return frozenset(found)

    def health(self, now: datetime = NOW) -> Health:
        """Return what is judged at a time."""
        return judge(self.observed, self.active, MODEL, now)

    def of(self, metric: Iri, now: datetime = NOW) -> Judgement:
        """Return the judgement of one metric."""
        return next(one for one in self.health(now).judgements if one.series.metric == metric)

    def state(self, now: datetime = NOW) -> Iri | None:
        """Return the asset's state."""
        return self.health(now).state


def about(mean: float) -> Callable[[datetime], int]:
    """Return a number of calls a minute that varies by chance."""
    return lambda time: max(0, round(random.Random(-time.timestamp()).gauss(mean, mean**0.5)))


def since(begin: datetime, calls: Callable[[datetime], int]) -> Callable[[datetime], int]:
    """Return the calls of what is there from a time on."""
    return lambda time: calls(time) if time >= begin else 0


def until(end: datetime, calls: Callable[[datetime], int]) -> Callable[[datetime], int]:
    """Return the calls of what is gone from a time on."""
    return lambda time: calls(time) if time < end else 0


def office(calls: Callable[[datetime], int]) -> Callable[[datetime], int]:
    """Return the calls of what is used from nine to six on workdays."""
    return lambda time: calls(time) if time.weekday() < 5 and 9 <= time.hour < 18 else 0
