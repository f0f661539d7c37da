"""Everything known about one asset: types, attributes and relations with who says so, and what was observed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.languages import text_in
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import DCT, RDF, SG, SKOS, compact, local_name
from stratagraph.ontology.terms import encode
from stratagraph.queries.cards import Cards, card
from stratagraph.queries.messages import language as supported
from stratagraph.queries.messages import messages
from stratagraph.queries.names import UnknownName
from stratagraph.queries.provenance import Properties, Provenance
from stratagraph.queries.sightings import earliest, latest
from stratagraph.queries.store_protocols import TripleStore

Document = dict[str, Any]


class _Stated(NamedTuple):
    """A triple that somebody states, seen from one of its ends, with who states it."""

    predicate: Iri
    other: Term
    claims: Document


_OUT: Final = "SELECT ?claims ?predicate ?other WHERE {{ GRAPH ?claims {{ {asset} ?predicate ?other }} }}"
_IN: Final = "SELECT ?claims ?predicate ?other WHERE {{ GRAPH ?claims {{ ?other ?predicate {asset} }} }}"
_OBSERVED: Final = "SELECT ?node ?property ?value WHERE {{ ?node sg:observedOn {asset} ; ?property ?value }}"

_OF_THE_ONTOLOGY: Final = frozenset({SKOS.definition, DCT.bibliographicCitation})
"""What is shown of a thing that the ontology describes, beside the ontology's own properties."""
_FIGURES: Final = ("count", "sum", "min", "max", "mean", "p50", "p95")


def asset(store: TripleStore, model: OntologyModel, iri: Iri, *, language: str = "en") -> Document:
    """Return the asset's card with its types, attributes, relations out and in, and newest observations.

    Of an obligation, which is the ontology's, the attributes are what the ontology says of it.

    Raises:
        UnknownName: nothing is known of the IRI, or it is neither an asset nor an obligation.
    """
    known: dict[Iri, list[Term]] = defaultdict(list)
    for predicate, value in store.facts_about(iri):
        known[predicate].append(value)
    if not {SG.Asset, SG.Obligation} & set(known[RDF.type]):
        raise UnknownName(kind="asset", name=iri)
    claims = Provenance(store)
    outgoing, incoming = (_stated(store, claims, query.format(asset=encode(iri))) for query in (_OUT, _IN))
    page = _Page(store, model, supported(language))
    return {
        "sequence": store.sequence,
        **card(model, iri, known).document(model, language),
        "types": page.types(known[RDF.type], outgoing),
        "mergedFrom": sorted(map(_lexical, known.get(SG.mergedFrom, ()))),
        # What the ontology says of its own stands in no graph that tells who
        # says it (service/views/node_lines.py): it is read off the triples.
        "attributes": page.attributes(known, outgoing) if SG.Asset in known[RDF.type] else page.texts(known),
        "relations": {
            "out": page.relations(outgoing) + page.inferred(iri, known, outgoing, incoming),
            "in": page.relations(incoming),
        },
        "observations": page.observations(_nodes(store, _OBSERVED.format(asset=encode(iri)))),
    }


