"""Namesakes: assets whose keys agree so far that they may be one, and nobody says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.deriver.closure import Closure
from stratagraph.service.deriver.numbers import Numbers, Triple

_SEPARATORS: Final = re.compile(r"[\s_\-./]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """Two assets that may be one. ``lacks`` and ``gives`` are the parts of the key that only the other, only this has.

    ``spelled`` are the parts that both have, in another spelling: the first of this asset and of the other one.
    """

    asset: Iri
    other: Iri
    lacks: tuple[tuple[Iri, str], ...] = ()
    gives: tuple[tuple[Iri, str], ...] = ()
    spelled: tuple[tuple[Iri, str, str], ...] = ()


class Namesakes:
    """Finds assets of one kind whose keys differ only in spelling, or in parts that one of them lacks.

    Two services may each have an agent of one name: where both keys are whole and a part differs, they are two. Names
    are compared without case, accents and separators. The index is made when it is first asked for.
    """

    def __init__(self, model: OntologyModel, closure: Closure, numbers: Numbers) -> None:
        """Know the keys of every kind."""
        self._model = model
        self._closure = closure
        self._numbers = numbers
        # Two prices of one model are two, each under its condition.
        infos = [info for info in model.classes.values() if info.key_properties and SG.Asset in info.ancestors]
        self._kinds = {numbers.number(info.iri): info.kind for info in infos}
        # The first part of a key is what people call a name: the index goes by this one alone.
        self._names = {numbers.number(info.key_properties[0]) for info in infos}
        self._index: dict[str, tuple[int, ...]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the index: it is made when it is first asked for."""
        return vars(self) | {"_index": None}

    def note(self, triples: Iterable[Triple]) -> None:
        """Take in asserted triples. An asset that loses a name is still found by it, and is left out then."""
        if self._index is not None:
            for subject, prop, name in triples:
                if prop in self._names:
                    self._add(self._index, subject, name)

    def near(self, asset: Iri) -> Iterator[NearMiss]:
        """Yield what may be one with an asset, by IRI."""
        node = self._numbers.known(asset)
        kinds = self._kinds_of(node) if node is not None else frozenset()
        if node is None or not kinds:
            return
        found = {other for name in self._first(node) for other in self._index_of().get(_plain(name), ())}
        for other in sorted(found - {node}, key=self._numbers.iri):
            if self._decided(node, other):
                continue
            for kind in sorted(self._related(kinds, self._kinds_of(other))):
                miss = self._compared(node, other, self._model.classes[kind].key_properties)
                if miss is not None:
                    yield miss
                    break  # once for each pair

    def _decided(self, node: int, other: int) -> bool:
        """Whether a person has said that two assets are two; the statement stands with either of them."""
        return any(
            self._numbers.iri(there) in self._texts(here, SG.differentAssetFrom)
            for here, there in ((node, other), (other, node))
        )

    def _compared(self, node: int, other: int, key: Iterable[Iri]) -> NearMiss | None:
        lacks, gives, spelled = [], [], []
        for part in key:
            here, there = self._texts(node, part), self._texts(other, part)
            if here and there:
                if not {*map(_plain, here)} & {*map(_plain, there)}:
                    return None
                if not {*here} & {*there}:
                    spelled.append((part, here[0], there[0]))
            elif there:
                lacks.append((part, there[0]))
            elif here:
                gives.append((part, here[0]))
        return NearMiss(
            asset=self._numbers.iri(node),
            other=self._numbers.iri(other),
            lacks=tuple(lacks),
            gives=tuple(gives),
            spelled=tuple(spelled),
        )

    def _kinds_of(self, node: int) -> frozenset[Iri]:
        """Return the kinds that an asset is stated to be of, without those above others."""
        classes = self._closure.asserted.objects(node, self._closure.tables.type)
        kinds = {self._kinds[cls] for cls in classes if cls in self._kinds}
        return frozenset(kind for kind in kinds if not any(kind in self._above(other) for other in kinds - {kind}))

    def _related(self, kinds: Iterable[Iri], others: Iterable[Iri]) -> Iterator[Iri]:
        """Yield the lower one of each two kinds of which one is the other or lies below it."""
        for kind in kinds:
            for other in others:
                if other in self._above(kind):
                    yield kind
                elif kind in self._above(other):
                    yield other

    def _above(self, kind: Iri) -> frozenset[Iri]:
        return self._model.classes[kind].ancestors

    def _first(self, node: int) -> Iterator[str]:
        for prop in self._names:
            yield from self._texts(node, self._numbers.iri(prop))

    def _texts(self, node: int, prop: Iri) -> list[str]:
        terms = map(self._numbers.term, self._closure.asserted.objects(node, self._numbers.number(prop)))
        return sorted(term.value for term in terms if isinstance(term, Literal) and term.value)

    def _index_of(self) -> dict[str, tuple[int, ...]]:
        if self._index is None:
            self._index = {}
            for node in range(0, 2 * len(self._numbers), 2):  # those of IRIs are even
                for prop in self._names:
                    for name in self._closure.asserted.objects(node, prop):
                        self._add(self._index, node, name)
        return self._index

    def _add(self, index: dict[str, tuple[int, ...]], node: int, name: int) -> None:
        term = self._numbers.term(name)
        if isinstance(term, Literal):
            plain = _plain(term.value)
            # Most names are written as they are compared: no need to keep them twice.
            plain = term.value if plain == term.value else plain
            known = index.get(plain, ())
            if node not in known:
                index[plain] = (*known, node)


def _plain(text: str) -> str:
    """Return a name as names are compared."""
    return _SEPARATORS.sub(" ", fold(text)).strip()
