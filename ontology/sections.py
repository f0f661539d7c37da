"""Each section of the ontology, read from its graph by one pure function."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.class_axioms import ClassAxioms, property_name, read_class_axioms
from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.graph import Graph, lineage
from stratagraph.ontology.infos import (
    AspectInfo,
    AttributeInfo,
    Chain,
    ChangeKindInfo,
    ChecklistStep,
    ClassInfo,
    Course,
    FlowInfo,
    LevelInfo,
    MannerInfo,
    MetricInfo,
    ModeInfo,
    Quotient,
    RelationInfo,
    Sign,
    Transmission,
)
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SKOS, expand, local_name

_TRUE: Final = ("true", "1")
_SIGNS: Final = {SG.OppositeSign: Sign.OPPOSITE, SG.UnknownSign: Sign.UNKNOWN}
_COURSES: Final = {SG.Improves: Course.IMPROVES, SG.Worsens: Course.WORSENS}
_SWAP: Final = {"{subject}": "{object}", "{object}": "{subject}"}


def texts(graph: Graph, predicate: Iri) -> dict[Iri, Mapping[str, str]]:
    """Return each subject's texts for a predicate by language tag."""
    return {subject: graph.texts(subject, predicate) for subject, _ in graph.pairs(predicate)}


def alternatives(graph: Graph) -> dict[Iri, tuple[str, ...]]:
    """Return the further names by which each subject is looked up: other words for it, and former spellings."""
    found: dict[Iri, list[str]] = {}
    for predicate in (SKOS.altLabel, SKOS.hiddenLabel):
        for subject, term in graph.pairs(predicate):
            if isinstance(term, Literal):
                found.setdefault(subject, []).append(term.value)
    return {subject: tuple(sorted(texts)) for subject, texts in found.items()}


def class_axioms(graph: Graph) -> ClassAxioms:
    """Return what the axioms say of classes, in flat rules."""
    above = {}
    for prop, _ in (*graph.pairs(RDFS.subPropertyOf), *graph.pairs(OWL.equivalentProperty)):
        above[prop] = frozenset(_properties_above(graph, prop))
    return read_class_axioms(graph, above)


def classes(graph: Graph, axioms: ClassAxioms) -> dict[Iri, ClassInfo]:
    """Return the named classes."""
    named = (iri for iri in graph.instances(OWL.Class) if not is_blank(iri))
    return {iri: _class(graph, iri, axioms) for iri in named}


def _class(graph: Graph, iri: Iri, axioms: ClassAxioms) -> ClassInfo:
    above = [cls for cls in axioms.lineage(iri) if not is_blank(cls)]
    kind = next((cls for cls in above if graph.value(cls, SG.keyProperties)), iri)
    key = (graph.value(kind, SG.keyProperties) or "").split()
    return ClassInfo(
        iri=iri,
        ancestors=frozenset(above),
        level=next((level for cls in above if (level := graph.iri(cls, SG.level))), None),
        key_properties=tuple(expand(name) or name for name in key),
        kind=kind,
    )


def relations(graph: Graph, manners: Mapping[Iri, MannerInfo]) -> dict[Iri, RelationInfo]:
    """Return the object properties."""
    return {iri: _relation(graph, manners, iri) for iri in graph.instances(OWL.ObjectProperty)}


def _relation(graph: Graph, manners: Mapping[Iri, MannerInfo], iri: Iri) -> RelationInfo:
    types = (local_name(cls) for cls in graph.iris(iri, RDF.type))
    return RelationInfo(
        iri=iri,
        domain=graph.union(iri, RDFS.domain),
        range=graph.union(iri, RDFS.range),
        inverse=_inverse(graph, iri),
        ancestors=frozenset(_properties_above(graph, iri)),
        characteristics=frozenset(name.removesuffix("Property").lower() for name in types if name != "ObjectProperty"),
        transmissions=_transmissions(graph, manners, iri),
    )


def _properties_above(graph: Graph, iri: Iri) -> list[Iri]:
    """Return a property and the named ones above it or equivalent, nearest first."""

    def above(prop: Iri) -> Iterator[Iri]:
        yield from graph.iris(prop, RDFS.subPropertyOf)
        yield from graph.iris(prop, OWL.equivalentProperty)
        yield from graph.subjects(OWL.equivalentProperty, prop)

    return [prop for prop in lineage(iri, above) if not is_blank(prop)]


def _inverse(graph: Graph, iri: Iri) -> Iri | None:
    stated = graph.iri(iri, OWL.inverseOf)
    # An inverse without a name stands in an expression, and is no property of its own.
    return stated or min((prop for prop in graph.subjects(OWL.inverseOf, iri) if not is_blank(prop)), default=None)