class _Page:
    """Writes the parts of one asset's answer in one language."""

    def __init__(self, store: TripleStore, model: OntologyModel, language: str) -> None:
        self._model = model
        self._language = language
        self._store = store
        self._cards = Cards(store, model)

    def types(self, types: Sequence[Term], stated: Sequence[_Stated]) -> list[Document]:
        # Classes of assets only: what a class is aligned with elsewhere holds of it too, but names it for nobody.
        found = self._model.class_axioms.recognised
        named = sorted(t for t in types if isinstance(t, str) and (SG.Asset in self._model.ancestors(t) or t in found))
        claims = {each.other: each.claims for each in stated if each.predicate == RDF.type}
        above = frozenset[Iri]().union(*(self._model.ancestors(str(cls)) for cls in claims))
        return [
            {
                "iri": cls,
                "label": self._label(cls),
                "inferred": cls not in claims,
                "byDefinition": cls not in above,
                "claims": claims.get(cls),
            }
            for cls in named
        ]

    def attributes(self, known: Properties, stated: Sequence[_Stated]) -> list[Document]:
        """Return the values that somebody states, and those that follow."""
        said = {(each.predicate, each.other): each.claims for each in stated if isinstance(each.other, Literal)}
        values = [*said, *((p, o) for p, others in known.items() if p in self._model.attributes for o in others)]
        rows = [
            self._attribute(predicate, value, said.get((predicate, value)))
            for predicate, value in dict.fromkeys(values)
            if isinstance(value, Literal)
        ]
        return sorted(rows, key=lambda row: (row["property"], row["value"]))

    def _attribute(self, predicate: Iri, value: Literal, claims: Document | None) -> Document:
        return {
            "property": predicate,
            "label": self._called(predicate),
            "value": value.value,
            "datatype": value.datatype,
            "language": value.language or None,
            "valueLabel": self._code(predicate, value),
            "inferred": claims is None,
            "claims": claims or _claims(()),
        }

    def texts(self, known: Properties) -> list[Document]:
        """Return what the ontology says of a thing of its own: what is in the reader's language, or in none."""
        rows = []
        for predicate in sorted(known.keys() & _OF_THE_ONTOLOGY | {p for p in known if p.startswith(SG)}):
            literals = sorted(value for value in known[predicate] if isinstance(value, Literal))
            tagged = {value.language: value.value for value in literals if value.language}
            text = text_in(tagged, self._language)
            rows += [
                self._attribute(predicate, value, _claims(()))  # the ontology is nobody's claim
                for value in literals
                # ``text_in`` falls back to another language where it has to: what it found there is left out here.
                if not value.language or (value.value == text and _same(value.language, self._language))
            ]
        return rows

    def _code(self, predicate: Iri, value: Literal) -> str | None:
        """Return what a value is called that is a code, such as ``in-force``; None for any other."""
        return messages("codes", self._language).get(f"{local_name(predicate)} {value.value}")

    def relations(self, stated: Sequence[_Stated]) -> list[Document]:
        return self._rows(
            [
                (predicate, other, claims)
                for predicate, other, claims in stated
                if isinstance(other, str) and predicate in self._model.relations
            ]
        )

    def inferred(
        self, iri: Iri, known: Properties, outgoing: Sequence[_Stated], incoming: Sequence[_Stated]
    ) -> list[Document]:
        """Return the relations that follow only from other assets' statements: chains and transitive ones."""
        # What a statement entails by itself, upwards and inverse, would only say it once more.
        said = {(a, each.other) for each in outgoing for a in self._above(each.predicate)}
        for predicate, subject, _ in incoming:
            for name in self._above(predicate):
                inverse = self._model.relations[name].inverse
                said |= {(a, subject) for a in self._above(inverse)} if inverse else set()
        rows: list[tuple[Iri, Iri, Document | None]] = [
            (predicate, other, None)
            for predicate, others in known.items()
            if predicate in self._model.relations and not self._of_influence(predicate)
            for other in others
            # A transitive relation may lead back to the asset itself.
            if isinstance(other, str) and (predicate, other) not in said and other != iri
        ]
        return self._rows(rows)

    def observations(self, nodes: Sequence[Properties]) -> list[Document]:
        rows = []
        for node in nodes:
            metric = _one(node, SG.metric)
            row: Document = {
                "metric": metric,
                "label": self._label(metric) if isinstance(metric, str) else None,
                "unit": _text(node, SG.unit),
                "windowStart": _text(node, SG.windowStart),
                "windowEnd": _text(node, SG.windowEnd),
                "measured": _text(node, SG.measured) == "true",
                "sources": sorted(filter(None, map(_lexical, node.get(SG.source, ())))),
            }
            row |= {figure: _number(node, SG.term(figure)) for figure in _FIGURES}
            rows.append(row)
        return sorted(rows, key=lambda row: str(row["metric"]))

    def _rows(self, rows: Sequence[tuple[Iri, Iri, Document | None]]) -> list[Document]:
        self._cards.fetch(other for _, other, _ in rows)
        return [
            {
                "property": predicate,
                "label": self._label(predicate),
                "asset": self._cards[other].document(self._model, self._language),
                "term": compact(other) if self._is_term(other) else None,
                "inferred": claims is None,
                "claims": claims,
            }
            for predicate, other, claims in sorted(rows, key=lambda row: row[:2])
        ]

    def _is_term(self, iri: Iri) -> bool:
        """Whether the ontology describes it and no page of its own does, as it does a framework or a legal basis."""
        if iri not in self._model.labels:
            return False
        types = {value for predicate, value in self._store.facts_about(iri) if predicate == RDF.type}
        return not {SG.Asset, SG.Obligation} & types

    def _above(self, predicate: Iri) -> frozenset[Iri]:
        known = self._model.relations.get(predicate)
        return known.ancestors & self._model.relations.keys() if known else frozenset()

    def _of_influence(self, predicate: Iri) -> bool:
        """Whether the relation is one of the deriver's influence properties or their inverses: impact shows those."""
        inverse = self._model.relations[predicate].inverse
        return SG.affects in self._above(predicate) or (inverse is not None and SG.affects in self._above(inverse))

    def _called(self, predicate: Iri) -> str:
        """Return what a property is called; other vocabularies' labels are in English at most."""
        other = None if predicate.startswith(SG) else messages("assets", self._language).get(local_name(predicate))
        return other or self._label(predicate)

    def _label(self, iri: Iri) -> str:
        return self._model.label(iri, self._language.lower())


