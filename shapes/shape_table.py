"""The generated shapes as dictionaries: one pass over a batch's facts, with one look-up per fact."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Final

from stratagraph.ontology.facts import XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, SH, compact, local_name
from stratagraph.shapes.comparison import well_formed
from stratagraph.shapes.fact_vocabulary import FactVocabulary, PredicateRule, shape_iri
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.generated import KNOWN_CLASS, KNOWN_PREDICATE, TYPED
from stratagraph.shapes.message_texts import Texts, hinted, message

_TYPE: Final = RDF.type
_NO_CLASS: Final[frozenset[Iri]] = frozenset()

Types = Mapping[Iri, frozenset[Iri]]
"""The asserted classes of nodes."""


class LedgerFacts:
    """The facts that the ledger holds about the nodes of a batch; looked up only when something is missing."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._list = facts

    @cached_property
    def _facts(self) -> frozenset[Fact]:
        return frozenset(self._list)

    @cached_property
    def _subjects(self) -> frozenset[Iri]:
        return frozenset(fact.subject for fact in self._list)

    def __contains__(self, fact: Fact) -> bool:
        """Whether some source states the fact already."""
        return fact in self._facts

    def speaks_of(self, subject: Iri) -> bool:
        """Whether some source states something about the node."""
        return subject in self._subjects


@dataclass(frozen=True, slots=True)
class _Column:
    """What one predicate demands, with the names and texts of its shapes ready."""

    rule: PredicateRule
    shapes: Mapping[str, Iri]
    messages: Mapping[str, Mapping[str, str]]
    datatypes: frozenset[Iri]

    def finding(
        self,
        kind: str,
        component: Iri,
        fact: Fact,
        *,
        focus_only: bool = False,
        texts: Texts | None = None,
        severity: Iri = "",
    ) -> GateFinding:
        return GateFinding(
            focus=fact.subject,
            path=None if focus_only else fact.predicate,
            value=fact.subject if focus_only else fact.object,
            shape=self.shapes[kind],
            component=component,
            severity=severity or SH.Violation,
            messages=texts or self.messages[kind],
            fact=fact,
        )


def _column(model: OntologyModel, rule: PredicateRule) -> _Column:
    classes = {"domain": rule.domains, "range": rule.ranges}
    kinds = ("domain", "reference", "range") if rule.relation else ("domain", "datatype", "single")
    return _Column(
        rule=rule,
        shapes={kind: shape_iri(kind, rule.iri) for kind in kinds},
        messages={
            kind: message(
                model,
                kind,
                predicate=rule.iri,
                classes=frozenset().union(*classes.get(kind, ())),
                datatype=rule.datatypes[0] if rule.datatypes else "",
            )
            for kind in (*kinds, *(("withdrawn",) if rule.relation else ()))
        },
        datatypes=frozenset(rule.datatypes),
    )


