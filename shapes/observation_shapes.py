"""Observations checked directly, under the names and messages of the shapes in ``data/observations.ttl``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Final

from stratagraph.ontology.facts import Iri, Literal, Observation, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, SH, SHAPE_BASE, STATEMENT_BASE, XSD
from stratagraph.shapes.datashapes import OBSERVATIONS, shipped_shapes
from stratagraph.shapes.finding import GateFinding

MONEY: Final = "{currency}"
"""The unit of metrics whose observations carry an ISO 4217 code instead."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


class ObservationCheck:
    """What must hold of an observation, given what is known of its subject and metric."""

    def __init__(self, model: OntologyModel) -> None:
        self._metrics = model.metrics
        shapes = shipped_shapes(OBSERVATIONS).shapes
        self._messages = {
            iri: {message.language.lower(): message.value for message in shape.messages}
            for iri, shape in shapes.items()
        }

    def check(
        self, observation: Observation, *, known: Callable[[Iri], bool], is_metric: Callable[[Iri], bool]
    ) -> Iterator[GateFinding]:
        """Yield what is at fault; ``known`` says whether a node has a class, ``is_metric`` whether that of a metric."""
        # A statement has no facts of its own in the ledger: the views make its node.
        if not observation.subject.startswith(STATEMENT_BASE) and not known(observation.subject):
            yield self._finding(
                observation, "subject", SG.observedOn, observation.subject, SH.MinCountConstraintComponent
            )
        if observation.metric not in self._metrics and not is_metric(observation.metric):
            yield self._finding(observation, "metric", SG.metric, observation.metric, SH.ClassConstraintComponent)
        elif not self._unit_fits(observation):
            yield self._finding(observation, "unit", SG.unit, Literal(observation.unit), SH.HasValueConstraintComponent)
        yield from self._numbers(observation)
        if not _in_order(observation):
            start = Literal(observation.start.isoformat(), XSD.dateTime)
            yield self._finding(observation, "window", SG.windowStart, start, SH.LessThanOrEqualsConstraintComponent)

    def _unit_fits(self, observation: Observation) -> bool:
        metric = self._metrics.get(observation.metric)
        if metric is None or not metric.unit:
            # A metric that only facts declare has no unit to compare with.
            return bool(observation.unit)
        if metric.unit == MONEY:
            return _CURRENCY.fullmatch(observation.unit) is not None
        return observation.unit == metric.unit

    def _numbers(self, observation: Observation) -> Iterator[GateFinding]:
        # A negative number of values takes them away, and their sum with them.
        sign = -1 if observation.count < 0 and observation.total <= 0 else 1
        if observation.count < 0 < sign:
            value = Literal(str(observation.count), XSD.integer)
            yield self._finding(observation, "count", SG.term("count"), value, SH.MinInclusiveConstraintComponent)
        for name, number in (
            ("sum", sign * observation.total),
            ("min", observation.minimum),
            ("max", observation.maximum),
        ):
            # So written that NaN is caught too, which is neither below nor above anything.
            if not number >= 0:
                component = SH.MinInclusiveConstraintComponent
            elif math.isinf(number):
                component = SH.MaxExclusiveConstraintComponent
            else:
                continue
            yield self._finding(observation, name, SG.term(name), _double(number), component)
        # As above, for NaN.
        if not observation.minimum <= observation.maximum:
            value = _double(observation.minimum)
            yield self._finding(observation, "order", SG.term("min"), value, SH.LessThanOrEqualsConstraintComponent)

    def _finding(self, observation: Observation, name: str, path: Iri, value: Term, component: Iri) -> GateFinding:
        shape = f"{SHAPE_BASE}observation-{name}"
        return GateFinding(
            focus=observation.subject,
            path=path,
            value=value,
            shape=shape,
            component=component,
            severity=SH.Violation,
            messages=self._messages[shape],
        )


def _in_order(observation: Observation) -> bool:
    """Say whether the window is one; a time without a zone makes none."""
    return (
        observation.start.tzinfo is not None
        and observation.end.tzinfo is not None
        and observation.start <= observation.end
    )


def _double(number: float) -> Literal:
    if math.isinf(number):
        return Literal("INF" if number > 0 else "-INF", XSD.double)
    return Literal("NaN" if math.isnan(number) else repr(number), XSD.double)
