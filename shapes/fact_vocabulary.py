"""What the ontology lets a fact say, per predicate and class: the one source of the generated shapes and the table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import DCT, OWL, PROV, RDF, RDFS, SG, SHAPE_BASE, SKOS, VS, XSD
from stratagraph.shapes.data_graph import DataGraph

_INTEGERS: Final = (
    XSD.integer,
    XSD.nonNegativeInteger,
    XSD.positiveInteger,
    XSD.nonPositiveInteger,
    XSD.negativeInteger,
    XSD.byte,
    XSD.short,
    XSD.int,
    XSD.long,
    XSD.unsignedByte,
    XSD.unsignedShort,
    XSD.unsignedInt,
    XSD.unsignedLong,
)
_ACCEPTED: Final = {
    XSD.integer: _INTEGERS,
    XSD.decimal: (XSD.decimal, *_INTEGERS),
    # Turtle reads 2 as an integer and 1.5 as a decimal; XPath promotes both to a double.
    XSD.double: (XSD.double, XSD.float, XSD.decimal, *_INTEGERS),
    XSD.dateTime: (XSD.dateTime, XSD.dateTimeStamp),
}
"""Datatypes whose values are values of the declared one as well, in the order in which they are written down."""

# Vocabularies that describe anything: facts may use all of their terms.
_OPEN_NAMESPACES: Final = (RDF, SKOS, DCT, PROV, VS)
_RDFS_TERMS: Final = frozenset({RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy})
_OWL_TERMS: Final = frozenset({OWL.versionInfo, OWL.versionIRI, OWL.imports, OWL.deprecated, OWL.priorVersion})
_FOREIGN_CLASSES: Final = frozenset({OWL.NamedIndividual, OWL.Thing, OWL.Ontology, SKOS.Concept, SKOS.ConceptScheme})


def shape_iri(kind: str, term: Iri) -> Iri:
    """Return the stable IRI of the generated shape of a kind for a term."""
    return f"{SHAPE_BASE}{kind}/{term.removeprefix(SG) if term.startswith(SG) else quote(term, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicateRule:
    """What a relation or an attribute demands.

    Each member of ``domains`` and ``ranges`` is a union of classes, and all members must be met. ``datatypes`` are
    those accepted, empty for relations and for attributes without a declared one; the first is the declared one.
    """

    iri: Iri
    relation: bool
    domains: tuple[frozenset[Iri], ...]
    ranges: tuple[frozenset[Iri], ...] = ()
    datatypes: tuple[Iri, ...] = ()
    single: bool = False


@dataclass(frozen=True, kw_only=True)
class FactVocabulary:
    """The terms that facts may use, and how.

    ``disjoint`` are groups of classes in order, of which nothing has two. ``types`` are the classes that the
    ontology itself states of its individuals.
    """

    model: OntologyModel
    predicates: dict[Iri, PredicateRule]
    annotations: frozenset[Iri]
    ancestors: dict[Iri, frozenset[Iri]]
    disjoint: tuple[tuple[Iri, ...], ...]
    types: dict[Iri, frozenset[Iri]]

    def knows_class(self, cls: Iri) -> bool:
        """Say whether facts may use a class."""
        return cls in self.model.classes or cls in _FOREIGN_CLASSES or cls.startswith(PROV)

    def knows_annotation(self, predicate: Iri) -> bool:
        """Say whether a predicate describes without relating: facts may use it on anything."""
        return (
            predicate in self.annotations
            or predicate in _RDFS_TERMS
            or predicate in _OWL_TERMS
            or predicate.startswith(_OPEN_NAMESPACES)
        )


def read_vocabulary(model: OntologyModel) -> FactVocabulary:
    """Read the vocabulary off the ontology."""
    graph = DataGraph(fact for fact in model.triples if fact.predicate != RDFS.subClassOf)
    ancestors = {iri: info.ancestors for iri, info in model.classes.items()}
    return FactVocabulary(
        model=model,
        predicates={rule.iri: rule for rule in (*_relations(model), *_attributes(model))},
        annotations=frozenset(map(str, graph.subjects(RDF.type, OWL.AnnotationProperty))),
        ancestors=ancestors,
        disjoint=_disjoint(graph),
        types=_types(model.triples, ancestors),
    )


def _relations(model: OntologyModel) -> Iterator[PredicateRule]:
    for iri, info in model.relations.items():
        above = [model.relations[other] for other in sorted(info.ancestors) if other in model.relations]
        yield PredicateRule(
            iri=iri,
            relation=True,
            domains=_tightest(model, (other.domain for other in above)),
            ranges=_tightest(model, (other.range for other in above)),
        )


def _attributes(model: OntologyModel) -> Iterator[PredicateRule]:
    for iri, info in model.attributes.items():
        accepted = () if info.datatype is None else _ACCEPTED.get(info.datatype, (info.datatype,))
        yield PredicateRule(
            iri=iri,
            relation=False,
            domains=_tightest(model, (info.domain,)),
            datatypes=accepted,
            single=info.single_valued,
        )


def _tightest(model: OntologyModel, unions: Iterable[frozenset[Iri]]) -> tuple[frozenset[Iri], ...]:
    """Leave out the unions that follow from another one, and those of nothing, which allow everything."""
    kept: list[frozenset[Iri]] = []
    for union in dict.fromkeys(unions):
        if not union or any(_implies(model, other, union) for other in kept):
            continue
        kept = [other for other in kept if not _implies(model, union, other)]
        kept.append(union)
    return tuple(kept)


def _implies(model: OntologyModel, narrow: frozenset[Iri], wide: frozenset[Iri]) -> bool:
    return all(model.ancestors(cls) & wide for cls in narrow)


def _disjoint(graph: DataGraph) -> tuple[tuple[Iri, ...], ...]:
    groups = [
        [str(member) for member in graph.members(head) or ()]
        for node in graph.subjects(RDF.type, OWL.AllDisjointClasses)
        for head in graph.objects(node, OWL.members)
    ]
    pairs = [
        [str(one), str(other)]
        for one in graph.subjects_of(OWL.disjointWith)
        for other in graph.objects(one, OWL.disjointWith)
    ]
    # Sorted, because the order decides which of two classes complains.
    return tuple(sorted({tuple(sorted(group)) for group in (*groups, *pairs)}))


def _types(facts: Iterable[Fact], ancestors: dict[Iri, frozenset[Iri]]) -> dict[Iri, frozenset[Iri]]:
    found: dict[Iri, set[Iri]] = defaultdict(set)
    for fact in facts:
        if fact.predicate == RDF.type and isinstance(fact.object, str) and fact.object in ancestors:
            found[fact.subject].add(fact.object)
    return {node: frozenset(classes) for node, classes in found.items()}
