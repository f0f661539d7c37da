"""The ontology's terms: found by any of their names, and described."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.folding import fold
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.namespaces import DCT, OWL, RDF, RDFS, SG, SKOS, VS, compact, local_name
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.queries.forms import Form, Forms
from stratagraph.queries.matches import Index, SearchedTexts, Spelling
from stratagraph.queries.names import AmbiguousName, UnknownName, spelled

KINDS: Final = {
    OWL.Class: "class",
    OWL.ObjectProperty: "relation",
    OWL.DatatypeProperty: "attribute",
    OWL.AnnotationProperty: "annotation",
    OWL.Ontology: "module",
    OWL.NamedIndividual: "individual",
}
"""What a term can be, in the order in which a reader wants them."""
_SUGGESTIONS: Final = 5
_SHOWN_ELSEWHERE: Final = frozenset(
    {RDF.type, RDFS.label, SKOS.definition, DCT.bibliographicCitation, DCT.source, VS.term_status}
    | {RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.inverseOf, OWL.propertyChainAxiom}
)

_CLASS_AXIOMS: Final = frozenset({OWL.equivalentClass, RDFS.subClassOf})
"""What may say of a class what its members are."""

_NO_REMARKS: Final = frozenset(
    {RDFS.label, SKOS.prefLabel, SKOS.altLabel, SKOS.hiddenLabel, SKOS.definition, SG.template}
)
"""Texts that are searched as names and definitions, or that have gaps in place of words."""


@cache
def _core() -> frozenset[str]:
    return frozenset(Path(name).stem for name in module_files())


@dataclass(frozen=True, kw_only=True)
class Description:
    """Everything that the ontology says of a term.

    Texts are by lower-case language tag. ``domain`` and ``range`` are lines, empty for anything. ``statements`` are
    what else is said: (predicate, value), and ``members`` the individuals or sub-terms right below.
    """

    iri: Iri
    kind: str
    module: str
    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    source: str
    status: str
    level: Iri | None
    types: tuple[Iri, ...]
    above: tuple[Iri, ...]
    below: tuple[Iri, ...]
    domain: tuple[Iri, ...]
    range: tuple[Iri, ...]
    inverse: Iri | None
    characteristics: tuple[str, ...]
    chains: tuple[str, ...]
    transmissions: tuple[tuple[bool, tuple[Iri, ...], float], ...]
    statements: tuple[tuple[Iri, Term], ...]
    form: Form | None = None
    """What things of a class may say; None for other terms."""

    def document(self, model: OntologyModel, lang: str = "en") -> dict[str, Any]:
        """Return the description as JSON."""
        return {
            "iri": self.iri,
            "name": compact(self.iri),
            "kind": self.kind,
            "label": model.label(self.iri, lang),
            "labels": dict(self.labels),
            "definitions": dict(self.definitions),
            "module": self.module,
            "source": self.source,
            "status": self.status,
            "level": _names([self.level])[0] if self.level else None,
            "types": _names(self.types),
            "above": _names(self.above),
            "below": _names(self.below),
            "domain": _names(self.domain),
            "range": _names(self.range),
            "inverse": compact(self.inverse) if self.inverse else None,
            "characteristics": list(self.characteristics),
            "chains": list(self.chains),
            "transmissions": [
                {
                    "direction": "forward" if forward else "backward",
                    "aspects": _names(aspects),
                    "strength": strength,
                }
                for forward, aspects, strength in self.transmissions
            ],
            "statements": [
                {"predicate": compact(predicate), "value": _value(value), "language": getattr(value, "language", "")}
                for predicate, value in self.statements
            ],
            **(self.form.document(model, lang) if self.form else {}),
        }


def _names(iris: Iterable[Iri]) -> list[str]:
    return [compact(iri) for iri in iris]


def _value(term: Term) -> str:
    return term.value if isinstance(term, Literal) else compact(term)


class Vocabulary:
    """The terms of one ontology."""

    def __init__(self, model: OntologyModel) -> None:
        """Index the terms that the ontology declares."""
        self.model = model
        self._graph = Graph(model.triples)
        self._writer = AxiomWriter(model.triples)

    @cached_property
    def terms(self) -> Mapping[Iri, str]:
        """Every declared term with its kind, in alphabetical order."""
        found: dict[Iri, str] = {}
        for kind, name in KINDS.items():
            for iri in self._graph.instances(kind):
                if not is_blank(iri):
                    found.setdefault(iri, name)
        return dict(sorted(found.items()))

    @cached_property
    def _forms(self) -> Forms:
        return Forms(self.model)

    @cached_property
    def modules(self) -> Mapping[Iri, str]:
        """The module that describes each term; another may declare it too, so that it stands alone."""
        # Later entries take the place of earlier ones: labels that
        # of declarations, and a module that of those after it.
        named = [(name.rpartition(".")[0], facts) for name, facts in reversed(list(self.model.modules.items()))]
        return {
            fact.subject: name
            for predicate in (RDF.type, RDFS.label)
            for name, facts in named
            for fact in facts
            if fact.predicate == predicate and fact.subject in self.terms
        }

    @cached_property
    def _spellings(self) -> tuple[Mapping[str, set[Iri]], Mapping[str, set[Iri]]]:
        """The terms by the names of their own, and by the further ones."""
        own: dict[str, set[Iri]] = defaultdict(set)
        further: dict[str, set[Iri]] = defaultdict(set)
        for iri in self.terms:
            labels = self.model.labels.get(iri, {}).values()
            for name in (local_name(iri), *labels, *self._texts(iri, SKOS.notation)):
                own[fold(name)].add(iri)
            for name in self.model.alternatives.get(iri, ()):
                further[fold(name)].add(iri)
        return own, further

    def _texts(self, iri: Iri, predicate: Iri) -> Iterator[str]:
        return (term.value for term in self._graph.objects(iri, predicate) if isinstance(term, Literal))

    def find_class(self, name: str) -> Iri:
        """Return the class that a person means; other terms of its name do not matter.

        Raises:
            AmbiguousName: with the candidates, where several classes are called so.
            UnknownName: with the nearest names, where none is.
        """
        return self.find(name, frozenset(self.model.classes), "class")

    def find(self, name: str, among: frozenset[Iri] | None = None, kind: str = "term") -> Iri:
        """Return the term that a person means: by IRI, CURIE, local name, notation, or label in any language.

        ``among`` narrows the search to some terms, of what ``kind`` an error says.

        Raises:
            AmbiguousName: with the candidates, where several terms are called so.
            UnknownName: with the nearest names, where none is.
        """
        terms = self.terms.keys() if among is None else self.terms.keys() & among
        for iri in spelled(self.model, name):
            if iri in terms:
                return iri
        own, further = (terms & spellings.get(fold(name), set()) for spellings in self._spellings)
        # A further name never takes a term's own name away from it.
        found: list[Iri] = sorted(own or further)
        # Written exactly, one of several names that differ in case or accents alone is meant.
        exact = [iri for iri in found if local_name(iri) == name.strip()]
        # A class of another vocabulary, which one of ours is aligned with, is asked for with its prefix.
        exact = [iri for iri in exact if not self._is_anothers(iri)] or exact
        if len(found) == 1 or len(exact) == 1:
            return (exact or found)[0]
        if found:
            listed = tuple(map(self._candidate, found[:MOST_FINDINGS]))
            raise AmbiguousName(name=name, candidates=listed, count=len(found))
        spellings = {
            spelling: iris & terms
            # Reversed, so that a term's own names stand where both have one.
            for known in reversed(self._spellings)
            for spelling, iris in known.items()
            if not iris.isdisjoint(terms)
        }
        close = get_close_matches(fold(name), spellings, n=_SUGGESTIONS, cutoff=0.6)
        nearest = dict.fromkeys(compact(min(spellings[spelling])) for spelling in close)
        raise UnknownName(kind=kind, name=name, suggestions=tuple(nearest))

    def _is_anothers(self, iri: Iri) -> bool:
        """Tell whether the core only names a term; what a user's module declares has a namespace of its own too."""
        return not iri.startswith(SG) and self.modules.get(iri) in _core()

    def _candidate(self, iri: Iri) -> dict[str, str]:
        return {"iri": iri, "label": self.model.label(iri), "class": self.terms[iri]}

    def search(self, text: str, limit: int = 20) -> list[Iri]:
        """Return the terms whose names or definitions, in any language, have every word of the text, the best first."""
        wanted = Spelling.of(text)
        ranked = []
        for iri, texts in self._index.candidates(wanted) if wanted.words else ():
            rank = texts.rank(wanted)
            if rank is not None:
                ranked.append((rank, len(local_name(iri)), iri))
        return [iri for _, _, iri in sorted(ranked)[:limit]]

    @cached_property
    def _index(self) -> Index:
        model = self.model
        return Index(
            {
                iri: SearchedTexts.of(
                    (local_name(iri), *model.labels.get(iri, {}).values(), *self._texts(iri, SKOS.notation)),
                    model.alternatives.get(iri, ()),
                    (*model.definitions.get(iri, {}).values(), *self._remarks.get(iri, ())),
                )
                for iri in self.terms
            }
        )

    @cached_property
    def _remarks(self) -> Mapping[Iri, list[str]]:
        """What is said of the terms in words beyond names and definitions: benefits, conditions, what was delivered."""
        found: dict[Iri, list[str]] = defaultdict(list)
        for fact in self.model.triples:
            if isinstance(fact.object, Literal) and fact.object.language and fact.predicate not in _NO_REMARKS:
                found[fact.subject].append(fact.object.value)
        return found

    def describe(self, iri: Iri) -> Description:
        """Return everything that the ontology says of a term."""
        graph, model = self._graph, self.model
        relation, cls = model.relations.get(iri), model.classes.get(iri)
        types = tuple(kind for kind in graph.iris(iri, RDF.type) if kind not in KINDS and not kind.startswith(OWL))
        link = RDFS.subClassOf if cls else RDFS.subPropertyOf
        below = graph.subjects(link, iri) if cls or relation else ()
        return Description(
            iri=iri,
            kind=self.terms[iri],
            module=self.modules[iri],
            labels=model.labels.get(iri, {}),
            definitions=model.definitions.get(iri, {}),
            source="; ".join([*self._texts(iri, DCT.bibliographicCitation), *graph.iris(iri, DCT.source)]),
            status="; ".join(self._texts(iri, VS.term_status)),
            level=cls.level if cls else model.level_of(types),
            types=types,
            # Without itself, which comes first.
            above=tuple(up for up in graph.closure(iri, link)[1:] if not is_blank(up)),
            below=tuple(sorted({*below, *(graph.subjects(RDF.type, iri) if cls else ())})),
            domain=tuple(sorted(graph.union(iri, RDFS.domain))),
            range=tuple(sorted(graph.union(iri, RDFS.range))),
            inverse=relation.inverse if relation else None,
            characteristics=tuple(sorted(relation.characteristics)) if relation else (),
            chains=tuple(self._writer.line(fact) for fact in self._chains(iri)),
            transmissions=tuple(
                (sent.forward, tuple(sorted(sent.aspects)), sent.strength)
                for sent in (relation.transmissions if relation else ())
            ),
            statements=tuple(self._statements(iri)),
            form=self._forms.of(iri) if cls else None,
        )

    def _chains(self, iri: Iri) -> Iterator[Fact]:
        for head in self._graph.iris(iri, OWL.propertyChainAxiom):
            yield Fact(iri, OWL.propertyChainAxiom, head)

    def _statements(self, iri: Iri) -> Iterator[tuple[Iri, Term]]:
        for predicate in sorted(self._predicates.get(iri, ())):
            for value in self._graph.objects(iri, predicate):
                if isinstance(value, str) and is_blank(value):
                    if predicate in _CLASS_AXIOMS:
                        yield predicate, Literal(self._writer.term(value))
                elif predicate not in _SHOWN_ELSEWHERE:
                    yield predicate, value

    @cached_property
    def _predicates(self) -> Mapping[Iri, set[Iri]]:
        found: dict[Iri, set[Iri]] = defaultdict(set)
        for fact in self.model.triples:
            found[fact.subject].add(fact.predicate)
        return found
