"""The assets and relations that the labels of series name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from stratagraph.loaders.formats.prometheus.mapping import Labelled, MappingTable, Thing, Value
from stratagraph.loaders.formats.secrets import is_secret
from stratagraph.ontology.facts import Fact, Iri, Literal, Scope
from stratagraph.ontology.identity import mint, statement_iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG

Seen: TypeAlias = Mapping[str, tuple[Iri, ...]]
"""Things and statements by their names in the mapping."""
MOST_ASSETS: Final = 5_000
"""Assets that one run may name; labels without bounds must not flood the graph."""


class Sightings:
    """Mints what labels name and states it, each fact once in the scope of the target that showed it."""

    def __init__(self, model: OntologyModel, base: str) -> None:
        """Mint IRIs of ``model``'s classes below ``base``."""
        self._model = model
        self._base = base
        self._seen: dict[tuple[str, str, tuple[str, ...]], Seen] = {}
        self._facts: dict[str, dict[Fact, None]] = defaultdict(dict)
        self._assets: set[Iri] = set()
        self._labels: dict[str, tuple[str, ...]] = {}
        self.overflow = 0
        """How many assets were not named because there were too many."""

    def of(self, scope: str, table: MappingTable, labels: Labelled) -> Seen:
        """Return the things and links that a series with these labels names, by their names in the mapping."""
        if table.name not in self._labels:
            self._labels[table.name] = _read(table)
        key = scope, table.name, tuple([labels.get(name, "") for name in self._labels[table.name]])
        if key not in self._seen:
            self._seen[key] = self._found(scope, table, labels)
        return self._seen[key]

    def scopes(self) -> tuple[Scope, ...]:
        """Return the facts by target: what is not told now may be told again, so no scope is ever complete."""
        return tuple(
            Scope(name=name, complete=False, stated=tuple(facts)) for name, facts in sorted(self._facts.items())
        )

    def _found(self, scope: str, table: MappingTable, labels: Labelled) -> Seen:
        facts = self._facts[scope]
        found: dict[str, tuple[Iri, ...]] = {}
        for name, thing in table.things.items():
            iris = tuple(self._assets_of(facts, thing, labels))
            if iris:
                found[name] = iris
        for name, link in table.links.items():
            stated = [
                Fact(subject, link.predicate, target)
                for subject in found.get(link.subject, ())
                for target in found.get(link.object, ())
            ]
            facts.update(dict.fromkeys(stated))
            if stated:
                found[name] = tuple(map(statement_iri, stated))
        return found

    def _assets_of(self, facts: dict[Fact, None], thing: Thing, labels: Labelled) -> Iterator[Iri]:
        """Yield the assets that labels name, of a label that lists some all of them."""
        (first, value), *others = thing.key
        rest = {prop: each.of(labels) for prop, each in others}
        route = value.route_of(labels)
        for text in value.all_of(labels):
            # A secret that stands where a name belongs becomes none.
            if text and not is_secret(text) and (iri := self._asset(thing, {first: text, **rest})):
                facts[Fact(iri, RDF.type, thing.cls)] = None
                attributes = ((prop, each.of(labels)) for prop, each in thing.attributes)
                for prop, told in ((first, text), *rest.items(), (SG.requestRoute, route), *attributes):
                    if told:
                        facts[Fact(iri, prop, Literal(told))] = None
                yield iri

    def _asset(self, thing: Thing, key: Mapping[Iri, str]) -> Iri:
        """Return the asset with a key, "" where there is no room for one more."""
        iri = mint(self._model, thing.cls, key, self._base)
        if iri not in self._assets and len(self._assets) >= MOST_ASSETS:
            self.overflow += 1
            return ""
        self._assets.add(iri)
        return iri


def _read(table: MappingTable) -> tuple[str, ...]:
    """Return the labels by which the things of a mapping are told apart."""
    values = (value for thing in table.things.values() for _, value in (*thing.key, *thing.attributes))
    return tuple(dict.fromkeys(label for value in values for label in _of_all(value)))


def _of_all(value: Value | None) -> Iterator[str]:
    while value is not None:
        yield from value.labels
        value = value.next