def _transmissions(graph: Graph, manners: Mapping[Iri, MannerInfo], iri: Iri) -> tuple[Transmission, ...]:
    """Return the transmissions in force, from the nearest property up that says something about them."""
    for relation in _properties_above(graph, iri):
        inverse = _inverse(graph, relation)
        for stated, turned in ((relation, False), (inverse, True)):
            if stated and (found := sorted(graph.iris(stated, SG.transmits))):
                return tuple(_transmission(graph, manners, name, stated, relation, turned=turned) for name in found)
            if stated and graph.value(stated, SG.transmitsNothing) in _TRUE:
                return ()
    return ()


def _transmission(
    graph: Graph, manners: Mapping[Iri, MannerInfo], iri: Iri, stated: Iri, relation: Iri, *, turned: bool
) -> Transmission:
    mode, aspects = graph.iri(iri, SG.inMode) or SG.EffectMode, frozenset(graph.iris(iri, SG.aspect))
    forward = graph.iri(iri, SG.direction) == SG.SubjectToObject
    templates = graph.texts(iri, SG.template) if _is_worded_for(graph, iri, stated) else {}
    return Transmission(
        iri=iri,
        relation=relation,
        forward=forward != turned,
        mode=mode,
        aspects=aspects,
        manners=frozenset(in_mode(manners, mode, aspects)),
        sign=_SIGNS.get(graph.iri(iri, SG.withSign) or "", Sign.SAME),
        gathers=graph.value(iri, SG.gathers) in _TRUE,
        spreads=graph.value(iri, SG.spreads) in _TRUE,
        strength=float(graph.value(iri, SG.strength) or 1),
        templates={tag: _turn(text) for tag, text in templates.items()} if turned else templates,
    )


def _is_worded_for(graph: Graph, transmission: Iri, relation: Iri) -> bool:
    """Whether a transmission's sentence speaks of a relation: what runs on something may not speak through it.

    It was written for those of its own vocabulary that state it, and says what is true of the relations below them too.
    """
    stating = set(graph.subjects(SG.transmits, transmission))
    own = {each for each in stating if _vocabulary(each) == _vocabulary(transmission)} or stating
    return not own.isdisjoint(_properties_above(graph, relation))


def _vocabulary(iri: Iri) -> str:
    return iri.removesuffix(local_name(iri))


def _turn(template: str) -> str:
    """Exchange subject and object in a sentence, for use with the inverse relation."""
    # At the braces, so that both places change at once.
    parts = template.replace("{", "\0{").replace("}", "}\0").split("\0")
    return "".join(_SWAP.get(part, part) for part in parts)


def attributes(graph: Graph) -> dict[Iri, AttributeInfo]:
    """Return the datatype properties."""
    return {
        iri: AttributeInfo(
            iri=iri,
            domain=graph.union(iri, RDFS.domain),
            datatype=graph.iri(iri, RDFS.range),
            single_valued=graph.value(iri, SG.singleValued) in _TRUE,
            unit=graph.value(iri, SG.valueUnit) or "",
        )
        for iri in graph.instances(OWL.DatatypeProperty)
    }


def levels(graph: Graph) -> tuple[LevelInfo, ...]:
    """Return the levels in order."""
    found = (
        LevelInfo(
            iri=iri,
            number=int(graph.value(iri, SG.levelNumber) or 0),
            group=graph.iri(iri, SG.inGroup) or "",
            notation=_notation(graph, iri),
        )
        for iri in graph.instances(SG.Level)
    )
    return tuple(sorted(found, key=lambda level: level.number))


def aspects(graph: Graph) -> dict[Iri, AspectInfo]:
    """Return the aspects."""
    return {iri: AspectInfo(iri=iri, notation=_notation(graph, iri)) for iri in graph.instances(SG.Aspect)}


def modes(graph: Graph) -> dict[Iri, ModeInfo]:
    """Return the modes."""
    return {iri: ModeInfo(iri=iri, notation=_notation(graph, iri)) for iri in graph.instances(SG.Mode)}


def manners(graph: Graph) -> dict[Iri, MannerInfo]:
    """Return the manners, in the order of their IRIs."""
    return {
        iri: MannerInfo(
            iri=iri,
            aspect=graph.iri(iri, SG.aspect) or "",
            mode=graph.iri(iri, SG.inMode) or "",
            influence_property=graph.iri(iri, SG.influenceProperty) or "",
            strength_property=graph.iri(iri, SG.strengthProperty) or "",
            measured_property=graph.iri(iri, SG.measuredProperty) or "",
            turns_into=graph.iri(iri, SG.turnsInto),
        )
        for iri in sorted(graph.instances(SG.Manner))
    }


