"""From the entries of an inventory to facts, each with its line.

assets:
  - kind: Agent
    name: support
    label: {en: Support agent, pt-BR: Agente de suporte}
    partOf: {kind: LLMSystem, name: helpdesk}
    usesModel: [gpt-5-mini]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from stratagraph.loaders.inventory.entries import Entries, InventoryEntry
from stratagraph.loaders.inventory.faults import Faults, line_of, quote
from stratagraph.loaders.inventory.prefixes import read_prefixes
from stratagraph.loaders.inventory.references import References
from stratagraph.loaders.inventory.written_terms import FileTerms, nearest
from stratagraph.loaders.inventory.written_values import literal
from stratagraph.loaders.inventory.yaml_tree import compose, is_empty, pairs
from stratagraph.loaders.origins import Place, Remark
from stratagraph.ontology.facts import XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS
from stratagraph.ontology.terms import to_ox

LABEL: Final = "label"
ASSETS: Final = "assets"
PREFIXES: Final = "prefixes"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a file states, with the line of each fact, and what its author may not have meant."""

    facts: dict[Fact, Place | None]
    remarks: tuple[Remark, ...] = ()


def read_inventory(data: bytes, file: str, *, model: OntologyModel, base: Iri) -> Inventory:
    """Turn one YAML inventory into facts; an empty document states nothing.

    Raises:
        MalformedInventory: with every fault, its line, and what to write instead.
    """
    root = compose(data, file)
    if root is None:
        return Inventory({})
    return _Reader(file, model, base).read(root)


