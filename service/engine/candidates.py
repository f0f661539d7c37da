"""Whom a reference may mean whose key lacks parts: the assets of its kind that have the parts it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import local_name
from stratagraph.ontology.terms import encode
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.shapes.fact_vocabulary import shape_iri
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.message_texts import hinted

_SHOWN: Final = 5
_ASKED: Final = 50
"""References of one batch that are looked up; a batch with more has one mistake that repeats."""


@dataclass(frozen=True, slots=True, order=True)
class _Key:
    """The key in an asset's IRI: the local name of its kind, and the parts in order."""

    kind: str
    parts: tuple[str, ...]

    def may_mean(self, other: _Key) -> bool:
        """Say whether the other has every part that this one gives, and more."""
        if self.kind != other.kind or len(other.parts) < len(self.parts) or self == other:
            return False
        return all(not mine or mine == theirs for mine, theirs in zip(self.parts, other.parts, strict=False))

    def written(self, names: tuple[str, ...]) -> str:
        """Return the key as an inventory writes it."""
        told = [f"{name}: {part}" for name, part in zip(names, self.parts, strict=False) if part]
        return f"{{kind: {self.kind}, {', '.join(told)}}}"


class Candidates:
    """Finds them among what a batch states and what the graph holds."""

    def __init__(self, model: OntologyModel, base: Iri, triples: TripleStore) -> None:
        self._base = base
        self._triples = triples
        self._names = {
            local_name(info.kind): tuple(map(local_name, info.key_properties))
            for info in model.classes.values()
            if info.key_properties
        }

    def explain(self, findings: Iterable[GateFinding], batch: Batch) -> tuple[GateFinding, ...]:
        """Return the findings; those of references with too short a key name the assets that they may mean."""
        found = tuple(findings)
        wanted = {
            str(finding.value): key
            for finding in found
            if finding.fact and finding.shape == shape_iri("reference", finding.fact.predicate)
            if (key := self._key(finding.fact.object))
        }
        if not wanted:
            return found
        known = self._known(list(wanted.values())[:_ASKED], batch)
        told = {iri: sorted(other for other in known if key.may_mean(other)) for iri, key in wanted.items()}
        return tuple(self._hinted(finding, wanted, told) for finding in found)

    def _hinted(self, finding: GateFinding, wanted: dict[str, _Key], told: dict[str, list[_Key]]) -> GateFinding:
        others = told.get(str(finding.value))
        if not others:
            return finding
        key = wanted[str(finding.value)]
        names = self._names[key.kind]
        lacking = [
            name
            for at, name in enumerate(names)
            if not (at < len(key.parts) and key.parts[at]) and any(at < len(o.parts) and o.parts[at] for o in others)
        ]
        listed = ", ".join(other.written(names) for other in others[:_SHOWN])
        more = f", ... ({len(others)})" if len(others) > _SHOWN else ""
        return replace(
            finding, messages=hinted(finding.messages, "candidates", missing=", ".join(lacking), names=listed + more)
        )

    def _key(self, term: object) -> _Key | None:
        """Return the key in an IRI that was minted here, None for others."""
        if not isinstance(term, str) or not term.startswith(self._base):
            return None
        kind, *parts = term.removeprefix(self._base).split("/")
        return _Key(kind, tuple(map(unquote, parts))) if kind in self._names and parts else None

    def _known(self, keys: list[_Key], batch: Batch) -> set[_Key]:
        """Return the keys of assets that have one of the names, in the batch and in the graph."""
        first = {key.parts[0] for key in keys}
        values = " ".join(sorted(encode(Literal(name)) for name in first))
        rows = self._triples.select(
            f"SELECT DISTINCT ?asset WHERE {{ VALUES ?name {{ {values} }} ?asset sg:name ?name }}"
        )
        iris = {*(row["asset"] for row in rows), *self._stated(first, batch.facts())}
        return {key for iri in iris if (key := self._key(iri))}

    def _stated(self, names: set[str], facts: Iterable[Fact]) -> Iterator[Iri]:
        for fact in facts:
            key = self._key(fact.subject)
            if key and key.parts[0] in names:
                yield fact.subject