def in_mode(manners: Mapping[Iri, MannerInfo], mode: Iri, aspects: Collection[Iri]) -> Iterator[Iri]:
    """Yield the manners of some aspects in a mode."""
    return (manner.iri for manner in manners.values() if manner.mode == mode and manner.aspect in aspects)


def metrics(graph: Graph, known: Mapping[Iri, ClassInfo]) -> dict[Iri, MetricInfo]:
    """Return the individuals of the metric classes."""
    kinds = (cls.iri for cls in known.values() if SG.Metric in cls.ancestors)
    return {
        iri: MetricInfo(
            iri=iri,
            notation=_notation(graph, iri),
            unit=graph.value(iri, SG.unit) or "",
            aspect=graph.iri(iri, SG.aspect),
            better=graph.value(iri, SG.better),
            quotient=_quotient(graph, iri),
            baseline=graph.value(iri, SG.baselineFigure),
        )
        for iri in graph.instances(*kinds)
    }


def _quotient(graph: Graph, metric: Iri) -> Quotient | None:
    dividends, complement = sorted(graph.iris(metric, SG.dividend)), graph.iri(metric, SG.complementOf)
    if not dividends and complement is None:
        return None
    return Quotient(
        dividends=tuple(dividends),
        divisor=graph.iri(metric, SG.divisor),
        per_known=graph.iri(metric, SG.perKnown),
        per_attributes=tuple(sorted(graph.iris(metric, SG.perAttribute))),
        complement_of=complement,
    )


def change_kinds(graph: Graph, manners: Mapping[Iri, MannerInfo]) -> dict[Iri, ChangeKindInfo]:
    """Return the kinds of change with their flows."""
    return {iri: _change_kind(graph, manners, iri) for iri in graph.instances(SG.ChangeKind)}


def _change_kind(graph: Graph, manners: Mapping[Iri, MannerInfo], iri: Iri) -> ChangeKindInfo:
    acts = _acts(graph, manners, iri)
    return ChangeKindInfo(
        iri=iri,
        notation=_notation(graph, iri),
        acts=acts,
        aspects=frozenset(manners[manner].aspect for manner in acts),
        levels=frozenset(graph.iris(iri, SG.startsAt)),
        flows=tuple(_flow(graph, flow) for flow in sorted(graph.iris(iri, SG.hasFlow))),
    )


def _acts(graph: Graph, manners: Mapping[Iri, MannerInfo], kind: Iri) -> dict[Iri, Course]:
    """Return the manners in which a kind of change begins; one that only names aspects acts on them in every mode."""
    whole = set(graph.iris(kind, SG.aspect))
    found = {manner.iri: Course.UNKNOWN for manner in manners.values() if manner.aspect in whole}
    for act in graph.iris(kind, SG.acts):
        course = _COURSES.get(graph.iri(act, SG.takesCourse) or "", Course.UNKNOWN)
        aspects = frozenset(graph.iris(act, SG.aspect))
        found |= dict.fromkeys(in_mode(manners, graph.iri(act, SG.inMode) or "", aspects), course)
    return dict(sorted(found.items()))


def _flow(graph: Graph, iri: Iri) -> FlowInfo:
    steps = sorted(graph.iris(iri, SG.hasStep), key=lambda step: _order(graph, step))
    return FlowInfo(iri=iri, steps=tuple(frozenset(graph.iris(step, SG.atLevel)) for step in steps))


def checklist(graph: Graph) -> tuple[ChecklistStep, ...]:
    """Return the steps of all checklists, by change and order."""
    found = (
        ChecklistStep(
            iri=iri,
            change=graph.iri(iri, SG.change) or "",
            level=graph.iri(iri, SG.atLevel) or "",
            aspect=graph.iri(iri, SG.aspect) or "",
            order=_order(graph, iri),
        )
        for iri in graph.instances(SG.ChecklistStep)
    )
    return tuple(sorted(found, key=lambda step: (step.change, step.order)))


def chains(graph: Graph) -> tuple[Chain, ...]:
    """Return the property chains: the links of each in order, and what they imply."""
    found = []
    for implied, head in graph.pairs(OWL.propertyChainAxiom):
        links = [property_name(graph, link) for link in graph.members(str(head))]
        if links and None not in links and not is_blank(implied):
            found.append((*filter(None, links), implied))
    return tuple(sorted(found))


def _order(graph: Graph, iri: Iri) -> int:
    return int(graph.value(iri, SG.order) or 0)


def _notation(graph: Graph, iri: Iri) -> str:
    return graph.value(iri, SKOS.notation) or local_name(iri)
