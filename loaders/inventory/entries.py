"""The entries of an inventory: the asset that each one describes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import yaml

from stratagraph.loaders.inventory.faults import Faults, line_of, quote
from stratagraph.loaders.inventory.written_terms import FileTerms, nearest
from stratagraph.loaders.inventory.written_values import literal
from stratagraph.loaders.inventory.yaml_tree import Pairs, is_empty, pairs
from stratagraph.ontology.facts import XSD_STRING, Iri
from stratagraph.ontology.identity import LONGEST_IRI, mint
from stratagraph.ontology.namespaces import SG, local_name
from stratagraph.ontology.terms import to_ox

KIND: Final = "kind"
IRI: Final = "iri"


@dataclass(frozen=True, slots=True)
class WrittenAsset:
    """Somebody that an inventory speaks of; ``name`` is the first part of the key, else the IRI."""

    iri: Iri
    kind: Iri
    name: str


@dataclass(frozen=True, slots=True)
class InventoryEntry:
    """One entry of the list: its asset, None where it cannot be named, and the fields that describe it."""

    number: int
    line: int
    asset: WrittenAsset | None
    fields: Pairs


class Entries:
    """The entries of one file, by name; ``unread`` are the names of those that are wrong themselves."""

    def __init__(self, terms: FileTerms, base: Iri, faults: Faults) -> None:
        self.terms = terms
        self.model = terms.model
        self.base = base
        self.faults = faults
        self.named: dict[str, dict[Iri, WrittenAsset]] = defaultdict(dict)
        self.unread: set[str] = set()
        self._count = 0

    def take(self, node: yaml.Node) -> InventoryEntry | None:
        """Read who an entry speaks of, and remember it by name; None where it is no entry."""
        self._count += 1
        asset, fields = None, None
        with self.faults.noting():
            fields = pairs(node, self.faults, what="An asset")
            asset = self.identify(node, fields)
        # An asset that cannot be named still has its fields read, for all faults are told at once.
        if fields is None:
            return None
        name = next((value.value for key, value in fields if key.value == "name"), None)
        if asset is not None:
            self.named[asset.name][asset.iri] = asset
        elif isinstance(name, str):
            self.unread.add(name)
        # The statement of its class stands where 'kind' does.
        line = next((line_of(key) for key, _ in fields if key.value == KIND), line_of(node))
        described = [(key, value) for key, value in fields if key.value not in {KIND, IRI}]
        return InventoryEntry(self._count, line, asset, described)

    def identify(self, node: yaml.Node, fields: Pairs, kind: Iri | None = None) -> WrittenAsset:
        """Mint the IRI of an asset from its kind and key, or take the one that is written.

        Raises:
            MalformedInventory: the kind is missing or unknown, or a part of the key is.
        """
        written = {key.value: value for key, value in fields}
        if KIND in written:
            kind = self.kind(written[KIND])
        if kind is None:
            raise self.faults.fault(node, "An asset needs a 'kind', for example 'kind: Agent'.")
        if IRI in written:
            return self.stated(written[IRI], kind)
        key = self.key(fields, kind)
        parts = [self.terms.shown(part) for part in self.model.classes[kind].key_properties]
        shown = self.terms.shown(kind)
        if not parts:
            raise self.faults.fault(
                node, f"{quote(shown)} has no key in the ontology, so say which one is meant with 'iri: https://...'."
            )
        name = key.get(self.model.classes[kind].key_properties[0], "")
        if not name:
            raise self.faults.fault(
                node, f"An entry with 'kind: {shown}' needs '{parts[0]}: ...'; its key is {', '.join(parts)}."
            )
        # The ledger refuses such an IRI as well, but knows of no line.
        iri = mint(self.model, kind, key, base=self.base)
        if len(iri.encode()) > LONGEST_IRI:
            raise self.faults.fault(
                node, f"The key {quote(name)} is too long: an IRI has at most {LONGEST_IRI:,} bytes. Shorten it."
            )
        return WrittenAsset(iri, kind, name)

    def key(self, fields: Pairs, kind: Iri) -> dict[Iri, str]:
        """Return the parts of the key that are written, in the form that their datatypes have."""
        wanted = self.model.classes[kind].key_properties
        found: dict[Iri, str] = {}
        for key, value in fields:
            for name in set(self.terms.fields(key.value)).intersection(wanted):
                if isinstance(value, yaml.ScalarNode) and not is_empty(value):
                    # '01' and '1' of a whole number are one key, and must be one asset.
                    found[name] = literal(value.value, self.datatype(name)).value
        return found

    def datatype(self, name: Iri) -> Iri:
        """Return the datatype of a part of a key."""
        info = self.model.attributes.get(name)
        return (info.datatype if info else None) or XSD_STRING

    def stated(self, node: yaml.Node, kind: Iri) -> WrittenAsset:
        """Return the asset of an IRI that is written out."""
        text = node.value.removeprefix("<").removesuffix(">") if isinstance(node, yaml.ScalarNode) else ""
        iri = next(iter(self.terms.expand(text)), text)
        try:
            to_ox(iri)
        except ValueError:
            raise self.faults.fault(
                node, f"{quote(text)} is no IRI; write one such as https://example.org/id/1."
            ) from None
        return WrittenAsset(iri, kind, local_name(iri))

    def kind(self, node: yaml.Node) -> Iri:
        """Return the class that a value names.

        Raises:
            MalformedInventory: no class, or several, are called so.
        """
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        found = self.terms.classes(name)
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(f"<{iri}>" for iri in found)
            raise self.faults.fault(node, f"{quote(name)} names several classes; write one of {several}.")
        # Only a class with a key can be that of an entry without an IRI.
        known = [self.terms.shown(cls) for cls, info in self.model.classes.items() if info.key_properties]
        # A wrong prefix would make every known class look far from the name.
        close = nearest(self.bare(name), known)
        advice = (f" Did you mean {', '.join(close)}?" if close else "") + self.vocabulary_advice(name)
        advice = advice or " 'stratagraph ontology search WORD' looks for one by what it is."
        raise self.faults.fault(node, f"{quote(name)} is not a class of the ontology.{advice}")

    def bare(self, name: str) -> str:
        """Return a name without what stands before its last separator."""
        return local_name(name.removesuffix(">")) or name

    def vocabulary_advice(self, name: str) -> str:
        """Say what is missing where a name comes from somebody's own vocabulary."""
        prefix, colon, _ = name.partition(":")
        if not colon or prefix == "sg" or SG in name:
            return ""
        if name.startswith(("http:", "https:", "urn:", "<")) or self.terms.expand(name):
            return " Is the module that declares it in use (--ontology)?"
        return f" The prefix {quote(prefix)} is not known: declare it under 'prefixes', or use its module (--ontology)."

    def fits(self, asset: WrittenAsset, wanted: frozenset[Iri]) -> bool:
        """Say whether an asset is of one of some classes; of none in particular is of any."""
        return not wanted or not self.model.ancestors(asset.kind).isdisjoint(wanted)
