"""The nodes of the triples view: what is known about a statement, a measurement, an influence, as plain triples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isinf, isnan
from typing import TypeAlias

from stratagraph.ontology.facts import Claim, Fact, Iri, Literal, Observation, Sighting, Term
from stratagraph.ontology.identity import observation_iri, scope_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.ontology.observations import quantile

Attribution: TypeAlias = tuple[str, str, str, datetime]
"""Who states something: source, scope, method, first seen."""


def attributions_of(claims: tuple[Claim, ...]) -> tuple[Attribution, ...]:
    """Return what decides what the node of a statement says beside the statement."""
    return tuple([(claim.source, claim.scope, claim.method.value, claim.first_seen) for claim in claims])


@lru_cache(maxsize=4096)
def attribution_properties(attributions: tuple[Attribution, ...]) -> tuple[tuple[Iri, Term], ...]:
    """Return what the node of a statement says beside the statement: the same for all that one run stated."""
    return (
        (RDF.type, SG.Statement),
        *((SG.source, Literal(source)) for source in sorted({source for source, _, _, _ in attributions})),
        *((SG.method, Literal(method)) for method in sorted({method for _, _, method, _ in attributions})),
        (SG.firstSeen, moment(min(first for _, _, _, first in attributions))),
        *(
            (SG.seenIn, scope_iri(*place))
            for place in sorted({(source, scope) for source, scope, _, _ in attributions})
        ),
    )


def scope_facts(seen: Sighting) -> Iterator[Fact]:
    """Yield the triples of a source's scope: when all that it states was last seen, once, and how that run went."""
    node = scope_iri(seen.source, seen.scope)
    yield Fact(node, RDF.type, SG.Scope)
    yield Fact(node, SG.source, Literal(seen.source))
    yield Fact(node, SG.scopeName, Literal(seen.scope))
    yield Fact(node, SG.lastSeen, moment(seen.last_seen))
    if seen.run:
        yield Fact(node, SG.lastRun, Literal(seen.run))
        yield Fact(node, SG.lastRunComplete, boolean(seen.complete))


def observation_facts(seen: Observation) -> Iterator[Fact]:
    """Yield the triples of the newest observation of a subject and metric."""
    node = observation_iri(seen.subject, seen.metric)
    values: dict[Iri, Term] = {
        RDF.type: SG.Observation,
        SG.observedOn: seen.subject,
        SG.metric: seen.metric,
        SG.unit: Literal(seen.unit),
        SG.windowStart: moment(seen.start),
        SG.windowEnd: moment(seen.end),
        # ``SG.count`` is the method of a text.
        SG.term("count"): Literal(str(seen.count), XSD.integer),
        SG.sum: double(seen.total),
        SG.min: double(seen.minimum),
        SG.max: double(seen.maximum),
        SG.measured: boolean(not seen.estimated),
    }
    if seen.source:
        values[SG.source] = Literal(seen.source)
    if seen.count:
        values[SG.mean] = double(seen.total / seen.count)
    for prop, q in ((SG.p50, 0.5), (SG.p95, 0.95)):
        value = quantile(seen, q)
        if value is not None:
            values[prop] = double(value)
    yield from (Fact(node, prop, value) for prop, value in values.items())


def strength_facts(
    strengths: Mapping[Iri, float], measured: frozenset[Iri], model: OntologyModel
) -> Iterator[tuple[Iri, Term]]:
    """Yield (property, value) of an influence's strengths by aspect, and whether each was measured."""
    for aspect, strength in strengths.items():
        info = model.aspects[aspect]
        yield info.strength_property, decimal(strength)
        yield info.measured_property, boolean(aspect in measured)


def moment(time: datetime) -> Literal:
    """Return a time as the store writes it: UTC, without trailing zeros."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat()
    return Literal((text.rstrip("0") if "." in text else text) + "Z", XSD.dateTime)


def boolean(value: bool) -> Literal:  # noqa: FBT001  # it is the value itself, not an option
    """Return a truth value."""
    return Literal("true" if value else "false", XSD.boolean)


def double(value: float) -> Literal:
    """Return a number, infinite or not."""
    # Python would write "nan" and "inf", which XML Schema (Part 2, section 3.2.5) does not know.
    if isnan(value):
        return Literal("NaN", XSD.double)
    if isinf(value):
        return Literal("INF" if value > 0 else "-INF", XSD.double)
    return Literal(repr(float(value)), XSD.double)


def decimal(value: float) -> Literal:
    """Return a strength, which has at most four decimal places."""
    text = f"{value:.4f}".rstrip("0")
    return Literal(text.removesuffix("."), XSD.decimal)
