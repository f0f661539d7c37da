"""What a change of the ledger means in the graph: assets and relations that came, changed and went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stratagraph.ontology.errors import MOST_FINDINGS
from stratagraph.ontology.facts import Claim, Fact, Iri, LedgerChange, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.terms import encode
from stratagraph.service.ledger.ledger import Ledger

LISTED: Final = 10_000
"""Entries of one list of a rehearsal's answer; the counts are always whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedAsset:
    """One asset that a change touched: the classes that it is or was of, and the attributes that came and went."""

    iri: Iri
    classes: tuple[Iri, ...]
    added: tuple[Fact, ...] = ()
    removed: tuple[Fact, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the asset as plain data."""
        return {
            "iri": self.iri,
            "classes": list(self.classes),
            "added": [_attribute(fact) for fact in self.added],
            "removed": [_attribute(fact) for fact in self.removed],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a change did to the graph as a whole: what another source still says has not gone.

    ``dangling`` are the claims, of whichever source, that point to an asset that this change closed.
    """

    opened: tuple[AffectedAsset, ...] = ()
    changed: tuple[AffectedAsset, ...] = ()
    closed: tuple[AffectedAsset, ...] = ()
    relations_opened: tuple[Fact, ...] = ()
    relations_closed: tuple[Fact, ...] = ()
    dangling: tuple[Claim, ...] = ()

    def counts(self) -> dict[str, Any]:
        """Return how many assets and relations, and the first references that lead nowhere now."""
        return {
            "assets": {"opened": len(self.opened), "changed": len(self.changed), "closed": len(self.closed)},
            "relations": {"opened": len(self.relations_opened), "closed": len(self.relations_closed)},
            "dangling": [_reference(claim) for claim in self.dangling[:MOST_FINDINGS]],
            "danglingCount": len(self.dangling),
        }

    def lists(self) -> dict[str, Any]:
        """Return the assets and relations themselves; says so where a list was cut."""
        groups = (self.opened, self.changed, self.closed, self.relations_opened, self.relations_closed)
        partial = any(len(group) > LISTED for group in groups)
        return {
            "assets": {
                "opened": [asset.document() for asset in self.opened[:LISTED]],
                "changed": [asset.document() for asset in self.changed[:LISTED]],
                "closed": [asset.document() for asset in self.closed[:LISTED]],
            },
            "relations": {
                "opened": [_relation(fact) for fact in self.relations_opened[:LISTED]],
                "closed": [_relation(fact) for fact in self.relations_closed[:LISTED]],
            },
            "partial": partial,
            "partialReason": f"Lists are cut after {LISTED:,} entries; the counts are whole." if partial else None,
        }


def effects(change: LedgerChange, ledger: Ledger, model: OntologyModel) -> Effects:
    """Find what a change means in the graph, whether it was committed or only rehearsed."""
    graph = _Graph.around(change, ledger)
    assets: dict[str, list[AffectedAsset]] = {"opened": [], "changed": [], "closed": []}
    for subject, touched in graph.touched(model).items():
        before, after = graph.classes_before[subject], graph.classes_after[subject]
        if not before and not after:
            continue
        state = "changed" if before and after else "opened" if after else "closed"
        if state != "changed" or touched.added or touched.removed:
            classes = tuple(sorted(after or before))
            assets[state].append(
                AffectedAsset(iri=subject, classes=classes, added=tuple(touched.added), removed=tuple(touched.removed))
            )
    closed = [asset.iri for asset in assets["closed"]]
    said_no_more = {(claim.fact, claim.source, claim.scope) for claim in change.closed}
    return Effects(
        opened=tuple(assets["opened"]),
        changed=tuple(assets["changed"]),
        closed=tuple(assets["closed"]),
        relations_opened=tuple(fact for fact in graph.new if _is_relation(fact, model)),
        relations_closed=tuple(fact for fact in graph.gone if _is_relation(fact, model)),
        dangling=_dangling(closed, change, ledger, said_no_more) if closed else (),
    )


def _dangling(
    closed: Iterable[Iri], change: LedgerChange, ledger: Ledger, said_no_more: set[tuple[Fact, str, str]]
) -> tuple[Claim, ...]:
    """Return the claims that point to what was closed; of a rehearsal, those that it would open too."""
    pointing = [c for c in ledger.claims_on(closed) if (c.fact, c.source, c.scope) not in said_no_more]
    known = {(claim.fact, claim.source, claim.scope) for claim in pointing}
    gone = set(closed)
    pointing += [c for c in change.opened if c.fact.object in gone and (c.fact, c.source, c.scope) not in known]
    return tuple(sorted(pointing, key=lambda claim: (str(claim.fact.object), claim.fact.subject, claim.fact.predicate)))


@dataclass(slots=True)
class _Touched:
    added: list[Fact] = field(default_factory=list)
    removed: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Graph:
    """The facts that a change made and unmade in the graph, and the classes of their subjects before and after."""

    new: tuple[Fact, ...]
    gone: tuple[Fact, ...]
    classes_before: Mapping[Iri, set[Iri]]
    classes_after: Mapping[Iri, set[Iri]]

    @classmethod
    def around(cls, change: LedgerChange, ledger: Ledger) -> _Graph:
        """Compare the change with what else is said of its subjects."""
        opened = dict.fromkeys(claim.fact for claim in change.opened)
        closed = dict.fromkeys(claim.fact for claim in change.closed)
        no_more = {(claim.fact, claim.source, claim.scope) for claim in change.closed}
        staying: set[Fact] = set()
        before, after = defaultdict[Iri, set[Iri]](set), defaultdict[Iri, set[Iri]](set)
        subjects = dict.fromkeys(fact.subject for facts in (opened, closed) for fact in facts)
        for claim in ledger.claims_about(subjects, before=change.sequence):
            if (claim.fact, claim.source, claim.scope) not in no_more:
                if claim.fact in opened or claim.fact in closed:
                    staying.add(claim.fact)
                _note_class(claim.fact, before, after)
        for fact in closed:
            _note_class(fact, before)
        for fact in opened:
            _note_class(fact, after)
        return cls(
            new=tuple(fact for fact in opened if fact not in closed and fact not in staying),
            gone=tuple(fact for fact in closed if fact not in opened and fact not in staying),
            classes_before=before,
            classes_after=after,
        )

    def touched(self, model: OntologyModel) -> dict[Iri, _Touched]:
        """Return what came and went of each subject, relations left out: they are told by themselves."""
        found: dict[Iri, _Touched] = {}
        for fact, came in self._facts():
            touched = found.setdefault(fact.subject, _Touched())
            if not _is_relation(fact, model):
                (touched.added if came else touched.removed).append(fact)
        return found

    def _facts(self) -> Iterator[tuple[Fact, bool]]:
        yield from ((fact, True) for fact in self.new)
        yield from ((fact, False) for fact in self.gone)


def _note_class(fact: Fact, *classes: defaultdict[Iri, set[Iri]]) -> None:
    if fact.predicate == RDF.type and isinstance(fact.object, str):
        for known in classes:
            known[fact.subject].add(fact.object)


def _is_relation(fact: Fact, model: OntologyModel) -> bool:
    return fact.predicate in model.relations and isinstance(fact.object, str)


def _attribute(fact: Fact) -> dict[str, str]:
    return {"predicate": fact.predicate, "value": encode(fact.object)}


def _relation(fact: Fact) -> dict[str, str]:
    return {"subject": fact.subject, "predicate": fact.predicate, "object": _node(fact.object)}


def _reference(claim: Claim) -> dict[str, str]:
    return {**_relation(claim.fact), "source": claim.source, "scope": claim.scope}


def _node(term: Term) -> str:
    return term if isinstance(term, str) else term.value
