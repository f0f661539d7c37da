"""The data shapes that follow from the ontology: classes, domains, ranges, datatypes, single values, references.

The gate checks the same through a table, at a fraction of the cost; this is the readable and standard form of it,
and tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import RDF, SH, SHAPE_BASE, SKOLEM_BASE, XSD
from stratagraph.shapes.fact_vocabulary import FactVocabulary, PredicateRule, shape_iri
from stratagraph.shapes.message_texts import message

TYPED = SHAPE_BASE + "typed"
KNOWN_CLASS = SHAPE_BASE + "known-class"
KNOWN_PREDICATE = SHAPE_BASE + "known-predicate"


def generated_shapes(vocabulary: FactVocabulary) -> list[Fact]:
    """Return the generated shapes as facts, the same ones in the same order for the same ontology."""
    return list(_Writer(vocabulary).facts())


class _Writer:
    def __init__(self, vocabulary: FactVocabulary) -> None:
        self._vocabulary = vocabulary
        self._numbers = count()
        self._facts: list[Fact] = []

    def facts(self) -> list[Fact]:
        self._typed()
        for rule in self._vocabulary.predicates.values():
            if rule.domains:
                self._domain(rule)
            if rule.relation:
                self._reference(rule)
                self._range(rule)
            else:
                self._value(rule)
        for group in self._vocabulary.disjoint:
            self._disjoint(group)
        return self._facts

    def _say(self, subject: Iri, predicate: Iri, *targets: Term) -> None:
        self._facts += (Fact(subject, predicate, target) for target in targets)

    def _blank(self) -> Iri:
        return f"{SKOLEM_BASE}generated-{next(self._numbers)}"

    def _list(self, members: Iterable[Term]) -> Iri:
        head = RDF.nil
        for member in reversed(list(members)):
            node = self._blank()
            self._say(node, RDF.first, member)
            self._say(node, RDF.rest, head)
            head = node
        return head

    def _messages(self, shape: Iri, texts: Mapping[str, str]) -> None:
        self._say(shape, SH.message, *(Literal(text, language=language) for language, text in texts.items()))

    def _on_types(self, bound: Iri, number: int) -> Iri:
        """Return a shape that asks for at least or at most so many types."""
        shape, types = self._blank(), self._blank()
        self._say(shape, SH.property, types)
        self._say(types, SH.path, RDF.type)
        self._say(types, bound, Literal(str(number), XSD.integer))
        return shape

    def _kind(self, kind: Iri) -> Iri:
        shape = self._blank()
        self._say(shape, SH.nodeKind, kind)
        return shape

    def _classes(self, shape: Iri, unions: Iterable[frozenset[Iri]]) -> None:
        """Ask for a class of every union, unless nothing is known of the node: then another shape complains."""
        for union in unions:
            members: list[Term] = [self._on_types(SH.maxCount, 0)]
            for cls in sorted(union):
                member = self._blank()
                self._say(member, SH.term("class"), cls)
                members.append(member)
            self._say(shape, SH.term("or"), self._list(members))

    def _typed(self) -> None:
        self._say(TYPED, SH.targetSubjectsOf, *self._vocabulary.predicates)
        self._say(TYPED, SH.path, RDF.type)
        self._say(TYPED, SH.minCount, Literal("1", XSD.integer))
        self._messages(TYPED, message(self._vocabulary.model, "typed"))

    def _domain(self, rule: PredicateRule) -> None:
        shape = shape_iri("domain", rule.iri)
        self._say(shape, SH.targetSubjectsOf, rule.iri)
        self._classes(shape, rule.domains)
        classes = frozenset().union(*rule.domains)
        self._messages(shape, message(self._vocabulary.model, "domain", predicate=rule.iri, classes=classes))

    def _on_values(self, kind: str, rule: PredicateRule) -> Iri:
        shape = shape_iri(kind, rule.iri)
        self._say(shape, SH.targetSubjectsOf, rule.iri)
        self._say(shape, SH.path, rule.iri)
        return shape

    def _reference(self, rule: PredicateRule) -> None:
        shape = self._on_values("reference", rule)
        # A literal passes here: the shape of the range refuses it.
        self._say(shape, SH.term("or"), self._list((self._kind(SH.Literal), self._on_types(SH.minCount, 1))))
        self._messages(shape, message(self._vocabulary.model, "reference", predicate=rule.iri))

    def _range(self, rule: PredicateRule) -> None:
        shape = self._on_values("range", rule)
        self._say(shape, SH.nodeKind, SH.BlankNodeOrIRI)
        self._classes(shape, rule.ranges)
        classes = frozenset().union(*rule.ranges)
        self._messages(shape, message(self._vocabulary.model, "range", predicate=rule.iri, classes=classes))

    def _value(self, rule: PredicateRule) -> None:
        if rule.datatypes:
            shape = self._on_values("datatype", rule)
            self._say(shape, SH.term("or"), self._list(self._datatypes(rule)))
            texts = message(self._vocabulary.model, "datatype", predicate=rule.iri, datatype=rule.datatypes[0])
            self._messages(shape, texts)
        if rule.single:
            shape = self._on_values("single", rule)
            self._say(shape, SH.maxCount, Literal("1", XSD.integer))
            self._messages(shape, message(self._vocabulary.model, "single", predicate=rule.iri))

    def _datatypes(self, rule: PredicateRule) -> Iterator[Iri]:
        for datatype in rule.datatypes:
            member = self._blank()
            self._say(member, SH.datatype, datatype)
            yield member

    def _disjoint(self, group: tuple[Iri, ...]) -> None:
        """Let every class exclude those after it, so that a clash is reported once."""
        for position, cls in enumerate(group[:-1]):
            others = group[position + 1 :]
            shape, forbidden = shape_iri("disjoint", cls), self._blank()
            self._say(shape, SH.targetClass, cls)
            members = []
            for other in others:
                member = self._blank()
                self._say(member, SH.term("class"), other)
                members.append(member)
            self._say(shape, SH.term("not"), forbidden)
            self._say(forbidden, SH.term("or"), self._list(members))
            texts = message(self._vocabulary.model, "disjoint", classes=(cls,))
            self._messages(shape, texts)
