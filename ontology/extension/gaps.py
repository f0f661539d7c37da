"""What a module lacks or leaves to doubt: none of it refuses the module, and none of it passes in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.data_ranges import is_datatype
from stratagraph.ontology.extension.extension_files import Module
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity
from stratagraph.ontology.extension.places import line_of, line_of_axiom
from stratagraph.ontology.extension.rdfs_kinds import PROPERTY_KINDS, OwlKinds, is_class
from stratagraph.ontology.extension.unread import unread
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import DC, DCT, OWL, RDF, RDFS, ROOT_IRI, SG, SKOS, XSD, local_name
from stratagraph.ontology.reasoning.axioms import LOGICAL, AxiomWriter

if TYPE_CHECKING:
    from rdflib.namespace import DefinedNamespaceMeta

_DOCUMENTED: Final = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.NamedIndividual)
_LANGUAGES: Final = {"en": "en", "pt-br": "pt-BR"}
_LABELS: Final = (RDFS.label, SKOS.prefLabel)
"""Of these a term has one per language."""
_CLASS_PAIRS: Final = frozenset({RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith})
_CLASS_OBJECTS: Final = frozenset(
    {RDF.type, RDFS.domain, RDFS.range, OWL.complementOf, OWL.someValuesFrom, OWL.allValuesFrom, OWL.onClass}
)
_PROPERTY_PAIRS: Final = frozenset(
    {RDFS.subPropertyOf, OWL.inverseOf, OWL.equivalentProperty, OWL.propertyDisjointWith}
)
_PROPERTY_OBJECTS: Final = frozenset({OWL.onProperty, OWL.assertionProperty})
_PROPERTY_SUBJECTS: Final = frozenset({RDFS.domain, RDFS.range, OWL.propertyChainAxiom})
_LISTS: Final = frozenset(
    {OWL.unionOf, OWL.intersectionOf, OWL.members, OWL.disjointUnionOf, OWL.propertyChainAxiom, OWL.hasKey}
)
_DEPRECATED_TYPES: Final = (OWL.DeprecatedClass, OWL.DeprecatedProperty)
# Both forms of true that xsd:boolean has (XML Schema 1.1, part 2, section 3.3.2).
_TRUE: Final = ("true", "1")


class Gaps:
    """Looks for what modules lack, each seen together with the core and all modules that are in use."""

    def __init__(self, core: OntologyModel, modules: Iterable[Module]) -> None:
        """Index the core and the modules in use."""
        self._known = frozenset(fact.subject for fact in core.triples)
        self._graph = core.graph.extended(fact for module in modules for fact in module.facts)

    def of(self, module: Module, *, in_use: bool) -> Iterator[ModuleFinding]:
        """Yield what one module lacks."""
        # A module that was refused is seen with its own facts, not with those of another refused one.
        view = _View(module, self._graph if in_use else self._graph.extended(module.facts))
        own = [iri for iri in view.own if iri not in self._known and not is_blank(iri)]
        yield from view.imports()
        yield from view.terms(own)
        yield from view.kinds()
        yield from view.ranges()
        yield from view.unknown_of_core(self._known)
        yield from view.undeclared()
        yield from view.undecided()
        yield from view.deprecated()
        yield from view.two_labels()
        yield from view.unread()


class _View:
    """One module among all that is in force."""

    def __init__(self, module: Module, graph: Graph) -> None:
        facts = module.facts
        self._facts = facts
        self._text = module.text
        self._graph = graph
        self._writer = AxiomWriter(())
        self.own = dict.fromkeys(fact.subject for fact in facts if fact.predicate == RDF.type)
        self._headers = frozenset(self._graph.instances(OWL.Ontology))
        # An expression without a name is nearly always used once; of several uses any will do to find a line.
        self._users = {
            fact.object: fact.subject for fact in facts if isinstance(fact.object, str) and is_blank(fact.object)
        }
        self._spaces = frozenset(_space(iri) for iri in self.own if not is_blank(iri) and iri not in self._headers)

    def imports(self) -> Iterator[ModuleFinding]:
        """Yield the imports that nothing here answers."""
        # An import may name a version of an ontology in place of the ontology (OWL 2, section 3.4).
        named = self._headers | {ROOT_IRI} | {str(version) for _, version in self._graph.pairs(OWL.versionIRI)}
        for fact in self._facts:
            if fact.predicate == OWL.imports and fact.object not in named:
                yield self._warning("import-not-read", str(fact.object), at=fact.subject)

    def terms(self, own: Iterable[Iri]) -> Iterator[ModuleFinding]:
        """Yield what the module's own terms lack."""
        graph = self._graph
        for term in own:
            types = graph.iris(term, RDF.type)
            if term.startswith(SG):
                yield self._warning("reserved-namespace", term)
            if any(kind in types for kind in _DOCUMENTED) and not _vocabulary(term):
                tags = {tag.lower() for tag in graph.texts(term, RDFS.label)}
                lacking = [shown for tag, shown in _LANGUAGES.items() if tag not in tags]
                if lacking:
                    yield self._warning("missing-label", term, detail=", ".join(lacking))
            if OWL.ObjectProperty in types and not _vocabulary(term) and not _transmits(graph, term):
                yield self._warning("silent-relation", term)

    def kinds(self) -> Iterator[ModuleFinding]:
        """Yield the properties that are declared as two kinds, which OWL 2 DL does not have."""
        for term in self.own:
            kinds = [kind for kind in PROPERTY_KINDS if kind in self._graph.iris(term, RDF.type)]
            if len(kinds) > 1:
                yield self._warning("two-kinds", term, detail=", ".join(map(self._writer.term, kinds)))

    def ranges(self) -> Iterator[ModuleFinding]:
        """Yield the relations that lead to values, and attributes that lead to things: no data is right for them."""
        for fact in self._facts:
            if fact.predicate != RDFS.range or not isinstance(fact.object, str):
                continue
            kinds = [kind for kind in PROPERTY_KINDS if kind in self._graph.iris(fact.subject, RDF.type)]
            things = is_class(self._graph, fact.object)
            values = is_datatype(self._graph, fact.object)
            wrong = {OWL.ObjectProperty: values and not things, OWL.DatatypeProperty: things and not values}
            if len(kinds) == 1 and wrong.get(kinds[0]):
                rule = "relation-to-values" if values else "attribute-to-things"
                yield self._warning(rule, fact.subject, values=(self._writer.term(fact.object),))

    def unknown_of_core(self, known: frozenset[Iri]) -> Iterator[ModuleFinding]:
        """Yield the names of the core's kind that the core does not have."""
        used = {term for fact in self._facts for term in (fact.subject, fact.predicate, fact.object)}
        for term in sorted(iri for iri in used - self.own.keys() if isinstance(iri, str) and iri.startswith(SG)):
            if term not in known and term != SG:
                yield self._warning("unknown-core-term", term)

    def undeclared(self) -> Iterator[ModuleFinding]:
        """Yield the names that axioms build on and nothing declares, and misspelt terms of common vocabularies."""
        found: dict[tuple[Iri, Iri], None] = {}
        for fact in self._facts:
            if fact.subject not in self._headers:
                for term in self._demanded(fact):
                    if isinstance(term, str) and self._is_undeclared(term):
                        found[term, self._owner(fact.subject)] = None
        for term, user in found:
            yield self._warning("undeclared", term, values=(self._writer.term(user),), at=user)

    def undecided(self) -> Iterator[ModuleFinding]:
        """Yield the properties that could lead to things as well as to values."""
        for term in OwlKinds(self._facts, self._graph).undecided:
            yield self._warning("undecided-property", term)

    def deprecated(self) -> Iterator[ModuleFinding]:
        """Yield the terms that build on one that has gone out of use."""
        graph = self._graph
        old = {iri for iri, value in graph.pairs(OWL.deprecated) if getattr(value, "value", "") in _TRUE}
        old.update(graph.instances(*_DEPRECATED_TYPES))
        told: set[tuple[Iri, Iri]] = set()
        for fact in self._facts:
            subject = self._owner(fact.subject)
            used = [term for term in (fact.predicate, fact.object) if term in old]
            # A term that is out of use itself may go on building on others that are.
            if subject in old or not used or not self._builds(fact):
                continue
            for term in map(str, used):
                if (subject, term) not in told:
                    told.add((subject, term))
                    yield self._replaced(subject, term)

    def two_labels(self) -> Iterator[ModuleFinding]:
        """Yield the terms that have several labels in one language."""
        for predicate in _LABELS:
            labelled = (fact.subject for fact in self._facts if fact.predicate == predicate)
            # A second label of a term of the core is refused already.
            for term in (iri for iri in dict.fromkeys(labelled) if not iri.startswith(SG) or iri in self.own):
                tags = [
                    label.language.lower()
                    for label in set(self._graph.objects(term, predicate))
                    if isinstance(label, Literal)
                ]
                for tag in sorted({tag for tag in tags if tags.count(tag) > 1}):
                    rule = "two-labels" if tag else "two-labels-untagged"
                    yield self._warning(rule, term, detail=_LANGUAGES.get(tag, tag))

    def unread(self) -> Iterator[ModuleFinding]:
        """Yield the axioms that the reasoner alone reads, and those of which not all is derived."""
        writer = AxiomWriter(self._facts)
        found: dict[tuple[str, str, str], Fact] = {}
        for each in unread(self._facts, self._graph):
            fact = each.fact
            nameless = fact.predicate == RDF.type and is_blank(fact.subject)
            line = writer.term(fact.object) if nameless else writer.axiom(fact)
            found.setdefault((each.rule, line, ", ".join(map(writer.term, each.parts))), fact)
        for (rule, line, parts), fact in found.items():
            at = line_of_axiom(self._text, fact, writer.names(fact)) or line_of(self._text, self._owner(fact.subject))
            yield ModuleFinding(severity=ModuleSeverity.WARNING, rule=rule, term=line, detail=parts, line=at)

    def _demanded(self, fact: Fact) -> Iterator[Term]:
        """Yield the names that a fact needs to be declared."""
        predicate = fact.predicate
        if predicate in _CLASS_PAIRS | _PROPERTY_PAIRS | _PROPERTY_SUBJECTS:
            yield fact.subject
        if predicate in _CLASS_PAIRS | _PROPERTY_PAIRS | _CLASS_OBJECTS | _PROPERTY_OBJECTS:
            yield fact.object
        if predicate in _LISTS:
            yield from self._graph.members(str(fact.object))
        # A name in the module's own namespace that is used and never declared is most likely misspelt.
        if _vocabulary(predicate) or _space(predicate) in self._spaces:
            yield predicate
        if predicate.startswith(SG) and isinstance(fact.object, str) and _space(fact.object) in self._spaces:
            yield fact.object

    def _is_undeclared(self, term: Iri) -> bool:
        if is_blank(term) or term in self._headers or term.startswith(SG):
            return False  # a mistyped term of the core has a warning of its own
        if vocabulary := _vocabulary(term):
            # rdf:_1 and its like are members of lists, without end.
            name = term.removeprefix(_space(term))
            return not name.startswith("_") and name not in vocabulary and not self._graph.iris(term, RDF.type)
        return not self._graph.iris(term, RDF.type) and not is_datatype(self._graph, term)

    def _builds(self, fact: Fact) -> bool:
        """Say whether a fact makes something depend on its object or its predicate, as remarks do not."""
        predicate = fact.predicate
        # in lists stand the operands of unions, chains and keys
        if predicate in LOGICAL or predicate in {RDF.type, RDF.first, SG.transmits, SG.level}:
            return True
        return any(kind in self._graph.iris(predicate, RDF.type) for kind in (OWL.ObjectProperty, OWL.DatatypeProperty))

    def _replaced(self, subject: Iri, old: Iri) -> ModuleFinding:
        newer = self._graph.iris(old, DCT.isReplacedBy)
        rule = "deprecated-replaced" if newer else "deprecated"
        detail = ", ".join(map(self._writer.term, newer))
        return self._warning(rule, subject, values=(self._writer.term(old),), detail=detail)

    def _owner(self, node: Iri) -> Iri:
        """Return the named term that an expression belongs to, else the node itself."""
        seen: set[Iri] = set()
        # Blank nodes may refer to each other in a circle.
        while is_blank(node) and node not in seen:
            seen.add(node)
            node = self._users.get(node, node)
        return node

    def _warning(
        self,
        rule: str,
        term: str,
        *,
        values: tuple[str, ...] = (),
        detail: str = "",
        at: Iri = "",
    ) -> ModuleFinding:
        """Return a warning about a term, at the place of ``at`` where that is given."""
        return ModuleFinding(
            severity=ModuleSeverity.WARNING,
            rule=rule,
            term=self._writer.term(term),
            values=values,
            detail=detail,
            line=line_of(self._text, at or term),
        )


