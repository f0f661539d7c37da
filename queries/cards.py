"""What is shown of an asset wherever it is mentioned: name, labels, class and level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS, SG
from stratagraph.queries.remembered import Remembered
from stratagraph.queries.store_protocols import TripleStore

TRANSVERSAL: Final = "transversal"
"""Stands where a level's notation would stand for assets that belong to no level."""

_CHUNK: Final = 500
_SHOWN: Final = ("rdf:type", "rdfs:label", "sg:name")
# One block of pairs: with a block per variable the engine scans the whole store for each property.
_CARDS: Final = """
SELECT ?node ?property ?value WHERE {{
  VALUES (?node ?property) {{ {pairs} }}
  ?node ?property ?value
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One asset as it is shown. ``labels`` maps lower-case language tags ("" for none) to texts."""

    iri: Iri
    name: str
    labels: Mapping[str, str]
    cls: Iri | None
    level: Iri | None

    def label(self, language: str) -> str:
        """Return the label in a language, else an untagged or English one, else the name."""
        if labels := self.labels:
            for tag in (language.lower(), "", "en"):
                if tag in labels:
                    return labels[tag]
        return self.name

    def document(self, model: OntologyModel, language: str) -> dict[str, object]:
        """Return the card as plain data."""
        return CardWriter(model, language).document(self)


class CardWriter:
    """Writes cards in one language; what all of one class and level have in common is put into words once."""

    def __init__(self, model: OntologyModel, language: str) -> None:
        self._model = model
        self._language = language
        self._common = Remembered(self._kind)

    def document(self, card: Card) -> dict[str, object]:
        """Return a card as plain data."""
        # A mapping with all keys is copied in one piece, where one that is filled grows several times.
        document = self._common[card.cls, card.level].copy()
        document["iri"], document["name"], document["label"] = card.iri, card.name, card.label(self._language)
        return document

    def _kind(self, kind: tuple[Iri | None, Iri | None]) -> dict[str, object]:
        cls, level = kind
        return {
            "iri": None,
            "name": None,
            "label": None,
            "class": cls,
            "classLabel": self._model.label(cls, self._language) if cls else None,
            "level": notation(self._model, level),
            "levelLabel": self._model.label(level, self._language) if level else None,
        }


class Cards:
    """The cards of a store, read in chunks and kept for as long as one answer is computed."""

    def __init__(self, store: TripleStore, model: OntologyModel) -> None:
        self._store = store
        self._model = model
        self._cards: dict[Iri, Card] = {}

    def fetch(self, nodes: Iterable[Iri]) -> None:
        """Read the cards that are not there yet."""
        missing = sorted({node for node in nodes if node not in self._cards})
        for at in range(0, len(missing), _CHUNK):
            self._read(missing[at : at + _CHUNK])

    def __getitem__(self, node: Iri) -> Card:
        """Return a card, reading it when it was not fetched before."""
        card = self._cards.get(node)
        if card is None:
            self.fetch((node,))
            card = self._cards[node]
        return card

    def level(self, node: Iri) -> Iri | None:
        """Return the level of an asset, None for a transversal one."""
        return self[node].level

    def _read(self, nodes: list[Iri]) -> None:
        values: dict[Iri, dict[Iri, list[Term]]] = {node: defaultdict(list) for node in nodes}
        query = _CARDS.format(pairs=" ".join(f"(<{node}> {prop})" for node in nodes for prop in _SHOWN))
        for row in self._store.select(query):
            node, prop, value = row["node"], row["property"], row["value"]
            if isinstance(node, str) and isinstance(prop, str) and value is not None:
                values[node][prop].append(value)
        for node, properties in values.items():
            self._cards[node] = card(self._model, node, properties)


def card(model: OntologyModel, node: Iri, properties: Mapping[Iri, list[Term]]) -> Card:
    """Make a card of the types, labels and names that are known of a node."""
    types = [term for term in properties.get(RDF.type, ()) if isinstance(term, str)]
    labels = sorted(term for term in properties.get(RDFS.label, ()) if isinstance(term, Literal))
    names = sorted(term.value for term in properties.get(SG.name, ()) if isinstance(term, Literal))
    return Card(
        iri=node,
        name=names[0] if names else local_name(node),
        # Reversed, so that of several labels in one language the first in order is left.
        labels={label.language.lower(): label.value for label in reversed(labels)},
        cls=most_specific(model, types),
        level=model.level_of(types),
    )


def most_specific(model: OntologyModel, types: Iterable[Iri]) -> Iri | None:
    """Return the class that no other of the classes lies below, the first by IRI where several remain."""
    return model.narrowest(cls for cls in types if model.ancestors(cls) & {SG.Asset, SG.Obligation})


def local_name(iri: Iri) -> str:
    """Return the readable end of an IRI."""
    return unquote(iri.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1])


def notation(model: OntologyModel, level: Iri | None) -> str:
    """Return "L4" for a level, "transversal" for none."""
    return next((info.notation for info in model.levels if info.iri == level), TRANSVERSAL)