class _Reader:
    """Reads the entries of one file."""

    def __init__(self, file: str, model: OntologyModel, base: Iri) -> None:
        self.faults = Faults(file)
        self.model = model
        self.base = base
        self.remarks: list[Remark] = []
        self.single: dict[tuple[Iri, Iri], tuple[int, Literal, int]] = {}

    def read(self, root: yaml.Node) -> Inventory:
        """Return everything that the file states, or raise everything that is wrong with it."""
        nodes: list[yaml.Node] = []
        self.terms = FileTerms(self.model)
        with self.faults.noting():
            nodes = self.sections(root)
        self.entries = Entries(self.terms, self.base, self.faults)
        self.references = References(self.entries)
        # All entries have their names before any is read: a reference may point further down.
        listed = [entry for node in nodes if (entry := self.entries.take(node))]
        facts: dict[Fact, Place | None] = {}
        for entry in listed:
            for fact, line in self.statements(entry):
                # Stated twice, a fact stands where it was stated first.
                facts.setdefault(fact, Place(self.faults.file, line))
        self.faults.refuse()
        return Inventory(facts, tuple(self.remarks))

    def sections(self, root: yaml.Node) -> list[yaml.Node]:
        """Return the entries of the list ``assets``, having read the prefixes that stand beside it."""
        if is_empty(root):
            return []
        nodes: list[yaml.Node] = []
        for key, value in pairs(root, self.faults, what="An inventory"):
            with self.faults.noting():
                if key.value == PREFIXES:
                    self.terms = FileTerms(self.model, read_prefixes(value, self.faults))
                elif key.value != ASSETS:
                    known = f"an inventory has one list, '{ASSETS}', and may have '{PREFIXES}'"
                    raise self.faults.fault(key, f"{quote(key.value)} is not known here; {known}.")
                elif not is_empty(value):
                    if not isinstance(value, yaml.SequenceNode):
                        raise self.faults.fault(value, "'assets' is a list: start each asset with '- kind: ...'.")
                    # Read only after all sections: the prefixes may stand below the list that uses them.
                    nodes = value.value
        return nodes

    def statements(self, entry: InventoryEntry) -> Iterator[tuple[Fact, int]]:
        """Yield every fact that an entry states, with its line; of an entry that nobody can name only the faults."""
        asset = entry.asset
        if asset is not None:
            yield Fact(asset.iri, RDF.type, asset.kind), entry.line
        for key, value in entry.fields:
            with self.faults.noting():
                for predicate, term, line in self.field(entry, key, value):
                    if asset is None:
                        continue
                    fact = Fact(asset.iri, predicate, term)
                    self.storable(fact, value)
                    yield fact, line

    def field(self, entry: InventoryEntry, key: yaml.ScalarNode, value: yaml.Node) -> Iterator[tuple[Iri, Term, int]]:
        """Yield what one field states: predicate, object and line."""
        if is_empty(value):
            raise self.faults.fault(key, f"{quote(key.value)} has no value; write one, or take the line out.")
        if key.value == LABEL:
            yield from ((RDFS.label, text, line) for text, line in self.texts(key, value))
            return
        name = self.predicate(entry, key)
        items = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for item in items:
            with self.faults.noting():
                if is_empty(item):
                    raise self.faults.fault(item, f"An item of {quote(key.value)} is empty; take it out.")
                if name in self.model.relations:
                    target = self.references.read(self.model.relations[name], item)
                    if target is not None:
                        yield name, target, line_of(item)
                elif name in self.model.attributes:
                    stated = self.literal(name, key, item)
                    # A list means several values; two single ones were hardly meant to be two.
                    if item is value:
                        self.compare(entry, name, stated, item)
                    yield name, stated, line_of(item)
                else:
                    yield from ((name, text, line) for text, line in self.texts(key, item))

    def predicate(self, entry: InventoryEntry, key: yaml.ScalarNode) -> Iri:
        """Return the relation, attribute or annotation that a field is named for: the one that fits, of several."""
        found = self.terms.fields(key.value)
        kind = entry.asset.kind if entry.asset else None
        fitting = [iri for iri in found if kind is None or self.fits(kind, iri)]
        if found:
            return (fitting or found)[0]
        properties = (*self.model.relations, *self.model.attributes)
        own = [iri for iri in properties if kind is not None and self.fits(kind, iri)]
        # Near ones among what the kind may have are meant more often than nearer ones of other kinds.
        close = nearest(key.value, map(self.terms.shown, own)) or nearest(key.value, map(self.terms.shown, properties))
        advice = f" Did you mean {', '.join(close)}?" if close else ""
        advice += f" 'stratagraph template {self.terms.shown(kind)}' lists what it may have." if kind else ""
        raise self.faults.fault(key, f"{quote(key.value)} is no attribute or relation of the ontology.{advice}")

    def fits(self, kind: Iri, predicate: Iri) -> bool:
        """Say whether things of a kind may have a relation or an attribute."""
        info = self.model.relations.get(predicate) or self.model.attributes.get(predicate)
        return info is None or not info.domain or not self.model.ancestors(kind).isdisjoint(info.domain)

    def literal(self, name: Iri, key: yaml.ScalarNode, node: yaml.Node) -> Literal:
        if not isinstance(node, yaml.ScalarNode):
            raise self.faults.fault(node, f"{quote(key.value)} takes a plain value or a list of them.")
        return literal(node.value, self.model.attributes[name].datatype or XSD_STRING)

    def texts(self, key: yaml.ScalarNode, node: yaml.Node) -> Iterator[tuple[Literal, int]]:
        """Yield a text, or one per language."""
        if isinstance(node, yaml.ScalarNode):
            yield Literal(node.value), line_of(node)
            return
        if not isinstance(node, yaml.MappingNode):
            raise self.faults.fault(node, f"{quote(key.value)} is a text, or a mapping of languages to texts.")
        for language, text in pairs(node, self.faults, what="A label"):
            with self.faults.noting():
                if not isinstance(text, yaml.ScalarNode) or is_empty(text):
                    raise self.faults.fault(text, f"The text in {quote(language.value)} is missing; write it out.")
                yield self.spoken(text.value, language), line_of(text)

    def spoken(self, text: str, language: yaml.ScalarNode) -> Literal:
        """Return a text in a language."""
        # Tags mean the same in any case (RFC 5646, section 2.1.1); RDF 1.1 compares them in the lower one.
        tag = language.value.lower()
        try:
            # The triple store's own check of a tag's form (RFC 5646).
            to_ox(Literal("-", language=tag or "-"))
        except ValueError:
            meant = language.value.replace("_", "-")  # as locales are written
            advice = f"write {meant}" if meant != language.value else "write one such as en or pt-BR"
            raise self.faults.fault(language, f"{quote(language.value)} is not a language tag; {advice}.") from None
        return Literal(text, language=tag)

    def storable(self, fact: Fact, node: yaml.Node) -> None:
        """Refuse here, where the line is known, what no store could hold."""
        try:
            to_ox(fact.object)
        except ValueError:
            what = "an IRI" if isinstance(fact.object, str) else "a text"
            shown = fact.object if isinstance(fact.object, str) else fact.object.value
            # Escaped, for a control character would not be seen, or would change how the message is shown.
            raise self.faults.fault(
                node, f"{quote(ascii(shown)[1:-1])} has characters that {what} cannot have; take them out."
            ) from None

    def compare(self, entry: InventoryEntry, name: Iri, stated: Literal, node: yaml.Node) -> None:
        """Remark where two entries of one asset give an attribute different values: both stay, which few mean."""
        if entry.asset is None:
            return
        number, before, line = self.single.setdefault((entry.asset.iri, name), (entry.number, stated, line_of(node)))
        if number != entry.number and before != stated:
            place = Place(self.faults.file, line_of(node))
            told = {"asset": entry.asset.name, "attribute": self.terms.shown(name), "line": line}
            self.remarks.append(Remark.of(place, "twice", **told))
