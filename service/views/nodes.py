"""The nodes of the triples view: what is known about claims, measurements and influences, as plain triples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isinf, isnan
from typing import Final

from stratagraph.ontology.facts import Attribution, Fact, Iri, Literal, Observation, Sighting, Term
from stratagraph.ontology.identity import observation_iri, scope_iri, source_iri, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import PROV, RDF, SG, XSD
from stratagraph.ontology.observations import quantiles

_QUANTILES: Final = {SG.p50: 0.5, SG.p95: 0.95}


def claim_set_properties(attributions: tuple[Attribution, ...]) -> Iterator[tuple[Iri, Term]]:
    """Yield what is said of the named graph of a set of claims."""
    sources = sorted({each.source for each in attributions})
    first = moment(min(each.first_seen for each in attributions))
    yield RDF.type, SG.ClaimSet
    for source in sources:
        yield SG.source, Literal(source)
        yield PROV.wasAttributedTo, source_iri(source)
    for method in sorted({each.method.value for each in attributions}):
        yield SG.method, Literal(method)
    yield SG.firstSeen, first
    yield PROV.generatedAtTime, first
    for place in sorted({(each.source, each.scope) for each in attributions}):
        yield SG.seenIn, scope_iri(*place)


def source_facts(source: str) -> Iterator[Fact]:
    """Yield the triples of a source."""
    yield Fact(source_iri(source), RDF.type, SG.Source)
    yield Fact(source_iri(source), SG.source, Literal(source))


def statement_facts(fact: Fact) -> Iterator[Fact]:
    """Yield the triples of the node of a relation that telemetry measured."""
    node = statement_iri(fact)
    yield Fact(node, RDF.type, SG.Statement)
    yield Fact(node, RDF.subject, fact.subject)
    yield Fact(node, RDF.predicate, fact.predicate)
    yield Fact(node, RDF.object, fact.object)


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
    for prop, value in zip(_QUANTILES, quantiles(seen, tuple(_QUANTILES.values())), strict=True):
        if value is not None:
            values[prop] = double(value)
    yield from (Fact(node, prop, value) for prop, value in values.items())


def influence_properties(
    strengths: Mapping[Iri, float],
    measured: frozenset[Iri],
    relations: Collection[tuple[Iri, bool]],
    model: OntologyModel,
) -> Iterator[tuple[Iri, Term]]:
    """Yield what is said of an influence: its strengths by manner, whether each was measured, and what it follows from.

    ``relations`` are those that justify it, each with whether it runs from the influencer to the influenced.
    """
    for manner, strength in strengths.items():
        info = model.manners[manner]
        yield info.strength_property, decimal(strength)
        yield info.measured_property, boolean(manner in measured)
    for relation, along in sorted(relations):
        yield SG.alongRelation if along else SG.againstRelation, relation


@lru_cache(maxsize=1_024)
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