@lru_cache(maxsize=1)
def _vocabularies() -> dict[str, DefinedNamespaceMeta]:
    """Return the vocabularies that everybody uses without bringing them, so that their terms are known here."""
    from rdflib import namespace as known  # noqa: PLC0415 - takes long to import, and most commands judge nothing

    return {
        RDF: known.RDF,
        RDFS: known.RDFS,
        OWL: known.OWL,
        XSD: known.XSD,
        SKOS: known.SKOS,
        DCT: known.DCTERMS,
        DC: known.DC,
    }


def _vocabulary(iri: Iri) -> DefinedNamespaceMeta | None:
    """Return the common vocabulary that a name belongs to, which knows its terms by local name."""
    return next((terms for base, terms in _vocabularies().items() if iri.startswith(base) and iri != base), None)


def _space(iri: Iri) -> str:
    return iri[: len(iri) - len(local_name(iri))]


def _transmits(graph: Graph, relation: Iri) -> bool:
    """Say whether a relation, its inverse or one above it says what influence runs along it."""
    for iri in graph.closure(relation, RDFS.subPropertyOf):
        for name in (iri, *graph.iris(iri, OWL.inverseOf), *graph.subjects(OWL.inverseOf, iri)):
            if graph.objects(name, SG.transmits) or graph.objects(name, SG.transmitsNothing):
                return True
    return False