class Table:
    """The generated shapes of one vocabulary, applied to facts directly."""

    def __init__(self, vocabulary: FactVocabulary) -> None:
        self._vocabulary = vocabulary
        model = vocabulary.model
        self._columns = {iri: _column(model, rule) for iri, rule in vocabulary.predicates.items()}
        self._groups = [(frozenset(group), group) for group in vocabulary.disjoint]
        # For each table its own, since classes have other ancestors in another ontology.
        self._closure = lru_cache(maxsize=None)(self._close)
        self._fits = lru_cache(maxsize=65_536)(self._is_fit)
        self._relations = frozenset(iri for iri, column in self._columns.items() if column.rule.relation)
        self._single = frozenset(iri for iri, column in self._columns.items() if column.rule.single)
        # A name misspelt once often is in every entry, and difflib takes long to look for near ones.
        self._nearest = lru_cache(maxsize=1024)(self._look_alike)
        self._clash_texts = {
            cls: message(model, "disjoint", classes=(cls,)) for group in vocabulary.disjoint for cls in group
        }
        self._texts = {kind: message(model, kind) for kind in ("typed", "untyped", "class", "predicate")}

    def _close(self, types: frozenset[Iri]) -> frozenset[Iri]:
        return frozenset().union(*(self._vocabulary.ancestors.get(cls, {cls}) for cls in types))

    def references(self, facts: Iterable[Fact]) -> Iterator[Iri]:
        """Yield the nodes that relations of these facts point to."""
        relations = self._relations
        return (value for _, predicate, value in facts if predicate in relations and isinstance(value, str))

    def replaces(self, predicate: Iri) -> bool:
        """Say whether a new value of a predicate takes the place of the one before."""
        return predicate in self._single

    def check(
        self, facts: Collection[Fact], types: Types, standing: LedgerFacts | None = None
    ) -> Iterator[GateFinding]:
        """Yield what the facts do against the ontology, given the classes of every node they touch.

        A reference that was accepted once, and whose target another source has withdrawn since, is a warning:
        ``standing`` knows it.
        """
        # Nearly all facts are faultless, and to tell that takes a tenth of what it takes to say what is wrong.
        doubtful = self._doubtful(facts, types)
        if doubtful:
            suspects = (fact for fact in facts if fact.subject in doubtful)
            yield from self._judge(suspects, types, standing or LedgerFacts(()))

    def _doubtful(self, facts: Iterable[Fact], types: Types) -> set[Iri]:
        """Return the subjects of facts that may be at fault."""
        doubtful: set[Iri] = set()
        given: set[tuple[Iri, Iri]] = set()
        fits, single, nothing = self._fits, self._single, _NO_CLASS
        for subject, predicate, value in facts:
            own = types.get(subject, nothing)
            if isinstance(value, str):
                fit = fits(predicate, own, value if predicate == _TYPE else types.get(value, nothing))
            else:
                kind = value.datatype
                fit = predicate != _TYPE and fits(predicate, own, kind) and (kind == XSD_STRING or well_formed(value))
            if not fit:
                doubtful.add(subject)
            elif predicate in single:
                if (subject, predicate) in given:
                    doubtful.add(subject)
                given.add((subject, predicate))
        return doubtful

    def _is_fit(self, predicate: Iri, own: frozenset[Iri], value: frozenset[Iri] | Iri) -> bool:
        """Whether a value is faultless beside its subject's classes: its own classes, a datatype, or a class."""
        column = self._columns.get(predicate)
        if column is None:
            if predicate == _TYPE:
                return isinstance(value, str) and self._vocabulary.knows_class(value)
            return self._vocabulary.knows_annotation(predicate)
        rule = column.rule
        if not own or any(union.isdisjoint(self._closure(own)) for union in rule.domains):
            return False
        if not rule.relation:
            return not column.datatypes or value in column.datatypes
        if isinstance(value, str) or not value:
            return False
        return not any(union.isdisjoint(self._closure(value)) for union in rule.ranges)

    def _judge(self, facts: Iterable[Fact], types: Types, before: LedgerFacts) -> Iterator[GateFinding]:
        """Yield what is wrong with each fact; the facts of one subject are all here or none is."""
        seen: set[tuple[Iri, Iri]] = set()
        untyped: set[Iri] = set()
        values: dict[tuple[Iri, Iri], Term] = {}
        crowded: set[tuple[Iri, Iri]] = set()
        for fact in facts:
            column = self._columns.get(fact.predicate)
            if column is None:
                yield from self._outside(fact)
                continue
            subject = fact.subject
            key = (subject, fact.predicate)
            own = types.get(subject, _NO_CLASS)
            if not own:
                # A subject without a class is told once, not with each of its facts.
                if subject not in untyped:
                    untyped.add(subject)
                    yield self._untyped(fact, before)
            # Once for each subject and predicate: the type of a subject does not change from fact to fact.
            elif key not in seen:
                yield from self._classes(column, "domain", fact, types)
            if column.rule.relation:
                yield from self._object(column, fact, types, before)
            else:
                if column.rule.single and key not in crowded and values.setdefault(key, fact.object) != fact.object:
                    crowded.add(key)
                    yield column.finding("single", SH.MaxCountConstraintComponent, fact)
                yield from self._value(column, fact)
            seen.add(key)

    def _outside(self, fact: Fact) -> Iterator[GateFinding]:
        """Judge a fact whose predicate is no relation and no attribute."""
        if fact.predicate == _TYPE:
            if not isinstance(fact.object, str) or not self._vocabulary.knows_class(fact.object):
                yield self._unknown(fact, "class", KNOWN_CLASS, SH.InConstraintComponent)
        elif not self._vocabulary.knows_annotation(fact.predicate):
            yield self._unknown(fact, "predicate", KNOWN_PREDICATE, SH.ClosedConstraintComponent)

    def _unknown(self, fact: Fact, kind: str, shape: Iri, component: Iri) -> GateFinding:
        near = self._nearest(fact.object if kind == "class" else fact.predicate, kind)
        return GateFinding(
            focus=fact.subject,
            path=fact.predicate,
            value=fact.object,
            shape=shape,
            component=component,
            severity=SH.Violation,
            messages=hinted(self._texts[kind], "near", names=near) if near else self._texts[kind],
            fact=fact,
        )

    def _look_alike(self, term: Term, kind: str) -> str:
        """Return the names that a term of no meaning looks like, "" where none does."""
        if not isinstance(term, str):
            return ""
        known = self._vocabulary.model.classes if kind == "class" else self._columns
        # Of several terms with one local name ours is left, rather than one of a vocabulary that ours is aligned with.
        names = {local_name(iri): iri for iri in sorted(known, key=lambda iri: (iri.startswith(SG), iri))}
        return ", ".join(compact(names[name]) for name in get_close_matches(local_name(term), names))

    def _untyped(self, fact: Fact, before: LedgerFacts) -> GateFinding:
        known = before.speaks_of(fact.subject)
        return GateFinding(
            focus=fact.subject,
            path=_TYPE,
            value=None,
            shape=TYPED,
            component=SH.MinCountConstraintComponent,
            severity=SH.Warning if known else SH.Violation,
            messages=self._texts["untyped" if known else "typed"],
            fact=fact,
        )

    def _classes(self, column: _Column, kind: str, fact: Fact, types: Types) -> Iterator[GateFinding]:
        end = fact.subject if kind == "domain" else str(fact.object)
        closure = self._closure(types.get(end, frozenset()))
        for union in column.rule.domains if kind == "domain" else column.rule.ranges:
            if union.isdisjoint(closure):
                texts = self._turned(column, kind, fact, types)
                yield column.finding(kind, SH.OrConstraintComponent, fact, focus_only=kind == "domain", texts=texts)

    def _turned(self, column: _Column, kind: str, fact: Fact, types: Types) -> Texts:
        """Return the message about a wrong end, with a hint where the relation would hold the other way round."""
        texts = column.messages[kind]
        if not column.rule.relation or not isinstance(fact.object, str) or not (other := types.get(fact.object)):
            return texts
        subject, target = self._closure(types.get(fact.subject, frozenset())), self._closure(other)
        if any(union.isdisjoint(target) for union in column.rule.domains):
            return texts
        if any(union.isdisjoint(subject) for union in column.rule.ranges):
            return texts
        inverse = self._vocabulary.model.relations[column.rule.iri].inverse
        if inverse is None:
            return hinted(texts, "turned without name")
        return hinted(texts, "turned", inverse=compact(inverse))

    def _object(self, column: _Column, fact: Fact, types: Types, before: LedgerFacts) -> Iterator[GateFinding]:
        if isinstance(fact.object, Literal):
            yield column.finding("range", SH.NodeKindConstraintComponent, fact)
            return
        if types.get(fact.object):
            yield from self._classes(column, "range", fact, types)
        elif fact in before:
            texts = column.messages["withdrawn"]
            yield column.finding("reference", SH.OrConstraintComponent, fact, texts=texts, severity=SH.Warning)
        else:
            yield column.finding("reference", SH.OrConstraintComponent, fact)

    def _value(self, column: _Column, fact: Fact) -> Iterator[GateFinding]:
        value = fact.object
        if column.datatypes and not (
            isinstance(value, Literal) and value.datatype in column.datatypes and well_formed(value)
        ):
            yield column.finding("datatype", SH.OrConstraintComponent, fact)

    def clashes(self, nodes: Iterable[Iri], types: Types) -> Iterator[GateFinding]:
        """Yield a finding for every class of a node that excludes another class of it."""
        for node in nodes:
            # A node may be typed by a text alone, which is no class.
            classes = types.get(node, frozenset())
            stated = ", ".join(sorted(map(compact, classes)))
            yield from (self._clash(node, cls, stated) for cls in self._excluding(self._closure(classes)))

    def _excluding(self, closure: frozenset[Iri]) -> Iterator[Iri]:
        """Yield each class that excludes another one; several groups may say the same of a class."""
        found = {}
        for group, order in self._groups:
            if len(both := closure & group) > 1:
                # As in the generated shapes, each class excludes those after it: the last one complains of none.
                last = max(order.index(cls) for cls in both)
                found.update(dict.fromkeys(cls for cls in order[:last] if cls in both))
        yield from found

    def _clash(self, node: Iri, cls: Iri, stated: str) -> GateFinding:
        return GateFinding(
            focus=node,
            path=None,
            value=node,
            shape=shape_iri("disjoint", cls),
            component=SH.NotConstraintComponent,
            severity=SH.Violation,
            messages=hinted(self._clash_texts[cls], "clash", names=stated),
        )
