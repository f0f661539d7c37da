"""Suggestions: assets that several sources tell of under different names, and that may be one. Nobody merges them.

They are compared within blocks of one plain name or identifier, so that the cost follows the number of assets. Of a
large block each is compared with the first alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.queries.store_protocols import Pattern, TripleStore

_SEPARATORS: Final = re.compile(r"[\W_]+")
_ALL_PAIRS: Final = 8
"""Assets of a block of which each is compared with each."""
_ALIASES: Final = (SG.alsoKnownAs, SG.registryName)
_IDENTIFIERS: Final = (SG.packageUrl, SG.repository)
_DIGITS: Final = 24


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two assets that may be one: by IRI, with their names, and why."""

    first: Iri
    second: Iri
    names: tuple[str, str]
    reason: str
    shared: str

    @property
    def id(self) -> str:
        """What the pair is called: the same as long as both are there."""
        return hashlib.sha256(f"{self.first}\n{self.second}".encode()).hexdigest()[:_DIGITS]


def suggestions(store: TripleStore, model: OntologyModel) -> list[Suggestion]:
    """Return what may be one and was not decided on, in the order of their names."""
    told = _Told(store, model)
    found: dict[tuple[Iri, Iri], Suggestion] = {}
    for block, members in told.blocks().items():
        for one, other in _pairs(sorted(members)):
            if (one, other) in found or told.apart(one, other):
                continue
            if reason := told.reason(block, one, other):
                names = told.name(one), told.name(other)
                found[one, other] = Suggestion(one, other, names, reason, block[2])
    return sorted(found.values(), key=lambda it: (fold(it.names[0]), it.first, it.second))


def _pairs(members: list[Iri]) -> Iterable[tuple[Iri, Iri]]:
    if len(members) <= _ALL_PAIRS:
        return combinations(members, 2)
    return ((members[0], other) for other in members[1:])


_Block = tuple[Iri, str, str]
"""A kind, what its members share, and that itself."""


class _Told:
    """What the graph tells of the assets' keys, names and identifiers."""

    def __init__(self, store: TripleStore, model: OntologyModel) -> None:
        kinds = sorted({info.kind for info in model.classes.values() if info.key_properties})
        self._keys = {kind: model.classes[kind].key_properties for kind in kinds}
        wanted = {part for key in self._keys.values() for part in key}
        wanted |= {*_ALIASES, *_IDENTIFIERS, SG.differentAssetFrom, SG.mergedFrom}
        properties = sorted(wanted)
        patterns: list[Pattern] = [(None, RDF.type, kind) for kind in kinds]
        patterns += [(None, prop, None) for prop in properties]
        listed = store.matching(patterns)
        self._kind = {fact.subject: kind for kind, facts in zip(kinds, listed, strict=False) for fact in facts}
        self._values: Mapping[Iri, dict[Iri, list[str]]] = {
            prop: _by_subject(facts) for prop, facts in zip(properties, listed[len(kinds) :], strict=True)
        }

    def _of(self, asset: Iri, prop: Iri) -> list[str]:
        return self._values[prop].get(asset, [])

    def name(self, asset: Iri) -> str:
        """Return what an asset is called first."""
        return next(iter(self._of(asset, self._keys[self._kind[asset]][0])), asset)

    def blocks(self) -> dict[_Block, set[Iri]]:
        """Return the assets that share a name or an identifier."""
        found: dict[_Block, set[Iri]] = defaultdict(set)
        for asset, kind in self._kind.items():
            for name in self._of(asset, self._keys[kind][0]):
                found[kind, "name", _plain(_bare(name))].add(asset)
            for prop in _ALIASES:
                for alias in self._of(asset, prop):
                    found[kind, "name", _plain(_bare(alias))].add(asset)
            for prop in _IDENTIFIERS:
                for identifier in self._of(asset, prop):
                    found[kind, "identifier", identifier].add(asset)
        return {block: members for block, members in found.items() if block[2] and len(members) > 1}

    def apart(self, one: Iri, other: Iri) -> bool:
        """Whether two assets are known to be two: somebody said so, or a part of both keys differs."""
        for here, there in ((one, other), (other, one)):
            if {there, *self._of(there, SG.mergedFrom)} & set(self._of(here, SG.differentAssetFrom)):
                return True
        for part in self._keys[self._kind[one]][1:]:
            here_, there_ = ({_plain(text) for text in self._of(asset, part)} for asset in (one, other))
            if here_ and there_ and not here_ & there_:
                return True
        return False

    def reason(self, block: _Block, one: Iri, other: Iri) -> str:
        """Return why two members of a block may be one, "" where they hardly are."""
        if block[1] == "identifier":
            return "identifier"
        key = self._keys[block[0]][0]
        names = [set(self._of(asset, key)) for asset in (one, other)]
        plain = [{_plain(name) for name in each} for each in names]
        if names[0] & names[1]:
            return "key"
        if plain[0] & plain[1]:
            return "spelled"
        shared = [{_plain(_bare(name)) for name in each} for each in names]
        if block[2] in shared[0] & shared[1]:
            owned = [any("/" in name for name in each) for each in names]
            return "" if all(owned) else "owner"
        return "alias"


def _by_subject(facts: Iterable[Fact]) -> dict[Iri, list[str]]:
    found: dict[Iri, list[str]] = defaultdict(list)
    for fact in facts:
        found[fact.subject].append(fact.object.value if isinstance(fact.object, Literal) else fact.object)
    return {subject: sorted(values) for subject, values in found.items()}


def _bare(name: str) -> str:
    """Return a name without its owner: registries put one before it."""
    return name.rstrip("/").rpartition("/")[2]


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", fold(name))