def _same(tag: str, language: str) -> bool:
    return tag.partition("-")[0].lower() == language.partition("-")[0].lower()


def _nodes(store: TripleStore, query: str) -> list[Properties]:
    """Return the properties of every node that the query finds."""
    nodes: dict[Term, dict[Iri, list[Term]]] = {}
    for row in store.select(query):
        node, prop, value = row["node"], row["property"], row["value"]
        if node is not None and isinstance(prop, str) and value is not None:
            nodes.setdefault(node, defaultdict(list))[prop].append(value)
    return list(nodes.values())


def _stated(store: TripleStore, provenance: Provenance, query: str) -> list[_Stated]:
    """Return what the query finds that somebody states."""
    graphs: dict[tuple[Iri, Term], list[Iri]] = defaultdict(list)
    for row in store.select(query):
        graph, predicate, other = row["claims"], row["predicate"], row["other"]
        if isinstance(graph, str) and isinstance(predicate, str) and other is not None:
            graphs[predicate, other].append(graph)
    provenance.fetch(graph for each in graphs.values() for graph in each)
    found = ((key, tuple(provenance.told(each))) for key, each in graphs.items())
    return [_Stated(predicate, other, _claims(told)) for (predicate, other), told in found if told]


def _claims(told: Sequence[Properties]) -> Document:
    """Return who says a triple, how they came to know it, and when it was first and last seen."""

    def all_of(prop: Iri) -> list[Term]:
        return [value for each in told for value in each.get(prop, ())]

    return {
        "sources": sorted(set(map(_lexical, all_of(SG.source)))),
        "methods": sorted(set(map(_lexical, all_of(SG.method)))),
        "firstSeen": earliest(all_of(SG.firstSeen)),
        "lastSeen": latest(all_of(SG.lastSeen)),
    }


def _one(node: Properties, prop: Iri) -> Term | None:
    return next(iter(node.get(prop, ())), None)


def _text(node: Properties, prop: Iri) -> str | None:
    value = _one(node, prop)
    return _lexical(value) if value is not None else None


def _lexical(term: Term) -> str:
    return term.value if isinstance(term, Literal) else term


def _number(node: Properties, prop: Iri) -> float | None:
    text = _text(node, prop)
    return float(text) if text is not None else None
